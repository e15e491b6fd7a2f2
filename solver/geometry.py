"""Rotations and projection in torch, batched; each tested against `capture.camera` or SciPy."""

import torch
from torch import Tensor


def skew(v: Tensor) -> Tensor:
    """(..., 3) -> (..., 3, 3) with skew(v) @ x = v x x."""
    x, y, z = v.unbind(-1)
    zero = torch.zeros_like(x)
    return torch.stack([zero, -z, y, z, zero, -x, -y, x, zero], -1).reshape(*v.shape[:-1], 3, 3)


def rotation_exp(v: Tensor) -> Tensor:
    """The rotation by the angle |v| about v: (..., 3) radians -> (..., 3, 3). Rodrigues' formula."""
    angle = torch.linalg.vector_norm(v, dim=-1, keepdim=True).unsqueeze(-1)  # (..., 1, 1)
    matrix = skew(v)
    near_zero = angle < 1e-7  # there sin(a)/a and (1 - cos(a))/a^2 are their limits
    safe = torch.where(near_zero, torch.ones_like(angle), angle)
    first = torch.where(near_zero, torch.ones_like(angle), torch.sin(safe) / safe)
    second = torch.where(near_zero, torch.full_like(angle, 0.5), (1 - torch.cos(safe)) / safe**2)
    return torch.eye(3, dtype=v.dtype, device=v.device) + first * matrix + second * (matrix @ matrix)


def rotation_log(rotation: Tensor) -> Tensor:
    """The inverse of `rotation_exp` for angles under 180 degrees: (..., 3, 3) -> (..., 3) radians."""
    w = 1 + rotation.diagonal(dim1=-2, dim2=-1).sum(-1)  # 4 w^2 of the quaternion
    vee = torch.stack([rotation[..., 2, 1] - rotation[..., 1, 2], rotation[..., 0, 2] - rotation[..., 2, 0],
                       rotation[..., 1, 0] - rotation[..., 0, 1]], -1)  # 2 sin(a) axis
    sine = torch.linalg.vector_norm(vee, dim=-1) / 2
    angle = torch.atan2(sine, w / 2 - 1)
    factor = torch.where(sine < 1e-7, torch.full_like(sine, 0.5), angle / (2 * sine.clamp_min(1e-12)))
    return vee * factor.unsqueeze(-1)


def gaze_rotation(gaze: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Turns +z to the looking direction, and the derivatives by yaw and by pitch: (..., 2) radians -> 3 x (..., 3, 3).

    First pitch about x (positive looks up), then yaw about y (positive looks to the face's own left, +x).
    """
    yaw, pitch = gaze.unbind(-1)
    cy, sy, cp, sp = torch.cos(yaw), torch.sin(yaw), torch.cos(pitch), torch.sin(pitch)
    zero, one = torch.zeros_like(yaw), torch.ones_like(yaw)

    def matrix(*rows: Tensor) -> Tensor:
        return torch.stack(rows, -1).reshape(*yaw.shape, 3, 3)

    about_y = matrix(cy, zero, sy, zero, one, zero, -sy, zero, cy)
    by_yaw = matrix(-sy, zero, cy, zero, zero, zero, -cy, zero, -sy)
    about_x = matrix(one, zero, zero, zero, cp, sp, zero, -sp, cp)
    by_pitch = matrix(zero, zero, zero, zero, -sp, cp, zero, -cp, -sp)
    return about_y @ about_x, by_yaw @ about_x, about_y @ by_pitch


def project(points_in_camera: Tensor, matrix: Tensor) -> tuple[Tensor, Tensor]:
    """A pinhole's picture of points, and its derivative: (..., 3) metres, (3, 3) px -> (..., 2) px, (..., 2, 3) px/m.

    Points nearer than 1 mm, or behind the camera, are treated as 1 mm away, so that a bad step stays finite.
    """
    x, y, z = points_in_camera.unbind(-1)
    z = z.clamp_min(1e-3)
    fx, cx, fy, cy = matrix[0, 0], matrix[0, 2], matrix[1, 1], matrix[1, 2]
    u = fx * x / z + cx
    v = fy * y / z + cy
    zero = torch.zeros_like(z)
    jacobian = torch.stack([fx / z, zero, -fx * x / z**2, zero, fy / z, -fy * y / z**2], -1).reshape(*z.shape, 2, 3)
    return torch.stack([u, v], -1), jacobian
