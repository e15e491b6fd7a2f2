"""Curves without the shake that a sensor's noise leaves in them.

A curve is smoothed (Whittaker 1923: close to what was found, small second differences), and what the smooth curve lacks
is put back as far as it is larger than the curve's own noise. So a still face stands still, a blink or a plosive keeps
its height and its edges, and no value moves by more than about half of `MOST`. The noise is told by the curve itself:
the median of its second differences, which motion, being rare and smooth, hardly moves.

Where for two seconds a curve varies no more than that noise, or than what nobody sees, nothing moved: there single
values may be farther off, and what is left is drawn to its mean. Where anything moves, that does nothing.
"""

import numpy as np
from scipy.linalg import solveh_banded

STIFF = 40.0
"""What a second difference costs at 30 frames a second beside a distance from what was found: bumps shorter than some
eight frames are taken for noise if they are also small."""
NOISES = 3.0
"""How many times its noise a curve must leave the smooth one by to be believed."""
MOST = 0.03
"""The largest such distance, whatever a restless curve takes for noise."""

MOST_GAZE = np.radians(1.0)
"""The same of an eye's angles."""

STILL_NOISES, STILL_MOST = 5.0, 4.0
"""The same two where nothing moves, the second as a multiple: among hundreds of frames some leave by four times."""
STILL = 1.6
"""A curve stands still where its spread is less than this times its noise."""
CALM = 0.2
"""The least noise by which that is judged, a share of MOST: 0.006 of a weight. Landmarks that were stilled themselves
wander slowly, which second differences do not tell."""
STILL_SECONDS = 2.0
STILL_STIFF = 200.0
"""What a first difference costs there, at 30 frames a second: the mean over about a second."""
SHARP = 8
"""How abruptly still ends, a power."""

KEPT = 0.75 / (2 * np.sqrt(2))
"""Of white noise's variance, times the fourth root of the stiffness, what the smooth curve keeps."""

LEAST_LEFT = KEPT / STIFF**0.25


def settled(curves: np.ndarray, frames_per_second: float, most: float = MOST) -> tuple[np.ndarray, np.ndarray]:
    """Curves over T frames in a row -> the curves (T, K), as smooth as their noise asks for, and how much variance
    (T, K) of their noise is gone.

    Args:
        curves: (T, K) in any unit.
        frames_per_second: how fast the frames follow one another.
        most: in the curves' unit, see `MOST`.
    """
    if len(curves) < 5:  # too few to know noise from motion
        return curves, np.zeros_like(curves)
    noise = np.median(np.abs(np.diff(curves, 2, axis=0)), axis=0) / 0.6745 / np.sqrt(6)  # (K); of a Gaussian's
    at_rest = np.maximum(noise, CALM * most)
    still = _stillness(curves, at_rest, frames_per_second, most)  # (T, K)
    enough = np.clip(NOISES * noise, 1e-9, most)
    enough = np.maximum(enough, still * np.minimum(STILL_NOISES * at_rest, STILL_MOST * most))
    stiff = STIFF * (frames_per_second / 30) ** 4
    smooth = _smooth(curves, stiff, 2)
    lacking = curves - smooth
    back = lacking**4 / (lacking**4 + enough**4)
    out, kept = smooth + back * lacking, KEPT / stiff**0.25
    still_stiff = STILL_STIFF * (frames_per_second / 30) ** 2
    above = out - _smooth(out, still_stiff, 1)
    small = np.minimum(NOISES * at_rest, most) ** 4 + 1e-36
    drawn = still * small / (above**4 + small)
    gone = (1 - back) * (1 - kept) + drawn * (kept - 0.25 / np.sqrt(still_stiff))
    return out - drawn * above, gone.clip(0, 1) * noise**2


def _stillness(curves: np.ndarray, noise: np.ndarray, frames_per_second: float, most: float) -> np.ndarray:
    """(T, K) 1 where a curve's spread around a frame is that of its noise, 0 where it is more or the noise is not
    small."""
    half, count = max(round(STILL_SECONDS * frames_per_second / 2), 2), len(curves)
    first = np.clip(np.arange(count) - half, 0, max(count - 2 * half - 1, 0))  # as long a stretch at the take's ends
    last = np.minimum(first + 2 * half + 1, count)
    about = curves - curves.mean(axis=0)  # sums of squares of what is far from 0 would cancel

    def mean(values: np.ndarray) -> np.ndarray:
        sums = np.concatenate([np.zeros_like(values[:1]), values.cumsum(axis=0)])
        return (sums[last] - sums[first]) / (last - first)[:, None]

    spread = np.sqrt(np.maximum(mean(about**2) - mean(about) ** 2, 0.0))
    still = 1 / (1 + (spread / np.maximum(STILL * noise, 1e-12)) ** SHARP)
    return still / (1 + (STILL_NOISES * noise / (STILL_MOST * most)) ** SHARP)


def _smooth(curves: np.ndarray, stiff: float, order: int) -> np.ndarray:
    """(T, K) that minimises |smooth - curves|^2 + stiff |differences of an order, 1 or 2|^2, by its banded normal
    equations."""
    count = len(curves)
    difference = (-1.0, 1.0) if order == 1 else (1.0, -2.0, 1.0)
    bands = np.zeros((order + 1, count))  # the matrix's diagonal last, above it the diagonals beside it
    bands[order] = 1.0
    for row, one in enumerate(difference):
        for column, other in enumerate(difference[row:], row):
            bands[order - (column - row), column:column + count - order] += stiff * one * other
    return solveh_banded(bands, curves)
