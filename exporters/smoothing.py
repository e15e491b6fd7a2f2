"""Smoothing that an animator can leave on: jitter goes, blinks and closed lips stay."""

import dataclasses
from collections.abc import Mapping

import numpy as np

from solver.performance import Performance

REGIONS = {"eyes": ("eye",), "brows": ("brow",), "mouth": ("mouth", "jaw", "tongue", "lip"),
           "cheeks": ("cheek", "nose")}
"""A region of the face and the words by which its shapes begin, after a prefix such as MetaHuman's."""

REACH = 3.0
"""How many of its widths a window reaches."""

LEAST_SIGMA = 0.005
"""Noise that is assumed where a performance knows none."""

MOST_SIGMA = 0.02
"""Noise beyond which a step counts as meant, whatever the performance says: an unsure solve must not cost a blink."""

EDGE = 4.0
"""Sigmas beyond which a change is no noise."""

LOSS = 0.01
"""Share of an event's height that smoothing may take."""

EVENT = 0.15
"""Rise and fall of a weight within the window that is an event."""


def region_of(shape: str) -> str:
    """The region that a shape belongs to, or ""."""
    word = shape.removeprefix("CTRL_expressions_").lower()
    return next((region for region, words in REGIONS.items() if word.startswith(words)), "")


def smoothed(performance: Performance, seconds: float | Mapping[str, float]) -> Performance:
    """The performance without jitter; `seconds` is the window's width, for all or for each region named.

    A bilateral filter (Tomasi and Manduchi 1998) along time with Tukey's biweight (1 - u^2)^2 in both directions: a
    neighbour counts less the farther it is in time, and not at all when its weight is more than `EDGE` sigmas away.
    The window is symmetric: nothing lags. A peak of an event then gets back what it lost beyond `LOSS`.
    """
    rate = float(performance.frame_rate)
    columns = [float(seconds) if not isinstance(seconds, Mapping) else seconds.get(region_of(name), 0.0)
               for name in performance.shape_names]
    noise = EDGE * np.clip(performance.sigma, LEAST_SIGMA, MOST_SIGMA)  # (T, K)
    out = performance.weights.copy()
    for width in sorted({width for width in columns if width > 0}):
        chosen = [index for index, mine in enumerate(columns) if mine == width]
        before, reach = performance.weights[:, chosen], int(REACH * width * rate)
        after = _bilateral(before, noise[:, chosen], reach)
        out[:, chosen] = _keep_peaks(before, after, reach)
    return dataclasses.replace(performance, weights=out)


def _bilateral(weights: np.ndarray, noise: np.ndarray, frames: int) -> np.ndarray:
    total, share = weights.copy(), np.ones_like(weights)
    for offset in range(1, min(frames, len(weights) - 1) + 1):
        near = (1.0 - (offset / (frames + 1.0)) ** 2) ** 2
        early, late = weights[:-offset], weights[offset:]
        forward = near * _biweight((late - early) / noise[:-offset])  # what a frame takes from a later one
        backward = near * _biweight((late - early) / noise[offset:])
        total[:-offset] += forward * late
        share[:-offset] += forward
        total[offset:] += backward * early
        share[offset:] += backward
    return total / share


def _biweight(u: np.ndarray) -> np.ndarray:
    inside = np.maximum(1.0 - u * u, 0.0)
    return inside * inside


def _keep_peaks(before: np.ndarray, after: np.ndarray, frames: int) -> np.ndarray:
    """Hold tops of events within `LOSS` of their height, and so the bottoms, which are tops upside down."""
    held = np.maximum(after, _tops(before, frames))
    return np.minimum(held, -_tops(-before, frames))


def _tops(curves: np.ndarray, frames: int) -> np.ndarray:
    """How low each top of an event may come; -inf where there is none. A top has a fall on both its sides."""
    past, future, highest = curves.copy(), curves.copy(), curves.copy()  # the lowest before and after, the highest
    for offset in range(1, min(frames, len(curves) - 1) + 1):
        past[offset:] = np.minimum(past[offset:], curves[:-offset])
        future[:-offset] = np.minimum(future[:-offset], curves[offset:])
        highest[offset:] = np.maximum(highest[offset:], curves[:-offset])
        highest[:-offset] = np.maximum(highest[:-offset], curves[offset:])
    height = np.minimum(curves - past, curves - future)
    return np.where((height > EVENT) & (curves == highest), curves - LOSS * height, -np.inf)
