"""Dense appearance: what the skin's own pattern says of a face's motion.

A spot of skin looks alike in all frames of one camera. So the whole face is aligned to what each camera saw of it in
the other frames, between and beyond the landmarks: the pattern of a cheek or a forehead shows motion of a tenth of a
pixel where no landmark is drawn. Who the person is stays as the landmarks have it: a reference made of the same frames
cannot tell that.

Lucas and Kanade 1981, An Iterative Image Registration Technique; Baker and Matthews 2004 (forwards additive). Samples
lie on the model's surface, and the unknowns are the model's, so a spot without pattern is carried by its neighbours.
Eyelids are left out: skin that folds away is not there to be compared.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain

import numpy as np
import torch
from scipy.spatial import cKDTree

from capture.camera import Camera, Rig, project
from solver.appearance_picture import View, bands, look_up, view_of
from solver.embedding import Embedding
from solver.face_model import FaceModel
from solver.landmarks import Landmarks
from solver.parts import INSIDE, is_part
from solver.points import SurfacePoints, move, shown_points
from solver.problem import POSE, Appearance, State

Film = Callable[[int, np.ndarray], Iterator[np.ndarray]]
"""`film(camera, frames)`: what a camera shows at those frames of the take, which rise: (H, W, 3) uint8 RGB each."""

SAMPLES = 1000
"""Spots of skin that are compared."""
NEAR_LANDMARK_M = 0.015
"""Spots lie no farther than this from a landmark: there the model is known to be a face, not hair or a cap."""
FORWARD = 0.15
"""Least cosine between a spot's normal on the resting face and straight ahead."""
LID_MOVES_M = 0.0005
"""Skin that a blink moves farther than this folds or hides."""
INDEPENDENT = 0.03
"""Share of a spot's comparison that counts: neighbouring spots, and the scales of one spot, err together."""
REFERENCE_FRAMES = 64
"""Frames, spread over the take, that say what the skin looks like."""
TWICE_SEEN = 3.0
"""A spot that the reference saw in fewer frames than this compares with nothing but itself."""
FACING = (0.35, 0.65)
"""Cosines between a spot's normal and the ray to the camera: at the first it does not count, at the second fully."""
ROBUST = 1.5
"""Spots that look other than this many standard deviations lose their pull (Cauchy): hair, hands, folds, highlights."""
STEP_M = 1e-4
"""By how much a spot is moved to see how its pixel moves."""


@dataclass(frozen=True)
class Spots:
    """N spots on a model's skin: where they lie, and as functions of the unknowns."""

    embedding: Embedding
    points: SurfacePoints


@dataclass(frozen=True)
class Reference:
    """What N spots look like to one camera: values (N, S) by scale, spread (S) of what is seen about them, and trust
    (N) 0..1 by how many frames they come from."""

    values: np.ndarray
    spread: np.ndarray
    trust: np.ndarray


@dataclass(frozen=True)
class Footing:
    """What the comparison stands on, the same for every state of one solve.

    Attributes:
        spots: on the skin.
        rig: C cameras, with the focal lengths that were found.
        boxes: (C, T', 4) left, top, right, bottom in px of the face in each frame; NaN where it was not found.
        px_per_metre: (C) of the face in the middle of the take.
        chosen: (C) indices into the T' frames that make the reference.
        kept: (C) a View of each of these.
    """

    spots: Spots
    rig: Rig
    boxes: np.ndarray
    px_per_metre: np.ndarray
    chosen: tuple[np.ndarray, ...]
    kept: tuple[tuple[View, ...], ...]


