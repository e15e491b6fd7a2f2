"""What an actor's skin looks like: a colour for each vertex of the model, out of the pictures of a solved take.

The frames nearest to rest say it, in all cameras: there a face is what it is, not what it does. A vertex counts where
it turns to the camera and nothing of the head is before it. Cameras differ in exposure and white balance, so each is
first brought to the first one's, by what both see.
"""

import cv2
import numpy as np
from scipy.ndimage import minimum_filter

from capture.camera import Camera, Rig, project
from solver.appearance import Film
from solver.face_model import FaceModel
from solver.performance import Performance
from solver.posed import posed
from solver.render import vertex_normals

FRAMES = 8
"""Frames of each camera that are looked at."""
FACING = 0.4
"""Least cosine between a vertex's normal and the ray to the camera."""
CELL_PX, BEHIND_M = 6.0, 0.008
"""What lies so much farther from the camera than another vertex within about a cell is hidden by it."""
SEEN = 255
"""The fourth number of a colour that was seen."""


def skin_of(film: Film, performance: Performance, seen: np.ndarray, rig: Rig, model: FaceModel) -> np.ndarray:
    """The colours of a solved face.

    Args:
        film: the take's pictures.
        performance: of T frames, on the model.
        seen: (C, T) bool, the face was found in that camera's picture.
        rig: the C cameras.
        model: the actor's.

    Returns:
        (V, 4) uint8: sRGB, and SEEN or 0 where no camera saw the vertex.
    """
    rest = np.abs(performance.weights).sum(axis=1)
    found = [_camera_sees(film, index, camera, performance, _stillest(rest, seen[index]), model)
             for index, camera in enumerate(rig.cameras)]  # (V, 3) each, NaN where unseen
    return alike(np.stack(found))


def alike(found: np.ndarray) -> np.ndarray:
    """Colours as C cameras have them, (C, V, 3) with NaN where unseen, as one: (V, 4) uint8."""
    base = int(np.isfinite(found[..., 0]).sum(axis=1).argmax())
    ratio = np.where(found > 1, found[base] / np.maximum(found, 1), np.nan)  # (C, V, 3)
    gains = np.array([[np.median(one[np.isfinite(one)]) if np.isfinite(one).any() else 1.0 for one in camera.T]
                      for camera in ratio])
    known = np.isfinite(found).all(axis=2)  # (C, V)
    total = np.where(known[..., None], found * gains[:, None], 0.0).sum(axis=0)
    count = known.sum(axis=0)
    colour = np.clip(total / np.maximum(count, 1)[:, None] + 0.5, 0, 255).astype(np.uint8)
    return np.column_stack([np.where(count[:, None] > 0, colour, 0), np.where(count > 0, SEEN, 0)]).astype(np.uint8)


def together(skins: list[np.ndarray]) -> np.ndarray:
    """Several takes' colours, (V, 4) each: the first that saw a vertex has it; takes differ in light."""
    out = skins[0].copy()
    for skin in skins[1:]:
        new = (out[:, 3] == 0) & (skin[:, 3] > 0)
        both = (out[:, 3] > 0) & (skin[:, 3] > 0)
        gain = np.median(out[both, :3] / np.maximum(skin[both, :3], 1.0), axis=0) if both.any() else np.ones(3)
        out[new, :3] = np.clip(skin[new, :3] * gain + 0.5, 0, 255)
        out[new, 3] = SEEN
    return out


def _stillest(rest: np.ndarray, seen: np.ndarray) -> np.ndarray:
    frames = np.flatnonzero(seen)
    return np.sort(frames[np.argsort(rest[frames], kind="stable")[:FRAMES]])


def _camera_sees(film: Film, index: int, camera: Camera, performance: Performance, frames: np.ndarray,
                 model: FaceModel) -> np.ndarray:
    """(V, 3) the median of what the frames show of each vertex; NaN where none shows it."""
    looked = []
    for frame, picture in zip(frames, film(index, frames) if len(frames) else (), strict=True):
        world = posed(model, performance, frame)
        pixels = project(camera, world).astype(np.float32)
        colour = cv2.remap(picture, pixels[:, None, :1], pixels[:, None, 1:], cv2.INTER_LINEAR)[:, 0].astype(float)
        colour[~shown(camera, world, pixels, model.triangles, picture.shape)] = np.nan
        looked.append(colour)
    if not looked:
        return np.full((len(model.neutral), 3), np.nan)
    stack = np.stack(looked)
    out, some = np.full(stack.shape[1:], np.nan), np.isfinite(stack).any(axis=(0, 2))
    out[some] = np.nanmedian(stack[:, some], axis=0)
    return out


def shown(camera: Camera, world: np.ndarray, pixels: np.ndarray, triangles: np.ndarray, shape: tuple[int, ...]
          ) -> np.ndarray:
    """(V) bool: vertices (V, 3) that a camera sees at pixels (V, 2) of a picture of a shape (H, W, ...)."""
    ray = camera.centre - world
    ray /= np.linalg.norm(ray, axis=1, keepdims=True)
    depth = world @ camera.rotation[2] + camera.translation[2]
    inside = (pixels >= 0).all(axis=1) & (pixels < [shape[1] - 1, shape[0] - 1]).all(axis=1) & (depth > 0)
    cells = np.where(inside[:, None], pixels // CELL_PX, 0).astype(int)
    nearest = np.full((int(shape[0] // CELL_PX) + 2, int(shape[1] // CELL_PX) + 2), np.inf)
    np.minimum.at(nearest, (cells[inside, 1], cells[inside, 0]), depth[inside])
    nearest = minimum_filter(nearest, 3)[cells[:, 1], cells[:, 0]]
    facing = (vertex_normals(world, triangles) * ray).sum(axis=1)
    return inside & (facing > FACING) & (depth < nearest + BEHIND_M)
