"""Half a mesh under construction, its mirrored whole, and the two ways to place vertices nobody placed by hand."""

from dataclasses import dataclass, field

import numpy as np
from scipy.sparse import csr_matrix, diags, identity
from scipy.sparse.linalg import spsolve

MIDDLE = 1e-6  # mm: a vertex nearer than this to x = 0 belongs to both halves


@dataclass
class Half:
    """The +x half: vertices in mm and quads, counter-clockwise seen from outside, each with its part's name."""

    points: np.ndarray = field(default_factory=lambda: np.zeros((0, 3)))
    quads: list[tuple[int, ...]] = field(default_factory=list)
    parts: list[str] = field(default_factory=list)

    def add(self, points: np.ndarray) -> np.ndarray:
        """Append (..., 3) points; their indices, in the same layout."""
        first = len(self.points)
        self.points = np.concatenate([self.points, points.reshape(-1, 3)])
        return np.arange(first, len(self.points)).reshape(points.shape[:-1])

    def face(self, part: str, *corners: int) -> None:
        """Append one quad or triangle."""
        self.quads.append(tuple(int(corner) for corner in corners) + (-1,) * (4 - len(corners)))
        self.parts.append(part)

    def strip(self, part: str, outer: np.ndarray, inner: np.ndarray, closed: bool = False) -> None:
        """Quads between two rings of equally many vertices that run counter-clockwise, the first one outside."""
        count = len(outer)
        for here in range(count if closed else count - 1):
            there = (here + 1) % count
            self.face(part, outer[here], outer[there], inner[there], inner[here])

    def grid(self, part: str, index: np.ndarray, flip: bool = False) -> None:
        """Quads of an (R, C) grid of indices: columns run to the left as seen from behind the face, rows run up."""
        for row in range(len(index) - 1):
            for column in range(index.shape[1] - 1):
                corners = (index[row, column], index[row, column + 1],
                           index[row + 1, column + 1], index[row + 1, column])
                if min(corners) >= 0:
                    self.face(part, *(corners[::-1] if flip else corners))


def mirrored(half: Half) -> tuple[np.ndarray, np.ndarray, list[str], np.ndarray]:
    """The whole: (V, 3) points, (F, 4) faces, part names, and (V) for each vertex the index of its mirror image.

    The first vertices are the half's own, so indices into the half stay true.
    """
    points = half.points.copy()
    middle = np.abs(points[:, 0]) < MIDDLE
    points[middle, 0] = 0.0
    twin = np.arange(len(points))
    twin[~middle] = len(points) + np.arange((~middle).sum())
    others = points[~middle] * [-1, 1, 1]
    faces = np.array(half.quads)
    reverse = np.where(faces[:, 3:] >= 0, faces[:, ::-1], np.roll(faces[:, ::-1], -1, axis=1))
    other_faces = np.where(reverse >= 0, twin[reverse], -1)
    back = np.concatenate([twin, np.flatnonzero(~middle)])
    return (np.concatenate([points, others]), np.concatenate([faces, other_faces]), half.parts * 2, back)


def laplacian(faces: np.ndarray, count: int) -> csr_matrix:
    """(V, V): each row is the mean of a vertex's neighbours minus the vertex itself."""
    pairs = []
    for corner in range(4):
        following = faces[:, (corner + 1) % 4]
        following = np.where(following < 0, faces[:, 0], following)
        pairs.append(np.stack([faces[:, corner], following], 1)[faces[:, corner] >= 0])
    edge = np.concatenate(pairs)
    edge = np.concatenate([edge, edge[:, ::-1]])
    adjacent = csr_matrix((np.ones(len(edge)), edge.T), shape=(count, count))
    adjacent.data[:] = 1.0
    degree = np.maximum(np.asarray(adjacent.sum(1)).ravel(), 1)
    return diags(1 / degree) @ adjacent - identity(count)


def fill(points: np.ndarray, faces: np.ndarray, free: np.ndarray, order: int = 2) -> np.ndarray:
    """The same points with the `free` (V) ones on the smoothest surface through the others.

    Order 1 stretches them like a soap film (L x = 0), order 2 bends them like a thin plate (L L x = 0).
    """
    smooth = laplacian(faces, len(points))
    system = (smooth if order == 1 else smooth.T @ smooth).tocsr()[free]
    result = points.copy()
    result[free] = spsolve(system[:, free].tocsc(), -system[:, ~free] @ points[~free])
    return result
