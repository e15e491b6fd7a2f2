"""Residuals of landmarks, spread over the face's surface."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from solver.face_model import FaceModel

if TYPE_CHECKING:
    from solver.embedding import Embedding

NEAREST = 6
REACH_M = 0.011
"""How far a landmark tells of the surface around it: about the distance between landmarks on a cheek."""


class HeatMap:
    """Of one model and where its landmarks lie."""

    def __init__(self, model: FaceModel, embedding: Embedding) -> None:
        from scipy.spatial import cKDTree  # loaded when first used: the window should not wait for it

        self.counted = np.flatnonzero(embedding.known & ~embedding.contour)
        places = embedding.points(model, model.neutral.astype(float))[self.counted]
        distance, self._near = cKDTree(places).query(model.neutral, k=min(NEAREST, len(places)))
        self._weight = np.exp(-(distance.reshape(len(model.neutral), -1) / REACH_M) ** 2)  # (V, NEAREST)
        self._near = self._near.reshape(self._weight.shape)

    def spread(self, px: np.ndarray, seen: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Residuals at the vertices, and how much is known there.

        Args:
            px: (N) of all landmarks.
            seen: (N) which of them count in this frame.

        Returns:
            (V) px, weighted means of the landmarks around; (V) 0 far from all of them to 1 at one.
        """
        values = np.where(seen, np.nan_to_num(px), 0.0)[self.counted][self._near]
        weight = self._weight * seen[self.counted][self._near]
        total = weight.sum(axis=1)
        return (weight * values).sum(axis=1) / np.maximum(total, 1e-12), np.clip(total, 0.0, 1.0)
