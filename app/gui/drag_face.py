"""Dragging a point of the face in a picture: which weights bring it to the mouse.

Direct manipulation of blendshapes (Lewis and Anjyo 2010): the few shapes that move the point best share the way, in
the least squares sense, within 0..1.
"""

import numpy as np

NEAR_PX = 14.0
"""How far from the mouse a vertex may be to be taken hold of."""
FEW = 4
"""Shapes that may take part where none is selected: more would smear one pull over the whole face."""
STIFF = 0.02
"""Weight of staying, against reaching the mouse: share of the strongest shape's pull."""
ROUNDS = 4


def to_pixels(points: np.ndarray, clip_from_world: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """(..., 3) metres -> (..., 3) px across, px down, depth (smaller is nearer)."""
    clip = points @ clip_from_world[:, :3].T + clip_from_world[:, 3]
    ndc = clip[..., :3] / clip[..., 3:]
    return np.stack([(ndc[..., 0] + 1) / 2 * size[0], (1 - ndc[..., 1]) / 2 * size[1], ndc[..., 2]], axis=-1)


def pick(vertices: np.ndarray, clip_from_world: np.ndarray, size: tuple[int, int], mouse: tuple[float, float],
         ) -> int | None:
    """The nearest vertex to the eye among those under the mouse; None where the mouse is beside the face."""
    pixels = to_pixels(vertices, clip_from_world, size)
    away = np.hypot(pixels[:, 0] - mouse[0], pixels[:, 1] - mouse[1])
    under = np.flatnonzero(away <= NEAR_PX)
    if not len(under):
        return None
    front = under[pixels[under, 2] <= pixels[under, 2].min() + 1e-3]
    return int(front[np.argmin(away[front])])


def pulled(weights: np.ndarray, moves: np.ndarray, way: np.ndarray, allowed: np.ndarray) -> np.ndarray:
    """The weights (K) that move a point by `way` (2) px, from where `weights` has it.

    Args:
        weights: (K) now.
        moves: (K, 2) px that the point moves per weight.
        way: (2) px.
        allowed: (K) bool, shapes that may change.
    """
    along = moves @ way * allowed
    strongest = np.argsort(-np.abs(along), kind="stable")[:FEW]
    chosen = strongest[np.abs(along[strongest]) > 0.15 * np.abs(along).max(initial=0.0)]
    out = weights.copy()
    free = list(chosen)
    for _ in range(ROUNDS):
        if not free:
            break
        left = way - (out - weights) @ moves
        pull = moves[free]  # (F, 2)
        stiff = STIFF * float((pull ** 2).sum(axis=1).max(initial=0.0)) + 1e-9
        out[free] += pull @ np.linalg.solve(pull.T @ pull + stiff * np.eye(2), left)
        stopped = (out[free] < 0.0) | (out[free] > 1.0)
        out = np.clip(out, np.minimum(weights, 0.0), np.maximum(weights, 1.0))
        if not stopped.any():
            break
        free = [shape for shape, stop in zip(free, stopped, strict=True) if not stop]
    return out
