"""Curves without the shake that a sensor's noise leaves in them.

A curve is smoothed (Whittaker 1923: close to what was found, small second differences), and what the smooth curve lacks
is put back as far as it is larger than the curve's own noise. So a still face stands still, a blink or a plosive keeps
its height and its edges, and no value moves by more than about half of `MOST`. The noise is told by the curve itself:
the median of its second differences, which motion, being rare and smooth, hardly moves.
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
    enough = np.clip(NOISES * noise, 1e-9, most)
    stiff = STIFF * (frames_per_second / 30) ** 4
    smooth = _smooth(curves, stiff)
    lacking = curves - smooth
    back = lacking**4 / (lacking**4 + enough**4)
    return smooth + back * lacking, (1 - back) * (1 - KEPT / stiff**0.25) * noise**2


def _smooth(curves: np.ndarray, stiff: float) -> np.ndarray:
    """(T, K) that minimises |smooth - curves|^2 + stiff |second differences|^2, by its banded normal equations."""
    count = len(curves)
    bands = np.zeros((3, count))  # the matrix's diagonal last, above it the diagonals beside it
    bands[2] = 1.0
    for start, share in ((0, 1.0), (1, 4.0), (2, 1.0)):
        bands[2, start:start + count - 2] += stiff * share
    bands[1, 1:-1] -= 2 * stiff
    bands[1, 2:] -= 2 * stiff
    bands[0, 2:] += stiff
    return solveh_banded(bands, curves)
