"""The second look at a face that was found: its parts cut out close, asked of their own networks, and put back.

The squares come from points that were smoothed in time: a square that shakes would shake what is found in it. Where
both looks know a point, it lies at their mean, each weighted by how sure it is.
"""


import numpy as np
import torch

from solver.crop import apply, crops, picture_from_crop
from solver.network_parts import EYE, PARTS, Part, PartNetwork, part_square

BATCH = 16
"""Crops that a network sees at once."""


class SecondLook:
    """Refines landmarks with the networks of the parts. Those that are missing leave their points as they are."""

    def __init__(self, networks: dict[str, PartNetwork], device: str = "cpu") -> None:
        self._device = device
        self.networks = [(part, networks[part.name].to(device, memory_format=torch.channels_last))
                          for part in PARTS if part.name in networks]

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
            for mirrored in (False, True):
                found, spread = self._ask(network, part, pictures, frames, mirrored)
                place = list(part.mirrored if mirrored else part.points)
                whole, unsure = np.zeros_like(points), np.full_like(sigma, np.inf)
                whole[:, place], unsure[:, place] = found, spread
                answers.append(whole)
                spreads.append(unsure)
        return merged(np.stack(answers), np.stack(spreads))

    def _ask(self, network: PartNetwork, part: Part, pictures: list[np.ndarray], frames: np.ndarray, mirrored: bool
             ) -> tuple[np.ndarray, np.ndarray]:
        """One part in all pictures: (T, P, 2) px and (T, P) px of the pictures."""
        turned = mirrored and part is EYE
        squares = [part_square(frame, part, turned) for frame in frames]
        points, sigma = [], []
        for start in range(0, len(squares), BATCH):
            shown = crops(pictures[start:start + BATCH], squares[start:start + BATCH], part.size)
            batch = torch.from_numpy(shown).to(self._device).permute(0, 3, 1, 2).float() / 255
            batch = batch.flip(3) if mirrored else batch
            with torch.inference_mode():
                found, spread = network(batch.contiguous(memory_format=torch.channels_last))
            points.append(found.cpu().numpy().astype(np.float64))
            sigma.append(spread.cpu().numpy().astype(np.float64))
        local = np.concatenate(points)
        if mirrored:
            local = local * [-1, 1] + [part.size, 0]
        matrices = np.stack([picture_from_crop(square, part.size) for square in squares])
        sides = np.array([square.side for square in squares])
        return apply(matrices, local), np.concatenate(sigma) * (sides / part.size)[:, None]


def merged(points: np.ndarray, sigma: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The mean of L looks, weighted by their certainty: (L, T, N, 2), (L, T, N) -> (T, N, 2), (T, N).

    Their errors come from the same picture, so that the mean is as sure as the looks are, not surer.
    """
    share = 1 / sigma**2
    share /= share.sum(axis=0)
    return (share[..., None] * points).sum(axis=0), 1 / np.sqrt((share / sigma**2).sum(axis=0))
