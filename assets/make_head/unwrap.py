"""Texture coordinates: the skin unrolled around the head, the rest in cells below it. The right half mirrors the left.

Origin at the bottom left. The skin takes the upper part of the square and its seam runs down the back of the head.
"""

import numpy as np

from assets.make_head.eyeball import POLAR, SEGMENTS
from assets.make_head.head import Head

FRONT_SHARE = 0.75  # below 1 the front of the face gets more of the width than its length
FLOOR = 0.2  # the skin lies above, everything else below
CELLS = ("crown", "eye", "upper teeth", "lower teeth", "upper gums", "lower gums", "tongue", "hair")


def unwrap(head: Head) -> tuple[np.ndarray, np.ndarray]:
    """(U, 2) coordinates and (F, 4) indices into them."""
    half_faces = head.faces[:len(head.faces) // 2]
    cells = _cells(head)
    place, corners, known = [], np.full(half_faces.shape, -1), {}
    for number, face in enumerate(half_faces):
        members = face[face >= 0].tolist()
        cell = next(name for name, uv in cells.items() if all(vertex in uv for vertex in members))
        for k, vertex in enumerate(members):
            if (cell, vertex) not in known:
                known[cell, vertex] = len(place)
                place.append(cells[cell][vertex])
            corners[number, k] = known[cell, vertex]
    left = np.array(place)                       # in the half square: u from the front's middle to the back
    uv = np.concatenate([left * [0.5, 1] + [0.5, 0], left * [-0.5, 1] + [0.5, 0]])
    reverse = np.where(corners[:, 3:] >= 0, corners[:, ::-1], np.roll(corners[:, ::-1], -1, axis=1))
    other = np.where(reverse >= 0, reverse + len(left), -1)
    return uv.astype(np.float32), np.concatenate([corners, other])


def _cells(head: Head) -> dict[str, dict[int, np.ndarray]]:
    """For each piece: vertex -> its place in the left half's square, 0..1 both ways."""
    crown = head.skin.crown
    flat: dict[str, tuple[np.ndarray, np.ndarray]] = {
        "crown": (crown.ravel(), _even(crown.shape)),
        "eye": (head.eye, _ball()),
        "tongue": (head.tongue, _tongue(head)),
    }
    for side in ("upper", "lower"):
        flat[f"{side} teeth"] = (head.teeth[side], _teeth(len(head.teeth[side]) // 32))
        flat[f"{side} gums"] = (head.gums[side].ravel(), _even(head.gums[side].shape))
    strips = [head.brow, *head.lashes]
    flat["hair"] = (np.concatenate([strip.ravel() for strip in strips]),
                    np.concatenate([_even(strip.shape) * [1, 0.28] + [0, k / 3] for k, strip in enumerate(strips)]))
    result = {"skin": _skin(head)}
    for number, name in enumerate(CELLS):
        vertices, spot = flat[name]
        spot = (spot * 0.9 + 0.05 + [number, 0]) / [len(CELLS), 1] * [1, FLOOR]
        result[name] = dict(zip(vertices.tolist(), spot, strict=True))
    return result


def _even(shape: tuple[int, ...]) -> np.ndarray:
    row, column = np.meshgrid(np.linspace(0, 1, shape[0]), np.linspace(0, 1, shape[1]), indexing="ij")
    return np.stack([column.ravel(), row.ravel()], 1)


def _skin(head: Head) -> dict[int, np.ndarray]:
    """The grid by the length along its rows and columns, each block's rings shrinking into the block's middle."""
    skin, points = head.skin, head.points
    columns = _lengths(np.where((skin.grid >= 0)[:, :, None], points[skin.grid], np.nan), 1) ** FRONT_SHARE
    rows = _lengths(np.where((skin.grid >= 0)[:, :, None], points[skin.grid], np.nan), 0)
    v, u = np.meshgrid(rows, columns, indexing="ij")
    spot = {int(vertex): np.array([a, FLOOR + (1 - FLOOR) * b])
            for vertex, a, b in zip(skin.grid.ravel(), u.ravel(), v.ravel(), strict=True) if vertex >= 0}
    for rings, centred in ((skin.eye, False), (skin.mouth, True), (skin.ear, False), (skin.nostril, False)):
        border = np.array([spot[int(vertex)] for vertex in rings[0]])
        middle = (border.min(0) + border.max(0)) / 2
        if centred:
            middle[0] = 0.0
        for k, ring in enumerate(rings[1:], start=1):
            share = 1 - k / (len(rings) + 1)
            spot.update(zip(ring.tolist(), middle + (border - middle) * share, strict=True))
    return spot


def _lengths(points: np.ndarray, axis: int) -> np.ndarray:
    """Shares 0..1 of the mean length along one axis of the grid, holes left out."""
    stretch = np.nanmean(np.linalg.norm(np.diff(points, axis=axis), axis=-1), axis=1 - axis)
    total = np.r_[0, np.cumsum(stretch)]
    return total / total[-1]


def _ball() -> np.ndarray:
    polar, turn = np.meshgrid(POLAR, np.arange(SEGMENTS) * 2 * np.pi / SEGMENTS, indexing="ij")
    disc = np.stack([np.cos(turn), np.sin(turn)], -1) * polar[..., None] / np.pi
    return np.concatenate([disc.reshape(-1, 2), [[0, 0], [1, 0]]]) * 0.5 + 0.5


def _teeth(count: int) -> np.ndarray:
    angle = np.arange(8) * np.pi / 4
    disc = np.stack([np.cos(angle), np.sin(angle)], -1)
    one = np.concatenate([disc * size for size in (1.0, 0.8, 0.6, 0.4)]) * 0.45 + 0.5
    return np.concatenate([(one + np.array([k, 0])) / [count, 1] for k in range(count)])


def _tongue(head: Head) -> np.ndarray:
    """Looked at along its length: the root outside, the tip in the middle."""
    points = head.points[head.tongue]
    back = (points[:, 2].max() - points[:, 2] + 1.0) / np.ptp(points[:, 2])
    middle = np.interp(points[:, 2], *_middle_line(points))
    angle = np.arctan2(points[:, 1] - middle, points[:, 0])
    return np.stack([np.cos(angle) * back / 1.1, 0.5 + 0.5 * np.sin(angle) * back / 1.1], 1)


def _middle_line(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    depth = np.unique(points[:, 2].round(6))
    return depth, np.array([np.mean([points[np.isclose(points[:, 2], z), 1].min(),
                                     points[np.isclose(points[:, 2], z), 1].max()]) for z in depth])
