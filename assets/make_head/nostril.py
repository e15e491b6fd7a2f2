"""The nostril: rings from its block's border over its rim into the nose. Millimetres."""

import numpy as np

from assets.make_head.layout import NOSTRIL, rim
from assets.make_head.mesh import Half
from assets.make_head.sculpt import Front

RIM = 2  # the ring on the nostril's rim
AT, SIZE, TURN = np.array([6.5, -45.3]), np.array([3.4, 1.8]), np.radians(-14)
DEPTH = ((0.97, 0.8), (0.9, 3.0), (0.7, 7.0))  # size of each ring inside, and how deep it lies in mm


def build(half: Half, grid: np.ndarray) -> np.ndarray:
    """(6, N): rings from the block's border over the nostril's rim into it."""
    border = rim(grid, NOSTRIL)
    left, right, low, high = NOSTRIL
    flat = np.concatenate([  # the border's place around the block's middle
        np.stack([np.arange(left, right), np.full(right - left, low)], 1),
        np.stack([np.full(high - low, right), np.arange(low, high)], 1),
        np.stack([np.arange(right, left, -1), np.full(right - left, high)], 1),
        np.stack([np.full(high - low, left), np.arange(high, low, -1)], 1)]) - [(left + right) / 2, (low + high) / 2]
    angle = np.arctan2(flat[:, 1] / (high - low), flat[:, 0] / (right - left))
    oval = np.stack([np.cos(angle), np.sin(angle)], 1) * SIZE
    turn = np.array([[np.cos(TURN), -np.sin(TURN)], [np.sin(TURN), np.cos(TURN)]])
    edge = np.concatenate([AT + oval @ turn.T, np.zeros((len(border), 1))], 1)
    between = (half.points[border] + edge) / 2
    inner = half.add(np.stack([between, edge, *[edge] * len(DEPTH)]))
    rings = np.concatenate([border[None], inner])
    for k in range(len(rings) - 1):
        half.strip("skin" if k <= RIM else "nostrils", rings[k], rings[k + 1], closed=True)
    last, count = rings[-1], len(border)
    for m in range(count // 2 - 1):
        half.face("nostrils", last[m], last[m + 1], last[count - 2 - m], last[count - 1 - m])
    return rings


def deepen(half: Half, front: Front, rings: np.ndarray) -> None:
    """Put the nostril's rim on the nose and its inside into it, upwards and back."""
    points = half.points
    edge = points[rings[RIM]]
    edge[:, 2] = front(edge[:, 0], edge[:, 1])
    points[rings[RIM]] = edge
    middle = edge.mean(0)
    inwards = np.array([-0.05, 0.80, -0.60])
    for ring, (size, deep) in zip(rings[RIM + 1:], DEPTH, strict=True):
        points[ring] = middle + (edge - middle) * size + inwards * deep
