"""Curves ready to be drawn at any zoom: the least and the greatest value of ever longer runs of frames."""

from dataclasses import dataclass

import numpy as np

FACTOR = 4


@dataclass(frozen=True)
class CurveLevels:
    """K curves of T frames. Level n holds the least and greatest of every FACTOR ** n frames: each (T_n, K)."""

    values: np.ndarray
    lows: tuple[np.ndarray, ...]
    highs: tuple[np.ndarray, ...]


def build(values: np.ndarray) -> CurveLevels:
    """Prepare curves (T, K)."""
    lows, highs = [values], [values]
    while len(lows[-1]) > 2 * FACTOR:
        lows.append(_runs(lows[-1], np.minimum))
        highs.append(_runs(highs[-1], np.maximum))
    return CurveLevels(values, tuple(lows), tuple(highs))


def visible(levels: CurveLevels, first: float, last: float, pixels: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What to draw of the frames first..last on so many pixels.

    Returns:
        frames: (M) where, lows and highs: (M, K) equal where each frame is drawn. M is one to FACTOR for each pixel,
        or fewer where there are no more frames.
    """
    count = len(levels.values)
    level = 0
    while level + 1 < len(levels.lows) and (last - first) / FACTOR ** (level + 1) > pixels:
        level += 1
    run = FACTOR ** level
    begin = max(0, int(first) // run - 1)
    end = min(len(levels.lows[level]), int(last) // run + 3)
    middles = np.minimum(np.arange(begin, end) * run + (run - 1) / 2, count - 1)
    return middles, levels.lows[level][begin:end], levels.highs[level][begin:end]


def _runs(values: np.ndarray, reduce: np.ufunc) -> np.ndarray:
    missing = -len(values) % FACTOR
    padded = np.concatenate([values, np.repeat(values[-1:], missing, axis=0)])
    return reduce.reduce(padded.reshape(-1, FACTOR, values.shape[1]), axis=1)
