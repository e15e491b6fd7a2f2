"""Eyebrows painted on models that have none: without hair a detector puts them on the bone below, 6 mm too low.

Where a model's brows are its own shapes tell: along each brow, the middle of what browDown, browOuterUp and browInnerUp
move most. On the built-in head, whose brows are modelled, that line runs within 2 mm of their middle.
"""

from dataclasses import dataclass

import numpy as np

from solver.face_model import FaceModel
from solver.parts import INSIDE, is_part
from solver.render import Mesh, vertex_normals

COLOUR = (0.045, 0.026, 0.017)
COVER = 0.85
INNER, OUTER = -0.30, 0.37
"""Where a brow begins and ends, sideways from the eye's centre, as shares of the distance between the eyes."""
LOW, HIGH = 0.12, 0.70
"""Between which heights above the eye's centre it is looked for, as shares of the same."""
HALF_INNER, HALF_OUTER = 0.052, 0.022
"""Half its thickness at both ends, as shares of the same."""
STEPS = 15
PEAK = 4
"""The power of the motion that weighs a vertex: high enough for the peak, low enough for coarse meshes."""
NEIGHBOURS = 0.06
"""Standard deviation sideways of what counts at a step, as a share of the distance between the eyes."""
FINE = 8
"""Each triangle's side is cut into so many."""


@dataclass(frozen=True)
class Brows:
    """Finely cut and painted pieces of a model's skin.

    Attributes:
        covered: (F') bool, the model's triangles that the pieces stand for.
        parent: (P) the model's triangle under each of the pieces' vertices.
        barycentric: (P, 3) where in it.
        triangles: (Q, 3) indices into the pieces' vertices.
        colours: (Q, 3, 3) linear.
    """

    covered: np.ndarray
    parent: np.ndarray
    barycentric: np.ndarray
    triangles: np.ndarray
    colours: np.ndarray

    def mesh(self, model: FaceModel, vertices: np.ndarray) -> Mesh:
        """The pieces on the deformed model, to be drawn with the rest of it."""
        corners = model.triangles[self.parent]
        normals = vertex_normals(vertices, model.triangles)
        return Mesh(np.einsum("pcx,pc->px", vertices[corners], self.barycentric), self.triangles, self.colours,
                    np.full(len(self.triangles), 0.12), np.arange(len(self.triangles)),
                    np.einsum("pcx,pc->px", normals[corners], self.barycentric))


def brows(model: FaceModel) -> Brows | None:
    """Brows for `model`, or None where it has its own, has no brow shapes, or its eyes are unknown."""
    if len(model.eyes) != 2 or any("brow" in name.lower() for name in model.part_names):
        return None
    lines = [brow_line(model, side) for side in (0, 1)]
    if any(line is None for line in lines):
        return None
    outer = ~np.array([is_part(name, INSIDE) for name in model.part_names])[model.triangle_part]
    neutral = model.neutral.astype(np.float64)
    apart = np.linalg.norm(np.subtract(*(eye.centre(neutral) for eye in model.eyes)))
    corners = neutral[model.triangles]  # (F', 3, 3)
    near = np.any([_distance(line, corners.reshape(-1, 3)).reshape(-1, 3).min(axis=1) < 3 * HALF_INNER * apart
                   for line in lines], axis=0)
    front = corners[..., 2].min(axis=1) > min(eye.centre(neutral)[2] for eye in model.eyes)
    covered = outer & near & front
    chosen = np.flatnonzero(covered)
    if len(chosen) == 0:
        return None
    shares, pieces = _cut()
    count = len(shares)
    parent = np.repeat(chosen, count)
    barycentric = np.tile(shares, (len(chosen), 1))
    triangles = (pieces[None] + count * np.arange(len(chosen))[:, None, None]).reshape(-1, 3)
    places = np.einsum("pcx,pc->px", corners[parent], barycentric)
    hair = COVER * np.max([_hair(line, places, apart) for line in lines], axis=0)  # (P)
    skin = model.albedo[model.triangle_part[parent]]
    colours = skin + hair[:, None] * (np.array(COLOUR) - skin)
    return Brows(covered, parent, barycentric, triangles, colours[triangles].astype(np.float32))