def skin_spots(model: FaceModel, embedding: Embedding, count: int = SAMPLES) -> Spots | None:
    """Spots spread evenly over the face's skin, the same for every take; None where a model has none that can be told.
    """
    corners = model.neutral[model.triangles]  # (F, 3, 3)
    facing = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    area = np.linalg.norm(facing, axis=1)
    outside = ~np.array([is_part(name, INSIDE) for name in model.part_names])[model.triangle_part]
    landmarks = embedding.points(model, model.neutral)[embedding.known]
    if not len(landmarks):
        return None
    near = cKDTree(landmarks).query(corners.mean(axis=1))[0] < NEAR_LANDMARK_M
    blinks = [index for index, name in enumerate(model.shape_names) if name.startswith("eyeBlink")]
    by_blink = np.linalg.norm(model.shapes[blinks], axis=-1).max(axis=0, initial=0.0)  # (V) metres
    still = by_blink[model.triangles].max(axis=1) < LID_MOVES_M
    share = np.where(outside & near & still & (facing[:, 2] > FORWARD * area), area, 0.0)
    if share.sum() <= 0:
        return None
    random = np.random.default_rng(0)
    triangle = random.choice(len(share), count, p=share / share.sum())
    u, v = random.random((2, count))
    u, v = np.where(u + v > 1, (1 - u, 1 - v), (u, v))
    barycentric = np.stack([1 - u - v, u, v], axis=1)
    everywhere = Embedding("skin", triangle, barycentric, np.zeros(count), np.zeros(count, bool), np.ones(count, bool))
    return Spots(everywhere, shown_points(model, everywhere))


def footing(film: Film, landmarks: Landmarks, frames: np.ndarray, rig: Rig, state: State, spots: Spots,
            tick: Callable[[int], None]) -> Footing:
    """Look through the take once, and keep what the reference needs.

    Args:
        film: the take's pictures.
        landmarks: (C, T, N), say where the face is.
        frames: (T') the take's frames that are solved.
        rig: the landmarks' cameras, with the focal lengths that were found.
        state: of the T' frames.
        spots: on the model.
        tick: called with how many pictures were done; REFERENCE_FRAMES for each camera in all.
    """
    boxes = _boxes(landmarks, frames)
    px_per_metre = np.array([_px_per_metre(camera, state) for camera in rig.cameras])
    chosen, kept = [], []
    for camera, box in enumerate(boxes):
        found = np.flatnonzero(np.isfinite(box[:, 0]))
        some = found[np.linspace(0, len(found) - 1, min(REFERENCE_FRAMES, len(found))).round().astype(int)]
        views = []
        for index, picture in zip(some, film(camera, frames[some]), strict=True):
            views.append(view_of(picture, box[index], px_per_metre[camera]))
            tick(1)
        tick(REFERENCE_FRAMES - len(some))
        chosen.append(some)
        kept.append(tuple(views))
    return Footing(spots, rig, boxes, px_per_metre, tuple(chosen), tuple(kept))


def evidence(film: Film, frames: np.ndarray, base: Footing, state: State, model: FaceModel,
             tick: Callable[[int], None]) -> Appearance:
    """What the pictures say near a state: a quadratic form in each frame's unknowns, all cameras together.

    Args as for `footing`; `base` is its result, and there are T' pictures of each camera in all.
    """
    count, size = len(state.weights), POSE + state.weights.shape[1]
    information = np.zeros((count, size, size), dtype=np.float32)
    side, cost = np.zeros((count, size)), np.zeros(count)
    pose = _posing(base.spots, state, model)
    for index, camera in enumerate(base.rig.cameras):
        boxes, scale = base.boxes[index], base.px_per_metre[index]
        looks = {frame: _look(view, scale)
                 for frame, view in zip(base.chosen[index].tolist(), base.kept[index], strict=True)}
        reference = _reference(camera, looks, pose)
        if reference is None:
            tick(count)
            continue
        others = np.setdiff1d(np.flatnonzero(np.isfinite(boxes[:, 0])), base.chosen[index])
        seen_now = ((frame, _look(view_of(picture, boxes[frame], scale), scale))
                    for frame, picture in zip(others.tolist(), film(index, frames[others]), strict=True))
        for frame, look in chain(looks.items(), seen_now):
            share = _linearised(camera, look, reference, pose, frame)
            for total, part in zip((information, side, cost), share, strict=True):
                total[frame] += part
            tick(1)
        tick(count - len(looks) - len(others))
    return Appearance(state, *(torch.from_numpy(array) for array in (information, side, cost)))


