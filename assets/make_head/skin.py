"""The left half of the skin: a grid around the head, with rings for the eye, the mouth and the ear."""

from dataclasses import dataclass

import numpy as np
from scipy.interpolate import RBFInterpolator

from assets.make_head import ear, layout, lids, lips
from assets.make_head.layout import COLUMNS, EAR, EYE, MOUTH, ROWS, rim
from assets.make_head.mesh import Half, fill, laplacian, mirrored
from assets.make_head.sculpt import Front, sculpt, soft_max
from assets.make_head.skull import SECTIONS, surface

EYE_RINGS = 9     # between the block's border and the edge of the lids
MOUTH_RINGS = 7   # between the block's border and the red of the lips
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


def build(half: Half) -> Skin:
    """Put the skin, the mouth's bag and the ear into `half`."""
    front = Front()
    grid = _grid(half)
    half.grid("skin", grid)
    eye, share, lid = _eye(half, grid)
    mouth, lip = _mouth(half, grid)
    _relax(half, front, grid, eye, mouth)
    ears = _ear(half, grid)
    _crown(half, grid)
    return Skin(grid, eye, EYE_RINGS, share, lid, mouth, MOUTH_RINGS, lip, ears)


def _grid(half: Half) -> np.ndarray:
    keep = np.ones((len(ROWS), len(COLUMNS)), bool)
    for left, right, low, high in (EYE, MOUTH, EAR):
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
    tuck = [lids.Lid(along * slim, angle + np.radians(turn) * np.where(lid == 0, 0, lid) * np.sqrt(
        4 * share * (1 - share)), lids.inside(along * slim) * deep).points()
        for turn, slim, deep in ((14, 0.95, 1.0), (34, 0.90, 0.99), (58, 0.86, 0.985))]
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


def _relax(half: Half, front: Front, grid: np.ndarray, eye: np.ndarray, mouth: np.ndarray) -> None:
    """Even out the front of the face, keeping it on its surface, the middle in the middle and the contours fixed."""
    columns = EYE[1] + 3
    free = np.zeros(len(half.points), bool)
    area = grid[layout.row(-113):layout.row(44), :columns]
    free[area[area >= 0]] = True
    free[eye[1:EYE_RINGS]] = True
    free[mouth[1:MOUTH_RINGS]] = True
    settled = free.copy()
    settled[mouth[:MOUTH_RINGS]] = True
    smooth = laplacian(np.array(half.quads), len(half.points))[free]
    middle = np.abs(half.points[free, 0]) < 1e-6
    points = half.points
    weight = 0.5
    for _ in range(RELAX):
        points[free] += weight * (smooth @ points)
        points[np.flatnonzero(free)[middle], 0] = 0.0
        points[free, 2] = _height(front, points[free, 0], points[free, 1])
    _blend_to_lips(points, front, mouth)


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
    flat = half.points[border] - half.points[border].mean(0)
    angle = np.arctan2(-flat[:, 1] / 32, flat[:, 2] / 18)
    angle = np.unwrap(angle)
    inner = half.add(ear.rings(angle))
    rings = np.concatenate([border[None], inner])
    for k in range(len(rings) - 1):
        half.strip("skin", rings[k], rings[k + 1], closed=True)
    last, count = rings[-1], len(border)
    for m in range(count // 2 - 1):
        half.face("skin", last[m], last[m + 1], last[count - 2 - m], last[count - 1 - m])
    return rings


def _crown(half: Half, grid: np.ndarray) -> None:
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


def _dome(half: Half, index: np.ndarray) -> None:
    """Spread the cap evenly in x and z, and put it on the large form."""
    points, faces, _, twin = mirrored(half)
    free = np.zeros(len(points), bool)
    free[index[1:-1, :-1]] = True
    plan = fill(points, faces, free | free[twin], order=1)[index[1:-1, :-1].ravel()]
    theta, v = np.meshgrid(np.linspace(0, 2 * np.pi, 60, endpoint=False), np.linspace(84, SECTIONS[-1, 0], 20))
    dense = sculpt(surface(theta, v)).reshape(-1, 3)
    plan[:, 1] = RBFInterpolator(dense[:, [0, 2]], dense[:, 1], neighbors=80)(plan[:, [0, 2]])
    half.points[index[1:-1, :-1].ravel()] = plan
    half.points[index[1:-1, 0], 0] = 0.0
