"""Where each landmark of a detector lies on a face model: found by showing the model to the detector.

The model is drawn from many sides and in a few expressions, the detector answers, its answers are lifted to the surface
that is seen there, and what they agree on becomes the landmark: no table of vertices, so any head will do.

Two places can touch at rest and belong to different lips or lids. So a point is compared by where it lies in all
expressions at once: a material point of the surface in E expressions is one point of R^(3E).
"""

import contextlib
import hashlib
from dataclasses import dataclass, replace
from os.path import isfile
from pathlib import Path

import numpy as np
from scipy.spatial import cKDTree

from capture.arrays import Damaged, load_arrays, save_arrays
from capture.errors import ModelError, OutputError
from solver.cache import model_cache
from solver.embedding_views import FindFace, Sightings, face_box, posed, sight, surface_triangles
from solver.face_model import FaceModel

VERSION = 5
"""Goes up when the method changes, so that embeddings in the cache are made anew."""
EYE_POINTS = {"mediapipe478": range(468, 478), "mien478": range(468, 478)}
"""Which points of a scheme lie on the eyeballs; all others lie on the face's outer surface."""
LEAST_FACING = 0.35
"""Cosine between the surface at a landmark and the view below which that view does not count for it."""
AROUND = 0.06
"""Radius, as a share of the face's height, over which the surface's direction at a landmark is taken."""
FEWEST = 4
"""Sightings that a landmark needs to be known."""
SLIDE = 0.16
"""A landmark that slides by more than this share of the face's height as the view turns is a contour."""
TURNED = np.radians(20.0)
CANDIDATES = 64
RAYLEIGH_MEDIAN = 1.1774
"""The median distance from the middle of a round two-dimensional spread of standard deviation 1."""


@dataclass(frozen=True)
class Embedding:
    """The points of a landmark scheme on the surface of one model.

    Attributes:
        scheme: the point set's name, such as "mediapipe478".
        triangle: (N) index into the model's triangles; 0 where unknown.
        barycentric: (N, 3) shares of the triangle's corners; each row sums to 1.
        spread_m: (N) metres, how far the detector's single answers scatter about the point, standard deviation an axis.
        contour: (N) bool, the point slides over the surface as the view turns, as the outline of the jaw does.
        known: (N) bool, the point was found on the model.
        offset: (N, 3) metres in the head from there to where the detector puts the point on one actor's face; None
            where no actor is known.
    """

    scheme: str
    triangle: np.ndarray
    barycentric: np.ndarray
    spread_m: np.ndarray
    contour: np.ndarray
    known: np.ndarray
    offset: np.ndarray | None = None

    def points(self, model: FaceModel, vertices: np.ndarray) -> np.ndarray:
        """(V, 3) a deformed model's vertices -> (N, 3) where its landmarks are."""
        return np.einsum("ncx,nc->nx", vertices[model.triangles[self.triangle]], self.barycentric)

    def middle(self, model: FaceModel) -> float:
        """Where along x the middle of the resting face is, metres: a rig need not stand at its file's origin."""
        return float(self.points(model, model.neutral)[self.known, 0].mean())

    def partners(self, model: FaceModel) -> np.ndarray:
        """(N) which landmark lies nearest to each one's place on the face's other side."""
        points = self.points(model, model.neutral)
        return cKDTree(points).query(points * [-1, 1, 1] + [2 * self.middle(model), 0, 0])[1]

    def normals(self, model: FaceModel, identity: np.ndarray | None = None) -> np.ndarray:
        """(N, 3) unit normals of the resting face at the landmarks: the mean face's, or an actor's of identity (I)."""
        corners = model.triangles[self.triangle]  # (N, 3)
        resting = model.neutral[corners]
        if identity is not None:
            resting = resting + np.tensordot(identity, model.identity[:, corners], 1)
        normal = np.cross(resting[:, 1] - resting[:, 0], resting[:, 2] - resting[:, 0])
        return normal / np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-20)

    def every(self, one_in: int) -> "Embedding":
        """One point in so many alone."""
        part = slice(None, None, one_in)
        return replace(self, **{name: getattr(self, name)[part] for name in ARRAYS},
                       offset=None if self.offset is None else self.offset[part])


def embed(model: FaceModel, find_face: FindFace, scheme: str) -> Embedding:
    """Find the landmarks of `scheme` on `model`; kept in the cache from then on.

    Args:
        model: the face, looking along +z.
        find_face: the detector, (H, W, 3) uint8 -> (N, 2) px or None.
        scheme: names the detector's point set.

    Raises:
        ModelError: the detector sees no face in the model.
    """
    path = _cached(model, scheme)
    if (known := _load(path, scheme, model)) is not None:
        return known
    eyes = EYE_POINTS.get(scheme, range(0))
    sightings = sight(model, find_face, np.array(eyes, dtype=int))
    if sightings is None:
        raise ModelError(f"no face is found in pictures of the model {model.name!r}; look at `mien model check`: it "
                         "must look along +z with Y up, and have eyes, a nose and a mouth")
    embedding = agree(model, sightings, scheme, eyes)
    with contextlib.suppress(OutputError):  # a cache that cannot be kept costs time, nothing else
        save_arrays(path, {name: getattr(embedding, name) for name in ARRAYS})
    return embedding


