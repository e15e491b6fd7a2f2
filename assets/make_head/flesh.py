"""What the shapes know of each vertex, and the pulls of which they are made."""

from dataclasses import dataclass

import numpy as np

from assets.make_head.head import Head
from assets.make_head.lips import INSIDE, UPPER, line
from assets.make_head.sculpt import Front
from assets.make_head.skin import EYE_RINGS, MOUTH_RINGS

CONTACT = MOUTH_RINGS + len(UPPER) - 1       # the row of Skin.mouth where the lips touch
WET = CONTACT + len(INSIDE)                  # the last row of the lips' wet inside
BOTH, ONLY_UPPER, ONLY_LOWER = 0, 1, -1


def step(low: float, high: float, value: np.ndarray) -> np.ndarray:
    """0 below `low`, 1 above `high`, smooth between."""
    share = np.clip((value - low) / (high - low), 0, 1)
    return share * share * (3 - 2 * share)


@dataclass(frozen=True)
class Flesh:
    """The head with its weights, all (V).

    Attributes:
        head: the neutral.
        front: the face's form, over which the skin slides.
        soft: 1 on what pulls may move: 0 on eyes, teeth, tongue and hair, fading inside the mouth and off the face.
        upper: 1 on what goes with the upper lip, 0 with the lower.
        off_lids: 0 at the lids' edges, 1 beyond the eye.
        outwards: (V, 3) away from the skull, softly.
        nose: 1 on the nose and where the lip hangs from it, which only the nose's own muscles move.
        lip: 1 on the lips and inside the mouth, fading outwards.
    """

    head: Head
    front: Front
    soft: np.ndarray
    upper: np.ndarray
    off_lids: np.ndarray
    outwards: np.ndarray
    nose: np.ndarray
    lip: np.ndarray

    def both(self, left: np.ndarray) -> np.ndarray:
        """A left half's values, (H, ...), given to the right half too."""
        return np.concatenate([left, left[self.head.twin[self.head.half:]]])


def build(head: Head) -> Flesh:
    """Find each vertex's weights."""
    half, skin = head.half, head.skin
    points = head.points[:half]
    skins = np.zeros(half, bool)
    skins[np.unique(np.concatenate([skin.grid[skin.grid >= 0], skin.eye.ravel(), skin.mouth.ravel(),
                                    skin.ear.ravel()]))] = True
    soft = np.where(skins, step(-5, 35, points[:, 2]), 0.0)
    fade = np.r_[1.0, 0.85, 0.55, 0.25, 0.0, 0.0]
    soft[skin.mouth[WET + 1:]] *= fade[:, None]
    soft[skin.ear[1:]] = 0.0

    corner = skin.mouth.shape[1] // 2
    middle = line(np.clip(np.abs(points[:, 0]) / 26.5, 0, 1))[:, 1]
    upper = step(-7, 7, points[:, 1] - middle)
    place = np.arange(skin.mouth.shape[1]) - corner
    across = step(-4.5, 4.5, place.astype(float))
    for k, ring in enumerate(skin.mouth):
        share = step(0.0, MOUTH_RINGS - 1, np.float64(k))
        upper[ring] = (1 - share) * upper[ring] + share * across

    off_lids = np.ones(half)
    for k, ring in enumerate(skin.eye):
        off_lids[ring] = step(0, 1, np.float64(1 - k / EYE_RINGS)) if k < EYE_RINGS else 0.0

    lip = np.zeros(half)
    for k, ring in enumerate(skin.mouth):
        lip[ring] = step(0, MOUTH_RINGS, np.float64(k))
    x, y, _ = points.T
    nose = (1 - step(15, 25, np.abs(x))) * step(-64, -52, y) * (1 - step(-25, -5, y))
    outwards = points * [1 / 72 ** 2, 0, 1 / 95 ** 2] * 4 + [0, 0, 0.02]
    outwards /= np.linalg.norm(outwards, axis=1, keepdims=True)
    full = [np.concatenate([value, value[head.twin[half:]]]) for value in (soft, upper, off_lids, outwards, nose, lip)]
    full[3][half:, 0] *= -1
    return Flesh(head, Front(), *full)


