"""How far a solved face lies from what each camera saw, by region of the face; and what the cameras could tell."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from scipy.spatial.transform import Rotation

from capture.camera import Rig, project
from solver.embedding import Embedding
from solver.face_model import FaceModel
from solver.landmarks import Landmarks
from solver.performance import Performance
from solver.points import DTYPE, move, surface_points
from solver.problem import Priors

CHUNK = 48
"""Frames posed at once."""
FACING = 0.25
"""Cosine between the surface at a landmark and the ray to the camera from which the camera is said to see it."""
STILL = 0.1
"""A landmark belongs to no region where no group of shapes moves it by more than this share of its largest move."""
REGIONS = {  # region of both halves, or of each: beginnings of the names of the shapes that move it, and their say
    "brow": (("brow",), 1.0), "eye": (("eye",), 1.0), "nose": (("nose",), 1.0), "cheek": (("cheek",), 1.0),
    "mouth": (("mouth",), 1.5), "jaw": (("jaw",), 1.0),
}
HALVES = ("brow", "eye", "cheek")
"""Regions told apart by side."""


@dataclass(frozen=True)
class Residuals:
    """C cameras, T frames, R regions of the face.

    Attributes:
        cameras: (C) names.
        regions: (R) names, such as "left eye"; left and right are the face's own.
        rms: (C, T, R) px in the picture as filmed, root mean square over the region's landmarks that the camera saw;
            NaN where it saw none.
        overall: (C, T) px, the same over all landmarks.
        sees: (C, T, R) share of the region's landmarks that were found and are turned towards the camera.
    """

    cameras: tuple[str, ...]
    regions: tuple[str, ...]
    rms: np.ndarray
    overall: np.ndarray
    sees: np.ndarray


def region_of_landmarks(model: FaceModel, embedding: Embedding) -> tuple[tuple[str, ...], np.ndarray]:
    """The regions of a face, and which one each landmark belongs to: the one whose shapes move it most. So it holds on
    any rig with ARKit's names. (R) names and (N) index, -1 for the rim of the face that hardly moves."""
    corners = model.triangles[embedding.triangle]  # (N, 3)
    groups, says = [], []
    for name, (beginnings, weight) in REGIONS.items():
        rows = [index for index, shape in enumerate(model.shape_names) if shape.startswith(beginnings)]
        if not rows:
            continue
        moved = np.einsum("kncx,nc->knx", model.shapes[rows][:, corners], embedding.barycentric)
        length = np.linalg.norm(moved, axis=2).max(axis=0)  # (N) metres
        groups.append(name)
        says.append(weight * length / max(float(length.max()), 1e-9))
    if not groups:
        return (), np.full(len(corners), -1)
    says = np.array(says)  # (G, N)
    group = np.where(says.max(axis=0) > STILL, says.argmax(axis=0), -1)
    if "eye" in groups:
        balls = np.concatenate([eye.vertices for eye in model.eyes]) if model.eyes else np.zeros(0, dtype=int)
        group[np.isin(corners, balls).all(axis=1)] = groups.index("eye")  # irises turn, no shape moves them
    left = embedding.points(model, model.neutral)[:, 0] > embedding.middle(model)
    names: list[str] = []
    out = np.full(len(corners), -1)
    for index, name in enumerate(groups):
        parts = ((f"left {name}", left), (f"right {name}", ~left)) if name in HALVES else ((name, left | ~left),)
        for part, half in parts:
            chosen = (group == index) & half & embedding.known & ~embedding.contour
            if chosen.any():
                out[chosen] = len(names)
                names.append(part)
    return tuple(names), out


