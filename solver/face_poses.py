"""Where the face stands in each camera at each moment, and what that says about the cameras themselves.

A head is one rigid body: what camera a and camera b see of it at one moment tells how b stands to a; and all upright
cameras around it see it turn to the same side.
"""

from collections.abc import Sequence

import cv2
import numpy as np
from scipy.spatial.transform import Rotation

from capture.camera import Camera, undistort
from solver.embedding import Embedding
from solver.face_model import FaceModel
from solver.landmarks import Landmarks

FEWEST_POINTS = 30
"""Landmarks that a pose is found by."""

FEWEST_TOGETHER = 6
"""Moments in which two cameras must both see the face."""

LEAST_YAW = np.radians(3.0)
"""How much a head must turn to tell a mirrored clip, as a standard deviation."""

OPPOSITE = -0.4
"""Correlation of two cameras' yaw below which they see opposite turns; upright cameras around a face see the same one,
whatever side they stand on: above 0.6 on rendered truth."""


def face_poses(landmarks: Landmarks, cameras: Sequence[Camera], model: FaceModel, embedding: Embedding) -> np.ndarray:
    """camera_from_head of the mean face in each camera and frame: (C, T, 4, 4), NaN where it was not seen."""
    points = embedding.points(model, model.neutral)  # (N, 3)
    usable = embedding.known & ~embedding.contour
    poses = np.full((*landmarks.found.shape, 4, 4), np.nan)
    for index, camera in enumerate(cameras):
        xy = undistort(camera, landmarks.xy[index])
        for frame in np.flatnonzero(landmarks.found[index]):
            chosen = landmarks.seen[index, frame] & usable
            pose = pose_of(points[chosen], xy[frame, chosen], camera.matrix) if chosen.sum() >= FEWEST_POINTS else None
            if pose is not None:
                poses[index, frame] = pose
    return poses


def pose_of(points: np.ndarray, xy: np.ndarray, matrix: np.ndarray) -> np.ndarray | None:
    """camera_from_head (4, 4) by which points (N, 3) of a head come to lie at xy (N, 2) px, seen without distortion
    through a lens with that matrix (3, 3); None where nothing does (perspective n-point; Terzakis and Lourakis 2020,
    SQPnP).

    Raises:
        cv2.error: there are fewer than three points.
    """
    ok, turn, shift = cv2.solvePnP(points, xy, matrix, None, flags=cv2.SOLVEPNP_SQPNP)
    if not ok:
        return None
    pose = np.eye(4)
    pose[:3, :3], pose[:3, 3] = cv2.Rodrigues(turn)[0], shift[:, 0]
    return pose


def in_world(pose: np.ndarray, camera: Camera) -> np.ndarray:
    """camera_from_head (4, 4) -> world_from_head."""
    out = np.eye(4)
    out[:3, :3] = camera.rotation.T @ pose[:3, :3]
    out[:3, 3] = camera.rotation.T @ (pose[:3, 3] - camera.translation)
    return out


def relative(poses: np.ndarray, one: int, other: int) -> tuple[np.ndarray, np.ndarray]:
    """other_from_one at each moment that both saw: (S, 4, 4), and which frames those are (S)."""
    both = np.flatnonzero(np.isfinite(poses[[one, other]]).all(axis=(0, 2, 3)))
    return poses[other, both] @ np.linalg.inv(poses[one, both]), both


def mirrored(poses: np.ndarray) -> list[int]:
    """Which cameras' clips (C, T, 4, 4) are mirrored, by the majority: their head turns left when it turns right for
    the others. Of two that differ both are named, because nobody can tell which it is."""
    turns = [_yaw(row) for row in poses]
    count = len(poses)
    opposite = np.zeros((count, count), dtype=bool)
    for one in range(count):
        for other in range(one + 1, count):
            both = np.isfinite(turns[one]) & np.isfinite(turns[other])
            a, b = turns[one][both], turns[other][both]
            if both.sum() >= 2 * FEWEST_TOGETHER and min(a.std(), b.std()) > LEAST_YAW:
                opposite[one, other] = opposite[other, one] = np.corrcoef(a, b)[0, 1] < OPPOSITE
    if count == 2:
        return [0, 1] if opposite[0, 1] else []
    return [camera for camera in range(count) if opposite[camera].sum() > (count - 1) / 2]


def _yaw(poses: np.ndarray) -> np.ndarray:
    """(T) radians by which the head stands turned about the picture's vertical against its mean; NaN where unseen."""
    yaw = np.full(len(poses), np.nan)
    known = np.isfinite(poses[:, 0, 0])
    if known.any():
        turns = Rotation.from_matrix(poses[known, :3, :3])
        yaw[known] = (turns * turns.mean().inv()).as_rotvec()[:, 1]
    return yaw
