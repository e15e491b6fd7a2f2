"""The landmark network on pictures as they come, as quickly as they come.

Against the whole detector each picture is looked at once, through the square that the last one suggests; the eyes and
the mouth are looked at plain, not mirrored too; and whether there still is a face is asked now and then.
"""

import numpy as np

from solver.crop import Roi, apply, crops, eight_bit_rgb, picture_from_crop
from solver.network import SIZE
from solver.network_detector import SURE, Look, NetworkDetector, placed
from solver.network_parts import EYE, Part, part_square
from solver.network_run import Runner, as_input
from solver.network_second import merged

ASK_EVERY = 5
"""Pictures from one question whether there is a face to the next: a network of its own answers it."""


class LiveLandmarks(NetworkDetector):
    """Follows the largest face from picture to picture."""

    def __init__(self, device: str = "cpu") -> None:
        super().__init__(device=device)
        self._square: Roi | None = None
        self._before: np.ndarray | None = None
        self._count = 0

    def next(self, picture: np.ndarray) -> Look | None:
        """The landmarks of the next picture (H, W, 3); None where there is no face."""
        picture = eight_bit_rgb(picture)
        look = self._first(picture)
        self._square, self._before = self._next(look, self._before)
        return None if look is None else self._closer(picture, look)

    def _first(self, picture: np.ndarray) -> Look | None:
        self._count += 1
        if self._square is None or self._count % ASK_EVERY == 0:
            return self._follow(picture, self._square)
        points, sigma = self._ask(as_input(crops([picture], [self._square], SIZE)))
        return placed(points[0], sigma[0], self._square)

    def _closer(self, picture: np.ndarray, look: Look) -> Look:
        answers, spreads = [look.points], [look.sigma]
        for part, network in self._second.networks:
            for place, points, sigma in self._part(picture, look, part, network):
                whole, unsure = np.zeros_like(look.points), np.full_like(look.sigma, np.inf)
                whole[place], unsure[place] = points, sigma
                answers.append(whole)
                spreads.append(unsure)
        points, sigma = merged(np.stack(answers)[:, None], np.stack(spreads)[:, None])
        return Look(points[0], SURE * sigma[0])

    def _part(self, picture: np.ndarray, look: Look, part: Part, network: Runner
              ) -> list[tuple[list[int], np.ndarray, np.ndarray]]:
        """One part, for the eye both of them in one batch: its landmarks, their (P, 2) px and (P) px."""
        sides = (False, True) if part is EYE else (False,)
        squares = [part_square(look.points, part, mirrored) for mirrored in sides]
        batch = as_input(crops([picture] * len(sides), squares, part.size))
        batch = np.stack([one[..., ::-1] if mirrored else one for one, mirrored in zip(batch, sides, strict=True)])
        found, spread = network(batch)
        out = []
        for mirrored, square, points, sigma in zip(sides, squares, found.astype(np.float64),
                                                   spread.astype(np.float64), strict=True):
            local = points * [-1, 1] + [part.size, 0] if mirrored else points
            out.append((list(part.mirrored if mirrored else part.points),
                        apply(picture_from_crop(square, part.size), local), sigma * (square.side / part.size)))
        return out
