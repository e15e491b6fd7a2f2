"""A user's rig as its file holds it: placed meshes, named shapes, joints. Every reader ends here."""

from dataclasses import dataclass, field

import numpy as np

MOST_MOVES = 300_000_000
"""Numbers in all vertices and shapes of a rig; 52 shapes of a head of 30,000 vertices are 5 million."""
FEW_MOVES, MOVES_A_BYTE = 20_000_000, 20
"""A file may hold the first many however small it is, and so many more for each of its bytes: shapes that move little
are stored as little."""


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
        binds: an avatar's expression -> its shapes' names and what of each it shows at a weight of 1.
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
    binds: dict[str, dict[str, float]] = field(default_factory=dict)


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
        presets: of the expressions that its meshes' `binds` speak of, those that the avatar's format itself names.
        remarks: sentences on what is not read of it.
    """

    where: str
    meshes: tuple[RigMesh, ...]
    metres: float | None
    axes: np.ndarray
    joints: dict[str, np.ndarray] = field(default_factory=dict)
    above: dict[str, str] = field(default_factory=dict)
    presets: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()


class Room:
    """What a file's meshes may take of the memory in all, counted before it is taken: a few bytes can declare any
    number of vertices, and name the same ones any number of times.

    Args:
        size: of the file, bytes.
    """

    def __init__(self, size: int) -> None:
        self.left = min(MOST_MOVES, FEW_MOVES + MOVES_A_BYTE * size)

    def more(self, size: int) -> None:
        """Another file of so many bytes belongs to it."""
        self.left = min(MOST_MOVES, self.left + MOVES_A_BYTE * size)

    def take(self, numbers: int, what: str) -> None:
        """Room for so many numbers, which make up `what`; raises ValueError where there is none."""
        self.left -= numbers
        if self.left < 0 or numbers < 0:
            raise ValueError(f"{what} are more than it can hold")


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


def turned_over(faces: np.ndarray) -> np.ndarray:
    """(F, 4) the same faces the other way round, each from the same first corner; -1 stays at a triangle's end."""
    over = faces[:, [0, 3, 2, 1]]
    return np.where(faces[:, 3:] >= 0, over, faces[:, [0, 2, 1, 3]])


def picked(values: np.ndarray, places: np.ndarray) -> np.ndarray:
    """`values[places]`, with -1 staying -1."""
    return np.where(places >= 0, values[np.maximum(places, 0)], -1).astype(np.int32)
