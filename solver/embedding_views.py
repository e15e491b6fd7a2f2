"""Views of a model for a landmark detector, and its answers lifted back to the surface."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.ndimage import distance_transform_edt
from scipy.optimize import linear_sum_assignment

from capture.camera import Camera
from solver.embedding_brows import brows
from solver.face_model import FaceModel, deform
from solver.parts import EYEBALL, INSIDE, is_part
from solver.render import Look, Renderer, Surface, face_mesh

FindFace = Callable[[np.ndarray], np.ndarray | None]
"""(H, W, 3) uint8 -> (N, 2) px, or None where no face is found."""

SIDE = 480
"""Width and height of each picture in px."""
FILLED = 0.45
"""The share of the picture's height that the moving part of the face takes."""
VIEWS = ((0, 0), (-12, 0), (12, 0), (-26, 4), (26, 4), (-40, 0), (40, 0), (0, 16), (0, -14))
"""Yaw and pitch of the camera about the face, degrees; the first must be frontal."""
POSES = ({}, {"jawOpen": 0.5}, {"jawOpen": 0.5, "eyeBlinkLeft": 0.5, "eyeBlinkRight": 0.5})
"""Closed lips hide which of them a point belongs to, so the mouth is open in most pictures."""
REACH = 0.06
"""How far, as a share of the face's height in px, a point may lie off its part of the surface."""


@dataclass(frozen=True)
class Sightings:
    """S answers to N landmarks, on the surface.

    Attributes:
        triangle: (S, N) index into the model's triangles, -1 where the landmark was not seen.
        barycentric: (S, N, 3).
        view: (S, 3) unit vectors from the face towards the camera.
    """

    triangle: np.ndarray
    barycentric: np.ndarray
    view: np.ndarray


def face_box(model: FaceModel) -> tuple[np.ndarray, np.ndarray]:
    """(3,), (3,) metres: the box around what the shapes move, so that a rig's shoulders or body do not count."""
    motion = np.linalg.norm(model.shapes, axis=2).max(axis=0)  # (V)
    moving = model.neutral[motion > 0.15 * motion.max()]
    return moving.min(axis=0), moving.max(axis=0)


def look_at(target: np.ndarray, distance: float, focal_px: float, yaw: float, pitch: float, side: int = SIDE) -> Camera:
    """A square camera that sees `target` in its middle from yaw and pitch (degrees) about it; 0, 0 is in front."""
    yaw, pitch = np.radians(yaw), np.radians(pitch)
    back = np.array([np.sin(yaw) * np.cos(pitch), np.sin(pitch), np.cos(yaw) * np.cos(pitch)])
    right = np.array([np.cos(yaw), 0.0, -np.sin(yaw)])
    rotation = np.stack([right, np.cross(-back, right), -back])
    matrix = np.array([[focal_px, 0, (side - 1) / 2], [0, focal_px, (side - 1) / 2], [0, 0, 1]])
    return Camera("view", (side, side), matrix, rotation=rotation,
                  translation=-rotation @ (np.asarray(target) + distance * back))


def view_cameras(model: FaceModel, side: int = SIDE) -> list[Camera]:
    """One camera per entry of VIEWS, framed on the face."""
    low, high = face_box(model)
    height = high[1] - low[1]
    distance = 4.0 * height
    middle = (low + high) / 2
    return [look_at(middle, distance, FILLED * side * distance / height, yaw, pitch, side) for yaw, pitch in VIEWS]


def posed(model: FaceModel) -> list[np.ndarray]:
    """The model in each of POSES, as far as it has those shapes: (V, 3) each, the first at rest."""
    found = [np.zeros(len(model.shape_names))]
    for pose in POSES[1:]:
        weights = np.array([pose.get(name, 0.0) for name in model.shape_names])
        if np.count_nonzero(weights) == len(pose):
            found.append(weights)
    return [deform(model, weights) for weights in found]


