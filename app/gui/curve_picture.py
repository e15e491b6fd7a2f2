"""Curves as a picture: OpenCV draws fifty lines of a thousand points in the time in which Qt's painter strokes one."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from PySide6.QtGui import QColor, QImage

SUBPIXEL_BITS = 3
FARTHEST = 1 << 20
"""Beyond this, in parts of a pixel, a point's place is no matter."""
STEEP = 4.0
"""Mean slope from which lines fill the columns of the picture: smoothing them shows nothing and takes long."""
DASH_PX = 3


@dataclass(frozen=True)
class Stroke:
    """Lines of one colour, in px from the picture's upper left corner.

    Attributes:
        x: (M) rising.
        lows, highs: (M, K) y of K lines' least and greatest values at each x; equal where single frames are told apart.
            As y goes down, lows >= highs.
        thickness: in px.
        dotted: broken by gaps.
    """

    x: np.ndarray
    lows: np.ndarray
    highs: np.ndarray
    colour: QColor
    thickness: int = 1
    dotted: bool = False


def draw(strokes: Sequence[Stroke], width: int, height: int) -> QImage:
    """A picture of strokes, each over those before it, on nothing."""
    pixels = np.zeros((height, width, 4), dtype=np.uint8)
    for stroke in strokes:
        if not stroke.lows.size:
            continue
        lines = _lines(stroke)
        steep, crowded = _slope(lines) >= STEEP, np.ptp(stroke.x) < len(stroke.x) - 1
        if stroke.dotted:
            lines = _dashes(lines)
        elif steep and crowded:
            _fill(pixels, stroke)
            continue
        fixed = np.clip(np.round(lines * (1 << SUBPIXEL_BITS)), -FARTHEST, FARTHEST).astype(np.int32)
        cv2.polylines(pixels, list(fixed[:, :, None]), False, (*stroke.colour.getRgb()[:3], 255), stroke.thickness,
                      cv2.LINE_8 if steep else cv2.LINE_AA, SUBPIXEL_BITS)
    return QImage(pixels.tobytes(), width, height, 4 * width, QImage.Format.Format_RGBA8888_Premultiplied).copy()


def _lines(stroke: Stroke) -> np.ndarray:
    """(K, M', 2) points."""
    x, lows, highs = stroke.x, stroke.lows, stroke.highs
    places, ends = (x, lows.T) if np.array_equal(lows, highs) else \
        (np.repeat(x, 2), np.stack([lows.T, highs.T], axis=2).reshape(lows.shape[1], -1))
    return np.stack([np.broadcast_to(places, ends.shape), ends], axis=2)


def _slope(lines: np.ndarray) -> float:
    rise, run = np.abs(np.diff(lines[:, :, 1], axis=1)).sum(), np.ptp(lines[:, :, 0], axis=1).sum()
    return float(rise / max(run, 1.0))


def _dashes(lines: np.ndarray) -> np.ndarray:
    """(N, 4, 2) every other few pixels of the lines."""
    x = lines[0, :, 0]
    places = np.arange(np.floor(x[0]), x[-1], 2 * DASH_PX)[:, None] + np.linspace(0, DASH_PX, 4)
    return np.concatenate([np.stack([places, np.interp(places, x, line[:, 1])], axis=2) for line in lines])


def _fill(pixels: np.ndarray, stroke: Stroke) -> None:
    """Each column of the picture from the least to the greatest value that lies in it, in time that does not depend on
    how far that is."""
    height, width = pixels.shape[:2]
    inside = (stroke.x >= 0) & (stroke.x < width)
    columns, begin = np.unique(stroke.x[inside].astype(int), return_index=True)
    if not len(columns):
        return
    tops, bottoms = np.minimum.reduceat(stroke.highs[inside], begin), np.maximum.reduceat(stroke.lows[inside], begin)
    tops[1:], bottoms[1:] = np.minimum(tops[1:], bottoms[:-1]), np.maximum(bottoms[1:], tops[:-1])  # without gaps
    starts = np.clip(np.round(tops), 0, height).astype(int) * width + columns[:, None]
    stops = np.clip(np.round(bottoms) + stroke.thickness, 0, height).astype(int) * width + columns[:, None]
    room = (height + 1) * width
    begun = np.bincount(starts.ravel(), minlength=room) - np.bincount(stops.ravel(), minlength=room)
    covered = np.cumsum(begun.astype(np.int16).reshape(height + 1, width)[:height], axis=0, dtype=np.int16) > 0
    for _ in range(stroke.thickness - 1):
        covered[:, 1:] |= covered[:, :-1]
    colour = np.array([*stroke.colour.getRgb()[:3], 255], dtype=np.uint8).view(np.uint32)
    np.copyto(pixels.view(np.uint32)[:, :, 0], colour, where=covered)
