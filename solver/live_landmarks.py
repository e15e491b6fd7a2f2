"""The landmark network on pictures as they come, as quickly as they come.

Against the whole detector each picture is looked at once, through the square that the last one suggests; the eyes and
the mouth are looked at plain, not mirrored too; and whether there still is a face is asked now and then.
"""

import numpy as np

from solver.crop import Roi, crops, eight_bit_rgb
from solver.network import POINTS, SIZE
from solver.network_detector import HIDDEN, LEAST_SEEN, SURE, Look, NetworkDetector, placed, steady
from solver.network_parts import EYE, MOUTH
from solver.network_run import as_input
from solver.network_second import looked_closer

ASK_EVERY = 5
"""Pictures from one question whether there is a face to the next: a network of its own answers it."""
BEHIND_EVERY = 3
"""Pictures from one question what is before the face to the next."""


class LiveLandmarks(NetworkDetector):
    """Follows the largest face from picture to picture."""

    closer = (EYE, MOUTH)

    def __init__(self, device: str = "cpu") -> None:
        super().__init__(device=device)
        self._square: Roi | None = None
        self._before: np.ndarray | None = None
        self._count = 0
        self._seen = np.ones(POINTS, bool)

    def next(self, picture: np.ndarray) -> Look | None:
        """The landmarks of the next picture (H, W, 3); None where there is no face."""
        picture = eight_bit_rgb(picture)
        look = self._first(picture)
        square, self._before = self._next(look, self._before)
        self._square = steady(square, self._square) if square and self._square else square
        if look is None:
            return None
        points, sigma = looked_closer([picture], look.points[None], look.sigma[None], self._second.networks)
        if self._count % BEHIND_EVERY == 0:
            self._seen = self._hidden([picture], points)[0] < HIDDEN
        return Look(points[0], SURE * sigma[0], self._seen) if self._seen.mean() > LEAST_SEEN else None

    def _first(self, picture: np.ndarray) -> Look | None:
        self._count += 1
        if self._square is None or self._count % ASK_EVERY == 0:
            return self._follow(picture, self._square)
        points, sigma = self._ask(as_input(crops([picture], [self._square], SIZE)))
        return placed(points[0], sigma[0], self._square)
