"""Lips that meet: where they touch no edge is left to see.

A detector draws the two inner lines of closed lips a little apart, or lets them cross: by how much differs from person
to person (1.4 mm of standard deviation over eleven shoots with a known truth), and stays the same through a take. Two
things tell it: the gap in the calmest frames, where most mouths are closed, and, of a mouth that is open there, the gap
where it is as closed as it ever is. That much is taken from all narrow gaps: the weights move as little as they can,
each by how unsure it is. A mouth that never comes near its rest is left as it is.
"""

import numpy as np

from solver.contact import gap_between
from solver.embedding import Embedding
from solver.face_model import FaceModel

LIPS = ((13, 14), (82, 87), (312, 317))
"""Landmarks on the upper and the lower lip's inner line that meet."""
APART_M, APART_MOVING_M = 0.002, 0.003
"""Lips that never come closer than this beyond the same face's rest are truly open; those of a mouth that opens and
closes, from the second on."""
MOVES_M = 0.004
"""A mouth opens and closes whose gap varies by more."""
CALM = 1 / 16
"""The part of the frames, those with the least weights about the mouth, whose gap is the calm mouth's."""
LEAST_CALM = 3
BELIEVED = 0.5
"""Of a calm mouth's gap so much is the error of finding it: it need not be closed."""
CLOSEST, WIDEST = 5.0, 95.0
"""Per cent of the frames that show the mouth as closed as it ever is, and all but as open."""
LEAST_SECONDS = 1.0
"""A shorter take need not show a closed mouth."""
WHOLLY, NOT_AT_ALL = 2.0, 4.0
"""Gaps in multiples of the error: up to the first all of it is taken away, from the second on nothing."""
ABOUT_THE_MOUTH = ("mouth", "jaw")
"""How the names of its shapes begin."""
STEPS = 8


def lips_met(weights: np.ndarray, sigma: np.ndarray, identity: np.ndarray, model: FaceModel, embedding: Embedding,
             frames_per_second: float) -> np.ndarray:
    """Weights (T, K) of a face whose lips meet where they nearly do.

    Args:
        weights: (T, K) as found.
        sigma: (T, K) their standard deviations.
        identity: (I) the person.
        model: the face.
        embedding: where the landmarks lie on it.
        frames_per_second: of the T frames.
    """
    lips = gap_between(LIPS, identity, model, embedding)
    if lips is None or len(weights) < LEAST_SECONDS * frames_per_second:
        return weights
    rest = float(np.linalg.norm(lips.rest, axis=-1).mean())

    def gaps(some: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(t) metres beyond rest, and how they answer to the weights, (t, K)."""
        between = lips.of(some)
        length = np.linalg.norm(between, axis=-1)  # (t, P)
        answer = np.einsum("kpx,tpx->tk", lips.by_weights, between / np.maximum(length, 1e-9)[..., None])
        return length.mean(axis=1) - rest, answer / length.shape[1]

    about = [column for column, name in enumerate(model.shape_names) if name.startswith(ABOUT_THE_MOUTH)]
    gap, _ = gaps(weights)
    error = _error(gap, (weights[:, about] ** 2).sum(axis=1))
    if error == 0:
        return weights
    multiple = gap / abs(error)
    near = np.flatnonzero(multiple < NOT_AT_ALL)
    wanted = gap[near] - error * np.clip((NOT_AT_ALL - multiple[near]) / (NOT_AT_ALL - WHOLLY), 0.0, 1.0)
    moved, variance = weights[near], sigma[near] ** 2
    for _ in range(STEPS):  # a weight that reaches a bound leaves the rest to the others
        now, answer = gaps(moved)
        lessens = (answer > 0) == (now > wanted)[:, None]  # a gap that is too wide wants less of what opens it
        push = np.where(np.where(lessens, moved > 0, moved < 1), variance * answer, 0.0)
        moved = np.clip(moved - push * ((now - wanted) / ((answer * push).sum(axis=1) + 1e-12))[:, None], 0.0, 1.0)
    out = weights.copy()
    out[near] = moved
    return out


def _error(gap: np.ndarray, activity: np.ndarray) -> float:
    """Metres by which the lips' gap (T) is found too wide; 0 where nothing tells it. How active the mouth is: (T)."""
    calmest = np.argsort(activity, kind="stable")[:max(LEAST_CALM, round(CALM * len(gap)))]
    calm = BELIEVED * float(np.median(gap[calmest]))
    if calm < APART_M:
        return max(calm, -APART_M)
    closest, widest = np.percentile(gap, [CLOSEST, WIDEST]).tolist()
    most = APART_MOVING_M if widest - closest > MOVES_M else APART_M
    return max(closest, 0.0) if closest < most else 0.0
