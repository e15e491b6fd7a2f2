"""How alike the faces of a take are, and what an error that is known in some frames says of the others: a detector errs
alike where a face looks alike."""

from collections.abc import Iterable

import numpy as np
from scipy.spatial.distance import cdist

from solver.corrections import REACH

LIKE = 0.75
"""Distance between the weights of two frames at which half of a correction holds in the other, too."""
UNLIKE = 1.2
"""Distance between the weights of two frames from which on a correction of one says nothing of the other."""
SURE = 0.01
"""Keys in frames that look the same may still differ: their share of variance that is no matter of looks."""
LEAST = 0.05
"""To which the least eigenvalue of such a regression is brought. Likeness is no covariance: of many frames it has
eigenvalues below zero, and a system near none tears the frames between its keys apart. On actor1, 42 of 48 frames keyed
with the truth, the others came out 0.126 off (root mean square; 0.071 without any key), and with this 0.029."""


def influence(frames: Iterable[int], weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """How far each frame is under the influence of corrections in `frames`, by time alone and by likeness, too: (T)
    each, 1 in those frames and 0 from REACH on.

    A detector errs alike where a face looks alike. On rendered truth the errors of two frames whose weights are D apart
    (root of the sum of squares) correlate by 0.94 at D = 0.3, 0.55 at 0.7 and 0.3 at 1.15, whether 1 or 8 frames lie
    between them.

    Args:
        frames: counted from the solve's first.
        weights: (T, K) of the solve.
    """
    by_time, by_both = np.zeros(len(weights)), np.zeros(len(weights))
    for frame in frames:
        part = slice(max(0, frame - REACH), frame + REACH + 1)
        u = 1 - np.abs(np.arange(len(weights))[part] - frame) / REACH
        fade = 3 * u**2 - 2 * u**3
        apart = np.linalg.norm(weights[part] - weights[frame], axis=1)
        by_time[part] = np.maximum(by_time[part], fade)
        by_both[part] = np.maximum(by_both[part], fade / (1 + (apart / LIKE) ** 2))
    return by_time, by_both


def likeness(frames: list[int], weights: np.ndarray) -> np.ndarray:
    """(T, F): how much of an error in each of F frames is to be expected in every frame, 1 in those themselves; 0 where
    the face looks another way. Time does not matter; see `influence` for what was measured."""
    return np.clip(1 - (cdist(weights, weights[frames]) / UNLIKE) ** 2, 0.0, 1.0) ** 2


def carried(alike: np.ndarray, errors: np.ndarray, frames: list[int]) -> np.ndarray:
    """(T) what errors (F) that are known in F frames say of every frame's, given `likeness` (T, F)."""
    among = alike[frames]
    share = max(SURE, LEAST - float(np.linalg.eigvalsh(among)[0]))
    return alike @ np.linalg.solve(among + share * np.eye(len(frames)), errors)
