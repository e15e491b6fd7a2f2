"""The lids' shapes of the left eye: the lids turn about the line through the canthi, over the eyeball."""

import numpy as np

from assets.make_head import lids
from assets.make_head.flesh import Flesh, Pull, pulled, step
from assets.make_head.skin import EYE_RINGS

TUCKED = 4.0  # mm of the lower lid that lie under a shut upper lid when it squints
LASH_TUCK = 1.7  # lashes stand out, and must get under the upper lid with the lower one
UPPER_REACH, LOWER_REACH = 12.0, 10.0  # mm: how far from its edge a lid's skin follows it


def turned(flesh: Flesh, upper: np.ndarray, lower: np.ndarray, drag: float = 0.0, tuck: float = 0.0) -> np.ndarray:
    """(V, 3): the lids turned.

    Args:
        flesh: the head.
        upper, lower: (N) radians by which the upper and the lower lid's edge turn at each vertex of the rings.
        drag: mm by which the lids are drawn outwards along their axis.
        tuck: mm by which the lower lid is pressed towards the eyeball, so that an upper lid which shuts lies over it.
    """
    head, skin = flesh.head, flesh.head.skin
    move = np.zeros_like(head.points)
    middle = np.sqrt(np.clip(4 * skin.share * (1 - skin.share), 0, 1))
    turn_edge = np.where(skin.lid > 0, upper, np.where(skin.lid < 0, lower, (upper + lower) / 2))
    reach = np.where(skin.lid > 0, UPPER_REACH, LOWER_REACH)
    for k, ring in enumerate(skin.eye[1:], start=1):
        here = lids.about(head.points[ring])
        if k <= EYE_RINGS:
            apart = np.linalg.norm(head.points[ring] - head.points[skin.eye[EYE_RINGS]], axis=1)
            follow = 1 - step(0, 1, apart / reach)
            follow *= step(0, 2.5, np.float64(k))
        else:
            follow = np.ones(len(ring))
        shell = lids.outside(here.along) if k <= EYE_RINGS else here.radius
        radius = here.radius + (shell - here.radius) * follow * np.clip(np.abs(turn_edge) / 0.5, 0, 1)
        if k <= EYE_RINGS:
            near = 1 - step(TUCKED, 1.8 * TUCKED, np.linalg.norm(
                head.points[ring] - head.points[skin.eye[EYE_RINGS]], axis=1))
            radius = radius - tuck * near * middle * (skin.lid < 0)
        along = here.along + drag * follow * middle
        radius = np.maximum(radius, lids.clear_of_eye(along))
        there = lids.Lid(along, here.angle + turn_edge * follow, radius)
        move[ring] = there.points() - head.points[ring]
    _lashes(flesh, move, turn_edge, drag * middle, tuck * middle)
    return move


def _lashes(flesh: Flesh, move: np.ndarray, turn_edge: np.ndarray, drag: np.ndarray,
            tuck: np.ndarray) -> None:
    head, skin = flesh.head, flesh.head.skin
    for strip, above in zip(head.lashes, (1, -1), strict=True):
        chosen = np.flatnonzero((skin.lid == above) & (skin.share > 0.08) & (skin.share < 0.99))
        chosen = chosen[np.argsort(skin.share[chosen])]
        here = lids.about(head.points[strip])
        there = lids.Lid(here.along + drag[chosen], here.angle + turn_edge[chosen],
                         here.radius - (LASH_TUCK * tuck[chosen] if above < 0 else 0.0))
        move[strip] = there.points() - head.points[strip]


def eye_shapes(flesh: Flesh) -> dict[str, np.ndarray]:
    """The seven shapes of the left eye, without a side in their names."""
    skin = flesh.head.skin
    _, upper, lower = lids.opening(skin.share)
    bow = np.clip(4 * skin.share * (1 - skin.share), 0, 1)
    meet = lids.shut(skin.share)
    wide = np.radians(10.5) * bow ** 0.7
    down = 0.62 * (meet - upper)
    shapes = {
        "eyeBlink": turned(flesh, meet - upper, meet - lower),
        "eyeLookDown": turned(flesh, down, -np.radians(8) * bow),
        "eyeLookIn": turned(flesh, np.radians(1.0) * bow * (skin.share - 0.5), 0 * bow, -1.1),
        "eyeLookOut": turned(flesh, np.radians(1.0) * bow * (0.5 - skin.share), 0 * bow, 1.1),
        "eyeLookUp": turned(flesh, np.radians(8.5) * bow ** 0.7, np.radians(6.5) * bow),
        "eyeSquint": turned(flesh, -np.radians(3.5) * bow, np.radians(11.0) * bow, tuck=1.0),
        "eyeWide": turned(flesh, wide, -np.radians(4.5) * bow),
    }
    shapes["eyeBlink"] += pulled(flesh, Pull((31, 15), (14, 6), (0, -1.0)))
    shapes["eyeLookUp"] += pulled(flesh, Pull((31, 14), (14, 6), (0, 1.6)))
    shapes["eyeLookDown"] += pulled(flesh, Pull((31, -17), (13, 6), (0, -1.0)))
    shapes["eyeWide"] += pulled(flesh, Pull((31, 13), (15, 6), (0, 2.4), -0.6))
    shapes["eyeSquint"] += pulled(flesh, Pull((33, -16), (15, 6), (-0.6, 3.2), 1.6),
                                  Pull((52, -2), (7, 9), (-2.5, 0), 0.5), Pull((34, 12), (15, 5), (0, -1.2)))
    return shapes
