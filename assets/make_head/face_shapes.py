"""Brows, cheeks and nose."""

import numpy as np

from assets.make_head.flesh import Flesh, Pull, pulled, symmetric


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
            flesh, Pull((44, 19), (11, 10), (0.5, 8.5), 0.8), Pull((30, 22), (9, 9), (0.3, 5.0), 0.4),
            Pull((40, 44), (15, 14), (0, 4.0), 0.4)),
        "cheekPuff": symmetric(
            flesh, Pull((40, -64), (13, 16), (4.0, 0.0), 9.5), Pull((24, -58), (9, 9), (0, 0), 2.5),
            Pull((24, -80), (10, 9), (0, 0), 3.0), Pull((0, -57), (12, 5), (0, 0), 1.6)),
        "cheekSquint": pulled(
            flesh, Pull((38, -27), (14, 9), (-0.8, 5.5), 3.0), Pull((36, -15), (13, 5), (-0.3, 2.4), 1.0),
            Pull((36, -48), (12, 12), (0, 3.5), 1.0)),
        "noseSneer": pulled(
            flesh, Pull((15, -38), (6, 8), (1.2, 4.6), 0.8), Pull((11, -18), (7, 10), (-0.4, 3.0), 1.5),
            Pull((23, -48), (8, 10), (0.4, 4.0), 1.4), Pull((12, -60), (9, 7), (0.2, 2.6), 0.3),
            Pull((9, 4), (6, 8), (-0.6, -2.0), 1.4)),
    }


def follow(flesh: Flesh, move: np.ndarray, weights: tuple[np.ndarray, np.ndarray]) -> None:
    """Carry the brows with the skin under them, in place. `weights`: (B, 4) skin vertices and their shares."""
    near, share = weights
    move[_brows(flesh)] += np.einsum("bk,bkc->bc", share, move[near])


def _brows(flesh: Flesh) -> np.ndarray:
    left = flesh.head.brow.ravel()
    return np.concatenate([left, flesh.head.twin[left]])


def brow_ties(flesh: Flesh) -> tuple[np.ndarray, np.ndarray]:
    """For each brow vertex the four nearest skin vertices, and their shares."""
    points = flesh.head.points
    skin = np.flatnonzero(flesh.soft > 0)
    apart = np.linalg.norm(points[_brows(flesh)][:, None] - points[skin][None], axis=-1)
    order = np.argsort(apart, axis=1, kind="stable")[:, :4]
    share = 1 / (0.3 + np.take_along_axis(apart, order, 1)) ** 2
    return skin[order], share / share.sum(1, keepdims=True)
