"""The left ear: rings from the head out to the helix and back into the concha. Millimetres."""

import numpy as np

CENTRE = np.array([71.0, -22.0, -11.0])
# Rings: size of the outline, mm outwards everywhere, and share of the flare (which grows from front to back).
RINGS = np.array([
    [0.80, 0.0, 0.10], [0.84, 1.0, 0.45], [0.97, 2.0, 0.85], [1.02, 3.0, 1.0], [1.0, 4.6, 1.08], [0.93, 5.0, 1.12],
    [0.85, 3.2, 1.06], [0.74, 3.6, 1.0], [0.60, 4.2, 0.86], [0.48, 1.0, 0.6], [0.34, -3.0, 0.3], [0.16, -6.0, 0.1],
])
FLARE = 14.0
HALF_TALL, HALF_WIDE = 31.0, 17.5


def outline(angle: np.ndarray) -> np.ndarray:
    """(..., 2): back and up, mm, of the ear's outline; the angle runs from the front over the bottom to the back."""
    up = -np.sin(angle)
    wide = HALF_WIDE * (1 + 0.22 * up - 0.10 * up ** 2)
    back = -np.cos(angle) * wide + 1.5 * up
    return np.stack([back, up * HALF_TALL], -1)


def rings(angle: np.ndarray) -> np.ndarray:
    """(R, A, 3): the ear's rings."""
    lean = np.radians(14)
    flat = outline(angle)
    result = []
    for size, out, flare in RINGS:
        back, up = (flat * size).T
        back = back - 4.0 * (1 - size)
        up = up - 3.0 * (1 - size)
        turned_back, turned_up = back * np.cos(lean) + up * np.sin(lean), up * np.cos(lean) - back * np.sin(lean)
        grow = np.clip((back + HALF_WIDE) / (2 * HALF_WIDE), 0, 1.2) ** 0.8
        outwards = out * np.clip(0.25 + grow, 0, 1) + FLARE * flare * grow
        result.append(CENTRE + np.stack([outwards, turned_up, -turned_back], -1))
    return np.array(result)
