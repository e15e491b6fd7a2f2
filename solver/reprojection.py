"""Landmarks put into space by a rig, and projected into its cameras again.

Each landmark is triangulated from the cameras that see it (Hartley and Zisserman, 12.2); no face model is needed.
"""

import numpy as np

from capture.camera import Rig, undistort
from solver.embedding import Embedding
from solver.landmarks import Landmarks


def moments(seen: Landmarks, most: int) -> np.ndarray:
    """At most so many frames, evenly, in which two cameras saw the face."""
    together = np.flatnonzero(seen.found.sum(axis=0) >= 2)
    return together[np.unique(np.linspace(0, len(together) - 1, min(len(together), most)).round().astype(int))]


def usable_points(seen: Landmarks, frames: np.ndarray, embedding: Embedding) -> np.ndarray:
    """(C, F, N) landmarks that do not slide over the face and that two cameras saw."""
    usable = seen.seen[:, frames] & embedding.known & ~embedding.contour
    return usable & (usable.sum(axis=0) >= 2)


def reprojected(seen: Landmarks, rig: Rig, frames: np.ndarray, usable: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Points (F, N, 3) in the world, and how far (C, F, N, 2) px they appear from where they were seen; far away where
    they would lie behind a camera."""
    rows, flats = [], []
    for index, camera in enumerate(rig.cameras):
        flat = undistort(camera, seen.xy[index][frames])  # (F, N, 2)
        rays = (flat - camera.matrix[:2, 2]) / np.diag(camera.matrix)[:2]
        world = np.concatenate([camera.rotation, camera.translation[:, None]], axis=1)  # (3, 4)
        pair = rays[..., None] * world[2] - world[:2]  # (F, N, 2, 4)
        rows.append(np.where(usable[index, ..., None, None], pair, 0.0))
        flats.append(flat)
    system = np.nan_to_num(np.concatenate(rows, axis=2))  # (F, N, 2C, 4)
    normal = np.swapaxes(system, -1, -2) @ system
    points = np.linalg.solve(normal[..., :3, :3] + 1e-12 * np.eye(3), -normal[..., :3, 3:])[..., 0]  # (F, N, 3)
    apart = []
    for camera, flat in zip(rig.cameras, flats, strict=True):
        in_camera = points @ camera.rotation.T + camera.translation
        front = in_camera[..., 2:] > 1e-6
        pixels = in_camera[..., :2] / np.where(front, in_camera[..., 2:], 1.0) * np.diag(camera.matrix)[:2]
        apart.append(np.where(front, pixels + camera.matrix[:2, 2] - flat, 10.0 * max(camera.size)))
    return points, np.array(apart)
