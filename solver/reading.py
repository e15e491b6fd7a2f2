"""What a face's landmarks say of its weights before any model is fitted: a belief for the solve to start from."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class OwnAnswer:
    """What one person's corrected frames add to the reading network's last layer, which answers F features with K
    weights: weight (K, F) and bias (K); and how many times as unsure it then is, (K)."""

    weight: np.ndarray
    bias: np.ndarray
    unsure: np.ndarray


@dataclass(frozen=True)
class Reading:
    """Weights read off the landmarks, frame by frame, each with its uncertainty.

    Attributes:
        names: (K) ARKit's names of the shapes.
        weights: (T, K) 0..1; anything where sigma is infinite.
        sigma: (T, K) standard deviations, infinite in frames of which nothing was read.
        flat: 0 to 1, how much less it says than faces move (`solver.fuller`): 1 where it is the mean of all that may
            be, as a network answers of anybody.
    """

    names: tuple[str, ...]
    weights: np.ndarray
    sigma: np.ndarray
    flat: float = 0.0

    def of(self, shape_names: tuple[str, ...], frames: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Weights and precision (one over variance), (T', K') each, of some frames in a model's own shapes; the
        precision is 0 where a shape was not read."""
        weights, precision = np.zeros((2, len(frames), len(shape_names)))
        for column, name in enumerate(shape_names):
            if name in self.names:
                place = self.names.index(name)
                weights[:, column] = self.weights[frames, place]
                precision[:, column] = self.sigma[frames, place] ** -2.0
        return weights, precision
