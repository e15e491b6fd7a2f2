"""A scene: what every exporter writes, in one neutral form."""

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from solver.face_model import FaceModel
from solver.performance import Performance


@dataclass(frozen=True)
class Scene:
    """A face and its performance, in metres and radians, Y up.

    Attributes:
        take: the clip's name in the target program.
        model: the head, with the actor's identity already in its neutral (its identity basis is empty).
        performance: weights, head motion and gaze, one row a frame.
        eye_centres: (2, 3) metres, in the head; (0, 3) where the eyes cannot turn.
    """

    take: str
    model: FaceModel
    performance: Performance
    eye_centres: np.ndarray

    @property
    def frame_rate(self) -> Fraction:
        return self.performance.frame_rate

    @property
    def times(self) -> np.ndarray:
        """(T) seconds, each from its own frame number: nothing is accumulated."""
        rate = self.frame_rate
        return np.arange(self.performance.frames) * rate.denominator / rate.numerator