def residuals(performance: Performance, model: FaceModel, embedding: Embedding, rig: Rig,
              landmarks: Landmarks) -> Residuals:
    """Compare a performance with the landmarks that it was solved from.

    Landmarks that slide over the face as it turns, as its outline does, and those turned away from the camera, where a
    detector only guesses, are left out.

    Args:
        performance: T frames of `model`.
        embedding: where the N landmarks lie on `model`.
        rig: holds the landmarks' cameras, as they were used.
        landmarks: (C, T, N).
    """
    regions, region = region_of_landmarks(model, embedding)
    members = (region[:, None] == np.arange(len(regions))).astype(np.float32)  # (N, R)
    count, frames = len(landmarks.cameras), performance.frames
    rms = np.full((count, frames, len(regions)), np.nan, dtype=np.float32)
    overall = np.full((count, frames), np.nan, dtype=np.float32)
    sees = np.zeros((count, frames, len(regions)), dtype=np.float32)
    for index, part, off in _apart(performance, model, embedding, rig, landmarks):
        counted = np.isfinite(off)
        squared = np.where(counted, off, 0.0) ** 2
        number = counted @ members  # (t, R)
        with np.errstate(invalid="ignore", divide="ignore"):
            rms[index, part] = np.sqrt((squared @ members) / number)
            overall[index, part] = np.sqrt(squared.sum(axis=1) / counted.sum(axis=1))
        sees[index, part] = number / np.maximum(members.sum(axis=0), 1)
    return Residuals(landmarks.cameras, regions, rms, overall, sees)


def landmark_errors(performance: Performance, model: FaceModel, embedding: Embedding, rig: Rig,
                    landmarks: Landmarks) -> np.ndarray:
    """(C, T, N) px between each landmark and where a performance puts it; NaN for those that `residuals` leaves out."""
    out = np.full(landmarks.seen.shape, np.nan)
    for index, part, off in _apart(performance, model, embedding, rig, landmarks):
        out[index, part] = off
    return out


def _apart(performance: Performance, model: FaceModel, embedding: Embedding, rig: Rig,
           landmarks: Landmarks) -> Iterator[tuple[int, slice, np.ndarray]]:
    """Yield camera, frames and (t, N) px, part by part; see `landmark_errors`."""
    usable = embedding.known & ~embedding.contour
    points = surface_points(model, embedding)
    identity = performance.identity if len(performance.identity) else np.zeros(len(model.identity))
    normals = embedding.normals(model, identity)
    cameras = [rig[name] for name in landmarks.cameras]
    for start in range(0, performance.frames, CHUNK):
        part = slice(start, min(start + CHUNK, performance.frames))
        in_head = move(points, *(torch.tensor(value, dtype=DTYPE) for value in
                                 (performance.weights[part], performance.gaze[part], identity))).position.numpy()
        turn = Rotation.from_quat(performance.head_rotation[part]).as_matrix()  # (t, 3, 3)
        in_world = in_head @ turn.transpose(0, 2, 1) + performance.head_translation[part, None]  # (t, N, 3)
        facing_world = normals @ turn.transpose(0, 2, 1)
        for index, camera in enumerate(cameras):
            ray = camera.centre - in_world
            cosine = (facing_world * ray).sum(axis=-1) / np.maximum(np.linalg.norm(ray, axis=-1), 1e-9)
            counted = landmarks.seen[index, part] & usable & (cosine > FACING)  # (t, N)
            off = np.linalg.norm(project(camera, in_world) - landmarks.xy[index, part], axis=-1)
            yield index, part, np.where(counted & np.isfinite(off), off, np.nan)


def prior_sigma(frames_per_second: float, priors: Priors | None = None) -> float:
    """The standard deviation that the solve states for a weight of which no camera says anything, far from the take's
    ends: a Gaussian about 0 in each frame, chained to its neighbours by a random walk.

    The inverse of the infinite chain with `own + 2 step` on its diagonal and `-step` beside it has
    1 / sqrt(own^2 + 4 own step) there.
    """
    priors = priors or Priors()
    own, step = priors.weight ** -2, priors.weight_step ** -2 * frames_per_second / 30.0
    return float((own * own + 4 * own * step) ** -0.25)


def measured_share(performance: Performance) -> np.ndarray:
    """(K) how much of what is known of each weight comes from the pictures, 0 (nothing: the weight is what the solve
    believed beforehand) to 1; the median over the frames in which a face was seen. NaN where no uncertainty is stated.
    """
    seen = performance.seen > 0
    if not seen.any() or not performance.sigma.any():
        return np.full(len(performance.shape_names), np.nan)
    sigma = np.median(performance.sigma[seen], axis=0)
    return 1.0 - np.minimum(sigma / prior_sigma(float(performance.frame_rate)), 1.0) ** 2
