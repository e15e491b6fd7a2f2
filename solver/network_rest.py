"""Points that hardly move are still: a camera's noise shakes what a network finds by a tenth of a px or more.

Tomasi and Manduchi's bilateral filter (1998) along time, each point by itself: a frame is averaged with those before
and after it that lie within the noise of it. What moves farther than that from one frame to the next, a blink or a
word, stays as it was found.
"""

import numpy as np

REACH = 4
"""Frames to each side."""
WIDTH = 2.0
"""Standard deviation of the window in frames."""
NOISE = 0.0015
"""Distance at which a frame counts 0.6 times, in shares of the face's longer side: half a px on a face of 330 px."""
CHUNK = 512
"""Frames at a time, so that a long take needs no more memory."""


def rest(xy: np.ndarray) -> None:
    """Still the points (T, N, 2) px of one face in T frames that follow one another, in place."""
    side = float(np.median(np.ptp(xy, axis=1).max(axis=1)))
    before = xy[:0].copy()
    for start in range(0, len(xy), CHUNK):
        stop = min(start + CHUNK, len(xy))
        found = np.concatenate([before, xy[start:stop + REACH]])
        first = len(before)
        before = xy[max(start, stop - REACH):stop].copy()
        xy[start:stop] = _rested(found, NOISE * side)[first:first + stop - start]


def _rested(xy: np.ndarray, noise: float) -> np.ndarray:
    x, y = (np.ascontiguousarray(xy[..., axis]) for axis in (0, 1))  # (T, N) each: three times as fast as in pairs
    pulled_x, pulled_y, weight = np.zeros_like(x), np.zeros_like(x), np.ones_like(x)
    for step in range(1, REACH + 1):
        before, after = slice(None, -step), slice(step, None)
        away_x, away_y = x[after] - x[before], y[after] - y[before]
        share = np.exp((away_x**2 + away_y**2) / (-2 * noise**2) - (step / WIDTH) ** 2 / 2)
        for pulled, away in ((pulled_x, share * away_x), (pulled_y, share * away_y)):
            pulled[before] += away
            pulled[after] -= away
        weight[before] += share
        weight[after] += share
    return xy + np.stack([pulled_x / weight, pulled_y / weight], axis=-1)
