"""The lips and the bag of the mouth: cross-sections placed along the line where the lips meet. Millimetres."""

import numpy as np
from scipy.interpolate import PchipInterpolator

HALF_WIDTH = 24.3
GAP = -0.04         # from the line to either lip: shut lips press into one another, or light would shine through
_UPPER = PchipInterpolator([0, .12, .22, .4, .6, .8, .93, 1], [7.4, 8.2, 8.5, 7.4, 5.6, 3.3, 1.3, 0.5])
_LOWER = PchipInterpolator([0, .2, .4, .6, .8, .93, 1], [9.6, 9.3, 8.3, 6.4, 3.7, 1.4, 0.5])
# Cross-sections from the border of the red to where the lips touch: share of the height, mm in front of the line.
UPPER = np.array([[1, 3.2], [.74, 4.3], [.46, 4.6], [.2, 3.6], [.04, 1.6], [0, 0]])
LOWER = np.array([[1, 1.6], [.78, 3.6], [.48, 4.6], [.2, 3.9], [.04, 1.8], [0, 0]])
# Then the wet inside: mm away from the line, and mm behind it.
INSIDE = np.array([[0.3, -2.0], [2.2, -4.0], [6.5, -4.8], [11.0, -5.6]])


def line(s: np.ndarray) -> np.ndarray:
    """(..., 3): the line between the lips at s from the middle (0) to the corner (1)."""
    y = -68.0 - 0.7 * np.exp(-(s / 0.16) ** 2) + 0.5 * np.exp(-((s - 0.42) / 0.2) ** 2) - 1.2 * s ** 3
    return np.stack([HALF_WIDTH * s, y, 100.5 - 11.3 * s ** 2.2], -1)


def rings(half_count: int) -> tuple[np.ndarray, np.ndarray]:
    """The lips as rings from the border of the red inwards.

    Args:
        half_count: segments from the middle of the lower lip to the corner.

    Returns:
        (R, 2 half_count + 1, 3) mm, from the middle of the lower lip over the corner to that of the upper lip; and
        s (2 half_count + 1).
    """
    s = np.linspace(0, 1, half_count + 1)
    s = s + 0.10 * np.sin(np.pi * s) / np.pi
    middle = line(s)
    taper = np.sqrt(np.clip(1 - s ** 2, 0, None))
    result = []
    for k, (high, low) in enumerate(zip(UPPER, LOWER, strict=True)):
        lower, upper = middle.copy(), middle.copy()
        upper[:, 1] += GAP + high[0] * _UPPER(s)
        upper[:, 2] += high[1] * (0.2 + 0.8 * np.sqrt(_UPPER(s) / 8.5) * taper)
        lower[:, 1] -= GAP + low[0] * _LOWER(s)
        lower[:, 2] += low[1] * (0.2 + 0.8 * np.sqrt(_LOWER(s) / 9.6) * taper)
        out = 2.2 * (1 - k / (len(UPPER) - 1))
        for lip in (lower, upper):
            lip[:, 0] += out * s ** 6
        result.append(_join(lower, upper))
    for away, behind in INSIDE:
        lower, upper = middle.copy(), middle.copy()
        grow = taper * away
        upper[:, 1] += GAP + grow
        lower[:, 1] -= GAP + grow
        for lip in (lower, upper):
            lip[:, 2] += behind * (0.6 + 0.4 * taper)
            lip[:, 0] += 0.25 * -behind * s ** 4
        result.append(_join(lower, upper))
    return np.array(result), np.r_[s, s[-2::-1]]


def _join(lower: np.ndarray, upper: np.ndarray) -> np.ndarray:
    corner = (lower[-1] + upper[-1]) / 2
    return np.concatenate([lower[:-1], corner[None], upper[-2::-1]])


# The bag behind the teeth: half width, half height, z in the middle, how much it recedes at the side, middle's y.
BAG = np.array([[29, 16.5, 93, 22, -70], [32, 20, 84, 28, -71], [33, 22, 70, 24, -72], [30, 21, 52, 12, -72],
                [22, 16, 38, 5, -71], [11, 8, 31, 1, -70]])


def bag(count: int) -> np.ndarray:
    """(R, count, 3): rings of the bag in the order of the lips' rings."""
    angle = np.linspace(-np.pi / 2, np.pi / 2, count)
    return np.array([np.stack([wide * np.cos(angle), y + tall * np.sin(angle),
                               z - recede * np.cos(angle) ** 2], -1) for wide, tall, z, recede, y in BAG])
