"""The left half of the skin: a grid around the head, with rings for the eye, the mouth and the ear."""

from dataclasses import dataclass

import numpy as np
from scipy.interpolate import CloughTocher2DInterpolator, RBFInterpolator

from assets.make_head import ear, lids, lips, nostril
from assets.make_head.even_out import crease, even_out
from assets.make_head.layout import COLUMNS, EAR, EYE, MOUTH, NOSTRIL, ROWS, rim
from assets.make_head.mesh import Half, fill, mirrored
from assets.make_head.sculpt import Front, sculpt
from assets.make_head.skull import SECTIONS, surface

EYE_RINGS = 9     # between the block's border and the edge of the lids
MOUTH_RINGS = 7   # between the block's border and the red of the lips


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
    nose = nostril.build(half, grid)
    even_out(half, front, grid, eye[:EYE_RINGS + 1], mouth[:MOUTH_RINGS + 1], nose[:nostril.RIM + 1])
    nostril.deepen(half, front, nose)
    crease(half, eye[:EYE_RINGS + 1], share, lid)
    ears = _ear(half, grid)
    crown = _crown(half, grid)
    return Skin(grid, eye, EYE_RINGS, share, lid, mouth, MOUTH_RINGS, lip, ears, nose, crown)


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
