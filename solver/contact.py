"""Where skin touches skin: lips that meet, eyes that are shut. There the pictures show no more than that they do.

Lips: where they touch no edge is left to see, and a detector draws the two inner lines a little apart, or lets them
cross: by how much differs from person to person (1.4 mm of standard deviation over eleven shoots with a known truth),
and stays the same through a take. Two things tell it: the gap in the calmest frames, where most mouths are closed, and,
of a mouth that is open there, the gap where it is as closed as it ever is. That much is taken from all narrow gaps: the
weights move as little as they can, each by how unsure it is. A mouth that never comes near its rest is left as it is.

Lids: a model's lids may touch long before eyeBlink is 1, and how far it goes beyond that nobody can see. ARKit defines
1 as fully closed, and performers' recordings put shut eyes at 0.9 to 1; so does this. An eye that nearly shuts for a
moment and opens again has blinked: a quick look at it leaves more of a gap than there was.
"""

from dataclasses import dataclass

import numpy as np
from scipy.signal import find_peaks

from solver.embedding import Embedding
from solver.face_model import FaceModel

LIPS = ((13, 14), (82, 87), (312, 317))
"""Landmarks on the upper and the lower lip's inner line that meet."""
LIDS = {"eyeBlinkLeft": ((386, 374), (385, 380), (387, 373)), "eyeBlinkRight": ((159, 145), (158, 153), (160, 144))}
"""The same of the lids, by the shape that shuts them."""
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
SHUT = 0.95
"""A shut eye's weight."""
TOUCH_M = 0.0014
"""By how much a gap between lids that is found errs: eyes are shut where none is left, and less so up to this. Shut
eyes, filmed or made, are found with up to so much, open ones that look down with 3 mm and more."""
BLINK_M, DEEP_M, BLINK_S = (0.001, 0.002), 0.002, 0.4
"""A blink's narrowest gap: up to the first the eye was shut, from the second on it was not. It is narrower by DEEP_M
than what is before and after it, and lasts BLINK_S at half its depth at most."""
ABOUT_M = 0.001
"""A blink's frames whose gap is wider than its narrowest by less than this are shut, too, the less the wider."""


@dataclass(frozen=True)
class _Gap:
    """P pairs of points on one person's face: from the lower to the upper at rest (P, 3) metres, and what each weight
    adds (K, P, 3)."""

    rest: np.ndarray
    by_weights: np.ndarray

    def of(self, weights: np.ndarray) -> np.ndarray:
        """(T, K) -> (T, P, 3)."""
        return self.rest + np.einsum("tk,kpx->tpx", weights, self.by_weights)


def touching(weights: np.ndarray, sigma: np.ndarray, identity: np.ndarray, model: FaceModel, embedding: Embedding,
             frames_per_second: float) -> np.ndarray:
    """Weights (T, K) of a face whose lips meet and whose eyes are shut where they nearly are.

    Args:
        weights: (T, K) as found.
        sigma: (T, K) their standard deviations.
        identity: (I) the person.
        model: the face; shapes with in-betweens count as if they went straight.
        embedding: where the landmarks lie on it.
        frames_per_second: of the T frames.
    """
    lips = _gap(LIPS, identity, model, embedding)
    if lips is not None and len(weights) >= LEAST_SECONDS * frames_per_second:
        about = [column for column, name in enumerate(model.shape_names) if name.startswith(ABOUT_THE_MOUTH)]
        weights = _met(weights, sigma, lips, about)
    eyes = [_gap(pairs, identity, model, embedding) for pairs in LIDS.values()]
    if any(lids is None for lids in eyes) or not set(LIDS) <= set(model.shape_names):
        return weights
    return _shut(weights, [model.shape_names.index(name) for name in LIDS], eyes, frames_per_second)


def _gap(pairs: tuple[tuple[int, int], ...], identity: np.ndarray, model: FaceModel, embedding: Embedding,
         ) -> _Gap | None:
    points = [point for pair in pairs for point in pair]
    if max(points) >= len(embedding.known) or not embedding.known[points].all():
        return None
    corners, share = model.triangles[embedding.triangle[points]], embedding.barycentric[points]  # (2 P, 3) each
    person = model.neutral[corners] + np.tensordot(identity, model.identity[:, corners], 1)  # (2 P, 3, 3)
    at_rest = np.einsum("ncx,nc->nx", person, share)
    moved = np.einsum("kncx,nc->knx", model.shapes[:, corners].astype(np.float64), share)
    return _Gap(at_rest[::2] - at_rest[1::2], moved[:, ::2] - moved[:, 1::2])


def _met(weights: np.ndarray, sigma: np.ndarray, lips: _Gap, about: list[int]) -> np.ndarray:
    rest = float(np.linalg.norm(lips.rest, axis=-1).mean())

    def gaps(some: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(t) metres beyond rest, and how they answer to the weights, (t, K)."""
        between = lips.of(some)
        length = np.linalg.norm(between, axis=-1)  # (t, P)
        answer = np.einsum("kpx,tpx->tk", lips.by_weights, between / np.maximum(length, 1e-9)[..., None])
        return length.mean(axis=1) - rest, answer / length.shape[1]

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


def _shut(weights: np.ndarray, blinks: list[int], eyes: list[_Gap], frames_per_second: float) -> np.ndarray:
    gap = np.empty((len(weights), len(eyes)))  # metres, less than 0 where lids cross
    for column, lids in enumerate(eyes):
        upwards = lids.rest / np.maximum(np.linalg.norm(lids.rest, axis=-1, keepdims=True), 1e-9)  # (P, 3)
        gap[:, column] = np.einsum("tpx,px->tp", lids.of(weights), upwards).mean(axis=1)
    gap = np.minimum(gap, gap.mean(axis=1, keepdims=True))  # where one eye is shut and the other nearly, both are
    blinked = np.stack([_blinked(one, frames_per_second) for one in gap.T], axis=1)
    closed = np.maximum(np.clip(1.0 - gap / TOUCH_M, 0.0, 1.0), blinked)
    out = weights.copy()
    out[:, blinks] += closed * np.maximum(SHUT - weights[:, blinks], 0.0)
    return out


def _blinked(gap: np.ndarray, frames_per_second: float) -> np.ndarray:
    """(T) 0 to 1: how far an eye is shut by a blink, by the gap (T) metres between its lids."""
    widest = max(gap.max(), DEEP_M) + DEEP_M
    around = np.concatenate([[widest], gap, [widest]])  # a blink that the take cuts is one, too
    valleys, _ = find_peaks(-around, height=-BLINK_M[1], prominence=DEEP_M,
                            width=(None, BLINK_S * frames_per_second))
    closed = np.zeros(len(gap))
    for valley in valleys - 1:
        outside = np.flatnonzero(gap >= gap[valley] + ABOUT_M)
        after = np.searchsorted(outside, valley)
        part = slice(outside[after - 1] + 1 if after else 0, outside[after] if after < len(outside) else len(gap))
        shut = np.clip((BLINK_M[1] - gap[valley]) / (BLINK_M[1] - BLINK_M[0]), 0.0, 1.0)
        closed[part] = np.maximum(closed[part], shut * np.clip(1.0 - (gap[part] - gap[valley]) / ABOUT_M, 0.0, 1.0))
    return closed