def cached_embedding(model: FaceModel, scheme: str) -> Embedding | None:
    """The landmarks of `scheme` on `model` if they were found before; looking for them takes the detector."""
    return _load(_cached(model, scheme), scheme, model)


ROUNDED = 1e-6
"""By how much shares that sum to 1 miss it."""
ARRAYS = ("triangle", "barycentric", "spread_m", "contour", "known")


def agree(model: FaceModel, sightings: Sightings, scheme: str, eyes: range) -> Embedding:
    """What the sightings agree on.

    Each landmark's first guess is the median of the frontal views. With the surface's direction there, the views that
    cannot see it are dropped, and the middle of the rest is taken: their median, then the mean of the nearer ones.
    """
    poses = np.concatenate(posed(model), axis=1)  # (V, 3E)
    corners = model.triangles[np.maximum(sightings.triangle, 0)]  # (S, N, 3)
    points = np.einsum("snck,snc->snk", poses[corners], sightings.barycentric)  # (S, N, 3E)
    seen = sightings.triangle >= 0  # (S, N)

    outer, balls = surface_triangles(model)
    count = points.shape[1]
    on_eye = np.isin(np.arange(count), eyes) & balls.any()
    first = _median(points, seen & (sightings.view[:, 2] > np.cos(TURNED))[:, None])
    low, high = face_box(model)
    height = high[1] - low[1]
    facing = sightings.view @ _directions(model, outer | balls, first[:, :3], AROUND * height).T  # (S, N)
    usable = seen & (facing > LEAST_FACING)
    enough = usable.sum(axis=0) >= FEWEST
    usable = np.where(enough, usable, seen)  # a point that no view sees well is better placed badly than not at all
    middle = _median(points, usable)
    distance = np.linalg.norm(points - middle, axis=2)
    near = usable & (distance <= 2 * _median(distance, usable))
    middle = np.where(near.any(axis=0)[:, None], (np.where(near[..., None], points, 0)).sum(axis=0)
                      / np.maximum(near.sum(axis=0), 1)[:, None], middle)

    known = usable.sum(axis=0) >= FEWEST
    triangle, barycentric = _nearest(model, poses, middle, outer, balls, on_eye)
    at_rest = np.linalg.norm((points - middle)[..., :3], axis=2)
    spread = np.nan_to_num(_median(at_rest, usable) / RAYLEIGH_MEDIAN)
    slide = _slide(points[..., :3], seen, sightings.view)
    contour = ~on_eye & (slide > SLIDE * height)
    return Embedding(scheme, np.where(known, triangle, 0), np.where(known[:, None], barycentric, 1 / 3),
                     spread, contour & known, known)


def _median(values: np.ndarray, used: np.ndarray) -> np.ndarray:
    """(S, N, ...) with used (S, N) -> (N, ...) the median over S of the used ones; NaN where none is."""
    out = np.full(values.shape[1:], np.nan)
    for n in np.flatnonzero(used.any(axis=0)):
        out[n] = np.median(values[used[:, n], n], axis=0)
    return out


def _slide(points: np.ndarray, used: np.ndarray, view: np.ndarray) -> np.ndarray:
    """(N) metres: how far the middle of the views from the side lies from that of the frontal ones."""
    far = np.sin(TURNED)
    frontal = _median(points, used & (np.linalg.norm(view[:, :2], axis=1) < far)[:, None])
    slide = np.zeros(points.shape[1])
    for turned in (view[:, 0] > far, view[:, 0] < -far):
        moved = np.linalg.norm(_median(points, used & turned[:, None]) - frontal, axis=1)
        slide = np.fmax(slide, moved)
    return slide


