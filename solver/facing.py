"""How far each landmark faces each camera: on the far side of a face a detector only guesses."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from capture.camera import Rig
from solver.embedding import Embedding
from solver.face_model import FaceModel

FACING = (0.05, 0.45)
"""Cosines between a point's normal and the ray to the camera: at the first it does not count, at the second fully."""
CHUNK = 48
"""Frames whose points are posed at once."""


@dataclass(frozen=True)
class Poses:
    """Where the face is in T frames: rotation (T, 3, 3) and translation (T, 3) metres, world_from_head."""

    rotation: np.ndarray
    translation: np.ndarray


def facing(model: FaceModel, embedding: Embedding, rig: Rig, poses: Poses
           ) -> Iterator[tuple[int, slice, np.ndarray, np.ndarray]]:
    """For each camera and some of the T frames: how far N landmarks of the resting face count by the way that they
    face, (t, N) from 0 to 1, and how far off they are, (t, N) metres."""
    resting, facing_in_head = embedding.points(model, model.neutral), embedding.normals(model)
    for start in range(0, len(poses.rotation), CHUNK):
        part = slice(start, start + CHUNK)
        turn = poses.rotation[part].transpose(0, 2, 1)
        normals = facing_in_head @ turn  # (t, N, 3) in world
        points = resting @ turn + poses.translation[part, None]
        for index, camera in enumerate(rig.cameras):
            ray = camera.centre - points  # (t, N, 3)
            distance = np.linalg.norm(ray, axis=-1)
            cosine = (normals * ray).sum(axis=-1) / distance
            yield index, part, np.clip((cosine - FACING[0]) / (FACING[1] - FACING[0]), 0.0, 1.0), distance
