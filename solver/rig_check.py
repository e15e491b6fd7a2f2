"""Does a rig belong to some footage, and all through it: landmarks put into space must fall back on themselves.

No face model is needed: each landmark is triangulated from the cameras that see it (Hartley and Zisserman, 12.2) and
projected into them again. A rig whose cameras are exchanged, moved, or read in another convention misses by far more
than a detector errs. A wrong unit misses nowhere, but makes the face a giant's or a dwarf's.
"""

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from capture.camera import Rig, undistort
from capture.errors import RigError
from solver.embedding import EYE_POINTS, Embedding
from solver.face_model import FaceModel
from solver.landmarks import Landmarks

MOST_FRAMES = 24

WORST = 0.008
"""Median distance between landmarks and their reprojection, as a share of the focal length (8 px of 1000). On rendered
truth with one camera in profile our detector has 0.0015 and MediaPipe's 0.0044; two cameras exchanged have 0.014, one
that is turned by 2 degrees 0.013, by 5 degrees 0.032."""

EYES_M = (0.050, 0.078)
"""Between the pupils of people, from children on."""

POSSIBLE_EYES_M = (0.035, 0.110)
"""What no mistake of a detector explains any more."""


MOST_MOMENTS = 240
"""Frames, evenly over the take, in which a bump is looked for."""

PART = 6
"""Moments that a camera must stand in one way to be noticed."""

BUMP = 0.008
"""A jump of the reprojection, as a share of the focal length (half a degree), that is said."""

CLARITY = 3.0
"""How many times the scatter before and after it a jump must be."""


@dataclass(frozen=True)
class RigCheck:
    """How a rig fits footage: residual_px (C) median distances, NaN where a camera shares no landmark with others;
    interocular_m between the eyes, NaN where unknown."""

    residual_px: np.ndarray
    interocular_m: float


@dataclass(frozen=True)
class Bump:
    """A camera that stands otherwise from some frame on: the cameras of which one it is (one, or the two that cannot be
    told apart), the frame, and by how many px the face jumped in its picture."""

    cameras: tuple[str, ...]
    frame: int
    px: float


def check_rig(seen: Landmarks, rig: Rig, embedding: Embedding) -> RigCheck:
    """Reproject a face: landmarks (C, T, N), the rig's cameras in the same order."""
    frames = _moments(seen, MOST_FRAMES)
    usable = _usable(seen, frames, embedding)
    if not usable.any():
        return RigCheck(np.full(len(rig.cameras), np.nan), math.nan)
    points, apart = _reprojected(seen, rig, frames, usable)
    residual = [float(np.median(np.linalg.norm(apart[index][usable[index]], axis=-1))) if usable[index].any()
                else math.nan for index in range(len(rig.cameras))]
    return RigCheck(np.array(residual), _eyes(points, usable.any(axis=0), embedding.scheme))


def find_bump(seen: Landmarks, rig: Rig, embedding: Embedding) -> Bump | None:
    """A camera that was moved during the take: the face, as the cameras together see it, jumps in their pictures and
    stays there. The bumped camera is the one without which it does not step, neither there nor in space."""
    frames = _moments(seen, MOST_MOMENTS)
    found = _jump_of(seen, rig, frames, embedding, range(len(rig.cameras)))
    if found is None:
        return None
    at, px = found
    if len(rig.cameras) == 2:
        return Bump(rig.names, int(frames[at]), px)
    steps = [_step_without(seen, rig, frames, embedding, camera, at) for camera in range(len(rig.cameras))]
    return Bump((rig.names[int(np.argmin(steps))],), int(frames[at]), px)


def find_mirrored(seen: Landmarks, rig: Rig, model: FaceModel, embedding: Embedding) -> str | None:
    """The camera whose clip has to be looked at in a mirror for the face to be one and the same in all cameras."""
    points = embedding.points(model, model.neutral)
    partner = np.linalg.norm(points[:, None] * [-1, 1, 1] - points, axis=2).argmin(axis=1)  # (N) left and right
    for index, camera in enumerate(rig.cameras):
        xy, sigma, found = seen.xy.copy(), seen.sigma.copy(), seen.seen.copy()
        xy[index] = xy[index][:, partner]
        xy[index, ..., 0] = camera.size[0] - 1 - xy[index, ..., 0]
        sigma[index], found[index] = sigma[index][:, partner], found[index][:, partner]
        if not _foreign(check_rig(Landmarks(seen.cameras, seen.scheme, xy, sigma, found), rig, embedding), rig):
            return camera.name
    return None


def _foreign(check: RigCheck, rig: Rig) -> str | None:
    """The camera that the rig puts wrong, if any."""
    worst = np.nan_to_num(check.residual_px / [camera.matrix[0, 0] for camera in rig.cameras])
    return rig.names[int(worst.argmax())] if worst.max() > WORST else None


def _step_without(seen: Landmarks, rig: Rig, frames: np.ndarray, embedding: Embedding, left_out: int, at: int) -> float:
    """By how many px the face steps, at one of the frames, in the pictures and in the space of the other cameras."""
    rest = [camera for camera in range(len(rig.cameras)) if camera != left_out]
    part = Landmarks(tuple(seen.cameras[index] for index in rest), seen.scheme, seen.xy[rest], seen.sigma[rest],
                     seen.seen[rest])
    near = frames[max(at - 3, 0):at + 3]
    usable = _usable(part, near, embedding)
    if not usable.any(axis=(0, 2)).all():
        return math.inf
    cameras = Rig(tuple(rig.cameras[index] for index in rest))
    points, apart = _reprojected(part, cameras, near, usable)
    px_per_m = cameras.cameras[0].matrix[0, 0] / np.linalg.norm(points.mean(axis=(0, 1)) - cameras.cameras[0].centre)
    signal = [[np.median(apart[index, frame, usable[index, frame]], axis=0) if usable[index, frame].any()
               else np.zeros(2) for index in range(len(rest))] for frame in range(len(near))]
    middles = [np.median(points[frame, usable[:, frame].any(axis=0)], axis=0) * px_per_m for frame in range(len(near))]
    whole = np.concatenate([np.array(signal).reshape(len(near), -1), np.array(middles)], axis=1)
    half = min(3, at)
    return float(np.linalg.norm(np.median(whole[half:], axis=0) - np.median(whole[:half], axis=0)))


