"""Teeth, gums and tongue of the left half. Millimetres."""

from itertools import pairwise

import numpy as np
from scipy.interpolate import PchipInterpolator

from assets.make_head.mesh import Half

# Widths of the crowns from the middle, and their heights, thick the deepest.
UPPER_TEETH = np.array([[8.5, 10.2, 6.5], [6.6, 9.0, 5.8], [7.6, 9.8, 7.0], [7.0, 8.2, 8.0], [6.8, 7.6, 8.4],
                        [10.2, 7.2, 9.5], [9.6, 6.8, 9.5]])
LOWER_TEETH = np.array([[5.3, 8.8, 5.6], [5.9, 8.9, 5.8], [6.8, 9.8, 6.8], [7.0, 8.4, 7.2], [7.0, 8.0, 7.6],
                        [10.8, 7.4, 9.0], [10.2, 7.0, 9.0]])
BITE = -70.0           # y where the teeth meet
ARCH_DEPTH, ARCH_WIDTH = 46.0, 30.5


def arch(along: np.ndarray, front: float, width: float = ARCH_WIDTH) -> tuple[np.ndarray, np.ndarray]:
    """Points (..., 3 at y = 0) `along` mm of the dental arch from its middle, and the angle to which it has turned."""
    t = np.linspace(0, 1, 400)
    x = width * np.sin(t * np.pi / 2) ** 0.95
    z = front - ARCH_DEPTH * (1 - np.cos(t * np.pi / 2)) ** 0.95
    length = np.r_[0, np.cumsum(np.hypot(np.diff(x), np.diff(z)))]
    spot = np.stack([np.interp(along, length, x), np.zeros_like(along), np.interp(along, length, z)], -1)
    ahead = np.stack([np.interp(along + 0.5, length, x), np.interp(along + 0.5, length, z)], -1) - spot[..., [0, 2]]
    return spot, np.arctan2(-ahead[..., 1], ahead[..., 0])


# A crown in its own space: height share (0 the gum, 1 the edge) with the width and the depth there.
CROWN = ((-0.25, 0.72, 0.85), (0.12, 0.86, 1.0), (0.65, 0.97, 0.72), (0.96, 0.90, 0.38))
_OCTAGON = np.array([[-1, .55], [-.62, .9], [0, 1], [.62, .9], [1, .55], [.85, -.75], [0, -1], [-.85, -.75]]) / 2


def teeth(half: Half) -> dict[str, np.ndarray]:
    """Put the left teeth into `half`; indices of the upper and lower ones."""
    result = {}
    for name, sizes, front, down in (("upper", UPPER_TEETH, 95.0, 1), ("lower", LOWER_TEETH, 92.6, -1)):
        sizes = sizes * [0.93, 1, 0.9]
        middles = np.cumsum(sizes[:, 0]) - sizes[:, 0] / 2
        spots, turns = arch(middles, front, ARCH_WIDTH if down > 0 else ARCH_WIDTH - 1.8)
        indices = []
        for k, ((wide, tall, deep), spot, turn) in enumerate(zip(sizes, spots, turns, strict=True)):
            across, inwards = np.array([np.cos(turn), 0, -np.sin(turn)]), np.array([-np.sin(turn), 0, -np.cos(turn)])
            molar = 1.9 if k >= 3 else 1.0
            edge = BITE + (-1.2 if down > 0 else -0.6)  # the upper front teeth bite over the lower ones
            edge += 1.6 * (1 - np.exp(-(k / 2.5) ** 2)) if down > 0 else 0.0
            rings = []
            for share, width, depth in CROWN:
                thick = deep * min(depth * (molar if share > .6 else 1), 1.0)
                base = spot + inwards * deep * 0.5 + [0, edge + down * tall * (1 - share), 0]
                rings.append(base + _OCTAGON[:, :1] * (wide * width) * across
                             - _OCTAGON[:, 1:] * thick * inwards)
            rings = half.add(np.array(rings))
            if down > 0:
                rings = rings[:, ::-1]
            for low, high in pairwise(rings):
                half.strip("teeth", low, high, closed=True)
            cap = rings[-1]
            for a, b, c, d in ((0, 1, 2, 7), (7, 2, 3, 6), (6, 3, 4, 5)):
                half.face("teeth", cap[a], cap[b], cap[c], cap[d])
            indices.append(rings.ravel())
        result[name] = np.concatenate(indices)
    return result


def gums(half: Half) -> dict[str, np.ndarray]:
    """Put the left gums into `half`: a rounded band along each arch over the teeth's necks."""
    result = {}
    for name, front, down in (("upper", 95.6, 1), ("lower", 93.2, -1)):
        along = np.r_[0.0, np.linspace(3, 56, 14)]
        spots, turns = arch(along, front, ARCH_WIDTH + (0.6 if down > 0 else -1.2))
        spots[0, 0] = 0.0
        inwards = np.stack([-np.sin(turns), 0 * turns, -np.cos(turns)], -1)
        inwards[0] = [0, 0, -1]
        profile = np.array([[1.0, -1.2], [-0.3, 0.6], [-0.6, 4.0], [1.5, 7.5], [7.0, 7.5], [9.2, 4.0], [8.6, 0.6],
                            [7.0, -1.2]])  # mm inwards, mm towards the root
        neck = BITE + down * 8.4
        bands = np.stack([spots + inwards * deep + [0, neck + down * root, 0] for deep, root in profile])
        index = half.add(bands)
        half.grid("gums", index, flip=down < 0)
        result[name] = index
    return result


# The tongue's sections from root to tip: z, y of its middle, half width, half thickness.
TONGUE = np.array([[40, -84, 15, 11], [50, -80, 18, 10], [60, -77.5, 19.5, 8.5], [70, -77, 19, 7], [78, -77.2, 17, 5.6],
                   [84, -77.8, 13.5, 4.4], [88, -78.3, 9.0, 3.2], [89.6, -78.5, 6.0, 2.2]])
TONGUE_SIDES = 12  # quads around half of it


def tongue(half: Half) -> np.ndarray:
    """Put the left half of the tongue into `half`; (section, around) indices, from below to above."""
    angle = np.linspace(-np.pi / 2, np.pi / 2, TONGUE_SIDES + 1)
    sections = PchipInterpolator(np.linspace(0, 1, len(TONGUE)), TONGUE)(np.linspace(0, 1, 14))
    rings = []
    for z, y, wide, thick in sections:
        groove = -1.2 * np.exp(-(np.cos(angle) * wide / 3.0) ** 2) * (angle > 0) * min(1, (90 - z) / 20)
        x = wide * np.cos(angle)
        x[[0, -1]] = 0.0
        rings.append(np.stack([x, y + thick * np.sin(angle) + groove, np.full_like(x, z)], -1))
    index = half.add(np.array(rings))
    half.grid("tongue", index)
    tip = index[-1]
    z, y, wide, thick = sections[-1]
    size = TONGUE_SIDES // 3
    cap = np.full((size + 1, size + 1), -1)  # rows from below to above, columns from the middle outwards
    cap[0], cap[:, -1], cap[-1] = tip[:size + 1], tip[size:2 * size + 1], tip[:2 * size - 1:-1]
    for r in range(1, size):
        for c in range(size):
            u, v = c / size, 2 * r / size - 1
            bulge = 0.9 * (1 - 0.6 * u ** 2) * (1 - 0.6 * v ** 2)
            cap[r, c] = half.add(np.array([[u * wide * 0.8, y + v * thick * 0.7, z + bulge]]))[0]
    half.grid("tongue", cap)
    return np.concatenate([index.ravel(), cap[1:-1, :-1].ravel()])
