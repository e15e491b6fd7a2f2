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

from capture.camera import Rig
from capture.errors import RigError
from solver.embedding import EYE_POINTS, Embedding
from solver.face_model import FaceModel
from solver.landmarks import Landmarks
from solver.reprojection import moments, reprojected, usable_points
from solver.rig_turns import find_turned

MOST_FRAMES = 24

WORST = 0.008
"""Median distance between landmarks and their reprojection, as a share of the focal length (8 px of 1000). On rendered
truth with one camera in profile our detector has 0.0015 and MediaPipe's 0.0044; two cameras exchanged have 0.014, one
that is turned by 2 degrees 0.013, by 5 degrees 0.032."""

EXCHANGED_DEGREES = 15.0
"""A turn beyond this is no bump: then cameras are exchanged, or the rig is another's."""

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

CLEARLY = 2.0
"""How many times farther the face must leap in the picture of one of two cameras to name that one."""

LEAP = 0.01
"""By how much farther, as a share of the focal length, the face must leap in one picture than in the other: a pan by
one degree is 0.012 and more; rendered heads at three times their speed up to 0.006, by MediaPipe's points 0.011."""

UNUSUAL = 2.0
"""How many times that difference at any other moment it must be: up to 1.6 where one is as large by a detector's fault,
2.1 and more of a pan by a degree, in 88 of 90."""

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
    frames = moments(seen, MOST_FRAMES)
    usable = usable_points(seen, frames, embedding)
    if not usable.any():
        return RigCheck(np.full(len(rig.cameras), np.nan), math.nan)
    points, apart = reprojected(seen, rig, frames, usable)
    residual = [float(np.median(np.linalg.norm(apart[index][usable[index]], axis=-1))) if usable[index].any()
                else math.nan for index in range(len(rig.cameras))]
    return RigCheck(np.array(residual), _eyes(points, usable.any(axis=0), embedding.scheme))


def find_bump(seen: Landmarks, rig: Rig, embedding: Embedding) -> Bump | None:
    """A camera that was moved during the take: the face, as the cameras together see it, jumps in their pictures and
    stays there. The bumped camera is the one without which it does not step, neither there nor in space."""
    frames = moments(seen, MOST_MOMENTS)
    found = _jump_of(seen, rig, frames, embedding, range(len(rig.cameras)))
    if len(rig.cameras) == 2:
        return _bump_of_two(seen, rig, found and (int(frames[found[0]]), found[1]))
    if found is None:
        return None
    at, px = found
    steps = [_step_without(seen, rig, frames, embedding, camera, at) for camera in range(len(rig.cameras))]
    return Bump((rig.names[int(np.argmin(steps))],), int(frames[at]), px)


def find_mirrored(seen: Landmarks, rig: Rig, model: FaceModel, embedding: Embedding) -> str | None:
    """The camera whose clip has to be looked at in a mirror for the face to be one and the same in all cameras."""
    partner = embedding.partners(model)  # (N) left and right
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


def _focal(rig: Rig) -> float:
    return float(np.mean([camera.matrix[0, 0] for camera in rig.cameras]))


def _step_without(seen: Landmarks, rig: Rig, frames: np.ndarray, embedding: Embedding, left_out: int, at: int) -> float:
    """By how many px the face steps, at one of the frames, in the pictures and in the space of the other cameras."""
    rest = [camera for camera in range(len(rig.cameras)) if camera != left_out]
    part = Landmarks(tuple(seen.cameras[index] for index in rest), seen.scheme, seen.xy[rest], seen.sigma[rest],
                     seen.seen[rest])
    near = frames[max(at - 3, 0):at + 3]
    usable = usable_points(part, near, embedding)
    if not usable.any(axis=(0, 2)).all():
        return math.inf
    cameras = Rig(tuple(rig.cameras[index] for index in rest))
    points, apart = reprojected(part, cameras, near, usable)
    px_per_m = cameras.cameras[0].matrix[0, 0] / np.linalg.norm(points.mean(axis=(0, 1)) - cameras.cameras[0].centre)
    signal = [[np.median(apart[index, frame, usable[index, frame]], axis=0) if usable[index, frame].any()
               else np.zeros(2) for index in range(len(rest))] for frame in range(len(near))]
    middles = [np.median(points[frame, usable[:, frame].any(axis=0)], axis=0) * px_per_m for frame in range(len(near))]
    whole = np.concatenate([np.array(signal).reshape(len(near), -1), np.array(middles)], axis=1)
    half = min(3, at)
    return float(np.linalg.norm(np.median(whole[half:], axis=0) - np.median(whole[:half], axis=0)))


