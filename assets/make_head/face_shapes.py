"""Brows, cheeks and nose."""

import numpy as np

from assets.make_head.flesh import ONLY_UPPER, Flesh, Fold, Pull, folded, pulled, symmetric

SNEER_LINE = Fold(((10, -22), (16.5, -30), (21, -42), (26, -54), (29, -64)), 2.3, 2.2, 2.2)
"""From the side of the nose around its wing: the lip's lifters heap up the skin beside it."""


def face_shapes(flesh: Flesh) -> dict[str, np.ndarray]:
    """The shapes of brows, cheeks and nose; the left ones without a side in their names."""
    return {
        # Pulls reach far beyond the brow's own 8 mm, so that it moves as one band and keeps its thickness.
        "browDown": pulled(
            flesh, Pull((13, 20), (10, 13), (-3.0, -6.8), 1.8), Pull((29, 22), (11, 13), (-1.5, -4.6), 1.0),
            Pull((46, 20), (11, 12), (-0.4, -2.0), 0.4), Pull((5, 10), (5, 8), (0.0, -1.5), 1.2)),
        "browInnerUp": symmetric(
            flesh, Pull((12, 22), (11, 13), (0.4, 8.6), 0.8), Pull((28, 24), (11, 12), (0.2, 3.2), 0.2),
            Pull((14, 46), (14, 14), (0, 3.5), 0.5)),
        "browOuterUp": pulled(
            flesh, Pull((55, 18), (18, 14), (0.2, 7.2), 0.4), Pull((33, 24), (11, 12), (0.3, 2.0), 0.3),
            Pull((46, 46), (15, 14), (0, 3.4), 0.4)),
        "cheekPuff": symmetric(
            flesh, Pull((43, -60), (17, 19), (0.0, 0.0), 10.5), Pull((47, -72), (15, 14), (0.0, 0.0), 3.0),
            Pull((26, -69), (10, 9), (-4.0, 0), 0.0), Pull((24, -57), (10, 10), (0, 0), 3.2),
            Pull((24, -80), (11, 9), (0, 0), 3.4), Pull((0, -57), (13, 5), (0, 0), 2.4),
            Pull((0, -84), (14, 6), (0, 0), 1.6)),
        "cheekSquint": pulled(
            flesh, Pull((38, -27), (14, 9), (-0.8, 5.5), 2.6), Pull((36, -15), (13, 5), (-0.3, 2.4), 1.2),
            Pull((36, -48), (12, 12), (0, 3.5), 1.0)),
        "noseSneer": pulled(
            flesh, Pull((17.5, -36), (6.5, 6.5), (1.6, 4.6), 1.0), Pull((11, -18), (7, 10), (-0.4, 3.4), 2.0),
            Pull((9, 4), (6, 8), (-0.6, -2.0), 1.4), nose=1.0) + pulled(
            flesh, Pull((26, -44), (9, 10), (0.6, 5.5), 2.2), Pull((19, -61), (6.5, 8), (0.3, 3.6), 0.3, ONLY_UPPER),
        ) + folded(flesh, SNEER_LINE),
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
