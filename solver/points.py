"""The surface points of a model that landmarks are compared with, as functions of identity and weights: linear but for
shapes with in-betweens, which are straight from one in-between to the next."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from solver.embedding import Embedding
from solver.face_model import FaceModel
from solver.geometry import gaze_rotation

DTYPE = torch.float64


@dataclass(frozen=True)
class Bend:
    """A shape that passes through in-betweens.

    Attributes:
        shape: its index.
        at: (M) weights from 0 over the in-betweens' to 1.
        offsets: (M, N, 3) metres there.
    """

    shape: int
    at: Tensor
    offsets: Tensor


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
        bends: the shapes that do not go straight.
    """

    neutral: Tensor
    identity: Tensor
    shapes: Tensor
    eye: Tensor
    eye_centre: Tensor
    eye_centre_identity: Tensor
    bends: tuple[Bend, ...] = ()


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
                         torch.tensor(np.array(centre_identity), dtype=DTYPE), _bends(model, on_surface))


UNSHOWN = ("tongueOut",)
"""Shapes of which neither a landmark nor skin tells: what they do to the lips, lips do by themselves."""


def shown_points(model: FaceModel, embedding: Embedding) -> SurfacePoints:
    """The same as the solve compares them with pictures: what none of these show moves nothing, so its weight stays 0
    and as unsure as it was before a picture was seen."""
    points = surface_points(model, embedding)
    columns = [index for index, name in enumerate(model.shape_names) if name in UNSHOWN]
    points.shapes[..., columns] = 0.0
    return replace(points, bends=tuple(bend for bend in points.bends if bend.shape not in columns))


def _bends(model: FaceModel, on_surface: Callable[[np.ndarray], Tensor]) -> tuple[Bend, ...]:
    bends = []
    for name in dict.fromkeys(step.of for step in model.between):
        index = model.shape_names.index(name)
        steps = sorted((step for step in model.between if step.of == name), key=lambda step: step.weight)
        places = [on_surface(step.offsets) for step in steps] + [on_surface(model.shapes[index])]
        bends.append(Bend(index, torch.tensor([0.0, *(step.weight for step in steps), 1.0], dtype=DTYPE),
                          torch.stack([torch.zeros_like(places[0]), *places])))
    return tuple(bends)


@dataclass(frozen=True)
class MovedPoints:
    """Where the points are in T frames, and how they answer to the unknowns.

    Attributes:
        position: (T, N, 3) metres, in the head.
        by_weights: (N, 3, K), the same in all frames; or (T, N, 3, K) where a shape bends.
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
    by_weights = points.shapes.repeat(frames, 1, 1, 1) if points.bends else points.shapes
    for bend in points.bends:
        weight = weights[:, bend.shape]  # (T)
        piece = torch.bucketize(weight.contiguous(), bend.at[1:-1])  # (T) the straight piece that each frame is on
        low, high = bend.at[piece], bend.at[piece + 1]
        slope = (bend.offsets[piece + 1] - bend.offsets[piece]) / (high - low)[:, None, None]  # (T, N, 3)
        straight = weight[:, None, None] * points.shapes[..., bend.shape]
        position += bend.offsets[piece] + (weight - low)[:, None, None] * slope - straight
        by_weights[..., bend.shape] = slope
    return MovedPoints(position, by_weights, by_gaze, by_identity)
