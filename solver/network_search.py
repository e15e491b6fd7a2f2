"""The squares about all faces of a whole picture, as MediaPipe's two finders see them."""

from dataclasses import replace

import numpy as np

from solver import pretrained
from solver.crop import Roi, crops
from solver.network_faces import FullRange, Runner, ShortRange, faces
from solver.network_run import ready

FOUND_SIDE = 1.7
"""A square's side as a multiple of the finder's box, which ends at the brows and the chin."""
CLOSER = (2, 4, 8)
"""The picture's longer side over that of the part that is looked at closely."""


class FaceSearch:
    """Finds faces anywhere in a picture.

    Raises (when asked):
        ModelError: see `pretrained.attention_mesh`.
    """

    def __init__(self) -> None:
        self._finders: list[tuple[FullRange | ShortRange, Runner]] = []

    def squares(self, picture: np.ndarray) -> list[Roi]:
        """The faces that the first finder sees which sees any, the surest first: (H, W, 3) uint8 -> squares in px."""
        height, width = picture.shape[:2]
        side = max(height, width)
        middle = np.array([(width - 1) / 2, (height - 1) / 2])
        boxed = np.zeros((side, side, 3), np.uint8)
        top, left = (side - height) // 2, (side - width) // 2
        boxed[top:top + height, left:left + width] = picture
        for which in (0, 1):
            finder, run = self._finder(which)
            found = faces(finder, crops([boxed], [Roi(((side - 1) / 2, (side - 1) / 2), side)], finder.size), run)[0]
            if found:
                return [_square(face.centre, face.size, face.points, side, middle) for face in found]
        return []

    def near(self, picture: np.ndarray, place: tuple[float, float]) -> list[Roi]:
        """The faces about a place, looked at ever more closely until there are any: small ones, in a large picture."""
        height, width = picture.shape[:2]
        for closer in CLOSER:
            reach = max(height, width) / closer / 2
            left, top = (max(int(middle - reach), 0) for middle in place)
            part = picture[top:int(place[1] + reach) + 1, left:int(place[0] + reach) + 1]
            found = self.squares(np.ascontiguousarray(part)) if part.size else []
            if found:
                return [replace(square, centre=(square.centre[0] + left, square.centre[1] + top)) for square in found]
        return []

    def _finder(self, which: int) -> tuple[FullRange | ShortRange, Runner]:
        """The first or the second finder; the second is seldom asked, and made when it is."""
        while len(self._finders) <= which:
            finder = (pretrained.full_range, pretrained.short_range)[len(self._finders)]()
            self._finders.append((finder, ready(finder)))
        return self._finders[which]


def _square(centre: np.ndarray, size: np.ndarray, points: np.ndarray, side: int, middle: np.ndarray) -> Roi:
    x, y = middle + (centre - 0.5) * side
    across = points[1] - points[0]
    return Roi((float(x), float(y)), float(size.max()) * side * FOUND_SIDE, float(np.arctan2(across[1], across[0])))