def sight(model: FaceModel, find_face: FindFace, on_eyes: np.ndarray, look: Look | None = None) -> Sightings | None:
    """Show the model in all views and poses, plain and mirrored, and lift what the detector finds.

    A mirrored picture's points are mirrored back and exchanged left for right: what the detector (or its crop) puts off
    to one side cancels out.

    Args:
        model: the face.
        find_face: the detector.
        on_eyes: indices of the landmarks that lie on the eyeballs; the others lie on the face's outer surface.
        look: the light.

    Returns:
        None if the face is found in none of the views.
    """
    outer, eyes = surface_triangles(model)
    painted = brows(model)
    cameras = view_cameras(model)
    triangles, shares, views, is_mirrored = [], [], [], []
    apart = 0.0  # (N, N) px from each plain to each mirrored point, over all pictures
    with Renderer(SIDE, SIDE) as renderer:
        for vertices in posed(model):
            mesh = face_mesh(model, vertices)
            shown = [mesh] if painted is None else [face_mesh(model, vertices, keep=~painted.covered),
                                                    painted.mesh(model, vertices)]
            balls = face_mesh(model, vertices, keep=eyes)
            for camera in cameras:
                picture = renderer.colours(camera, shown, look)
                found = find_face(picture)
                flipped = None if found is None else find_face(np.ascontiguousarray(picture[:, ::-1]))
                if flipped is None:
                    continue
                flipped = flipped * [-1, 1] + [SIDE - 1, 0]
                apart = apart + np.linalg.norm(found[:, None] - flipped[None], axis=2)
                skin = renderer.surface(camera, [mesh])
                ball = renderer.surface(camera, [balls]) if len(on_eyes) and eyes.any() else None
                for answer in (found, flipped):
                    triangle, share = _lift(model, vertices, camera, skin, outer, answer)
                    if ball is not None:
                        on_ball = _lift(model, vertices, camera, ball, eyes, answer)
                        triangle[on_eyes], share[on_eyes] = (part[on_eyes] for part in on_ball)
                    triangles.append(triangle)
                    shares.append(share)
                    views.append(-camera.rotation[2])
                    is_mirrored.append(answer is flipped)
    if not triangles:
        return None
    partner = mirror_partners(apart)
    triangle, share, mirrored = np.array(triangles), np.array(shares), np.array(is_mirrored)
    triangle[mirrored] = np.where(partner >= 0, triangle[mirrored][:, partner], -1)
    share[mirrored] = share[mirrored][:, partner]
    return Sightings(triangle, share, np.array(views))


def surface_triangles(model: FaceModel) -> tuple[np.ndarray, np.ndarray]:
    """(F') bool, (F') bool: the triangles of the face's outer surface, and those of the eyeballs that one sees."""
    inside = np.array([is_part(name, INSIDE) for name in model.part_names])
    ball = np.array([is_part(name, EYEBALL) for name in model.part_names])
    turning = np.zeros(len(model.neutral), dtype=bool)
    for eye in model.eyes:
        turning[eye.vertices] = True
    eyes = ball[model.triangle_part] & (turning[model.triangles].all(axis=1) if model.eyes else True)
    return ~inside[model.triangle_part], eyes


def mirror_partners(apart: np.ndarray) -> np.ndarray:
    """(N) for each landmark the one that takes its place in a mirrored picture; -1 where that is not mutual.

    Args:
        apart: (N, N) how far each landmark lies from each landmark of the mirrored picture, mirrored back. One picture
            does not do: closed lips put four points in two places.
    """
    _, partner = linear_sum_assignment(apart)
    return np.where(partner[partner] == np.arange(len(partner)), partner, -1)


def _lift(model: FaceModel, vertices: np.ndarray, camera: Camera, seen: Surface, allowed: np.ndarray,
          pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(N, 2) px -> triangle (N), barycentric (N, 3); triangle is -1 where no allowed surface is near."""
    fits = (seen.triangle >= 0) & allowed[seen.triangle]  # (H, W)
    if not fits.any():
        return np.full(len(pixels), -1), np.full((len(pixels), 3), 1 / 3)
    off, (row_of, column_of) = distance_transform_edt(~fits, return_indices=True)
    given = np.isfinite(pixels).all(axis=1)
    pixels = np.where(given[:, None], pixels, 0.0)
    column, row = np.clip(np.round(pixels).astype(int), 0, SIDE - 1).T
    near = given & (off[row, column] <= REACH * FILLED * SIDE)
    at = np.stack([column_of[row, column], row_of[row, column]], axis=1)  # (N, 2) the nearest pixel of that surface
    exact = np.where((off[row, column] == 0)[:, None], pixels, at)
    chosen = seen.triangle[at[:, 1], at[:, 0]]
    corners = vertices[model.triangles[chosen]] @ camera.rotation.T + camera.translation  # (N, 3, 3) in the camera
    rays = np.column_stack([exact, np.ones(len(exact))]) @ np.linalg.inv(camera.matrix).T
    # The corners' shares solve [a b c] s = ray up to a factor (Cramer's rule); they must sum to one.
    volumes = np.stack([np.einsum("nx,nx->n", rays, np.cross(corners[:, (i + 1) % 3], corners[:, (i + 2) % 3]))
                        for i in range(3)], axis=1)
    shares = np.clip(volumes / _nonzero(volumes.sum(axis=1, keepdims=True)), 0, 1)
    return np.where(near, chosen, -1), shares / _nonzero(shares.sum(axis=1, keepdims=True))


def _nonzero(values: np.ndarray) -> np.ndarray:
    return np.where(values == 0, 1.0, values)
