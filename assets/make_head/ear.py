"""The left ear: rings from the head out to the helix and back into the concha. Millimetres."""

from collections.abc import Callable

import numpy as np
from scipy.interpolate import CubicSpline

CENTRE = np.array([0.0, -22.0, -12.0])  # y and z; x is the head's own
BOWL = np.array([-5.0, -4.0])   # back and up of the concha's middle: the rings shrink towards it
LEAN = np.radians(13)           # the top lies further back than the lobe
TRAGUS = 5.0                    # mm that the flap in front of the bowl stands out
FLARE = 17.0                    # mm that the helix stands off the head at the back
# The outline, from the front over the lobe and the back to the top: back, up.
OUTLINE = np.array([[-12.5, 0.0], [-12.0, -13.0], [-10.5, -23.0], [-6.0, -30.0], [0.5, -30.5], [5.0, -25.0],
                    [9.5, -13.0], [14.5, 1.0], [17.0, 14.0], [14.0, 25.0], [5.0, 31.0], [-5.0, 29.5],
                    [-11.5, 21.0], [-13.0, 10.0]])
# Rings: size of the outline, mm outwards, share of the flare, share of `outwards` that the front and the lobe keep.
RINGS = np.array([
    [0.80, 0.0, 0.00, 1.0], [0.80, 0.6, 0.25, 1.0], [0.86, 0.3, 0.65, 1.0], [0.95, -1.0, 0.92, 1.0],
    [1.00, 0.6, 1.02, 1.0], [1.005, 2.6, 1.04, 1.0], [0.965, 3.9, 1.03, 0.9], [0.91, 3.4, 1.0, 0.6],
    [0.86, 1.2, 0.97, 0.3], [0.78, 0.6, 0.92, 0.2], [0.69, 2.6, 0.84, 0.4], [0.60, 3.4, 0.74, 0.6],
    [0.53, 1.4, 0.62, 0.8], [0.46, -2.6, 0.46, 1.0], [0.34, -5.0, 0.30, 1.0], [0.18, -7.0, 0.18, 1.0],
])


START = 0.20                    # share of the outline's length at which the rings begin: below the front


def _outline(share: np.ndarray) -> np.ndarray:
    closed = np.concatenate([OUTLINE, OUTLINE[:1]])
    length = np.r_[0, np.cumsum(np.linalg.norm(np.diff(closed, axis=0), axis=1))]
    return CubicSpline(length / length[-1], closed, bc_type="periodic")(share % 1.0)


def rings(count: int, side: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> np.ndarray:
    """(R, count, 3): the ear's rings from below the front backwards; `side(y, z)` is the head's x."""
    flat = _outline(START + np.arange(count) / count)
    front = 0.5 - 0.5 * np.tanh((flat[:, 0] + 7) / 4)
    result = []
    for k, (size, out, flare, keep) in enumerate(RINGS):
        flap = TRAGUS * np.exp(-((k - 11) / 1.6) ** 2)
        back, up = (BOWL + (flat - BOWL) * size).T
        grow = np.clip((back + 13) / 30, 0, 1.1) ** 0.75
        outwards = out * (1 - front * (1 - keep)) * (1 - 0.55 * front) + FLARE * flare * grow
        outwards -= 3.0 * np.clip((-up - 16) / 14, 0, 1) * flare
        outwards += flap * np.exp(-((up + 4) / 6.5) ** 2) * front
        y = CENTRE[1] + up * np.cos(LEAN) - back * np.sin(LEAN)
        z = CENTRE[2] - back * np.cos(LEAN) - up * np.sin(LEAN)
        result.append(np.stack([side(y, z) + outwards, y, z], -1))
    return np.array(result)
