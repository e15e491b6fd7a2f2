"""The meshes that go into a file: the face with its shapes, and each eyeball about its own centre."""

import dataclasses
from dataclasses import dataclass

import numpy as np

from exporters.names import ANY, clean
from exporters.scene import EYES, Scene
from solver.face_model import triangulate

UNMOVED = 1e-6
"""Metres that a shape may move a point without it counting as moved: a thousandth of what skin shows."""

UNTURNED = 0.01
"""Change of a unit normal that is left out (half a degree): light does not show it, and it would double the files."""


@dataclass(frozen=True)
class Step:
    """An in-between: where a shape passes at a weight between 0 and 1; `offsets` (V, 3) metres from rest."""

    name: str
    of: str
    weight: float
    offsets: np.ndarray


@dataclass(frozen=True)
class Mesh:
    """A mesh in the space of its own node: metres, Y up. V points, F faces, K shapes.

    Attributes:
        name: "Face", "EyeLeft" or "EyeRight": its node's name too.
        origin: (3,) metres, where its node stands in the head.
        points: (V, 3) metres.
        faces: (F, 4) indices into points; the last is -1 in a triangle.
        uv: (U, 2), origin at the bottom left; (0, 2) where there is none.
        uv_faces: (F, 4) indices into uv, -1 as in faces.
        face_part: (F) index into the model's part_names.
        shape_names: (K): all the model's for the face, for an eyeball only those that move it (mostly none).
        shapes: (K, V, 3) metres at a weight of 1; exactly 0 where a shape does not move a point.
        steps: the shapes' in-betweens, each shape's by growing weight, with names that no shape has.
        held: (V) how much of each point the jaw's joint holds, and not the head; None where none is turned.
    """

    name: str
    origin: np.ndarray
    points: np.ndarray
    faces: np.ndarray
    uv: np.ndarray
    uv_faces: np.ndarray
    face_part: np.ndarray
    shape_names: tuple[str, ...]
    shapes: np.ndarray
    steps: tuple[Step, ...] = ()
    held: np.ndarray | None = None

    def steps_of(self, shape: str) -> tuple[Step, ...]:
        return tuple(step for step in self.steps if step.of == shape)


def meshes(scene: Scene) -> tuple[Mesh, ...]:
    """The face first, then the left and the right eye where the model's eyes can turn.

    An eyeball is the faces whose corners are all its own; it turns about the eye's centre, as `face_model.deform` does.
    """
    model = scene.model
    count = len(model.neutral)
    uv_faces = model.uv_faces if model.uv_faces.shape == model.faces.shape else np.full_like(model.faces, -1)
    remaining = np.ones(len(model.faces), dtype=bool)
    face_points = np.ones(count, dtype=bool)
    eyes = []
    for name, eye, centre in zip(EYES, model.eyes, scene.eye_centres, strict=False):
        inside = np.zeros(count + 1, dtype=bool)
        inside[eye.vertices] = True
        inside[-1] = True  # the missing corner of a triangle
        mine = inside[model.faces].all(axis=1) & remaining
        if mine.any():
            remaining &= ~mine
            face_points[eye.vertices] = False
            moving = [k for k, shape in enumerate(model.shapes) if _moved(shape[eye.vertices]).any()]
            eyes.append(_part(scene, name, centre, inside[:-1], mine, uv_faces, moving))
    face_points[model.faces[remaining][model.faces[remaining] >= 0]] = True
    every = list(range(len(model.shape_names)))
    face = _part(scene, "Face", np.zeros(3), face_points, remaining, uv_faces, every)
    if scene.jaw is not None:
        face = dataclasses.replace(face, held=np.clip(scene.jaw.share[face_points], 0.0, 1.0))
    return (face, *eyes)


