"""How a face says that a rig's cameras are turned otherwise than the rig has them.

What a face can tell: how each camera is turned against the others. That of two cameras is tilted or panned against the
rig shows within half a degree, that one is rolled within three (a detector's own bias in profiles looks like a roll).
What it cannot: a turn of all cameras together, as of the world's axes, which changes nothing between them (and nothing
in a solve but the head's own turn), and a change of scale.
"""

from dataclasses import dataclass, replace

import cv2
import numpy as np

from capture.camera import Camera, Rig
from solver.embedding import Embedding
from solver.landmarks import Landmarks
from solver.reprojection import moments, reprojected, usable_points

MOST_FRAMES = 24

EXPLAINED = 0.5
"""A turn counts only if it brings the misfit below this share: of true rigs 0.75 and more stay, of turned ones a
quarter or less."""

NOTICEABLE = 0.0025
"""Misfit, as a share of the focal length, that together with such a turn is no detector's error."""

TILT, ROLL = np.radians(1.5), np.radians(3.2)
"""The same for the turn itself, across and about the camera's axis. True rigs have up to 0.6 and 2.9 degrees."""

STEPS = 12
STILL = 1e-4


@dataclass(frozen=True)
class Turned:
    """The cameras of which one is turned (one, or the two that cannot be told apart), by how many degrees, and the
    median misfit in px before and after turning it back."""

    cameras: tuple[str, ...]
    degrees: float
    before_px: float
    after_px: float


def find_turned(seen: Landmarks, rig: Rig, embedding: Embedding) -> Turned | None:
    """Whether the landmarks (C, T, N) agree far better once cameras are turned, and by more than a detector errs."""
    frames = moments(seen, MOST_FRAMES)
    usable = usable_points(seen, frames, embedding)
    if not usable.any():
        return None
    fits = [_fit(seen, rig, frames, usable, 0)]
    if fits[0][2] > 1.1 * EXPLAINED * fits[0][1]:
        return None
    fits += [_fit(seen, rig, frames, usable, still) for still in range(1, len(rig.cameras))]
    # Whichever camera is held, the turns between them are the same; the least of all turns says which one it was.
    closest = min(after for _, _, after in fits)
    turns, before, after = min((fit for fit in fits if fit[2] <= 1.1 * closest),
                               key=lambda fit: np.linalg.norm(fit[0], axis=1).sum())
    worst = int(np.linalg.norm(turns, axis=1).argmax())
    focal = rig.cameras[worst].matrix[0, 0]
    large = np.linalg.norm(turns[:, :2], axis=1).max() > TILT or np.abs(turns[:, 2]).max() > ROLL
    if after > EXPLAINED * before or not (large or before > NOTICEABLE * focal):
        return None
    named = rig.names if len(rig.cameras) == 2 else (rig.names[worst],)
    return Turned(named, float(np.degrees(np.linalg.norm(turns[worst]))), before, after)


def _fit(seen: Landmarks, rig: Rig, frames: np.ndarray, usable: np.ndarray, still: int,
         ) -> tuple[np.ndarray, float, float]:
    """The turns (C, 3) rad of all cameras but one that bring the landmarks together best, and the median misfit in px
    before and after. Gauss-Newton; far misfits count less."""
    count = len(rig.cameras)
    turns = np.zeros((count, 3))
    moving = [(camera, axis) for camera in range(count) if camera != still for axis in range(3)]

    def misfit(turned: np.ndarray) -> np.ndarray:
        cameras = Rig(tuple(_turned(camera, turn) for camera, turn in zip(rig.cameras, turned, strict=True)))
        return np.where(usable[..., None], reprojected(seen, cameras, frames, usable)[1], 0.0)  # (C, F, N, 2)

    first = apart = misfit(turns)
    for _ in range(STEPS):
        slopes = []
        for camera, axis in moving:
            nudged = turns.copy()
            nudged[camera, axis] += 1e-5
            slopes.append((misfit(nudged) - apart).ravel() / 1e-5)
        distance = np.linalg.norm(apart, axis=-1)
        weight = np.repeat(1 / np.sqrt(1 + (distance / (2 * np.median(distance[usable]) + 1e-9)) ** 2), 2)
        slopes = np.array(slopes).T
        step = np.linalg.lstsq(slopes * weight[:, None], apart.ravel() * weight, rcond=None)[0]
        for (camera, axis), angle in zip(moving, step, strict=True):
            turns[camera, axis] -= angle
        apart = misfit(turns)
        if np.abs(step).max() < STILL:
            break
    return turns, *(float(np.median(np.linalg.norm(each, axis=-1)[usable])) for each in (first, apart))


def _turned(camera: Camera, turn: np.ndarray) -> Camera:
    """The camera turned where it stands, about its own axes, by a rotation vector."""
    matrix = cv2.Rodrigues(turn)[0]
    return replace(camera, rotation=matrix @ camera.rotation, translation=matrix @ camera.translation)
