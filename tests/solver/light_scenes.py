"""Plates and a lone face for light to fall on."""

import numpy as np

from solver.face_model import FaceModel
from solver.render import Mesh, face_mesh
from tests.synthetic import small_face

Plate = tuple[np.ndarray, np.ndarray, np.ndarray]


def plate(middle: list[float], normal: list[float], half: float = 0.05, count: int = 9) -> Plate:
    """A square, `half` metres to each side: points (N, 3), its normal (3,), triangles (F, 3)."""
    normal = np.asarray(normal, float)
    aside = np.cross(normal, [0.0, 0.0, 1.0] if abs(normal[2]) < 0.9 else [1.0, 0.0, 0.0])
    aside /= np.linalg.norm(aside)
    u, v = np.meshgrid(*[np.linspace(-half, half, count)] * 2)
    points = middle + u.reshape(-1, 1) * aside + v.reshape(-1, 1) * np.cross(normal, aside)
    corner = np.arange(count * count).reshape(count, count)
    a, b, c, d = (part.ravel() for part in (corner[:-1, :-1], corner[:-1, 1:], corner[1:, 1:], corner[1:, :-1]))
    return points, normal, np.concatenate([np.stack([a, b, c], 1), np.stack([a, c, d], 1)])


def lone_face() -> tuple[FaceModel, Mesh]:
    """The small face, grey, as it stands."""
    model = small_face()
    return model, face_mesh(model, model.neutral, np.full(model.neutral.shape, 0.5))
