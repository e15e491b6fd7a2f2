"""Numbers over time as small things that a page can hold: buckets of least and largest, SVG paths, strips of colour."""

import base64

import cv2
import numpy as np

STRIP = 600
"""Columns of a strip at most."""
PALETTE = np.array([[38, 70, 83], [42, 157, 143], [233, 196, 106], [244, 162, 97], [214, 64, 69]], dtype=float)
"""From good to bad: readable on white and on black, and in order of brightness up to its middle."""
NOTHING = (128, 128, 128)


def buckets(values: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """(T, ...) -> least and largest of at most `count` runs of frames of about equal length; NaN is left out, and
    stands where there is nothing else. So no spike of one frame is ever lost."""
    frames = len(values)
    if frames <= count:
        return values, values
    starts = (np.arange(count) * frames) // count
    with np.errstate(invalid="ignore"):
        return np.fmin.reduceat(values, starts), np.fmax.reduceat(values, starts)


def means(values: np.ndarray, count: int) -> np.ndarray:
    """(T) -> the means of the runs that `buckets` makes."""
    frames = len(values)
    if frames <= count:
        return values
    starts = (np.arange(count) * frames) // count
    return np.add.reduceat(values, starts) / np.diff(np.append(starts, frames))


def band(low: np.ndarray, high: np.ndarray, top: float, height: float, bottom: float = 0.0) -> str:
    """The path of a filled band in a box of `len(low)` by `height`: low and high (B), drawn from `bottom` to `top`.
    Where a value is missing there is a gap."""
    def y(value: float) -> str:
        share = (min(max(value, bottom), top) - bottom) / max(top - bottom, 1e-12)
        return f"{(1 - share) * height:.1f}".rstrip("0").rstrip(".")

    known = np.isfinite(low) & np.isfinite(high)
    parts = []
    for first, stop in np.flatnonzero(np.diff(np.concatenate([[False], known, [False]]).astype(int))).reshape(-1, 2):
        there = [f"{x} {y(high[x])}" for x in range(first, stop)]
        back = [f"{x} {y(low[x])}" for x in range(stop - 1, first - 1, -1)]
        if stop - first == 1:
            there.append(f"{first + 1} {y(high[first])}")
            back.insert(0, f"{first + 1} {y(low[first])}")
        parts.append("M" + "L".join(there + back) + "Z")
    return "".join(parts)


def strip(values: np.ndarray, top: float) -> str:
    """Rows of values over time as a strip of colours, a data URI: (T, R) -> R pixels high; 0 is good, `top` bad, NaN
    is grey. Of the frames that share a column the worst is shown."""
    _, worst = buckets(values, STRIP)
    known = np.isfinite(worst)
    share = np.where(known, np.nan_to_num(worst) / max(top, 1e-12), 0.0).clip(0, 1) * (len(PALETTE) - 1)
    at = np.minimum(share.astype(int), len(PALETTE) - 2)
    colour = PALETTE[at] + (share - at)[..., None] * (PALETTE[at + 1] - PALETTE[at])  # (B, R, 3)
    colour[~known] = NOTHING
    _, data = cv2.imencode(".png", colour.round().astype(np.uint8).transpose(1, 0, 2)[..., ::-1])
    return "data:image/png;base64," + base64.b64encode(data.tobytes()).decode()


def packed(values: np.ndarray, low: float, high: float) -> str:
    """Numbers from low to high as base64 of one byte each; a missing one is low."""
    share = (np.nan_to_num(values, nan=low) - low) / max(high - low, 1e-12)
    return base64.b64encode((share.clip(0, 1) * 255).round().astype(np.uint8).tobytes()).decode()
