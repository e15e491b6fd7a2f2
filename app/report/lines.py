"""A face as a line drawing: its outline, the borders of its parts and its sharp folds, as they appear in a camera.

At the size of a report's picture a wireframe is a haze; these lines say where lids, lips, nose and jaw are.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from app.overlay import PARTS, SUBPIXEL_BITS
from capture.camera import Camera, project
from solver.face_model import FaceModel

FOLD = np.cos(np.radians(38.0))
"""Cosine between two faces' normals below which the edge between them is a fold."""
CELL = 5
"""px of the grid by which hidden edges are told."""
BEHIND = 0.012
"""Metres behind the nearest point of its cell from which a point counts as hidden."""
BEHIND_AROUND = 0.02
"""The same for the nearest point of the cells around it: a slanted surface reaches through some depth there."""
BEHIND_OUTLINE = 0.05
"""The same at an outline, where the surface turns away."""


@dataclass(frozen=True)
class Edges:
    """The edges of a model's visible parts: `ends` (E, 2) vertices, `sides` (E, 2) triangles on both sides, the same
    twice at a border; `border` (E) whether the two belong to different parts or there is but one."""

    triangles: np.ndarray
    ends: np.ndarray
    sides: np.ndarray
    border: np.ndarray


def edges_of(model: FaceModel) -> Edges:
    """The edges to choose from; a quad's diagonal is flat and so never drawn."""
    shown = np.array([name.lower().startswith(PARTS) for name in model.part_names], dtype=bool)
    keep = shown[model.triangle_part] if shown.any() else np.ones(len(model.triangles), dtype=bool)
    triangles, part = model.triangles[keep], model.triangle_part[keep]
    ends = np.sort(np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]]), axis=1)
    owner = np.tile(np.arange(len(triangles)), 3)
    order = np.lexsort((owner, ends[:, 1], ends[:, 0]))
    ends, owner = ends[order], owner[order]
    first = np.flatnonzero(np.concatenate([[True], (np.diff(ends, axis=0) != 0).any(axis=1)]))
    second = np.minimum(first + 1, len(ends) - 1)
    paired = (ends[second] == ends[first]).all(axis=1) & (second > first)
    sides = np.stack([owner[first], owner[np.where(paired, second, first)]], axis=1)
    return Edges(triangles, ends[first], sides, ~paired | (part[sides[:, 0]] != part[sides[:, 1]]))


def draw(picture: np.ndarray, camera: Camera, vertices: np.ndarray, edges: Edges, warp: np.ndarray,
         colour: tuple[int, int, int]) -> None:
    """Draw the face onto a picture.

    Args:
        picture: (H, W, 3) uint8, changed.
        vertices: (V, 3) metres in the world.
        warp: (2, 3) picture px from camera px.
        colour: RGB.
    """
    pixels = project(camera, vertices) @ warp[:, :2].T + warp[:, 2]  # (V, 2)
    depth = vertices @ camera.rotation[2] + camera.translation[2]  # (V)
    corners = vertices[edges.triangles]
    normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-20)
    front = (normal * (camera.centre - corners[:, 0])).sum(axis=1) > 0  # (F)
    one, other = edges.sides.T
    fold = (normal[one] * normal[other]).sum(axis=1) < FOLD
    outline, inner = front[one] != front[other], (edges.border | fold) & front[one] & front[other]
    at_outline, within = _in_sight(pixels, depth, edges.triangles, picture.shape)
    wanted = (outline & at_outline[edges.ends].all(axis=1)) | (inner & within[edges.ends].all(axis=1))
    lines = np.round(pixels[edges.ends[wanted]] * (1 << SUBPIXEL_BITS)).astype(np.int32)  # (L, 2, 2)
    cv2.polylines(picture, list(lines[:, :, None]), False, colour, 1, cv2.LINE_AA, SUBPIXEL_BITS)


def _in_sight(pixels: np.ndarray, depth: np.ndarray, triangles: np.ndarray, shape: tuple[int, ...],
              ) -> tuple[np.ndarray, np.ndarray]:
    """(V) bool twice, for outlines and for lines within them: no other point of the surface lies well before it in its
    cell of the picture, nor in the cells around it, for a surface of few points leaves cells empty. The neighbours of
    an outline hold nearer parts of the same surface, so there only what lies far behind them is hidden."""
    height, width = shape[0] // CELL + 2, shape[1] // CELL + 2
    finite = np.isfinite(pixels).all(axis=1)
    cell = np.floor(np.where(finite[:, None], pixels, -1.0) / CELL).clip(-1, 32000).astype(int)
    inside = finite & (cell >= 0).all(axis=1) & (cell[:, 0] < width) & (cell[:, 1] < height)
    flat = np.where(inside, cell[:, 1] * width + cell[:, 0], 0)
    nearest = np.full(height * width, np.inf, dtype=np.float32)
    used = np.unique(triangles)
    used = used[inside[used]]
    np.minimum.at(nearest, flat[used], depth[used])
    around = cv2.erode(nearest.reshape(height, width), np.ones((3, 3), dtype=np.uint8)).ravel()
    own = inside & (depth <= nearest[flat] + BEHIND)
    return own & (depth <= around[flat] + BEHIND_OUTLINE), own & (depth <= around[flat] + BEHIND_AROUND)
