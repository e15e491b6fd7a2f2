"""Where each landmark of a detector lies on a face model."""

from dataclasses import dataclass

import numpy as np

from solver.face_model import FaceModel


@dataclass(frozen=True)
class Embedding:
    """The points of a landmark scheme on the surface of one model.

    Attributes:
        scheme: the point set's name, such as "mediapipe478".
        triangle: (N) index into the model's triangles; 0 where unknown.
        barycentric: (N, 3) shares of the triangle's corners; each row sums to 1.
        spread_m: (N) metres, how far the detector's single answers scatter about the point, standard deviation an axis.
        contour: (N) bool, the point slides over the surface as the view turns (the outline of the jaw).
        known: (N) bool, the point was found on the model.
    """

    scheme: str
    triangle: np.ndarray
    barycentric: np.ndarray
    spread_m: np.ndarray
    contour: np.ndarray
    known: np.ndarray

    def points(self, model: FaceModel, vertices: np.ndarray) -> np.ndarray:
        """(V, 3) a deformed model's vertices -> (N, 3) where its landmarks are."""
        return np.einsum("ncx,nc->nx", vertices[model.triangles[self.triangle]], self.barycentric)
