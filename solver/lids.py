"""Eyes that are shut: how far eyeBlink goes once the lids touch nobody can see.

A model's lids may touch long before eyeBlink is 1. ARKit defines 1 as fully closed, and performers' recordings put shut
eyes at 0.9 to 1; so does this. An eye that nearly shuts for a moment and opens again has blinked: a quick look at it
leaves more of a gap than there was. Landmarks on lids that have an edge stay apart when they touch: a blink is as deep
as eyeBlink alone goes.
"""

import math

import numpy as np
from scipy.signal import find_peaks

from solver.contact import gap_between
from solver.embedding import Embedding
from solver.face_model import FaceModel

LIDS = {"eyeBlinkLeft": ((386, 374), (385, 380), (387, 373)), "eyeBlinkRight": ((159, 145), (158, 153), (160, 144))}
"""Landmarks on the upper and the lower lid's edge that meet, by the shape that shuts them."""
SHUT = 0.95
"""A shut eye's weight."""
TOUCH_M = 0.0014
"""By how much a gap between lids that is found errs: eyes are shut where none is left, and less so up to this. Shut
eyes, filmed or made, are found with up to so much, open ones that look down with 3 mm and more."""
BLINK_M, DEEP_M, BLINK_S = (0.0005, 0.0015), 0.002, 0.4
"""A blink's narrowest gap beyond that of eyeBlink 1: up to the first the eye was shut, from the second on it was not.
It is narrower by DEEP_M than what is before and after it, and lasts BLINK_S at half its depth at most."""
ABOUT_M = 0.001
"""A blink's frames whose gap is wider than its narrowest by less than this are shut, too, the less the wider."""


def lids_shut(weights: np.ndarray, identity: np.ndarray, model: FaceModel, embedding: Embedding,
              frames: np.ndarray, frames_per_second: float) -> np.ndarray:
    """Weights (T, K) of a face whose eyes are shut where they nearly are; the same where the model has no such lids.

    Args:
        weights: (T, K) as found.
        identity: (I) the person.
        model: the face.
        embedding: where the landmarks lie on it.
        frames: (T) the take's frames that these are.
        frames_per_second: of the take.
    """
    eyes = [gap_between(pairs, identity, model, embedding) for pairs in LIDS.values()]
    if any(lids is None for lids in eyes) or not set(LIDS) <= set(model.shape_names):
        return weights
    blinks = [model.shape_names.index(name) for name in LIDS]
    gap = np.empty((len(weights), len(eyes)))  # metres, less than 0 where lids cross
    edge = np.empty(len(eyes))  # metres that are left at eyeBlink 1
    for column, lids in enumerate(eyes):
        upwards = lids.rest / np.maximum(np.linalg.norm(lids.rest, axis=-1, keepdims=True), 1e-9)  # (P, 3)
        gap[:, column] = np.einsum("tpx,px->tp", lids.of(weights), upwards).mean(axis=1)
        alone = lids.rest + lids.by_weights[blinks[column]]  # (P, 3)
        edge[column] = max(float((alone * upwards).sum(axis=1).mean()), 0.0)
    gap = np.minimum(gap, gap.mean(axis=1, keepdims=True))  # where one eye is shut and the other nearly, both are
    blinked = np.stack([_blinked(one, frames, frames_per_second) for one in (gap - edge).T], axis=1)
    closed = np.maximum(np.clip(1.0 - gap / TOUCH_M, 0.0, 1.0), blinked)
    out = weights.copy()
    out[:, blinks] += closed * np.maximum(SHUT - weights[:, blinks], 0.0)
    return out


def _blinked(gap: np.ndarray, frames: np.ndarray, frames_per_second: float) -> np.ndarray:
    """(T) 0 to 1: how far an eye is shut by a blink, by the gap (T) metres that its lids leave beyond their edge."""
    rows = frames - frames[0]
    gap = np.interp(np.arange(rows[-1] + 1), rows, gap)  # a face that is gone for long does not blink meanwhile
    shut_below, open_above = BLINK_M
    widest = max(gap.max(), DEEP_M) + DEEP_M
    around = np.concatenate([[widest], gap, [widest]])  # a blink that the take cuts is one, too
    valleys, _ = find_peaks(-around, height=-open_above, prominence=DEEP_M, width=(None, BLINK_S * frames_per_second))
    closed, beside = np.zeros(len(gap)), math.ceil(BLINK_S / 2 * frames_per_second)
    for valley in valleys - 1:
        part = slice(max(valley - beside, 0), valley + beside + 1)
        shut = min((open_above - gap[valley]) / (open_above - shut_below), 1.0)
        closed[part] = np.maximum(closed[part], shut * np.clip(1.0 - (gap[part] - gap[valley]) / ABOUT_M, 0.0, 1.0))
    return closed[rows]