@dataclass(frozen=True)
class Pull:
    """A muscle's pull: where (x, y), how far it reaches (x, y), how far it draws (x, y) and lifts the skin off the
    skull, in mm; and which lip it takes."""

    at: tuple[float, float]
    reach: tuple[float, float]
    draw: tuple[float, float]
    lift: float = 0.0
    lip: int = BOTH

    def mirrored(self) -> "Pull":
        return Pull((-self.at[0], self.at[1]), self.reach, (-self.draw[0], self.draw[1]), self.lift, self.lip)


def pulled(flesh: Flesh, *pulls: Pull, nose: float = 0.2) -> np.ndarray:
    """(V, 3) mm: the skin drawn by all pulls at once, sliding over the form of the face; `nose` is how much of it the
    nose follows."""
    x, y, z = flesh.head.points.T
    weight = flesh.soft * flesh.off_lids * (1 - (1 - nose) * flesh.nose)
    move, lift = np.zeros_like(flesh.head.points), np.zeros(len(x))
    for pull in pulls:
        near = np.exp(-0.5 * (((x - pull.at[0]) / pull.reach[0]) ** 2 + ((y - pull.at[1]) / pull.reach[1]) ** 2))
        near = near * (1.0, flesh.upper, 1 - flesh.upper)[pull.lip] * weight
        move[:, :2] += near[:, None] * np.array(pull.draw)
        lift += near * pull.lift
    slid = flesh.front.bare(x + move[:, 0], y + move[:, 1]) - flesh.front.bare(x, y)
    # Where the form turns away, below and at the sides, skin stretches and does not slide.
    facing = step(-118, -96, y) * step(15, 45, z)
    move[:, 2] += np.where(weight > 0, 8 * np.tanh(np.nan_to_num(slid) / 8), 0.0) * facing
    return move + lift[:, None] * flesh.outwards


@dataclass(frozen=True)
class Fold:
    """A furrow in the left half's skin: along which line of (x, y), how wide and how deep, and how high the skin is
    heaped up beside it, on the line's left as one goes along it; all mm."""

    line: tuple[tuple[float, float], ...]
    wide: float
    deep: float
    heap: float


def folded(flesh: Flesh, *folds: Fold) -> np.ndarray:
    """(V, 3) mm: all folds at once. Each fades in and out along its line."""
    place = flesh.head.points[:, :2]
    lift = np.zeros(len(place))
    for fold in folds:
        corners = np.array(fold.line)
        start, piece = corners[:-1], np.diff(corners, axis=0)                    # (S, 2)
        length = np.linalg.norm(piece, axis=1)
        offset = place[:, None] - start                                         # (V, S, 2)
        along = np.clip((offset * piece).sum(-1) / length ** 2, 0, 1)
        apart = offset - along[..., None] * piece
        nearest = np.linalg.norm(apart, axis=-1).argmin(1)
        row = np.arange(len(place))
        side = (piece[nearest, 0] * offset[row, nearest, 1] - piece[nearest, 1] * offset[row, nearest, 0])
        distance = np.sign(side) * np.linalg.norm(apart[row, nearest], axis=-1)  # (V), positive on the left
        share = ((np.cumsum(length) - length)[nearest] + along[row, nearest] * length[nearest]) / length.sum()
        profile = (fold.heap * np.exp(-0.5 * ((distance / fold.wide - 2.2) / 1.6) ** 2)
                   - fold.deep * np.exp(-0.5 * (distance / fold.wide) ** 2))
        lift += profile * step(0, 0.3, share) * (1 - step(0.7, 1, share))
    weight = flesh.soft * flesh.off_lids * (1 - flesh.lip ** 2) * (1 - flesh.nose)
    return (lift * weight)[:, None] * flesh.outwards


def mirror(flesh: Flesh, move: np.ndarray) -> np.ndarray:
    """The mirror image of a shape."""
    return move[flesh.head.twin] * [-1, 1, 1]


def symmetric(flesh: Flesh, *pulls: Pull) -> np.ndarray:
    """The pulls on both sides."""
    return pulled(flesh, *pulls, *(pull.mirrored() for pull in pulls if pull.at[0]))
