"""The face on the large form: soft bumps and hollows, and the nose. Millimetres, see skull.py."""

import numpy as np
from scipy.interpolate import CloughTocher2DInterpolator, PchipInterpolator

from assets.make_head.skull import surface

# Bumps and hollows, mirrored: centre, how far each reaches (x, y, z), and the push at its centre.
BUMPS = (
    # name               x     y     z     reach            push
    ("brow ridge",       (22., 19., 90.), (17., 7., 30.), (0., 0., 3.5)),
    ("brow ridge side",  (46., 17., 75.), (10., 8., 20.), (1.5, 0., 3.0)),
    ("glabella",         (0., 20., 95.), (9., 9., 30.), (0., 0., 2.0)),
    ("socket",           (32., 0., 82.), (15., 11., 30.), (0., 0., -10.0)),
    ("socket inner",     (15., 3., 85.), (7., 10., 30.), (0., 0., -6.0)),
    ("under the eye",    (31., -19., 80.), (16., 6., 30.), (0., 0., -1.0)),
    ("cheek",            (39., -31., 75.), (16., 13., 30.), (1., 0., 4.0)),
    ("cheekbone",        (58., -22., 48.), (14., 11., 22.), (3.0, 0., 3.0)),
    ("cheek hollow",     (50., -62., 50.), (16., 18., 25.), (-2.2, 0., -1.2)),
    ("beside the mouth", (34., -72., 75.), (11., 14., 30.), (0., 0., -1.5)),
    ("temple",           (66., 25., 40.), (14., 20., 22.), (-5.5, 0., -1.0)),
    ("muzzle",           (0., -67., 98.), (25., 17., 30.), (0., 0., 5.0)),
    ("chin",             (0., -101., 94.), (14., 10., 30.), (0., 0., 4.0)),
    ("chin sulcus",      (0., -87., 95.), (17., 5.5, 30.), (0., 0., -4.0)),
    ("jaw angle",        (58., -74., 14.), (16., 14., 18.), (1.5, -2., 0.)),
    ("behind the jaw",   (58., -88., -8.), (14., 16., 12.), (-3., 0., 0.)),
    ("philtrum",         (0., -54., 100.), (2.2, 4.5, 30.), (0., 0., -1.3)),
    ("philtrum ridge",   (4.6, -54., 100.), (1.7, 5., 30.), (0., 0., 0.6)),
    ("forehead side",    (30., 50., 85.), (18., 16., 30.), (0., 0., 1.5)),
)


def sculpt(points: np.ndarray) -> np.ndarray:
    """(..., 3) points of the large form -> the same points with the bumps; both sides are treated alike."""
    result = points.copy()
    for _, centre, reach, push in BUMPS:
        for side in (1, -1) if centre[0] else (1,):
            mirror = np.array([side, 1, 1])
            distance = (points - mirror * centre) / np.array(reach)
            result += np.exp(-0.5 * (distance ** 2).sum(-1))[..., None] * (mirror * push)
    return result


# The nose's ridge seen from the side: y, z, and how fast it falls sideways (mm of x^2 for a fall of 1 mm).
RIDGE = np.array([
    [30., 84., 40.], [18., 91., 30.], [10., 91.5, 17.], [4., 92., 12.], [-6., 96., 7.5], [-18., 103.5, 6.],
    [-28., 110., 6.5], [-34., 113., 7.], [-39., 113.5, 7.], [-43., 110., 5.], [-46.5, 103., 5.], [-52., 86., 6.],
])
TIP = np.array([0.0, -37.0, 118.0])
WING = np.array([12.9, -42.0, 102.0])
SOFT = 1.1  # mm: how softly the nose's parts pass into one another


def nose(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """z of the nose's outside at (x, y), far below the face where there is no nose."""
    x = np.abs(x)
    order = RIDGE[::-1]
    ridge_y = np.clip(y, order[0, 0], order[-1, 0])
    ridge = PchipInterpolator(order[:, 0], order[:, 1])(ridge_y) - x ** 2 / np.interp(ridge_y, order[:, 0], order[:, 2])
    below = y - TIP[1] < 0
    tip = TIP[2] - x ** 2 / 8.0 - (y - TIP[1]) ** 2 * np.where(below, 1 / 7.0, 1 / 20.0)
    across, up = x - WING[0], y - WING[1]
    wing = (WING[2] - across ** 2 * np.where(across > 0, 1 / 1.9, 1 / 12.0)
            - up ** 2 * np.where(up < 0, 1 / 3.0, 1 / 9.0))
    return soft_max(ridge, tip, wing)


def soft_max(*heights: np.ndarray, soft: float = SOFT) -> np.ndarray:
    """The greatest of some heights, rounded where two meet."""
    return soft * np.logaddexp.reduce(np.stack(heights) / soft, axis=0)


class Front:
    """The face as a height over (x, y): z = front(x, y), for the part of the head that is seen from the front."""

    def __init__(self) -> None:
        theta, v = np.meshgrid(np.radians(np.linspace(-80, 80, 121)), np.linspace(-124, 90, 161))
        points = sculpt(surface(theta, v)).reshape(-1, 3)
        self._bare = CloughTocher2DInterpolator(points[:, :2], points[:, 2])

    def bare(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """z without the nose."""
        return self._bare(np.abs(x), y)

    def __call__(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """z with the nose."""
        return soft_max(self.bare(x, y), nose(x, y))
