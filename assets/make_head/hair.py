"""Brows and lashes: thin strips that lie on the skin and go wherever the skin below them goes."""

from collections.abc import Callable

import numpy as np
from scipy.interpolate import PchipInterpolator

from assets.make_head import lids
from assets.make_head.mesh import Half
from assets.make_head.skin import Skin

# The brow from its inner end outwards: x, y of its lower edge and its width.
BROW = np.array([[12.3, 18.2, 3.6], [16.0, 17.9, 6.4], [24.0, 19.2, 7.0], [32.0, 20.8, 6.2], [40.0, 21.4, 4.9],
                 [47.0, 19.4, 3.4], [52.5, 16.0, 1.5]])
BROW_LIFT = 0.8  # mm off the skin
BROW_ROUND = np.array([0.35, 0.9, 1.0, 0.9, 0.35])  # share of it across the brow


def brow(half: Half, height: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> np.ndarray:
    """Put the left brow into `half`; `height(x, y)` is the skin's z. Its indices, (width, length)."""
    share = np.linspace(0, len(BROW) - 1, 25)
    x, low, wide = PchipInterpolator(np.arange(len(BROW)), BROW)(share).T
    across = np.linspace(0, 1, len(BROW_ROUND))[:, None]
    x = x + across * np.linspace(0, 1.5, len(share))
    y = low + across * wide
    lift = BROW_LIFT * BROW_ROUND[:, None] * np.clip(0.3 + np.minimum(share, len(BROW) - 1 - share), 0, 1)
    index = half.add(np.stack([x, y, height(x, y) + lift], -1))
    half.grid("brows", index)
    return index


def lashes(half: Half, skin: Skin) -> np.ndarray:
    """Put the left lashes into `half`: a strip from each lid's edge outwards. (2, 2, n): lid, root and tip."""
    both = []
    for above, length, lift in ((1, 5.0, 0.30), (-1, 1.6, -0.35)):
        chosen = np.flatnonzero((skin.lid == above) & (skin.share > 0.08) & (skin.share < 0.99))
        chosen = chosen[np.argsort(skin.share[chosen])]
        root = half.points[skin.eye[skin.lid_edge, chosen]]
        inner = half.points[skin.eye[skin.lid_edge + 1, chosen]]
        start = 0.7 * root + 0.3 * inner
        share = skin.share[chosen]
        grow = length * (0.35 + 0.65 * share) * np.sqrt(np.clip(4 * share * (1 - share), 0.1, 1))
        out = lids.about(root)
        away = np.stack([0.35 * (out.along / 14), np.full_like(share, lift), np.full_like(share, 0.75)], -1)
        away /= np.linalg.norm(away, axis=1, keepdims=True)
        both.append(half.add(np.stack([start, start + away * grow[:, None]])))
    for strip, above in zip(both, (1, -1), strict=True):
        half.grid("lashes", strip, flip=above < 0)
    return both
