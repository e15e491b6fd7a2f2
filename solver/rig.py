"""A user's rig as its file holds it: placed meshes, named shapes, joints. Every reader ends here."""

from dataclasses import dataclass, field

import numpy as np

MOST_MOVES = 300_000_000
"""Numbers in all shapes of one mesh; 52 shapes of a head of 30,000 vertices are 5 million."""


@dataclass(frozen=True)
class RigMesh:
    """One mesh where it stands at rest in the file's world, in the file's own unit and axes.

    Attributes:
        name: the node's name.
        vertices: (V, 3).
        faces: (F, 4) indices; -1 fills up triangles.
        uv: (U, 2), origin at the bottom left.
        uv_faces: (F, 4) indices into uv; all -1 where a face has none.
        material_names: at least one.
        face_material: (F) index into material_names.
        material_colours: (M, 3) linear, 0..1.
        shapes: name -> (V, 3) offsets at full weight.
        between: shape's name -> its in-betweens: weight, above 0 and below 1, and (V, 3) offsets.
        held: joint's name -> (V) how much of each vertex it holds, 0..1.
    """

    name: str
    vertices: np.ndarray
    faces: np.ndarray
    uv: np.ndarray
    uv_faces: np.ndarray
    material_names: tuple[str, ...]
    face_material: np.ndarray
    material_colours: np.ndarray
    shapes: dict[str, np.ndarray]
    between: dict[str, list[tuple[float, np.ndarray]]] = field(default_factory=dict)
    held: dict[str, np.ndarray] = field(default_factory=dict)


@dataclass(frozen=True)
class Rig:
    """A file.

    Attributes:
        where: the path, for messages.
        meshes: those that have faces.
        metres: how long one of the file's units is, or None where the format does not say.
        axes: (3, 3) model_from_file: rows are where the file says that right, up and front lie.
        joints: name -> (4, 4) world_from_joint at rest, in the file's unit and axes.
        above: joint's name -> the name of what it hangs from.
    """

    where: str
    meshes: tuple[RigMesh, ...]
    metres: float | None
    axes: np.ndarray
    joints: dict[str, np.ndarray] = field(default_factory=dict)
    above: dict[str, str] = field(default_factory=dict)


def check_size(vertices: int, shapes: int) -> None:
    """Raise ValueError for a mesh whose shapes would fill the memory: a few bytes can declare them."""
    if 3 * vertices * shapes > MOST_MOVES:
        raise ValueError(f"{shapes} shapes of {vertices} vertices")


def polygons(counts: list[int]) -> tuple[np.ndarray, np.ndarray]:
    """Polygons of any size as triangles and quads.

    Args:
        counts: how many corners each polygon has; the corners of all lie in a row.

    Returns:
        (F, 4) places in that row, -1 in triangles, and (F) the polygon of each face. Fewer than three corners vanish.
    """
    places, owner = [], []
    start = 0
    for polygon, count in enumerate(counts):
        if count == 4:
            places.append((start, start + 1, start + 2, start + 3))
            owner.append(polygon)
        else:
            for i in range(1, count - 1):
                places.append((start, start + i, start + i + 1, -1))
                owner.append(polygon)
        start += count
    return np.array(places, dtype=np.int64).reshape(-1, 4), np.array(owner, dtype=np.int64)


def picked(values: np.ndarray, places: np.ndarray) -> np.ndarray:
    """`values[places]`, with -1 staying -1."""
    return np.where(places >= 0, values[np.maximum(places, 0)], -1).astype(np.int32)
