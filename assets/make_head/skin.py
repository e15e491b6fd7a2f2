"""The left half of the skin: a grid around the head, with rings for the eye, the mouth and the ear."""

from dataclasses import dataclass

import numpy as np
from scipy.interpolate import CloughTocher2DInterpolator, RBFInterpolator

from assets.make_head import ear, layout, lids, lips
from assets.make_head.layout import COLUMNS, EAR, EYE, MOUTH, NOSTRIL, ROWS, rim
from assets.make_head.mesh import Half, fill, laplacian, mirrored
from assets.make_head.sculpt import Front, sculpt, soft_max
from assets.make_head.skull import SECTIONS, surface

EYE_RINGS = 9     # between the block's border and the edge of the lids
MOUTH_RINGS = 7   # between the block's border and the red of the lips
SQUARE = 0.9      # how squarely the rings leave the contour
SOFTEN = 1        # rounds of softening the rings afterwards
RELAX = 60        # rounds of evening out the front of the face


@dataclass(frozen=True)
class Skin:
    """Indices into the half mesh: where the loops lie.

    Attributes:
        grid: (R, C), -1 inside the blocks.
        eye: (K, N) rings from the block's border to the inside of the lids.
        lid_edge: row of `eye` with the outer edge of the lids.
        share, lid: (N) where along the lids, and +1 above, -1 below.
        mouth: (K, M) rings from the block's border to the end of the bag, from below over the corner to above.
        red: row of `mouth` with the border of the red of the lips.
        lip: (M) how far along the lip, 0 in the middle, 1 in the corner.
        ear: (K, E).
        crown: (R, C) the grid over the top, its border the top row of `grid`.
        nostril: (K, N) from the block's border over the rim (row 2) inwards.
    """

    grid: np.ndarray
    eye: np.ndarray
    lid_edge: int
    share: np.ndarray
    lid: np.ndarray
    mouth: np.ndarray
    red: int
    lip: np.ndarray
    ear: np.ndarray
    nostril: np.ndarray
    crown: np.ndarray


def build(half: Half) -> Skin:
    """Put the skin, the mouth's bag and the ear into `half`."""
    front = Front()
    grid = _grid(half)
    half.grid("skin", grid)
    eye, share, lid = _eye(half, grid)
    mouth, lip = _mouth(half, grid)
    nostril = _nostril(half, grid)
    _relax(half, front, grid, eye, mouth, nostril)
    _deepen(half, front, nostril)
    _crease(half, eye, share, lid)
    ears = _ear(half, grid)
    crown = _crown(half, grid)
    return Skin(grid, eye, EYE_RINGS, share, lid, mouth, MOUTH_RINGS, lip, ears, nostril, crown)


def _grid(half: Half) -> np.ndarray:
    keep = np.ones((len(ROWS), len(COLUMNS)), bool)
    for left, right, low, high in (EYE, MOUTH, EAR, NOSTRIL):
        keep[low + 1:high, left + 1 if left else 0:right] = False
    theta, v = np.meshgrid(COLUMNS, ROWS)
    points = sculpt(surface(theta, v))
    points[:, [0, -1], 0] = 0.0
    index = np.full(keep.shape, -1)
    index[keep] = half.add(points[keep])
    return index


def _between(outer: np.ndarray, inner: np.ndarray, count: int) -> np.ndarray:
    """(count - 1, N, 3): rings between two rings, closer together towards the inner one."""
    share = np.linspace(0, 1, count + 1)[1:-1, None, None]
    return outer + (inner - outer) * share ** 0.9


