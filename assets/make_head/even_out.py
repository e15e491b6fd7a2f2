"""Evening out the front of the face: its vertices spread over its surface, the rings span from block to contour."""

import numpy as np

from assets.make_head import layout, lids
from assets.make_head.layout import EYE
from assets.make_head.mesh import Half, laplacian
from assets.make_head.sculpt import Front, soft_max

ROUNDS = 60   # of evening out the grid
SQUARE = 0.9  # how squarely the rings leave the contour
SOFTEN = 1    # rounds of softening the rings afterwards
# The fold above the upper lid: mm above its edge, how wide, mm forwards.
CREASE = ((4.3, 1.0, -0.9), (7.0, 1.7, 0.8))


def even_out(half: Half, front: Front, grid: np.ndarray, eye: np.ndarray, mouth: np.ndarray,
             nostril: np.ndarray) -> None:
    """Spread the front's vertices evenly, keeping them on the surface, the middle in the middle and contours fixed.

    `eye`, `mouth` and `nostril` are rings of indices, the first on the block's border, the last on the contour; the
    mouth's are halves.
    """
    points = half.points
    area = grid[layout.row(-113):layout.row(44), :EYE[1] + 3]
    free = np.zeros(len(points), bool)
    free[area[area >= 0]] = True
    middle = free & (np.abs(points[:, 0]) < 1e-6)
    mean = laplacian(np.array(half.quads), len(points))
    spread = mean[free]
    loops = ((eye, False), (nostril, False), (mouth, True))
    between = np.concatenate([rings[1:-1].ravel() for rings, _ in loops])
    points[nostril[-1], 2] = front(*points[nostril[-1], :2].T)
    for _ in range(ROUNDS):
        points[free] += 0.5 * (spread @ points)
        points[middle, 0] = 0.0
        points[free, 2] = height(front, *points[free, :2].T)
        for rings, halved in loops:
            _span(points, rings, halved)
        points[between, 2] = height(front, *points[between, :2].T)
    _blend_to_lips(points, front, mouth)
    soft = between[np.abs(points[between, 0]) > 1e-6]
    for _ in range(SOFTEN):
        points[soft] += 0.3 * (mean[soft] @ points)


def height(front: Front, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """z of the face with its lids closed over the ellipsoid on which they slide."""
    return soft_max(front(x, y), lids.height(x, y), soft=0.9)


def _span(points: np.ndarray, rings: np.ndarray, halved: bool) -> None:
    """Place the rings between the outermost and the innermost in x and y: they leave the inner one squarely."""
    outer, inner = points[rings[0], :2], points[rings[-1], :2]
    loop = np.concatenate([inner, inner[-2:0:-1] * [-1, 1]]) if halved else inner
    along = np.roll(loop, -1, axis=0) - np.roll(loop, 1, axis=0)
    along /= np.linalg.norm(along, axis=1, keepdims=True)
    square = np.stack([along[:, 1], -along[:, 0]], 1)[:len(inner)] * np.linalg.norm(outer - inner, axis=1)[:, None]
    share = (np.arange(1, len(rings) - 1) / (len(rings) - 1))[:, None, None]  # 0 outside, 1 at the inner ring
    t = 1 - share
    straight = outer - inner
    points[rings[1:-1], :2] = (inner + square * SQUARE * t * (1 - t) ** 2 + straight * (
        t - SQUARE * t * (1 - t) ** 2))


def _blend_to_lips(points: np.ndarray, front: Front, mouth: np.ndarray) -> None:
    """Carry the step between the face's height and the lips' border outwards, fading."""
    border = points[mouth[-1]]
    step = border[:, 2] - front(border[:, 0], border[:, 1])
    for k in range(1, len(mouth) - 1):
        share = k / (len(mouth) - 1)
        points[mouth[k], 2] += step * share ** 2 * (3 - 2 * share)


def crease(half: Half, eye: np.ndarray, share: np.ndarray, lid: np.ndarray) -> None:
    """Press in the fold above the upper lid; `eye` as in `even_out`, `share` and `lid` as in `Skin`."""
    points = half.points
    edge = points[eye[-1]]
    middle = np.clip(6 * share * (1 - share), 0, 1)
    for ring in eye[1:-1]:
        apart = np.linalg.norm(points[ring] - edge, axis=1)
        rise = sum(deep * np.exp(-((apart - away) / wide) ** 2) for away, wide, deep in CREASE)
        points[ring, 2] += np.where(lid > 0, rise, 0.0) * middle
