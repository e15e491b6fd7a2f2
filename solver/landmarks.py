"""Landmarks: what a detector found, in every camera and frame of a take."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Landmarks:
    """Points in pictures. A point that was not found has `seen` False; the arrays never get shorter for it.

    Attributes:
        cameras: (C) camera names.
        scheme: the name of the point set, such as "mediapipe478": what point n means.
        xy: (C, T, N, 2) px, in the distorted picture as filmed; NaN where not seen.
        sigma: (C, T, N) px, the standard deviation that the detector claims per axis.
        seen: (C, T, N) bool.
    """

    cameras: tuple[str, ...]
    scheme: str
    xy: np.ndarray
    sigma: np.ndarray
    seen: np.ndarray

    def __post_init__(self) -> None:
        shape = self.seen.shape
        if len(shape) != 3 or shape[0] != len(self.cameras) or self.xy.shape != (*shape, 2) \
                or self.sigma.shape != shape:
            raise ValueError(f"landmarks of {len(self.cameras)} cameras do not fit: xy {self.xy.shape}, "
                             f"sigma {self.sigma.shape}, seen {shape}")

    @property
    def found(self) -> np.ndarray:
        """(C, T) bool: whether the camera saw the face at all."""
        return self.seen.any(axis=2)
