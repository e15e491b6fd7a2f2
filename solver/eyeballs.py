"""Eyeballs found from their shape: the ball's centre, its size and where it looks."""

import numpy as np

from solver.face_model import Eye

ROUNDS = 30
KEPT = 0.6
"""The share of the vertices that counts in a fit: a cornea, a concave iris and a stalk are no part of the ball."""
PAIRS = 24


def fit_ball(points: np.ndarray) -> tuple[np.ndarray, float, float]:
    """The sphere through most of the points: (E, 3) -> centre (3,), radius, and the RMS distance of the kept points.

    Least squares on |p|^2 = 2 p.c + (r^2 - |c|^2), repeated on the best-fitting 60 % of the points.
    """
    kept = np.ones(len(points), dtype=bool)
    origin = points.mean(axis=0)
    shifted = points - origin
    for _ in range(ROUNDS):
        system = np.column_stack([2 * shifted[kept], np.ones(kept.sum())])
        solution = np.linalg.lstsq(system, (shifted[kept] ** 2).sum(axis=1), rcond=None)[0]
        centre = solution[:3]
        radius = float(np.sqrt(max(solution[3] + centre @ centre, 0.0)))
        off = np.abs(np.linalg.norm(shifted - centre, axis=1) - radius)
        kept = off <= np.quantile(off, KEPT)
    return centre + origin, radius, float(np.sqrt((off[kept] ** 2).mean()))


def ball_eye(vertices: np.ndarray, indices: np.ndarray, shell: np.ndarray | None = None) -> Eye:
    """An Eye that turns about its ball's centre.

    Args:
        vertices: (V, 3) the model's neutral.
        indices: (E) all vertices that turn.
        shell: those among them that form the outer ball; all by default.
    """
    shell = indices if shell is None else shell
    points = vertices[shell].astype(np.float64)
    centre, radius, _ = fit_ball(points)
    if np.linalg.norm(vertices[indices].mean(axis=0) - centre) < 0.02 * radius:
        return Eye(indices.astype(np.int32))
    # Opposite vertices average to the centre, and still do when an identity stretches the ball.
    across = np.linalg.norm((2 * centre - points)[:, None] - points[None], axis=2)  # (E, E)
    partner = across.argmin(axis=1)
    order = np.argsort(across[np.arange(len(points)), partner], kind="stable")[:2 * PAIRS]
    pivot = np.unique(np.concatenate([order, partner[order]]))
    return Eye(indices.astype(np.int32), pivot=shell[pivot].astype(np.int32))


def gaze_axis(points: np.ndarray, centre: np.ndarray, reach_degrees: float = 35.0) -> np.ndarray:
    """(3,) the unit direction that the ball's front looks in, if its vertices lie in rings about it; starts at +z."""
    directions = points - centre
    directions = directions / np.maximum(np.linalg.norm(directions, axis=1, keepdims=True), 1e-12)
    axis = np.array([0.0, 0.0, 1.0])
    for _ in range(ROUNDS):
        near = directions @ axis > np.cos(np.radians(reach_degrees))
        if not near.any():
            break
        axis = directions[near].mean(axis=0)
        axis /= np.linalg.norm(axis)
    return axis
