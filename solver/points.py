"""The surface points of a model that landmarks are compared with, as linear functions of identity and weights."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from solver.embedding import Embedding
from solver.face_model import FaceModel
from solver.geometry import gaze_rotation

DTYPE = torch.float64


@dataclass(frozen=True)
class SurfacePoints:
    """N points on a model, in head space: `neutral + identity . i`, those on an eyeball turned, `+ shapes . w`.

    Attributes:
        neutral: (N, 3) metres.
        identity: (N, 3, I) metres per standard deviation.
        shapes: (N, 3, K) metres per weight.
        eye: (N) which eye the point turns with: 0 left, 1 right, -1 none.
        eye_centre: (2, 3) metres.
        eye_centre_identity: (2, 3, I).
    """

    neutral: Tensor
    identity: Tensor
    shapes: Tensor
    eye: Tensor
    eye_centre: Tensor
    eye_centre_identity: Tensor


def surface_points(model: FaceModel, embedding: Embedding) -> SurfacePoints:
    """The embedding's points on `model`; an unknown landmark gets some point, mask it with `embedding.known`."""
    corners = model.triangles[embedding.triangle]  # (N, 3)
    share = embedding.barycentric  # (N, 3)

    def on_surface(field: np.ndarray) -> Tensor:  # (..., V, 3) -> (N, 3, ...)
        picked = np.einsum("...ncx,nc->nx...", field[..., corners, :].astype(np.float64), share)
        return torch.tensor(picked, dtype=DTYPE)

    eye = np.full(len(corners), -1)
    for index, ball in enumerate(model.eyes):
        eye[np.isin(corners, ball.vertices).all(axis=1)] = index
    centres = [ball.centre(model.neutral) for ball in model.eyes] or np.zeros((0, 3))
    centre_identity = [ball.centre(model.identity).T for ball in model.eyes] \
        or np.zeros((0, 3, len(model.identity)))
    neutral = on_surface(model.neutral)
    if embedding.offset is not None:
        neutral = neutral + torch.tensor(np.where(eye[:, None] < 0, embedding.offset, 0.0), dtype=DTYPE)
    return SurfacePoints(neutral, on_surface(model.identity), on_surface(model.shapes),
                         torch.tensor(eye), torch.tensor(np.array(centres), dtype=DTYPE),
                         torch.tensor(np.array(centre_identity), dtype=DTYPE))


@dataclass(frozen=True)
class MovedPoints:
    """Where the points are in T frames, and how they answer to the unknowns.

    Attributes:
        position: (T, N, 3) metres, in the head.
        by_weights: (N, 3, K), the same in all frames.
        by_gaze: (T, N, 3, 4) for left yaw, left pitch, right yaw, right pitch.
        by_identity: (T, N, 3, I).
    """

    position: Tensor
    by_weights: Tensor
    by_gaze: Tensor
    by_identity: Tensor


def move(points: SurfacePoints, weights: Tensor, gaze: Tensor, identity: Tensor) -> MovedPoints:
    """Deform the points: weights (T, K), gaze (T, 2, 2) radians, identity (I)."""
    frames, count = len(weights), len(points.neutral)
    resting = points.neutral + points.identity @ identity  # (N, 3)
    position = resting.repeat(frames, 1, 1)  # (T, N, 3)
    by_gaze = position.new_zeros(frames, count, 3, 4)
    by_identity = points.identity.expand(frames, count, 3, len(identity))
    for index in range(len(points.eye_centre)):
        chosen = points.eye == index
        if not chosen.any():
            continue
        turn, by_yaw, by_pitch = gaze_rotation(gaze[:, index])  # (T, 3, 3)
        centre = points.eye_centre[index] + points.eye_centre_identity[index] @ identity  # (3)
        arm = position[:, chosen] - centre  # (T, E, 3)
        position[:, chosen] = centre + arm @ turn.mT
        by_gaze[:, chosen, :, 2 * index] = arm @ by_yaw.mT
        by_gaze[:, chosen, :, 2 * index + 1] = arm @ by_pitch.mT
        if len(identity):
            centre_moves = points.eye_centre_identity[index]  # (3, I)
            arm_moves = points.identity[chosen] - centre_moves  # (E, 3, I)
            by_identity = by_identity.clone()
            by_identity[:, chosen] = centre_moves + torch.einsum("txy,eyi->texi", turn, arm_moves)
    position += torch.einsum("nxk,tk->tnx", points.shapes, weights)
    return MovedPoints(position, points.shapes, by_gaze, by_identity)