def brow_line(model: FaceModel, side: int) -> np.ndarray | None:
    """(STEPS, 2) metres, x and y of a brow's middle at rest, from its inner to its outer end; side 0 is the left."""
    name = ("Left", "Right")[side]
    wanted = (f"browDown{name}", f"browOuterUp{name}", "browInnerUp")
    if not set(wanted) <= set(model.shape_names):
        return None
    neutral = model.neutral.astype(np.float64)
    eye, other = model.eyes[side].centre(neutral), model.eyes[1 - side].centre(neutral)
    apart = np.linalg.norm(eye - other)
    outwards = np.sign(eye[0] - other[0])
    place = (neutral - eye) / apart * [outwards, 1, 1]  # (V, 3)
    outer = ~np.array([is_part(part, INSIDE) for part in model.part_names])[model.triangle_part]
    skin = np.unique(model.triangles[outer])
    skin = skin[(place[skin, 1] > LOW) & (place[skin, 1] < HIGH) & (place[skin, 2] > 0)]
    moved = np.zeros(len(skin))
    for shape in wanted:
        size = np.linalg.norm(model.shapes[model.shape_names.index(shape)][skin], axis=1)
        moved += size / max(size.max(initial=0.0), 1e-12)
    along = np.linspace(INNER, OUTER, STEPS)
    middle = np.full(STEPS, np.nan)
    for step, at in enumerate(along):
        weight = moved ** PEAK * np.exp(-((place[skin, 0] - at) / NEIGHBOURS) ** 2 / 2)
        if weight.max(initial=0.0) > 1e-6:
            middle[step] = np.average(place[skin, 1], weights=weight)
    known = np.isfinite(middle)
    if known.sum() < STEPS // 2:
        return None
    arch = np.polynomial.Polynomial.fit(along[known], middle[known], 2)
    return np.column_stack([eye[0] + outwards * along * apart, eye[1] + arch(along) * apart])


def _distance(line: np.ndarray, places: np.ndarray) -> np.ndarray:
    """(P) metres from the line, seen from the front."""
    return np.linalg.norm(places[:, None, :2] - line[None], axis=2).min(axis=1)


def _hair(line: np.ndarray, places: np.ndarray, apart: float) -> np.ndarray:
    """(P) 0..1: 1 on the brow's line, fading to 0 beyond half its thickness."""
    start, stop = line[:-1], line[1:]
    piece = stop - start
    offset = places[:, None, :2] - start[None]  # (P, S, 2)
    along = np.clip((offset * piece).sum(axis=2) / (piece * piece).sum(axis=1), 0, 1)
    distance = np.linalg.norm(offset - along[..., None] * piece, axis=2)  # (P, S)
    nearest = distance.argmin(axis=1)
    rows = np.arange(len(places))
    share = (nearest + along[rows, nearest]) / (len(line) - 1)
    half = (HALF_INNER + share * (HALF_OUTER - HALF_INNER)) * apart
    return np.clip(1.5 - distance[rows, nearest] / half, 0, 1)


def _cut() -> tuple[np.ndarray, np.ndarray]:
    """A triangle cut into FINE * FINE: barycentric shares of the points (P, 3), and the pieces (Q, 3)."""
    index, shares = {}, []
    for i in range(FINE + 1):
        for j in range(FINE + 1 - i):
            index[i, j] = len(shares)
            shares.append(((FINE - i - j) / FINE, i / FINE, j / FINE))
    pieces = []
    for i in range(FINE):
        for j in range(FINE - i):
            pieces.append((index[i, j], index[i + 1, j], index[i, j + 1]))
            if i + j < FINE - 1:
                pieces.append((index[i + 1, j], index[i + 1, j + 1], index[i, j + 1]))
    return np.array(shares), np.array(pieces)
