"""The head's large form: horizontal sections of a skull with its flesh, stacked from the neck to the crown.

Lengths are millimetres. x is the face's own left, y is up with 0 at the pupils, z is forward with 0 at the ear canal.
The measures are adult means of the anthropometric literature that `assets/README.md` names.
"""

import numpy as np
from scipy.interpolate import PchipInterpolator
from scipy.ndimage import gaussian_filter1d

# One row is one section. A section's height is not level: it follows the jaw and the base of the skull.
#   v: height at the front, and the name of the row    side, back: height at the side and the back
#   front, back_z: z of the front and the back         wide, wide_z: the half width, and the z where it lies
#   square: 2 is an ellipse, more is flatter in front  taper: how much narrower the front is than an ellipse
SECTIONS = np.array([
    # v      side   back   front  wide  wide_z  back_z  square taper
    [-190., -178., -160.,  38.,   62.,  -18.,   -76.,   2.0,  0.00],
    [-160., -142., -118.,  37.,   53.5, -16.,   -66.,   2.0,  0.00],
    [-136., -112.,  -88.,  42.,   52.,  -14.,   -63.,   2.0,  0.00],
    [-124.,  -95.,  -70.,  53.,   52.,  -12.,   -65.,   2.0,  0.05],
    [-117.,  -86.,  -60.,  75.,   53.,  -10.,   -68.,   2.0,  0.11],
    [-112.,  -77.,  -50.,  88.,   53.5,  -8.,   -72.,   2.0,  0.15],
    [-100.,  -66.,  -38.,  94.,   56.5,  -8.,   -78.,   2.0,  0.15],
    [-86.,   -56.,  -26.,  94.,   59.5,  -8.,   -83.,   2.05, 0.13],
    [-68.,   -45.,  -12.,  96.5,  64.,   -8.,   -88.,   2.1,  0.09],
    [-48.,   -33.,    2.,  96.,   68.,   -8.,   -92.,   2.2,  0.05],
    [-28.,   -18.,   16.,  91.5,  70.,   -9.,   -95.,   2.3,  0.02],
    [0.,       4.,   30.,  89.,   72.,  -10.,   -95.,   2.3,  0.00],
    [22.,     26.,   46.,  95.,   74.,  -12.,   -95.,   2.35, 0.02],
    [45.,     48.,   62.,  95.5,  75.,  -12.,   -91.5,  2.35, 0.02],
    [68.,     69.,   77.,  88.5,  70.5, -12.,   -85.,   2.25, 0.00],
    [88.,     88.,   91.,  72.,   57.5, -11.,   -70.,   2.1,  0.00],
    [100.,    99.,  100.,  52.,   43.,  -11.,   -56.,   2.0,  0.00],
    [108.,   107.,  107.,  27.,   25.,  -11.,   -38.,   2.0,  0.00],
])
STEP = 0.5    # mm between the samples of the smoothed table
ROUND = 3.0   # mm: how softly one section passes into the next
SQUARE_BACK = 2.15


def _smooth_table() -> tuple[np.ndarray, np.ndarray]:
    heights = np.arange(SECTIONS[0, 0], SECTIONS[-1, 0] + STEP / 2, STEP)
    values = PchipInterpolator(SECTIONS[:, 0], SECTIONS[:, 1:])(heights)
    return heights, gaussian_filter1d(values, ROUND / STEP, axis=0, mode="nearest")


HEIGHTS, TABLE = _smooth_table()


def surface(theta: np.ndarray, v: np.ndarray) -> np.ndarray:
    """(..., 3) mm: the point at angle `theta` (0 the front, pi/2 the left side, pi the back) of the section `v`."""
    theta, v = np.broadcast_arrays(theta, v)
    side, back, front, wide, wide_z, back_z, square, taper = (
        np.interp(v, HEIGHTS, column) for column in TABLE.T)
    sine, cosine = np.sin(theta), np.cos(theta)
    ahead = cosine > 0
    power = np.where(ahead, square, SQUARE_BACK)
    reach = (np.abs(sine) ** power + np.abs(cosine) ** power) ** (-1 / power)
    depth = np.where(ahead, front - wide_z, wide_z - back_z)
    x = wide * reach * sine * (1 - taper * np.where(ahead, cosine, 0.0) ** 2)
    y = side + (v - back) / 2 * cosine + ((v + back) / 2 - side) * cosine ** 2
    return np.stack([x, y, wide_z + depth * reach * cosine], axis=-1)