def _leaps(xy: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """(T) px by which a face (T, N, 2) leaps in one camera's picture just before each frame: away from where it was
    going, and from where it comes; 0 where it was not seen whole around there."""
    whole = seen.mean(axis=1) > 0.95
    middle = np.where(whole[:, None], np.median(np.where(whole[:, None, None], np.nan_to_num(xy), 0.0), axis=1), np.nan)
    leaps = np.zeros(len(middle))
    if len(middle) < 2 * PART:
        return leaps
    after = np.linalg.pinv(np.stack([np.ones(PART), np.arange(PART) + 0.5], axis=1))[0]  # a line's height at 0
    windows = np.lib.stride_tricks.sliding_window_view(middle, PART, axis=0)  # (T - PART + 1, 2, PART)
    apart = windows[PART:] @ after - windows[:-PART] @ after[::-1]
    leaps[PART:len(middle) - PART + 1] = np.nan_to_num(np.linalg.norm(apart, axis=1))
    return leaps


def _bump_of_two(seen: Landmarks, rig: Rig, jump: tuple[int, float] | None) -> Bump | None:
    """Which of two cameras was moved at the frame of a jump between them: the one in whose picture the face leaps.

    One that is panned along the line to the other leaves no landmark off its epipolar line. It shows by the leap alone:
    no head leaps in one camera's picture and hardly in the other's.
    """
    focal = np.array([camera.matrix[0, 0] for camera in rig.cameras])
    leaps = np.array([_leaps(seen.xy[camera], seen.seen[camera]) for camera in range(2)])  # (2, T)
    shares = leaps / focal[:, None]
    if jump is not None:
        frame, px = jump
        near = shares[:, max(frame - 1, 0):frame + 2].max(axis=1)
        worst = int(near.argmax())
        return Bump((rig.names[worst],) if near[worst] > CLEARLY * near[1 - worst] else rig.names, frame, px)
    # The head's own leaps are in both pictures: what they differ by is a camera's, or a detector's.
    apart = np.where((leaps > 0).all(axis=0), np.abs(shares[0] - shares[1]), 0.0)  # (T), 0 where one saw no whole face
    frame = int(apart.argmax())
    worst = int(shares[:, frame].argmax())
    elsewhere = np.delete(apart, slice(max(frame - 4, 0), frame + 5))
    if (apart[frame] < LEAP or shares[worst, frame] < CLEARLY * shares[1 - worst, frame]
            or apart[frame] < UNUSUAL * elsewhere.max(initial=0.0)):
        return None
    return Bump((rig.names[worst],), frame, float(leaps[worst, frame]))


def _jump_of(seen: Landmarks, rig: Rig, frames: np.ndarray, embedding: Embedding,
             chosen: Sequence[int]) -> tuple[int, float] | None:
    """At which of the frames the face jumps in some chosen camera, as all of these see it, and by how many px."""
    chosen = list(chosen)
    part = Landmarks(tuple(seen.cameras[index] for index in chosen), seen.scheme, seen.xy[chosen], seen.sigma[chosen],
                     seen.seen[chosen])
    usable = usable_points(part, frames, embedding)
    there = usable.any(axis=(0, 2))
    if there.sum() < 2 * PART:
        return None
    cameras = Rig(tuple(rig.cameras[index] for index in chosen))
    _, apart = reprojected(part, cameras, frames[there], usable[:, there])
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
    name = _foreign(check, rig)
    residual = check.residual_px[rig.names.index(name)] if name is not None else 0.0
    turned = find_turned(seen, rig, embedding)
    if turned is not None and turned.degrees < EXCHANGED_DEGREES and turned.after_px < WORST / 2 * _focal(rig):
        raise RigError(f"{path} does not belong to this footage: by it the face lies {turned.before_px:.1f} px apart "
                       f"between the cameras, and {turned.after_px:.1f} px once {' or '.join(turned.cameras)} is "
                       f"turned by {turned.degrees:.1f} degrees; calibrate again, or run `mien sync`")
    if name is not None and (mirror := find_mirrored(seen, rig, model, embedding)) is not None:
        raise RigError(f"the clip of {mirror} is mirrored: as filmed the face lies {residual:.1f} px from where the "
                       "other cameras see it, in a mirror it fits; turn the mirror off in the camera, or flip the clip")
    if name is not None:
        raise RigError(f"{path} does not belong to this footage: by it the face in {name} lies {residual:.1f} px from "
                       "where the other cameras see it; check that no cameras are exchanged, calibrate again where one "
                       "was moved, run `mien sync`, or point at the actor with `mien face` where the picture of one "
                       "shows somebody else")
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
