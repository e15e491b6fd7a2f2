"""Which columns and rows the skin has, and which blocks of them the eyes, the mouth and the ears take."""

import numpy as np

from assets.make_head.skull import surface


def _columns() -> np.ndarray:
    """Angles of the columns: even in x over the front of the face, then even in angle to the back."""
    theta = np.linspace(0, np.radians(75), 400)
    x = surface(theta, np.full(400, -25.0))[:, 0]
    front = np.interp(np.concatenate([np.linspace(0, 12, 6), np.linspace(12, 54, 17)[1:]]), x, theta)
    return np.concatenate([front, np.linspace(front[-1], np.pi, 24)[1:]])


def _rows() -> np.ndarray:
    """Heights v of the rows, from the neck up."""
    stretches = ((-190, -126, 8), (-126, -113, 4), (-113, -95, 6), (-95, -52, 12), (-52, -23, 11), (-23, 20, 12),
                 (20, 44, 6), (44, 94, 9))
    return np.concatenate([[-190.0], *(np.linspace(low, high, count + 1)[1:] for low, high, count in stretches)])


COLUMNS = _columns()
ROWS = _rows()


def row(v: float) -> int:
    """The row at the height v."""
    return int(np.argmin(np.abs(ROWS - v)))


# Blocks that are cut out of the grid: columns from, to; rows from, to.
EYE = (5, 21, row(-23), row(20))
MOUTH = (0, 14, row(-95), row(-52))
NOSTRIL = (1, 5, row(-49.4), row(-49.4) + 3)
_EAR_FROM = int(np.argmin(np.abs(COLUMNS - np.radians(76))))
EAR = (_EAR_FROM, _EAR_FROM + 5, row(-70), row(8))



def rim(index: np.ndarray, block: tuple[int, int, int, int]) -> np.ndarray:
    """The block's border, counter-clockwise seen from outside, from its lower front corner."""
    left, right, low, high = block
    return np.concatenate([index[low, left:right], index[low:high, right], index[high, right:left:-1],
                           index[high:low:-1, left]])
