"""Rotations over time as the formats want them. Quaternions are x y z w; angles are radians; arrays begin with time."""

import math
from collections.abc import Sequence

import numpy as np

from exporters.exact import arc_tangent, length, sine_cosine
from solver.performance import matrices


def continuous(quaternions: np.ndarray) -> np.ndarray:
    """Unit quaternions whose signs make each step the short way: (T, 4) -> (T, 4).

    q and -q are one rotation, but a program that interpolates between keys takes the way that the signs say.
    """
    unit = quaternions / np.linalg.norm(quaternions, axis=1, keepdims=True)
    turned = (unit[1:] * unit[:-1]).sum(axis=1) < 0
    sign = np.where(np.cumsum(turned) % 2, -1.0, 1.0)
    return unit * np.concatenate([[1.0], sign])[:len(unit), None]


def gaze_quaternions(gaze: np.ndarray) -> np.ndarray:
    """(T, 2) yaw (to the face's own left) and pitch (up) -> (T, 4): the same turn as `face_model.gaze_rotation`."""
    (sy, cy), (sp, cp) = sine_cosine(gaze[:, 0] / 2), sine_cosine(gaze[:, 1] / 2)
    return np.stack([-cy * sp, sy * cp, sy * sp, cy * cp], axis=-1)


def euler_xyz(quaternions: np.ndarray) -> np.ndarray:
    """(T, 4) -> (T, 3) angles about x, y, z of R = Rz Ry Rx (FBX's default order), without jumps over time.

    Every rotation has two such triples and each angle may take whole turns: of all, the one nearest to the frame
    before is taken. Where y is a quarter turn only the sum or difference of x and z counts: x then stays.
    """
    rotation = matrices(continuous(quaternions))  # (T, 3, 3)
    flat = length(rotation[:, 0, 0], rotation[:, 1, 0])  # |cos y|
    locked = flat < 1e-9
    y = arc_tangent(-rotation[:, 2, 0], flat)
    x = np.where(locked, 0.0, arc_tangent(rotation[:, 2, 1], rotation[:, 2, 2]))
    z = np.where(locked, 0.0, arc_tangent(rotation[:, 1, 0], rotation[:, 0, 0]))
    sign = np.where(y > 0, 1.0, -1.0)
    about = arc_tangent(-rotation[:, 0, 1], rotation[:, 1, 1])  # z - sign * x where locked
    out, before = [], (0.0, 0.0, 0.0)
    for angles, lock in zip(np.stack([x, y, z, sign, about], axis=-1).tolist(), locked.tolist(), strict=True):
        this = (before[0], angles[1], angles[4] + angles[3] * before[0]) if lock else angles[:3]
        other = (this[0] + math.pi, math.pi - this[1], this[2] + math.pi)
        before = min(_nearest_turn(this, before), _nearest_turn(other, before),
                     key=lambda triple: sum(abs(a - b) for a, b in zip(triple, before, strict=True)))
        out.append(before)
    return np.array(out).reshape(-1, 3)


def _nearest_turn(angles: Sequence[float], before: Sequence[float]) -> tuple[float, ...]:
    turn = 2 * math.pi
    return tuple(a + turn * round((b - a) / turn) for a, b in zip(angles, before, strict=True))


def yaw_pitch_roll(quaternions: np.ndarray) -> np.ndarray:
    """(T, 4) -> (T, 3) angles of R = Ry(yaw) Rx(-pitch) Rz(roll): yaw to the face's own left, pitch up, and roll
    about the way the face looks, its top to the face's own right."""
    rotation = matrices(continuous(quaternions))
    yaw = arc_tangent(rotation[:, 0, 2], rotation[:, 2, 2])
    pitch = arc_tangent(rotation[:, 1, 2], length(rotation[:, 0, 2], rotation[:, 2, 2]))
    roll = arc_tangent(rotation[:, 1, 0], rotation[:, 1, 1])
    return np.stack([yaw, pitch, roll], axis=-1)


def product(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """(..., 4): the turn `second` within the turn `first`; the signs as they come."""
    ax, ay, az, aw = np.moveaxis(np.asarray(first, np.float64), -1, 0)
    bx, by, bz, bw = np.moveaxis(np.asarray(second, np.float64), -1, 0)
    return np.stack([aw * bx + ax * bw + ay * bz - az * by, aw * by - ax * bz + ay * bw + az * bx,
                     aw * bz + ax * by - ay * bx + az * bw, aw * bw - ax * bx - ay * by - az * bz], axis=-1)


def turned(by: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    """(..., 3): vectors turned by quaternions (..., 4)."""
    still = np.concatenate([vectors, np.zeros((*np.shape(vectors)[:-1], 1))], axis=-1)
    return product(product(by, still), by * [-1.0, -1.0, -1.0, 1.0])[..., :3]


def quaternion(rotation: np.ndarray) -> np.ndarray:
    """(3, 3) -> (4,), by the largest of its four numbers."""
    (xx, xy, xz), (yx, yy, yz), (zx, zy, zz) = np.asarray(rotation, np.float64).tolist()
    way = max(((1 + xx - yy - zz, (1 + xx - yy - zz, xy + yx, xz + zx, zy - yz)),
               (1 - xx + yy - zz, (xy + yx, 1 - xx + yy - zz, yz + zy, xz - zx)),
               (1 - xx - yy + zz, (xz + zx, yz + zy, 1 - xx - yy + zz, yx - xy)),
               (1 + xx + yy + zz, (zy - yz, xz - zx, yx - xy, 1 + xx + yy + zz))))[1]
    return np.array(way) / math.sqrt(sum(part * part for part in way))
