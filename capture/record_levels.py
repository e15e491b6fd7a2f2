"""What an operator wants to know of a camera's picture while it records: is it sharp, is it bright enough."""

from dataclasses import dataclass

import cv2
import numpy as np

FINE, COARSE = 1.0, 4.0
"""Standard deviations in px of the two blurs whose slopes are compared: noise is gone after the first."""
STEEP = 0.98
"""The share of slopes below the one that counts: edges, of which a face has few."""
CLIPPED, CRUSHED = 250, 5
"""Luma from which, and up to which, nothing is left to see."""
SIDE = 480
"""Longest side in px of the part that is measured: focus is judged at the sensor's own pixels, or near them."""


@dataclass(frozen=True)
class Levels:
    """Focus 0 (blurred) to 1 (sharp), exposure (mean luma, 0 to 1), and the shares of it without any detail."""

    focus: float
    exposure: float
    clipped: float
    crushed: float


def levels(luma: np.ndarray, box: tuple[float, float, float, float] | None = None) -> Levels:
    """Measure a picture where the face is, or in its middle.

    Focus is how much of its steepest slopes a picture loses by a blur: a sharp edge loses all that the wider blur
    takes, COARSE - FINE of COARSE, which counts as 1; one that is blurred already loses little. Light and contrast
    cancel.

    Args:
        luma: (H, W) uint8.
        box: x, y, width, height of the face, as shares of the picture.
    """
    height, width = luma.shape
    x, y, wide, high = box or (0.25, 0.15, 0.5, 0.7)
    left, top = int(np.clip(x, 0, 1) * width), int(np.clip(y, 0, 1) * height)
    part = luma[top:max(int((y + high) * height), top + 2), left:max(int((x + wide) * width), left + 2)]
    clipped, crushed = float((part >= CLIPPED).mean()), float((part <= CRUSHED).mean())
    middle = part[max((part.shape[0] - SIDE) // 2, 0):, max((part.shape[1] - SIDE) // 2, 0):][:SIDE, :SIDE]
    return Levels(_focus(middle), float(part.mean()) / 255, clipped, crushed)


def _focus(luma: np.ndarray) -> float:
    fine, coarse = (_steepest(cv2.GaussianBlur(luma.astype(np.float32), (0, 0), blur)) for blur in (FINE, COARSE))
    return float(np.clip((1 - coarse / fine) * COARSE / (COARSE - FINE), 0.0, 1.0)) if fine > 0 else 0.0


def _steepest(luma: np.ndarray) -> float:
    return float(np.quantile(cv2.magnitude(cv2.Sobel(luma, -1, 1, 0), cv2.Sobel(luma, -1, 0, 1)), STEEP))
