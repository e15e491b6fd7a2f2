"""The lids and the eyeball of the left eye. Lids slide over an ellipsoid, round about the line through the canthi."""

from dataclasses import dataclass

import numpy as np

CENTRE = np.array([31.5, 0.0, 68.8])
RADIUS = 12.3          # of the eyeball
LID_LONG = 17.2        # half length of the lids' ellipsoid along its axis
LID_RADIUS = 13.8      # its radius about that axis: the lids' outside
INNER_LONG = 16.4      # the same for the inside of the lids
INNER_RADIUS = 12.75
CANTHI = (-15.6, 14.0)  # inner and outer corner, along the axis
CANTHI_LOW = 8.0       # degrees about the axis by which the canthi lie below the middle of the eye


def _frame() -> np.ndarray:
    """(3, 3) rows: outwards along the axis, up, forwards. The axis recedes 8 degrees and rises 4 outwards."""
    recede, rise = np.radians(8.0), np.radians(4.0)
    out = np.array([np.cos(recede) * np.cos(rise), np.sin(rise), -np.sin(recede) * np.cos(rise)])
    ahead = np.cross(out, [0.0, 1.0, 0.0])
    ahead /= np.linalg.norm(ahead)
    return np.stack([out, np.cross(ahead, out), ahead])


FRAME = _frame()


@dataclass(frozen=True)
class Lid:
    """Points about the eye: `along` the axis in mm, `angle` about it in radians (up is positive), `radius` in mm."""

    along: np.ndarray
    angle: np.ndarray
    radius: np.ndarray

    def points(self) -> np.ndarray:
        """(..., 3) mm."""
        local = np.stack([self.along, self.radius * np.sin(self.angle), self.radius * np.cos(self.angle)], -1)
        return local @ FRAME + CENTRE


def about(points: np.ndarray) -> Lid:
    """Where points of the left side lie about the eye."""
    local = (points - CENTRE) @ FRAME.T
    return Lid(local[..., 0], np.arctan2(local[..., 1], local[..., 2]), np.hypot(local[..., 1], local[..., 2]))


def outside(along: np.ndarray) -> np.ndarray:
    """The radius of the lids' outside."""
    return LID_RADIUS * np.sqrt(np.clip(1 - (along / LID_LONG) ** 2, 0.01, None))


def inside(along: np.ndarray) -> np.ndarray:
    """The radius of the lids' inside; clear of the eyeball everywhere."""
    return INNER_RADIUS * np.sqrt(np.clip(1 - (along / INNER_LONG) ** 2, 0.01, None))


def clear_of_eye(along: np.ndarray) -> np.ndarray:
    """The radius about the axis that keeps 0.3 mm off the eyeball."""
    return np.sqrt(np.clip((RADIUS + 0.3) ** 2 - along ** 2, 0, None))


def opening(share: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The lids' edges at `share` of the way from the inner (0) to the outer canthus (1).

    Returns:
        along, upper angle, lower angle.
    """
    along = CANTHI[0] + share * (CANTHI[1] - CANTHI[0])
    upper = 5.3 * (4 * share * (1 - share)) ** 0.74 * (1 + 0.10 * (0.5 - share))
    lower = -5.6 * (4 * share * (1 - share)) ** 0.82 * (1 + 0.25 * (share - 0.5))
    radius = outside(along)
    corner = np.radians(CANTHI_LOW) * (1 - 4 * share * (1 - share)) ** 2
    upper, lower = (np.arcsin(np.clip(rise / radius, -1, 1)) - corner for rise in (upper, lower))
    return along, upper, lower


def shut(share: np.ndarray) -> np.ndarray:
    """The angle where the lids meet."""
    _, upper, lower = opening(share)
    corner = 1 - 4 * share * (1 - share)
    return lower + (upper - lower) * (0.16 + (0.24 + 0.19 * share) * corner)


def edge(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Shares and sides of a ring of 2 `count` vertices, from the inner canthus under the eye to the outer one and back.

    Returns:
        share (2 count), and below: +1 on the upper lid, -1 on the lower, 0 at the canthi.
    """
    even = np.linspace(0, 1, count + 1)
    share = 0.75 * even + 0.25 * (1 - np.cos(np.pi * even)) / 2
    side = np.r_[0, -np.ones(count - 1), 0, np.ones(count - 1)]
    return np.r_[share[:-1], share[:0:-1]], side


def height(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """z of the lids' outside in front of (x, y); beyond its outline it falls steeply."""
    reach = np.array([LID_LONG, LID_RADIUS, LID_RADIUS])
    scale = FRAME / reach[:, None]  # local / reach = scale @ (p - CENTRE)
    ray = scale[:, 2]
    start = np.stack([x - CENTRE[0], y - CENTRE[1], np.zeros_like(x)], -1) @ scale.T
    a, b, c = ray @ ray, start @ ray, (start ** 2).sum(-1) - 1
    root = b * b - a * c
    lifted = np.where(root > 0.02 * a, np.sqrt(np.maximum(root, 1e-9)),
                      np.sqrt(0.02 * a) + (root - 0.02 * a) / (2 * np.sqrt(0.02 * a)))
    return CENTRE[2] + (-b + lifted) / a
