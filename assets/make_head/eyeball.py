"""An eyeball: a sphere of quads with a pupil, an iris and a white, whose vertices' mean is its centre."""

import numpy as np

from assets.make_head.lids import CENTRE, RADIUS
from assets.make_head.mesh import Half

SEGMENTS = 32
PUPIL, IRIS = 2.0, 5.9  # radii, mm
# Polar angles of the rings: front and back alike, so that the mean of the vertices stays the centre.
_FRONT = np.r_[np.arcsin(np.array([0.55 * PUPIL, PUPIL, 3.2, 4.6, IRIS]) / RADIUS),
               np.radians([38.0, 50.0, 63.0, 76.0])]
POLAR = np.r_[_FRONT, np.pi - _FRONT[::-1]]


def build(half: Half) -> np.ndarray:
    """Put the left eyeball into `half`; its indices."""
    around = np.arange(SEGMENTS) * 2 * np.pi / SEGMENTS
    polar, turn = np.meshgrid(POLAR, around, indexing="ij")
    sphere = np.stack([np.sin(polar) * np.cos(turn), np.sin(polar) * np.sin(turn), np.cos(polar)], -1)
    rings = half.add(CENTRE + RADIUS * sphere)
    front, back = half.add(CENTRE + RADIUS * np.array([[0, 0, 1.0], [0, 0, -1.0]]))
    for m in range(0, SEGMENTS, 2):
        here, between, there = rings[:, m], rings[:, m + 1], rings[:, (m + 2) % SEGMENTS]
        half.face("pupil", front, here[0], between[0], there[0])
        half.face("eye", back, there[-1], between[-1], here[-1])
    for k in range(len(rings) - 1):
        part = "pupil" if k < 1 else "iris" if k < 4 else "eye"
        half.strip(part, rings[k + 1], rings[k], closed=True)
    return np.r_[rings.ravel(), front, back]
