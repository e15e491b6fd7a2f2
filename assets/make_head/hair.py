"""Brows and lashes: thin strips that lie on the skin and go wherever the skin below them goes."""

import numpy as np

from assets.make_head import lids
from assets.make_head.mesh import Half
from assets.make_head.skin import Skin

# The brow from its inner end outwards: x, y of its lower edge and its width.
BROW = np.array([[12.0, 14.5, 6.0], [17.0, 15.8, 7.6], [24.0, 17.8, 7.8], [32.0, 20.0, 7.0], [40.0, 20.8, 5.4],
                 [47.0, 18.6, 3.6], [52.5, 15.0, 1.6]])
BROW_LIFT = 0.7  # mm off the skin


def brow(half: Half, height) -> np.ndarray:
    """Put the left brow into `half`; `height(x, y)` is the skin's z. Its indices, (width, length)."""
    share = np.linspace(0, len(BROW) - 1, 19)
    x, low, wide = (np.interp(share, np.arange(len(BROW)), column) for column in BROW.T)
    across = np.array([-0.08, 0.25, 0.5, 0.75, 1.08])[:, None]
    y = low + across * wide
    x = x + across * np.linspace(0, 1.5, 19)
    lift = BROW_LIFT * np.array([-0.6, 1.0, 1.25, 1.0, -0.6])[:, None] * np.minimum(1, np.linspace(.6, 8, 19))
    lift[:, [0, -1]] = -0.4
    index = half.add(np.stack([x, y, height(x, y) + lift], -1))
    half.grid("brows", index)
    return index


def lashes(half: Half, skin: Skin) -> np.ndarray:
    """Put the left lashes into `half`: a strip from each lid's edge outwards. (2, 2, n): lid, root and tip."""
    both = []
    for above, length, lift in ((1, 7.5, 0.75), (-1, 3.2, -0.5)):
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
