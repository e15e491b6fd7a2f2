"""What is drawn over a camera's picture: the solved face as wireframe, and where the landmarks are."""

import cv2
import numpy as np

from capture.camera import Camera, project
from solver.face_model import FaceModel

SUBPIXEL_BITS = 4
OPAQUE_PX = 16.0
"""Length of a face's side from which its lines are drawn at full strength."""

PARTS = ("skin", "lips", "eye", "face", "head")
"""Parts (by the beginning of their name) that a wireframe shows: what a camera sees of a face."""


def wire_faces(model: FaceModel) -> np.ndarray:
    """(F, 4) the faces worth drawing as wires; triangles name their third corner twice."""
    shown = np.array([name.lower().startswith(PARTS) for name in model.part_names], dtype=bool)
    faces = model.faces[shown[model.face_part]] if shown.any() else model.faces
    return np.where(faces < 0, faces[:, [2]], faces)


def wireframe(camera: Camera, vertices: np.ndarray, faces: np.ndarray, size: tuple[int, int], scale: float,
              shift: tuple[float, float], colour: tuple[int, int, int]) -> np.ndarray:
    """The faces that look to the camera, as lines.

    Args:
        vertices: (V, 3) metres in the world.
        faces: (F, 4) from `wire_faces`.
        size: of the picture to draw, px.
        scale, shift: picture px = (camera px + 0.5) * scale + shift - 0.5.
        colour: RGB.

    Returns:
        (H, W, 4) uint8, premultiplied RGBA.
    """
    picture = np.zeros((size[1], size[0], 4), dtype=np.uint8)
    pixels = (project(camera, vertices) + 0.5) * scale + np.array(shift) - 0.5  # (V, 2)
    corners = pixels[faces]  # (F, 4, 2)
    across, along = corners[:, 2] - corners[:, 0], corners[:, 3] - corners[:, 1]
    # In a picture whose y points down, the front of a counter-clockwise face turns the other way.
    front = across[:, 0] * along[:, 1] - across[:, 1] * along[:, 0] < 0
    inside = np.isfinite(corners).all(axis=(1, 2)) & (np.abs(np.nan_to_num(corners)) < 30000).all(axis=(1, 2))
    lines = np.round(corners[front & inside] * (1 << SUBPIXEL_BITS)).astype(np.int32)
    # Lines that nearly touch would hide the face they lie on.
    strength = float(np.clip(np.median(_sides(corners[front & inside])) / OPAQUE_PX, 0.2, 0.7)) if len(lines) else 0.0
    premultiplied = tuple(float(channel * strength) for channel in (*colour, 255))
    if len(lines):
        cv2.polylines(picture, list(lines[:, :, None]), True, premultiplied, 1, cv2.LINE_AA, SUBPIXEL_BITS)
    return picture


def face_box(xy: np.ndarray, seen: np.ndarray, size: tuple[int, int], margin: float = 0.25,
             ) -> tuple[float, float, float, float] | None:
    """A crop (x, y, width, height) px that holds the face through the whole take, standing still: what jitters with
    the landmarks cannot be judged. None where no landmark was seen.

    Args:
        xy: (T, N, 2) px.
        seen: (T, N).
        size: of the picture.
        margin: share of the face's size added on each side.
    """
    if not seen.any():
        return None
    points = xy[seen]
    low, high = np.percentile(points, 0.2, axis=0), np.percentile(points, 99.8, axis=0)
    room = margin * (high - low)
    low, high = np.maximum(low - room, 0), np.minimum(high + room, np.array(size))
    return (*low.tolist(), *(high - low).tolist())


def _sides(corners: np.ndarray) -> np.ndarray:
    """(F, 4, 2) -> (F) the length of each face's first side."""
    return np.linalg.norm(corners[:, 1] - corners[:, 0], axis=1)
