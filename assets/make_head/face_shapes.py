"""Brows, cheeks and nose."""

import numpy as np

from assets.make_head.flesh import ONLY_UPPER, Flesh, Pull, pulled, symmetric


def face_shapes(flesh: Flesh) -> dict[str, np.ndarray]:
    """The shapes of brows, cheeks and nose; the left ones without a side in their names."""
    return {
        "browDown": pulled(
            flesh, Pull((14, 17), (9, 8), (-3.2, -6.5), 1.6), Pull((29, 19), (10, 8), (-1.5, -5.5), 1.0),
            Pull((44, 18), (9, 8), (-0.5, -2.5), 0.4), Pull((22, 44), (18, 14), (0, -2.0)),
            Pull((5, 12), (5, 8), (0.0, -1.5), 1.0)),
        "browInnerUp": symmetric(
            flesh, Pull((13, 19), (10, 10), (0.4, 9.0), 0.8), Pull((28, 22), (9, 9), (0.2, 3.0), 0.2),
            Pull((14, 42), (14, 14), (0, 4.5), 0.5)),
        "browOuterUp": pulled(
            flesh, Pull((46, 19), (12, 11), (0.5, 7.0), 0.6), Pull((30, 22), (10, 10), (0.3, 3.0), 0.3),
            Pull((40, 44), (15, 14), (0, 4.0), 0.4)),
        "cheekPuff": symmetric(
            flesh, Pull((45, -64), (15, 16), (0.0, 0.0), 14.0), Pull((24, -58), (9, 9), (0, 0), 2.5),
            Pull((24, -80), (10, 9), (0, 0), 3.0), Pull((0, -57), (12, 5), (0, 0), 1.6)),
        "cheekSquint": pulled(
            flesh, Pull((38, -27), (14, 9), (-0.8, 5.5), 3.0), Pull((36, -15), (13, 5), (-0.3, 2.4), 1.0),
            Pull((36, -48), (12, 12), (0, 3.5), 1.0)),
        "noseSneer": pulled(
            flesh, Pull((16, -35), (7, 6), (1.2, 4.6), 0.8), Pull((11, -18), (7, 10), (-0.4, 3.0), 1.6),
            Pull((9, 4), (6, 8), (-0.6, -2.0), 1.4), nose=1.0) + pulled(
            flesh, Pull((26, -46), (8, 10), (0.4, 4.0), 2.0), Pull((16, -60), (10, 8), (0.2, 3.0), 0.3, ONLY_UPPER)),
    }


def ties(flesh: Flesh) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What carries the brows: their vertices (B), for each the skin triangle under it (B, 3), and its shares (B, 3)."""
    head = flesh.head
    brow = head.brow.ravel()
    quads = head.faces[np.array([part == "skin" for part in head.parts])]
    middle = head.points[quads].mean(1)
    quads = quads[(np.abs(middle[:, 0] - 31) < 28) & (np.abs(middle[:, 1] - 20) < 16) & (middle[:, 2] > 40)]
    triangles = np.concatenate([quads[:, :3], quads[:, [0, 2, 3]]])
    a, b, c = (head.points[triangles[:, k], :2] for k in range(3))          # (T, 2)
    first, second, spot = b - a, c - a, head.points[brow, None, :2] - a     # spot (B, T, 2)
    area = first[:, 0] * second[:, 1] - first[:, 1] * second[:, 0]
    u = (spot[..., 0] * second[:, 1] - spot[..., 1] * second[:, 0]) / area
    v = (first[:, 0] * spot[..., 1] - first[:, 1] * spot[..., 0]) / area
    share = np.stack([1 - u - v, u, v], -1)                                 # (B, T, 3)
    best = share.min(-1).argmax(1)
    share = share[np.arange(len(brow)), best]
    under = triangles[best]
    return np.r_[brow, head.twin[brow]], np.r_[under, head.twin[under]], np.r_[share, share]