def _moments(seen: Landmarks, most: int) -> np.ndarray:
    """At most so many frames, evenly, in which two cameras saw the face."""
    together = np.flatnonzero(seen.found.sum(axis=0) >= 2)
    return together[np.unique(np.linspace(0, len(together) - 1, min(len(together), most)).round().astype(int))]


def _usable(seen: Landmarks, frames: np.ndarray, embedding: Embedding) -> np.ndarray:
    """(C, F, N) landmarks that do not slide over the face and that two cameras saw."""
    usable = seen.seen[:, frames] & embedding.known & ~embedding.contour
    return usable & (usable.sum(axis=0) >= 2)


def _reprojected(seen: Landmarks, rig: Rig, frames: np.ndarray, usable: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
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


def _jump_of(seen: Landmarks, rig: Rig, frames: np.ndarray, embedding: Embedding,
             chosen: Sequence[int]) -> tuple[int, float] | None:
    """At which of the frames the face jumps in some chosen camera, as all of these see it, and by how many px."""
    chosen = list(chosen)
    part = Landmarks(tuple(seen.cameras[index] for index in chosen), seen.scheme, seen.xy[chosen], seen.sigma[chosen],
                     seen.seen[chosen])
    usable = _usable(part, frames, embedding)
    there = usable.any(axis=(0, 2))
    if there.sum() < 2 * PART:
        return None
    cameras = Rig(tuple(rig.cameras[index] for index in chosen))
    _, apart = _reprojected(part, cameras, frames[there], usable[:, there])
    apart = np.where(usable[:, there, :, None], apart, np.nan)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a camera that sees no landmark has none to take a median of
        offsets = np.nanmedian(apart, axis=2)  # (C, F, 2)
    focal = np.array([camera.matrix[0, 0] for camera in cameras.cameras])
    offsets = np.nan_to_num(offsets).transpose(1, 0, 2).reshape(there.sum(), -1)  # (F, 2C)
    limit = BUMP * focal.mean()
    best = None
    for at in range(PART, len(offsets) - PART + 1):
        before, after = np.median(offsets[:at], axis=0), np.median(offsets[at:], axis=0)
        left = np.concatenate([offsets[:at] - before, offsets[at:] - after])
        scatter = float(np.sqrt((left ** 2).sum(axis=1).mean()))
        if best is None or scatter < best[0]:
            best = scatter, at, float(np.linalg.norm(after - before))
    scatter, at, px = best
    # A slow drift of the detector's bias also parts in two halves; a bump happens within a frame or two.
    near = np.linalg.norm(np.median(offsets[at:at + 4], axis=0) - np.median(offsets[max(at - 4, 0):at], axis=0))
    if px < limit or px < CLARITY * scatter or near < 0.6 * px:
        return None
    return int(np.flatnonzero(there)[at]), px


def refuse_foreign(check: RigCheck, seen: Landmarks, rig: Rig, model: FaceModel, embedding: Embedding,
                   path: str) -> None:
    """Stop where a rig cannot belong to the footage.

    Raises:
        RigError: with the number that says so.
    """
    if (name := _foreign(check, rig)) is not None:
        residual = check.residual_px[rig.names.index(name)]
        if (turned := find_mirrored(seen, rig, model, embedding)) is not None:
            raise RigError(f"the clip of {turned} is mirrored: as filmed the face lies {residual:.1f} px from where "
                           "the other cameras see it, in a mirror it fits; turn the mirror off in the camera, or flip "
                           "the clip")
        raise RigError(f"{path} does not belong to this footage: by it the face in {name} lies {residual:.1f} px from "
                       "where the other cameras see it; check that no cameras are exchanged, calibrate again where one "
                       "was moved, or run `mien sync`")
    low, high = POSSIBLE_EYES_M
    if not math.isnan(check.interocular_m) and not low < check.interocular_m < high:
        raise RigError(f"{path} is in another unit than metres, or its cameras are exchanged: by it the actor's eyes "
                       f"are {1000 * check.interocular_m:.4g} mm apart; give the right unit when importing it, or "
                       "calibrate again with the board's true square size")


def odd_size(check: RigCheck) -> str | None:
    """A sentence where the face comes out too large or too small: most often a wrong square_mm of the board."""
    low, high = EYES_M
    if math.isnan(check.interocular_m) or low < check.interocular_m < high:
        return None
    return (f"by this rig the actor's eyes are {1000 * check.interocular_m:.0f} mm apart, and people's are "
            f"{1000 * low:.0f} to {1000 * high:.0f}: measure the board's squares again and mend square_mm")


def _eyes(points: np.ndarray, known: np.ndarray, scheme: str) -> float:
    """Median metres between the two irises, of points (F, N, 3) of which (F, N) are known."""
    eyes = list(EYE_POINTS.get(scheme, ()))
    if not eyes:
        return math.nan
    both = known[:, eyes].all(axis=1)
    if not both.any():
        return math.nan
    half = len(eyes) // 2
    irises = points[both][:, eyes]
    return float(np.median(np.linalg.norm(irises[:, :half].mean(axis=1) - irises[:, half:].mean(axis=1), axis=1)))
