"""Where skin touches skin the pictures show no more than that it does: the gap between points of a model's face that
meet, as a function of its weights (`solver/lips.py`, `solver/lids.py`).
"""

from dataclasses import dataclass

import numpy as np

from solver.embedding import Embedding
from solver.face_model import FaceModel


@dataclass(frozen=True)
class Gap:
    """P pairs of points on one person's face: from the lower to the upper at rest (P, 3) metres, and what each weight
    adds (K, P, 3)."""

    rest: np.ndarray
    by_weights: np.ndarray

    def of(self, weights: np.ndarray) -> np.ndarray:
        """(T, K) -> (T, P, 3)."""
        return self.rest + np.einsum("tk,kpx->tpx", weights, self.by_weights)


def gap_between(pairs: tuple[tuple[int, int], ...], identity: np.ndarray, model: FaceModel, embedding: Embedding,
                ) -> Gap | None:
    """Between pairs of landmarks, the lower one second, of the person `identity` (I); None where the model does not
    have them. Shapes with in-betweens count as if they went straight."""
    points = [point for pair in pairs for point in pair]
    if max(points) >= len(embedding.known) or not embedding.known[points].all():
        return None
    corners, share = model.triangles[embedding.triangle[points]], embedding.barycentric[points]  # (2 P, 3) each
    person = model.neutral[corners] + np.tensordot(identity, model.identity[:, corners], 1)  # (2 P, 3, 3)
    at_rest = np.einsum("ncx,nc->nx", person, share)
    moved = np.einsum("kncx,nc->knx", model.shapes[:, corners].astype(np.float64), share)
    return Gap(at_rest[::2] - at_rest[1::2], moved[:, ::2] - moved[:, 1::2])
