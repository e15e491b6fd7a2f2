"""Angles and curves from additions, products, quotients and square roots alone.

IEEE 754 fixes these four to the last bit, and NumPy does one at a time. Sine, arc tangent and interpolation of the
system's libraries differ in their last bit from processor to processor, and so would the files that hold them.
"""

import math

import numpy as np

QUARTER = math.pi / 2
QUARTER_REST = 6.123233995736766e-17
"""What a quarter turn is more than QUARTER."""

SINE = [(-1.0) ** k / math.factorial(2 * k + 1) for k in range(10)]
COSINE = [(-1.0) ** k / math.factorial(2 * k) for k in range(10)]
TANGENT = [(-1.0) ** k / (2 * k + 1) for k in range(14)]


def sine_cosine(angles: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Sine and cosine of radians, to 1e-15 for up to thousands of turns: Taylor's series within an eighth of a turn."""
    quarters = np.round(angles / QUARTER)
    rest = (angles - quarters * QUARTER) - quarters * QUARTER_REST
    square = rest * rest
    sine, cosine = rest * _series(SINE, square), _series(COSINE, square)
    swapped, negative = quarters % 2 == 1, quarters % 4 >= 2
    sign = np.where(negative, -1.0, 1.0)
    return sign * np.where(swapped, cosine, sine), sign * np.where(swapped, -sine, cosine)


def arc_tangent(y: np.ndarray, x: np.ndarray) -> np.ndarray:
    """The angle of (x, y) in -pi..pi, to 1e-15; 0 where both are 0.

    The angle is halved twice, atan z = 2 atan(z / (1 + sqrt(1 + z^2))), before the series.
    """
    up, along = np.abs(y), np.abs(x)
    larger = np.maximum(up, along)
    z = np.minimum(up, along) / np.where(larger > 0, larger, 1.0)
    for _ in range(2):
        z = z / (1.0 + np.sqrt(1.0 + z * z))
    angle = 4.0 * z * _series(TANGENT, z * z)
    angle = np.where(up > along, QUARTER - angle, angle)
    angle = np.where(x < 0, math.pi - angle, angle)
    return np.where(y < 0, -angle, angle)


def length(*parts: np.ndarray) -> np.ndarray:
    """The square root of the sum of squares."""
    return np.sqrt(sum(part * part for part in parts))


def interpolate(where: np.ndarray, places: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Straight lines between the points (places, values), held at both ends: at `where` (N) -> (N)."""
    places, values = np.asarray(places, float), np.asarray(values, float)
    if len(places) == 1:
        return np.full(len(where), values[0])
    first = np.clip(np.searchsorted(places, where, side="right") - 1, 0, len(places) - 2)
    share = np.clip((where - places[first]) / (places[first + 1] - places[first]), 0.0, 1.0)
    return values[first] + share * (values[first + 1] - values[first])


def _series(factors: list[float], x: np.ndarray) -> np.ndarray:
    total = np.zeros_like(x)
    for factor in reversed(factors):
        total = total * x + factor
    return total
