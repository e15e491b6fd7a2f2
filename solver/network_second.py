"""The second look at a face that was found: its parts cut out close, asked of their own networks, and put back.

The squares come from points that were smoothed in time: a square that shakes would shake what is found in it. Where
several looks know a point, it lies at their mean, each weighted by how sure it is. What they say together of the face
as a whole, `network_join` knows.
"""

from collections.abc import Mapping
from typing import Protocol

import numpy as np

from solver.crop import Roi, apply, crops, picture_from_crop
from solver.network_parts import EYE, FACE, PARTS, Part, part_square
from solver.network_run import Runner, as_input

BATCH = 16
"""Crops that a network sees at once."""
COARSE = 2.0
"""By how much the first look is less sure than it says where a closer look knows the point: its errors are of a kind
that the closer look's are not. Found on made faces that no network learnt from."""


class PutTogether(Protocol):
    """`network_join.Join.put_together`, or what takes its place."""

    def __call__(self, frames: np.ndarray, points: np.ndarray, sigma: np.ndarray, first: np.ndarray, face: np.ndarray
                 ) -> tuple[np.ndarray, np.ndarray]: ...


class SecondLook:
    """Refines landmarks with the networks of the parts. Those that are missing leave their points as they are; what
    puts them together is asked only where the whole face has a network."""

    def __init__(self, networks: Mapping[str, Runner], join: PutTogether | None = None) -> None:
        self.networks = [(part, networks[part.name]) for part in PARTS if part.name in networks]
        self._join = join

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
        answers, spreads, wholes = [points], [sigma], [0]
        for part, network in self.networks:
            wholes += [len(answers), len(answers) + 1] if part is FACE else []
            for mirrored, (found, spread) in enumerate(self._ask(network, part, pictures, frames)):
                place = list(part.mirrored if mirrored else part.points)
                whole, unsure = np.zeros_like(points), np.full_like(sigma, np.inf)
                whole[:, place], unsure[:, place] = found, spread
                answers.append(whole)
                spreads.append(unsure)
        together, unsure = np.stack(answers), np.stack(spreads)
        closer = np.isfinite(np.delete(unsure, wholes, axis=0)).any(axis=0)  # (T, 478)
        again = wholes[1:]
        face = merged(together[again], unsure[again])[0] if again else None
        unsure[0, closer] *= COARSE
        unsure[again] = np.where(closer, np.inf, unsure[again])  # as coarse as the first look, and less well taught
        found, spread = merged(together, unsure)
        if self._join is None or face is None:
            return found, spread
        return self._join(frames, found, spread, points, face)

    def _ask(self, network: Runner, part: Part, pictures: list[np.ndarray], frames: np.ndarray
             ) -> list[tuple[np.ndarray, np.ndarray]]:
        """One part in all pictures, plain and mirrored: (T, P, 2) px and (T, P) px of the pictures each."""
        squares = [part_square(frame, part) for frame in frames]
        shown = as_input(crops(pictures, squares, part.size))
        out = [_placed(self._in_batches(network, shown), squares, part.size)]
        if part is EYE:  # what is mirrored is the other eye
            squares = [part_square(frame, part, True) for frame in frames]
            shown = as_input(crops(pictures, squares, part.size))
        points, sigma = self._in_batches(network, shown[..., ::-1])
        return [*out, _placed((points * [-1, 1] + [part.size, 0], sigma), squares, part.size)]

    @staticmethod
    def _in_batches(network: Runner, shown: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        answers = [network(shown[start:start + BATCH]) for start in range(0, len(shown), BATCH)]
        points, sigma = (np.concatenate(one).astype(np.float64) for one in zip(*answers, strict=True))
        return points, sigma


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