def proxies(scene: Scene) -> tuple[Mesh, ...]:
    """A triangle of a millimetre for each mesh, with the same shapes, none of which moves it: carriers of curves."""
    triangle, none = np.array([[0, 1, 2, -1]]), np.full((1, 4), -1)
    points = np.array([[0, 0, 0], [0.001, 0, 0], [0, 0.001, 0]])
    return tuple(Mesh(mesh.name, mesh.origin, points, triangle, np.zeros((0, 2)), none, mesh.face_part[:1],
                      mesh.shape_names, np.zeros((len(mesh.shape_names), 3, 3)),
                      held=None if mesh.held is None else np.zeros(3)) for mesh in meshes(scene))


def _part(scene: Scene, name: str, origin: np.ndarray, points: np.ndarray, faces: np.ndarray, uv_faces: np.ndarray,
          shapes: list[int]) -> Mesh:
    model = scene.model
    index = np.append(np.cumsum(points) - 1, -1)  # old vertex -> new vertex, -1 -> -1
    used = np.unique(uv_faces[faces])
    used = used[used >= 0]
    uv_index = np.full(len(model.uv) + 1, -1)
    uv_index[used] = np.arange(len(used))
    names = tuple(model.shape_names[k] for k in shapes)
    return Mesh(name, origin, model.neutral[points] - origin, index[model.faces[faces]], model.uv[used],
                uv_index[uv_faces[faces]], model.face_part[faces], names, _offsets(model.shapes[shapes][:, points]),
                _steps(scene, names, points))


def _steps(scene: Scene, names: tuple[str, ...], points: np.ndarray) -> tuple[Step, ...]:
    found = sorted((step for step in scene.model.between if step.of in names), key=lambda step: step.weight)
    # Told apart from all names of the model, so that a step has one name in every mesh and file.
    taken = scene.model.shape_names
    called = clean([*taken, *(f"{step.of}_{round(100 * step.weight)}" for step in found)], ANY)[len(taken):]
    return tuple(Step(name, step.of, step.weight, _offsets(step.offsets[points]))
                 for name, step in zip(called, found, strict=True))


def _offsets(shapes: np.ndarray) -> np.ndarray:
    """(..., V, 3), exactly 0 where they move nothing."""
    return np.where(_moved(shapes)[..., None], shapes, 0.0)


def _moved(shapes: np.ndarray) -> np.ndarray:
    """(..., V, 3) -> (..., V): which points a shape moves."""
    return np.linalg.norm(shapes, axis=-1) > UNMOVED


def normals(mesh: Mesh) -> np.ndarray:
    """(V, 3) unit normals of the mesh at rest, the faces around a point weighted by their areas."""
    return _unit(_normal_sums(mesh.points, triangulate(mesh.faces), len(mesh.points)))


def shape_normals(mesh: Mesh, shapes: np.ndarray) -> np.ndarray:
    """(K, V, 3): what offsets (K, V, 3) add to the unit normals. Only the triangles that they move are computed."""
    triangles = triangulate(mesh.faces)
    count = len(mesh.points)
    rest = _normal_sums(mesh.points, triangles, count)
    out = np.zeros(shapes.shape)
    for k, shape in enumerate(shapes):
        touched = triangles[shape.any(axis=1)[triangles].any(axis=1)]
        change = _normal_sums(mesh.points + shape, touched, count) - _normal_sums(mesh.points, touched, count)
        near = np.unique(touched)
        turn = _unit(rest[near] + change[near]) - _unit(rest[near])
        out[k, near] = np.where(np.linalg.norm(turn, axis=-1, keepdims=True) > UNTURNED, turn, 0.0)
    return out


def _normal_sums(points: np.ndarray, triangles: np.ndarray, count: int) -> np.ndarray:
    a, b, c = (points[triangles[:, corner]] for corner in range(3))
    area = np.cross(b - a, c - a)  # (F', 3), twice the area long
    corners = triangles.T.ravel()
    return np.stack([np.bincount(corners, np.tile(area[:, axis], 3), count) for axis in range(3)], axis=-1)


def _unit(vectors: np.ndarray) -> np.ndarray:
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.where(length > 1e-20, vectors / np.maximum(length, 1e-20), [0.0, 0.0, 1.0])