def _nearest(model: FaceModel, poses: np.ndarray, middle: np.ndarray, outer: np.ndarray, balls: np.ndarray,
             on_eye: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(N, 3E) -> the nearest points of the allowed surface: triangle (N), -1 for NaN, and barycentric (N, 3)."""
    triangle = np.full(len(middle), -1)
    barycentric = np.full((len(middle), 3), 1 / 3)
    finite = np.isfinite(middle).all(axis=1)
    for allowed, rows in ((outer, finite & ~on_eye), (balls, finite & on_eye)):
        rows, choices = np.flatnonzero(rows), np.flatnonzero(allowed)
        if len(rows) == 0 or len(choices) == 0:
            continue
        middles = poses[model.triangles[choices]].mean(axis=1)
        _, found = cKDTree(middles).query(middle[rows], k=min(CANDIDATES, len(choices)))
        candidates = choices[found.reshape(len(rows), -1)]  # (R, C)
        shares, distance = closest_on_triangles(poses[model.triangles[candidates]], middle[rows][:, None])
        best = distance.argmin(axis=1)
        triangle[rows] = candidates[np.arange(len(rows)), best]
        barycentric[rows] = shares[np.arange(len(rows)), best]
    return triangle, barycentric


def closest_on_triangles(corners: np.ndarray, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The closest points of triangles: corners (..., 3, D), points (..., D) -> shares (..., 3), distance (...).

    Inside, the shares solve two normal equations; else the closest point lies on one of the three edges.
    """
    a, b, c = (corners[..., i, :] for i in range(3))
    u, v, w = b - a, c - a, points - a
    uu, uv, vv = (u * u).sum(-1), (u * v).sum(-1), (v * v).sum(-1)
    uw, vw = (u * w).sum(-1), (v * w).sum(-1)
    area = np.maximum(uu * vv - uv * uv, 1e-30)
    s, t = (vv * uw - uv * vw) / area, (uu * vw - uv * uw) / area
    shares = np.stack([1 - s - t, s, t], axis=-1)
    options = [np.where((shares >= 0).all(axis=-1, keepdims=True), shares, np.nan)]
    for start, stop in ((0, 1), (1, 2), (2, 0)):
        edge = corners[..., stop, :] - corners[..., start, :]
        along = ((points - corners[..., start, :]) * edge).sum(-1) / np.maximum((edge * edge).sum(-1), 1e-30)
        along = np.clip(along, 0, 1)
        option = np.zeros_like(shares)
        option[..., start], option[..., stop] = 1 - along, along
        options.append(option)
    options = np.stack(options, axis=-2)  # (..., 4, 3)
    reached = np.einsum("...os,...sd->...od", options, corners)
    distance = np.linalg.norm(reached - points[..., None, :], axis=-1)
    distance = np.where(np.isnan(distance), np.inf, distance)
    best = distance.argmin(axis=-1)[..., None]
    shares = np.take_along_axis(options, best[..., None], axis=-2)[..., 0, :]
    return shares, np.take_along_axis(distance, best, axis=-1)[..., 0]


def _directions(model: FaceModel, allowed: np.ndarray, at: np.ndarray, reach: float) -> np.ndarray:
    """(N, 3) points -> (N, 3) where the surface around each looks, unit; NaN for NaN.

    The mean over `reach` metres of all that looks forwards: a lip's edge looks up or down, and yet hides from no view.
    """
    a, b, c = (model.neutral[model.triangles[:, corner]].astype(np.float64) for corner in range(3))
    normal = np.cross(b - a, c - a)  # twice the area long
    forwards = np.flatnonzero(allowed & (normal[:, 2] > 0))
    tree = cKDTree(((a + b + c) / 3)[forwards])
    out = np.full(at.shape, np.nan)
    for n in np.flatnonzero(np.isfinite(at).all(axis=1)):
        near = forwards[tree.query_ball_point(at[n], reach)]
        if len(near) == 0:
            near = forwards[[tree.query(at[n])[1]]]
        out[n] = normal[near].sum(axis=0)
    return out / np.linalg.norm(out, axis=1, keepdims=True)


def _cached(model: FaceModel, scheme: str) -> Path:
    key = hashlib.sha256(f"{VERSION} {scheme} {model.sha256}".encode()).hexdigest()
    return model_cache() / "embeddings" / f"{key}.npz"


def _load(path: Path, scheme: str, model: FaceModel) -> Embedding | None:
    """The embedding that is kept there; None where there is none, or it is none on this model: the cache may be shared.
    """
    if not isfile(path):  # or the cache may not be looked into
        return None
    try:
        arrays = load_arrays(path)
        found = Embedding(scheme, **{name: arrays[name] for name in ARRAYS})
    except (Damaged, KeyError):
        return None
    kinds = [(getattr(found, name).dtype.kind, getattr(found, name).shape) for name in ARRAYS]
    count = (found.known.size,)
    if kinds != [("i", count), ("f", (*count, 3)), ("f", count), ("b", count), ("b", count)]:
        return None
    inside = (found.barycentric > -ROUNDED).all(axis=1) & (np.abs(found.barycentric.sum(axis=1) - 1) < ROUNDED)
    sound = inside & np.isfinite(found.spread_m)
    there = (found.triangle >= 0) & (found.triangle < len(model.triangles))
    return found if there.all() and sound[found.known].all() else None
