"""A face cut out of a picture, as bands of detail that do not answer to its light."""

from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np

GREY = np.float32([0.25, 0.6, 0.15])
"""Red, green, blue: skin shows its pattern in green most."""
WORKING_PX_PER_METRE = 1650.0
"""Faces larger than this (330 px high) are made smaller: a pattern finer than half a millimetre is noise."""
MARGIN = 0.2
"""Of the face's box, on each side."""
SCALES_M = (0.00073, 0.00146, 0.0029)
"""Sizes of detail on the face: standard deviation of a band's finer Gaussian; the coarser one is twice as wide."""
AROUND = 8.0
"""Half the side of the window over which contrast is evened out, over the finer Gaussian's standard deviation."""
LEAST_CONTRAST = 0.015
"""Of the logarithm of the grey value: below this a band is noise, and stays small."""
DARK = 12.0
"""Grey values (0..255) about which the logarithm becomes linear."""
OUTSIDE = -1000.0
SLOPE_PX = 0.7
"""Half the distance over which a slope is taken."""


@dataclass(frozen=True)
class View:
    """grey (h, w) uint8, cut out at `origin` (x, y) px and made smaller by `factor` (2), which is not quite the same on
    both axes: a picture has whole pixels."""

    grey: np.ndarray
    origin: tuple[int, int]
    factor: np.ndarray

    def to_view(self, xy: np.ndarray) -> np.ndarray:
        """Pixels of the picture -> of the view, (..., 2); both count from the first pixel's centre."""
        return (xy - self.origin + 0.5) * self.factor - 0.5


def view_of(rgb: np.ndarray, box: np.ndarray, px_per_metre: float) -> View:
    """Cut a face out.

    Args:
        rgb: (H, W, 3) uint8.
        box: left, top, right, bottom in px.
        px_per_metre: how large the face is in the picture.
    """
    height, width = rgb.shape[:2]
    margin = MARGIN * max(box[2] - box[0], box[3] - box[1])
    left, top = (int(np.clip(side - margin, 0, limit - 1)) for side, limit in ((box[0], width), (box[1], height)))
    right, bottom = (int(np.clip(np.ceil(side + margin), low + 1, limit))
                     for side, low, limit in ((box[2], left, width), (box[3], top, height)))
    grey = cv2.transform(rgb[top:bottom, left:right], GREY[None])
    factor = min(1.0, WORKING_PX_PER_METRE / px_per_metre)
    size = np.array(grey.shape[1::-1])
    smaller = np.maximum(np.round(size * factor), 1).astype(int)
    if factor < 1:
        grey = cv2.resize(grey, smaller.tolist(), interpolation=cv2.INTER_AREA)
    return View(grey, (left, top), smaller / size)


def bands(view: View, px_per_metre: float) -> np.ndarray:
    """(h, w, S) float32: differences of Gaussians of the logarithm, over the contrast around them."""
    sizes = [max(size * px_per_metre * view.factor.mean(), 1.0) for size in (*SCALES_M, 2 * SCALES_M[-1])]
    blurred = [cv2.GaussianBlur(np.log(view.grey.astype(np.float32) + DARK), (0, 0), sizes[0])]
    for finer, wider in pairwise(sizes):  # a Gaussian of a Gaussian: variances add
        blurred.append(cv2.GaussianBlur(blurred[-1], (0, 0), np.sqrt(max(wider**2 - finer**2, 0.1))))
    out = []
    for size, fine, coarse in zip(sizes, blurred, blurred[1:], strict=False):
        band, side = fine - coarse, 2 * round(AROUND * size) + 1
        out.append(band / (np.sqrt(cv2.blur(band * band, (side, side))) + LEAST_CONTRAST))
    return np.stack(out, axis=-1)


def look_up(picture: np.ndarray, view: View, xy: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Values (N, S) and slopes (N, S, 2), per px of the whole picture, at points (N, 2) px of it; NaN outside, and
    for points that are NaN."""
    at = np.nan_to_num(view.to_view(xy), nan=OUTSIDE).astype(np.float32)

    def value(dx: float, dy: float) -> np.ndarray:
        return cv2.remap(picture, at[None, :, 0] + dx, at[None, :, 1] + dy, cv2.INTER_LINEAR,
                         borderMode=cv2.BORDER_CONSTANT, borderValue=(np.nan,) * picture.shape[2])[0].astype(np.float64)

    slopes = [(value(dx, dy) - value(-dx, -dy)) / (2 * SLOPE_PX) for dx, dy in ((SLOPE_PX, 0.0), (0.0, SLOPE_PX))]
    return value(0.0, 0.0), np.stack(slopes, axis=-1) * view.factor
