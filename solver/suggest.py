"""Which frame is most worth correcting next: where a correction is expected to take away the most error, in that frame
and in all that look like it.

Errors of a take are taken for a Gaussian process over its frames: as large as the solve's own uncertainty and what its
landmarks leave over say, as correlated as the frames look alike. What has been corrected is known; the gain of a frame
is how far knowing it, too, would lower the sum of all variances (active learning after Cohn, 1996).
"""

import numpy as np

from solver.likeness import SURE, likeness
from solver.performance import Performance

MOST = 600
"""Frames that are weighed; of longer takes evenly chosen ones."""


def worth_correcting(performance: Performance, corrected: list[int], count: int) -> list[tuple[int, float]]:
    """The frames to correct next, the best first.

    Args:
        performance: of T frames.
        corrected: frames that were corrected or marked as right, counted from its first.
        count: how many to suggest; each one is chosen as if those before it were corrected.

    Returns:
        Frame, and the share of the error still expected in the take that correcting it takes away.
    """
    seen = np.flatnonzero(performance.seen > 0)
    chosen = seen[np.unique(np.linspace(0, len(seen) - 1, min(MOST, len(seen))).round().astype(int))] if len(seen) \
        else seen
    chosen = np.union1d(chosen, [frame for frame in corrected if 0 <= frame < performance.frames]).astype(int)
    if not len(chosen):
        return []
    size = expected_error(performance)[chosen]
    alike = _correlation(likeness(list(range(len(chosen))), performance.weights[chosen]))
    covariance = size[:, None] * (alike + SURE * np.eye(len(chosen))) * size
    for frame in corrected:
        if frame in chosen:
            covariance = _known(covariance, int(np.searchsorted(chosen, frame)))
    open_frames = ~np.isin(chosen, corrected) & (performance.seen[chosen] > 0)
    out = []
    for _ in range(min(count, int(open_frames.sum()))):
        total = max(float(np.trace(covariance)), 1e-12)
        gain = (covariance**2).sum(axis=0) / np.maximum(np.diag(covariance), 1e-12)
        best = int(np.where(open_frames, gain, -1.0).argmax())
        out.append((int(chosen[best]), float(gain[best] / total)))
        open_frames[best] = False
        covariance = _known(covariance, best)
    return out


def expected_error(performance: Performance) -> np.ndarray:
    """(T) how wrong a frame's weights are expected to be: the root of their mean variance, larger where landmarks fit
    worse than they do in the take's middle frame."""
    sigma = np.sqrt((performance.sigma**2).mean(axis=1))
    residual = np.nan_to_num(performance.residual_px, nan=0.0)
    middle = np.median(residual[residual > 0]) if (residual > 0).any() else 1.0
    return sigma * np.maximum(residual / max(middle, 1e-9), 0.5)


def _correlation(alike: np.ndarray) -> np.ndarray:
    """Likeness of some frames (F, F) without the eigenvalues below zero that it has among many: with these a frame
    would take away more error than there is."""
    values, vectors = np.linalg.eigh(alike)
    near = (vectors * np.maximum(values, 0.0)) @ vectors.T
    size = np.sqrt(np.diag(near))
    return near / size[:, None] / size


def _known(covariance: np.ndarray, place: int) -> np.ndarray:
    """The covariance once one of its variables is known."""
    column = covariance[:, place]
    return covariance - np.outer(column, column) / max(float(covariance[place, place]), 1e-12)