def _eye(half: Half, grid: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    columns, rows = EYE[1] - EYE[0], EYE[3] - EYE[2]
    border = np.roll(rim(grid, EYE), rows // 2)  # starts beside the inner canthus and runs under the eye
    share, lid = lids.edge(columns + rows)
    along, upper, lower = lids.opening(share)
    angle = np.where(lid >= 0, upper, lower)
    edge = lids.Lid(along, angle, lids.outside(along)).points()
    shrink = along * 0.985
    lip = lids.Lid(shrink, angle * 0.99, lids.inside(shrink)).points()
    tuck = [lids.Lid(along * slim, angle + np.radians(turn) * lid * 4 * share * (1 - share),
                     np.maximum(lids.inside(shrink) * deep, lids.clear_of_eye(along * slim))).points()
            for turn, slim, deep in ((14, 0.965, 0.95), (34, 0.93, 0.86), (58, 0.90, 0.76))]
    between = half.add(_between(half.points[border], edge, EYE_RINGS))
    inner = half.add(np.array([edge, lip, *tuck]))
    eye = np.concatenate([border[None], between, inner])
    for k in range(len(eye) - 1):
        half.strip("skin" if k < EYE_RINGS else "eye rim", eye[k], eye[k + 1], closed=True)
    return eye, share, lid


def _mouth(half: Half, grid: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    left, right, low, high = MOUTH
    border = np.concatenate([grid[low, left:right], grid[low:high, right], grid[high, right:left:-1],
                             grid[high, left:left + 1]])
    shapes, s = lips.rings(len(border) // 2)
    between = half.add(_between(half.points[border], shapes[0], MOUTH_RINGS))
    inner = half.add(np.concatenate([shapes, lips.bag(len(border))]))
    mouth = np.concatenate([border[None], between, inner])
    red = MOUTH_RINGS
    for k in range(len(mouth) - 1):
        part = "skin" if k < red else "lips" if k < red + len(lips.UPPER) + 1 else "mouth"
        half.strip(part, mouth[k], mouth[k + 1])
    last, corner = mouth[-1], len(border) // 2
    for m in range(corner):
        upper = len(border) - 1 - m
        half.face("mouth", *dict.fromkeys((last[m], last[m + 1], last[upper - 1], last[upper])))
    return mouth, s


CREASE = ((4.3, 1.0, -0.9), (7.0, 1.7, 0.8))  # mm above the upper lid's edge, how wide, mm forwards


def _crease(half: Half, eye: np.ndarray, share: np.ndarray, lid: np.ndarray) -> None:
    """The fold above the upper lid."""
    points = half.points
    edge = points[eye[EYE_RINGS]]
    middle = np.clip(6 * share * (1 - share), 0, 1)
    for ring in eye[1:EYE_RINGS]:
        apart = np.linalg.norm(points[ring] - edge, axis=1)
        rise = sum(deep * np.exp(-((apart - away) / wide) ** 2) for away, wide, deep in CREASE)
        points[ring, 2] += np.where(lid > 0, rise, 0.0) * middle


NOSTRIL_AT, NOSTRIL_SIZE, NOSTRIL_TURN = np.array([6.5, -45.3]), np.array([3.4, 1.8]), np.radians(-14)
NOSTRIL_DEPTH = ((0.97, 0.8), (0.9, 3.0), (0.7, 7.0))  # size of each ring inside, and how deep it lies in mm


def _nostril(half: Half, grid: np.ndarray) -> np.ndarray:
    """(6, N): rings from the block's border over the nostril's rim into it."""
    border = rim(grid, NOSTRIL)
    left, right, low, high = NOSTRIL
    flat = np.concatenate([  # the border's place around the block's middle
        np.stack([np.arange(left, right), np.full(right - left, low)], 1),
        np.stack([np.full(high - low, right), np.arange(low, high)], 1),
        np.stack([np.arange(right, left, -1), np.full(right - left, high)], 1),
        np.stack([np.full(high - low, left), np.arange(high, low, -1)], 1)]) - [(left + right) / 2, (low + high) / 2]
    angle = np.arctan2(flat[:, 1] / (high - low), flat[:, 0] / (right - left))
    oval = np.stack([np.cos(angle), np.sin(angle)], 1) * NOSTRIL_SIZE
    turn = np.array([[np.cos(NOSTRIL_TURN), -np.sin(NOSTRIL_TURN)], [np.sin(NOSTRIL_TURN), np.cos(NOSTRIL_TURN)]])
    edge = np.concatenate([NOSTRIL_AT + oval @ turn.T, np.zeros((len(border), 1))], 1)
    between = (half.points[border] + edge) / 2
    inner = half.add(np.stack([between, edge, *[edge] * len(NOSTRIL_DEPTH)]))
    rings = np.concatenate([border[None], inner])
    for k in range(len(rings) - 1):
        half.strip("skin" if k < 3 else "nostrils", rings[k], rings[k + 1], closed=True)
    last, count = rings[-1], len(border)
    for m in range(count // 2 - 1):
        half.face("nostrils", last[m], last[m + 1], last[count - 2 - m], last[count - 1 - m])
    return rings


def _deepen(half: Half, front: Front, rings: np.ndarray) -> None:
    """Put the nostril's rim on the nose and its inside into it, upwards and back."""
    points = half.points
    edge = points[rings[2]]
    edge[:, 2] = front(edge[:, 0], edge[:, 1])
    points[rings[2]] = edge
    middle = edge.mean(0)
    inwards = np.array([-0.05, 0.80, -0.60])
    for ring, (size, deep) in zip(rings[3:], NOSTRIL_DEPTH, strict=True):
        points[ring] = middle + (edge - middle) * size + inwards * deep


def _relax(half: Half, front: Front, grid: np.ndarray, eye: np.ndarray, mouth: np.ndarray,
           nostril: np.ndarray) -> None:
    """Even out the front of the face, keeping it on its surface, the middle in the middle and the contours fixed."""
    points = half.points
    area = grid[layout.row(-113):layout.row(44), :EYE[1] + 3]
    free = np.zeros(len(points), bool)
    free[area[area >= 0]] = True
    middle = free & (np.abs(points[:, 0]) < 1e-6)
    mean = laplacian(np.array(half.quads), len(points))[free]
    loops = ((eye[:EYE_RINGS + 1], False), (nostril[:3], False), (mouth[:MOUTH_RINGS + 1], True))
    between = np.concatenate([rings[1:-1].ravel() for rings, _ in loops])
    points[nostril[2], 2] = front(*points[nostril[2], :2].T)
    for _ in range(RELAX):
        points[free] += 0.5 * (mean @ points)
        points[middle, 0] = 0.0
        points[free, 2] = _height(front, *points[free, :2].T)
        for rings, halved in loops:
            _span(points, rings, halved)
        points[between, 2] = _height(front, *points[between, :2].T)
    _blend_to_lips(points, front, mouth)
    whole = laplacian(np.array(half.quads), len(points))
    soft = between[np.abs(points[between, 0]) > 1e-6]
    for _ in range(SOFTEN):
        points[soft] += 0.3 * (whole[soft] @ points)


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


def _height(front: Front, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return soft_max(front(x, y), lids.height(x, y), soft=0.9)


def _blend_to_lips(points: np.ndarray, front: Front, mouth: np.ndarray) -> None:
    """Carry the step between the face's height and the lips' border outwards, fading."""
    border = points[mouth[MOUTH_RINGS]]
    step = border[:, 2] - front(border[:, 0], border[:, 1])
    for k in range(1, MOUTH_RINGS):
        share = k / MOUTH_RINGS
        points[mouth[k], 2] += step * share ** 2 * (3 - 2 * share)


def _ear(half: Half, grid: np.ndarray) -> np.ndarray:
    border = rim(grid, EAR)
    theta, v = np.meshgrid(np.radians(np.linspace(55, 140, 60)), np.linspace(-100, 40, 60))
    dense = sculpt(surface(theta, v)).reshape(-1, 3)
    side = CloughTocher2DInterpolator(dense[:, 1:], dense[:, 0])
    inner = half.add(ear.rings(len(border), side))
    rings = np.concatenate([border[None], inner])
    for k in range(len(rings) - 1):
        half.strip("skin", rings[k], rings[k + 1], closed=True)
    last, count = rings[-1], len(border)
    for m in range(count // 2 - 1):
        half.face("skin", last[m], last[m + 1], last[count - 2 - m], last[count - 1 - m])
    return rings


def _crown(half: Half, grid: np.ndarray) -> np.ndarray:
    """A grid over the top: its sides are the top row's front, side and back stretches."""
    top = grid[-1]
    across = 10
    deep = len(top) - 1 - 2 * across
    index = np.full((deep + 1, across + 1), -1)
    index[0, :] = top[:across + 1]
    index[:, -1] = top[across:across + deep + 1]
    index[-1, :] = top[:across + deep - 1:-1]
    start = half.points[top]
    for j in range(1, deep):
        side = start[across + j]
        for i in range(across):
            spot = side * [i / across, 1, 1]
            spot[0] = 0.0 if i == 0 else spot[0]
            index[j, i] = half.add(spot[None])[0]
    half.grid("skin", index)
    _dome(half, index)
    return index


def _dome(half: Half, index: np.ndarray) -> None:
    """Spread the cap evenly in x and z, and put it on the large form."""
    points, faces, _, twin = mirrored(half)
    free = np.zeros(len(points), bool)
    free[index[1:-1, :-1]] = True
    plan = fill(points, faces, free | free[twin], order=1)[index[1:-1, :-1].ravel()]
    theta, v = np.meshgrid(np.linspace(-np.pi, np.pi, 60, endpoint=False), np.linspace(50, SECTIONS[-2, 0], 16))
    dense = sculpt(surface(theta, v)).reshape(-1, 3)
    plan[:, 1] = RBFInterpolator(dense[:, [0, 2]], dense[:, 1])(plan[:, [0, 2]])
    half.points[index[1:-1, :-1].ravel()] = plan
    half.points[index[1:-1, 0], 0] = 0.0
