"""The second look at a face that was found: its parts cut out close, asked of their own networks, and put back.

The squares come from points that were smoothed in time: a square that shakes would shake what is found in it. Where
several looks know a point, it lies at their mean, each weighted by how sure it is.
"""

from collections.abc import Iterable, Mapping

import numpy as np

from solver.crop import Roi, apply, crops, picture_from_crop
from solver.network_parts import EYE, FACE, PARTS, Part, part_square
from solver.network_run import Runner, as_input

BATCH = 16
"""Crops that a network sees at once."""


def looked_closer(pictures: list[np.ndarray], points: np.ndarray, sigma: np.ndarray,
                  networks: Iterable[tuple[Part, Runner]]) -> tuple[np.ndarray, np.ndarray]:
    """T pictures looked at again, each part once and plain: for those who cannot wait for `refine`.

    Args:
        pictures: T of (H, W, 3) uint8.
        points: (T, 478, 2) px of the first look; sigma: (T, 478) px.
        networks: of the parts.

    Returns:
        Both again, refined.
    """
    answers, spreads = [points], [sigma]
    for part, network in networks:
        sides = (False, True) if part is EYE else (False,)  # in a mirror the other eye is the one that it knows
        squares = [[part_square(face, part, mirrored) for face in points] for mirrored in sides]
        shown = np.concatenate([as_input(crops(pictures, row, part.size, quick=True))[..., ::-1 if mirrored else 1]
                                for row, mirrored in zip(squares, sides, strict=True)])
        found, spread = _in_batches(network, shown)
        for row, mirrored, local, unsure in zip(squares, sides, np.split(found, len(sides)),
                                                np.split(spread, len(sides)), strict=True):
            local = local * [-1, 1] + [part.size, 0] if mirrored else local
            _put(answers, spreads, part.mirrored if mirrored else part.points,
                 *_placed((local, unsure), row, part.size))
    return merged(np.stack(answers), np.stack(spreads))


class SecondLook:
    """Refines landmarks with the networks of the parts. Those that are missing leave their points as they are."""

    def __init__(self, networks: Mapping[str, Runner]) -> None:
        self.networks = [(part, networks[part.name]) for part in PARTS if part.name in networks]

    def refine(self, pictures: list[np.ndarray], frames: np.ndarray, points: np.ndarray, sigma: np.ndarray
               ) -> tuple[np.ndarray, np.ndarray]:
        """Look again at T pictures of one face in motion.

        Args:
            pictures: T of (H, W, 3) uint8.
            frames: (T, 478, 2) px, where to cut the parts out: smooth in time.
            points: (T, 478, 2) px of the first look; sigma: (T, 478) px.

        Returns:
            Both again, refined.
        """
        if not self.networks:
            return points, sigma
        answers, spreads = [points], [sigma]
        for part, network in self.networks:
            for mirrored, (found, spread) in enumerate(self._ask(network, part, pictures, frames)):
                _put(answers, spreads, part.mirrored if mirrored else part.points, found, spread)
        return merged(np.stack(answers), np.stack(spreads))

    def _ask(self, network: Runner, part: Part, pictures: list[np.ndarray], frames: np.ndarray
             ) -> list[tuple[np.ndarray, np.ndarray]]:
        """One part in all pictures, plain and mirrored, but for the whole face, which costs most and gains least by it:
        (T, P, 2) px and (T, P) px of the pictures each."""
        squares = [part_square(frame, part) for frame in frames]
        shown = as_input(crops(pictures, squares, part.size))
        out = [_placed(_in_batches(network, shown), squares, part.size)]
        if part is FACE:
            return out
        if part is EYE:  # what is mirrored is the other eye
            squares = [part_square(frame, part, True) for frame in frames]
            shown = as_input(crops(pictures, squares, part.size))
        points, sigma = _in_batches(network, shown[..., ::-1])
        return [*out, _placed((points * [-1, 1] + [part.size, 0], sigma), squares, part.size)]


def _in_batches(network: Runner, shown: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    answers = [network(shown[start:start + BATCH]) for start in range(0, len(shown), BATCH)]
    points, sigma = (np.concatenate(one).astype(np.float64) for one in zip(*answers, strict=True))
    return points, sigma


def _put(answers: list[np.ndarray], spreads: list[np.ndarray], place: tuple[int, ...], points: np.ndarray,
         sigma: np.ndarray) -> None:
    """Add a look that knows some landmarks alone: points (T, P, 2) and sigma (T, P), infinite for the others."""
    answers.append(np.zeros_like(answers[0]))
    spreads.append(np.full_like(spreads[0], np.inf))
    answers[-1][:, list(place)], spreads[-1][:, list(place)] = points, sigma


def _placed(answer: tuple[np.ndarray, np.ndarray], squares: list[Roi], size: int) -> tuple[np.ndarray, np.ndarray]:
    """Points and sigma of T crops in px of the pictures."""
    matrices = np.stack([picture_from_crop(square, size) for square in squares])
    sides = np.array([square.side for square in squares])
    return apply(matrices, answer[0]), answer[1] * (sides / size)[:, None]


def merged(points: np.ndarray, sigma: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The mean of L looks, weighted by their certainty: (L, T, N, 2), (L, T, N) -> (T, N, 2), (T, N).

    Their errors come from the same picture, so that the mean is as sure as the looks are, not surer.
    """
    share = 1 / sigma**2
    share /= share.sum(axis=0)
    return (share[..., None] * points).sum(axis=0), 1 / np.sqrt((share / sigma**2).sum(axis=0))