@dataclass(frozen=True)
class _Look:
    """A face in one picture, and its bands of detail (h, w, S)."""

    view: View
    detail: np.ndarray

    def at(self, pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Values (N, S) and slopes (N, S, 2) at points (N, 2) px."""
        return look_up(self.detail, self.view, pixels)


def _look(view: View, px_per_metre: float) -> _Look:
    return _Look(view, bands(view, px_per_metre))


@dataclass(frozen=True)
class _Posing:
    """Places spots: frame -> where they are, and what moves them."""

    points: SurfacePoints
    state: State
    normals: np.ndarray  # (N, 3)
    rotation: np.ndarray  # (T, 3, 3)
    translation: np.ndarray  # (T, 3)

    def turned(self, frame: int) -> tuple[np.ndarray, np.ndarray]:
        """(N, 3) in the world's axes, about the head's origin; and (N, 3, K) what the weights do, in the head's."""
        part = slice(frame, frame + 1)
        moved = move(self.points, self.state.weights[part], self.state.gaze[part], self.state.identity)
        by_weights = moved.by_weights.numpy()
        return moved.position[0].numpy() @ self.rotation[frame].T, by_weights.reshape(by_weights.shape[-3:])

    def facing(self, frame: int, camera: Camera, in_world: np.ndarray) -> np.ndarray:
        """(N) how much each spot counts as it turns to, 1, or away from the camera, 0."""
        ray = camera.centre - in_world
        ray /= np.linalg.norm(ray, axis=1, keepdims=True)
        cosine = ((self.normals @ self.rotation[frame].T) * ray).sum(axis=1)
        return np.clip((cosine - FACING[0]) / (FACING[1] - FACING[0]), 0.0, 1.0)


def _posing(spots: Spots, state: State, model: FaceModel) -> _Posing:
    normals = spots.embedding.normals(model, state.identity.numpy())
    return _Posing(spots.points, state, normals, state.rotation.numpy(), state.translation.numpy())


def _reference(camera: Camera, looks: Mapping[int, _Look], pose: _Posing) -> Reference | None:
    """The robust mean of what the chosen frames (frame -> look) show at each spot; None where they show none.

    The state is not exact yet, so each frame is first shifted by an affine motion in the picture to where it agrees
    with the others: else their mean would be blurred, and the pattern seem less sure than it is.
    """
    values, slopes, counts, places = [], [], [], []
    for frame, look in looks.items():
        in_world = pose.turned(frame)[0] + pose.translation[frame]
        pixels = project(camera, in_world)
        value, slope = look.at(pixels)
        known = np.isfinite(value).all(axis=1) & np.isfinite(slope).all(axis=(1, 2))
        values.append(np.where(known[:, None], value, 0.0))
        slopes.append(np.where(known[:, None, None], slope, 0.0))
        counts.append(pose.facing(frame, camera, in_world) * known)
        places.append(_affine_basis(pixels, known))
    facing = np.array(counts)[..., None]  # (F, N, 1)
    if not (facing > 0.5).any():
        return None
    seen = np.array(values)  # (F, N, S)
    by_affine = np.einsum("fnsi,fnj->fnsij", np.array(slopes), np.array(places)).reshape(*seen.shape, 6)
    motion = np.zeros((len(seen), 6))
    weight = np.broadcast_to(facing, seen.shape)
    for _ in range(4):
        aligned = seen + np.einsum("fnsk,fk->fns", by_affine, motion)
        mean = (weight * aligned).sum(axis=0) / np.maximum(weight.sum(axis=0), 1e-9)
        apart = mean - aligned
        spread = np.maximum([1.4826 * np.median(np.abs(apart[..., scale])[facing[..., 0] > 0.5])
                             for scale in range(seen.shape[2])], 1e-6)
        weight = facing / (1 + (apart / (2 * spread)) ** 2)
        rows = weight[..., None] / spread[:, None]**2 * by_affine  # (F, N, S, 6)
        normal = np.einsum("fnsk,fnsl->fkl", rows, by_affine) + 1e-6 * np.eye(6)
        motion += np.linalg.solve(normal, np.einsum("fnsk,fns->fk", rows, apart)[..., None])[..., 0]
        motion -= motion.mean(axis=0)  # else all could wander off together
    frames = facing[..., 0].sum(axis=0)  # (N)
    trust = np.where(frames < TWICE_SEEN, 0.0, 1 - 1 / np.maximum(frames, 1.0))
    return Reference(mean, spread, trust) if trust.any() else None


def _affine_basis(pixels: np.ndarray, known: np.ndarray) -> np.ndarray:
    """(N, 3): one, and how far right and down a spot lies of the others' middle, about -1..1."""
    middle = np.median(pixels[known], axis=0) if known.any() else np.zeros(2)
    size = max(np.ptp(pixels[known], axis=0).max() / 2, 1.0) if known.any() else 1.0
    return np.concatenate([np.ones((len(pixels), 1)), np.where(known[:, None], (pixels - middle) / size, 0.0)], axis=1)


def _linearised(camera: Camera, look: _Look, reference: Reference, pose: _Posing, frame: int,
                ) -> tuple[np.ndarray, np.ndarray, float]:
    """Half the Hessian (D, D), minus half the gradient (D), and the cost of one picture."""
    turned, by_weights = pose.turned(frame)
    in_world = turned + pose.translation[frame]
    value, slope = look.at(project(camera, in_world))  # (N, S), (N, S, 2)
    known = np.isfinite(value).all(axis=1) & np.isfinite(slope).all(axis=(1, 2))
    counts = INDEPENDENT * reference.trust * pose.facing(frame, camera, in_world) * known
    apart = np.where(known[:, None], reference.values - np.nan_to_num(value), 0.0)
    slope = np.where(known[:, None, None], slope, 0.0)
    squared = (apart / reference.spread) ** 2
    pull = counts[:, None] / reference.spread**2 / (1 + squared / ROBUST**2)  # (N, S)
    used = np.flatnonzero(counts > 0)
    by_pixel = np.einsum("nsi,nsj,ns->nij", slope[used], slope[used], pull[used])  # (N', 2, 2)
    towards = np.einsum("nsi,ns->ni", slope[used], (pull * apart)[used])  # (N', 2)
    jacobian = _by_unknowns(camera, in_world[used], turned[used], by_weights[used], pose.rotation[frame])  # (N', 2, D)
    rows = jacobian.reshape(-1, jacobian.shape[-1])
    information = rows.T @ (by_pixel @ jacobian).reshape(rows.shape)
    return information, towards.reshape(-1) @ rows, float((pull * apart**2).sum())


def _by_unknowns(camera: Camera, in_world: np.ndarray, turned: np.ndarray, by_weights: np.ndarray,
                 rotation: np.ndarray) -> np.ndarray:
    """(N', 2, D): how each spot's pixel, as filmed, answers to the head's increments and the weights."""
    by_world = np.stack([(project(camera, in_world + step) - project(camera, in_world - step)) / (2 * STEP_M)
                         for step in STEP_M * np.eye(3)], axis=-1)  # (N', 2, 3) px per metre
    by_rotation = np.cross(turned[:, None], by_world)  # d(r x p) . g = r . (p x g)
    return np.concatenate([by_rotation, by_world, by_world @ rotation @ by_weights], axis=-1)


def _boxes(landmarks: Landmarks, frames: np.ndarray) -> np.ndarray:
    found = landmarks.found[:, frames]
    boxes = np.full((*found.shape, 4), np.nan)
    for camera, row in np.argwhere(found):
        xy = landmarks.xy[camera, frames[row]]
        xy = xy[np.isfinite(xy).all(axis=1)]  # the whole face, a hidden mouth, too
        boxes[camera, row] = *xy.min(axis=0), *xy.max(axis=0)
    return boxes


def _px_per_metre(camera: Camera, state: State) -> float:
    depth = state.translation.numpy() @ camera.rotation[2] + camera.translation[2]
    return float(camera.matrix[0, 0] / max(np.median(depth), 1e-3))
