"""How people differ: smooth warps of the whole head, each one standard deviation of a published measure. Millimetres.

The eyeball and the lids near it move as one piece (a warp there is replaced by its value at the eye's middle), so that
the lids stay on the eyeball whatever the identity; modes of the lids themselves turn them over the eyeball.
"""

from collections.abc import Callable

import numpy as np

from assets.make_head import lids
from assets.make_head.eye_shapes import turned
from assets.make_head.flesh import Flesh, step
from assets.make_head.lips import UPPER
from assets.make_head.skin import MOUTH_RINGS

Warp = Callable[[np.ndarray], np.ndarray]  # (..., 3) points of the left half -> (..., 3) mm
EYE_RIGID, EYE_FADE = 17.0, 34.0           # mm from the eye's middle: what moves as one piece, and where that ends


def _blob(points: np.ndarray, middle: tuple[float, float, float], reach: tuple[float, float, float]) -> np.ndarray:
    return np.exp(-0.5 * (((points - middle) / reach) ** 2).sum(-1))


def _push(middle: tuple[float, float, float], reach: tuple[float, float, float],
          by: tuple[float, float, float]) -> Warp:
    """A soft push; across the middle of the face its sideways part fades to 0."""
    def warp(points: np.ndarray) -> np.ndarray:
        near = _blob(points, middle, reach)[..., None] * np.array(by)
        near[..., 0] *= np.tanh(points[..., 0] / 12.0)
        return near
    return warp


def _lean(middle: tuple[float, float, float], reach: tuple[float, float, float],
          by: tuple[float, float, float]) -> Warp:
    """A soft push of the left side whose opposite the right side gets: its up and forward parts are 0 in the middle."""
    def warp(points: np.ndarray) -> np.ndarray:
        near = _blob(points, middle, reach)[..., None] * np.array(by)
        near[..., 1:] *= np.tanh(points[..., :1] / 12.0)
        return near
    return warp


def _stretch(axis: int, share: Callable[[np.ndarray], np.ndarray]) -> Warp:
    """A stretch along one axis by a share that varies softly over the head."""
    def warp(points: np.ndarray) -> np.ndarray:
        move = np.zeros_like(points)
        move[..., axis] = points[..., axis] * share(points)
        return move
    return warp


def _soft_beyond(value: np.ndarray, soft: float) -> np.ndarray:
    """max(value, 0), rounded."""
    return soft * np.logaddexp(0, value / soft)


def _back(points: np.ndarray) -> np.ndarray:
    move = np.zeros_like(points)
    move[..., 2] = -0.075 * _soft_beyond(-points[..., 2] - 5, 12) * step(-120, -50, points[..., 1])
    return move


def _top(points: np.ndarray) -> np.ndarray:
    move = np.zeros_like(points)
    move[..., 1] = 0.07 * _soft_beyond(points[..., 1] - 22, 10)
    return move


def _face_height(points: np.ndarray) -> np.ndarray:
    move = np.zeros_like(points)
    low = np.clip(-points[..., 1], 0, 118)
    move[..., 1] = -0.058 * low * step(-60, 20, points[..., 2]) * (1 - step(118, 190, -points[..., 1]))
    return move


def _forehead(points: np.ndarray) -> np.ndarray:
    move = np.zeros_like(points)
    rise = np.exp(-0.5 * ((points[..., 1] - 72) / 24) ** 2)
    move[..., 2] = -5.0 * rise * step(10, 60, points[..., 2])
    return move


def _neck(points: np.ndarray) -> np.ndarray:
    low = step(78, 150, -points[..., 1] + 0.25 * np.clip(points[..., 2], -40, 60) - 10)
    return points * [0.075, 0, 0.05] * low[..., None]


def _ear(by: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> Callable[[Flesh], np.ndarray]:
    """A change of the ear alone, growing from where it meets the head."""
    def mode(flesh: Flesh) -> np.ndarray:
        rings, points = flesh.head.skin.ear, flesh.head.points
        move = np.zeros((flesh.head.half, 3))
        middle = points[rings[0]].mean(0)
        for k, ring in enumerate(rings[1:], start=1):
            move[ring] = by(points[ring], middle) * step(0, 3, np.float64(k))
        return move
    return mode


def _everywhere(warp: Warp) -> Callable[[Flesh], np.ndarray]:
    """A warp of all the head, the eye moving as one piece."""
    def mode(flesh: Flesh) -> np.ndarray:
        points = flesh.head.points[:flesh.head.half]
        move = warp(points)
        at_eye = warp(lids.CENTRE)
        apart = np.linalg.norm((points - lids.CENTRE) * [1, 1, 0.7], axis=1)
        one = 1 - step(EYE_RIGID, EYE_FADE, apart)
        one[flesh.head.eye] = 1.0
        return move * (1 - one)[:, None] + at_eye * one[:, None]
    return mode


def _eye_alone(by: tuple[float, float, float]) -> Callable[[Flesh], np.ndarray]:
    """The eye and what surrounds it moved."""
    def mode(flesh: Flesh) -> np.ndarray:
        points = flesh.head.points[:flesh.head.half]
        one = 1 - step(EYE_RIGID, EYE_FADE, np.linalg.norm((points - lids.CENTRE) * [1, 1, 0.7], axis=1))
        one[flesh.head.eye] = 1.0
        move = one[:, None] * np.array(by)
        move[:, 0] *= step(0, 14, points[:, 0])
        return move
    return mode


def _eye_higher(flesh: Flesh) -> np.ndarray:
    points = flesh.head.points[:flesh.head.half]
    return _eye_alone((0, 0.8, 0))(flesh) * step(0, 14, points[:, :1])


def _eye_opening(flesh: Flesh) -> np.ndarray:
    bow = np.clip(4 * flesh.head.skin.share * (1 - flesh.head.skin.share), 0, 1)
    return turned(flesh, np.radians(2.6) * bow, -np.radians(2.2) * bow)[:flesh.head.half]


def _near_lids(flesh: Flesh) -> np.ndarray:
    """(H): 1 at the lids, fading away from the eye, 0 on the eyeball."""
    points = flesh.head.points[:flesh.head.half]
    near = 1 - step(15, 26, np.linalg.norm((points - lids.CENTRE) * [1, 1, 0.6], axis=1))
    near[flesh.head.eye] = 0.0
    return near


def _eye_length(flesh: Flesh) -> np.ndarray:
    """Longer along the axis; what touches the eyeball slides around it, or a shorter eye would press into it."""
    local = flesh.head.points[:flesh.head.half] - lids.CENTRE
    apart = np.linalg.norm(local, axis=1, keepdims=True)
    longer = (local @ lids.FRAME[0])[:, None] * 0.05 * lids.FRAME[0]
    away = local / np.maximum(apart, 1e-9)
    around = longer - (longer * away).sum(1, keepdims=True) * away
    free = step(lids.RADIUS + 0.3, lids.RADIUS + 2.2, apart)
    return (free * longer + (1 - free) * around) * _near_lids(flesh)[:, None]


def _eye_tilt(flesh: Flesh) -> np.ndarray:
    points = flesh.head.points[:flesh.head.half]
    local, turn = points - lids.CENTRE, np.radians(2.0)
    move = np.stack([-local[:, 1] * np.sin(turn), local[:, 0] * np.sin(turn), np.zeros(len(local))], -1)
    move -= local * (1 - np.cos(turn)) * [1, 1, 0]
    return move * _near_lids(flesh)[:, None]


def _lip_height(upper: bool, grow: float) -> Callable[[Flesh], np.ndarray]:
    """The red of one lip grown higher, the skin beyond giving way."""
    def mode(flesh: Flesh) -> np.ndarray:
        head, skin = flesh.head, flesh.head.skin
        move = np.zeros((head.half, 3))
        lip = np.arange(skin.mouth.shape[1]) >= skin.mouth.shape[1] // 2
        lip = lip if upper else ~lip
        contact = head.points[skin.mouth[MOUTH_RINGS + len(UPPER) - 1]]
        for k, ring in enumerate(skin.mouth[:MOUTH_RINGS + len(UPPER)]):
            at = ring if k >= MOUTH_RINGS else skin.mouth[MOUTH_RINGS]
            rise = (head.points[at, 1] - contact[:, 1]) * grow * lip
            share = step(0, MOUTH_RINGS, np.float64(min(k, MOUTH_RINGS)))
            move[ring, 1] = rise * share
            move[ring, 2] = np.abs(rise) * share * 0.3
        return move
    return mode


def _mouth_width(points: np.ndarray) -> np.ndarray:
    move = np.zeros_like(points)
    near = np.exp(-0.5 * (((points[..., 1] + 69) / 13) ** 2)) * step(60, 85, points[..., 2])
    x = points[..., 0]
    move[..., 0] = 0.075 * x * near * np.exp(-(x / 42) ** 4)
    move[..., 2] = -0.5 * move[..., 0] * np.clip(x / 26, 0, 1)
    return move


MODES: dict[str, Callable[[Flesh], np.ndarray]] = {
    "head_size": _everywhere(lambda points: points * 0.028),
    "head_width": _everywhere(_stretch(0, lambda p: 0.04 * step(-90, 0, p[..., 1]))),
    "head_length": _everywhere(_back),
    "head_height": _everywhere(_top),
    "face_height": _everywhere(_face_height),
    "face_width": _everywhere(_push((60, -20, 42), (26, 22, 34), (3.0, 0, 0))),
    "forehead_slope": _everywhere(_forehead),
    "brow_ridge": _everywhere(_push((24, 19, 92), (22, 8, 22), (0, 0, 2.4))),
    "brow_height": _everywhere(_push((32, 22, 84), (22, 9, 24), (0, 2.6, 0))),
    "temple_width": _everywhere(_push((66, 26, 42), (22, 20, 24), (2.6, 0, 0))),
    "cheekbone": _everywhere(_push((44, -26, 70), (16, 13, 22), (0.8, 0, 2.6))),
    "cheek_fullness": _everywhere(_push((48, -58, 52), (17, 18, 24), (3.2, 0, 2.0))),
    "jaw_width": _everywhere(_push((56, -80, 18), (24, 22, 34), (3.6, 0, 0))),
    "jaw_angle_height": _everywhere(_push((56, -82, 18), (22, 18, 30), (0, -4.5, 0))),
    "chin_forward": _everywhere(_push((0, -103, 92), (24, 16, 30), (0, 0, 3.8))),
    "chin_height": _everywhere(_push((0, -112, 88), (34, 16, 34), (0, -3.4, 0))),
    "chin_width": _everywhere(_push((22, -104, 84), (15, 15, 24), (2.8, 0, 0.5))),
    "nose_length": _everywhere(_push((0, -43, 106), (15, 9, 22), (0, -2.6, 0))),
    "nose_width": _everywhere(_push((13.5, -41, 100), (7.5, 8, 14), (1.5, 0, 0))),
    "nose_forward": _everywhere(_push((0, -39, 116), (11, 10, 16), (0, 0, 2.3))),
    "nose_bridge_height": _everywhere(_push((0, -8, 97), (8, 13, 16), (0, 0, 2.2))),
    "nose_bridge_width": _everywhere(_push((8, -14, 97), (6, 14, 14), (1.1, 0, 0.4))),
    "nose_tip_up": _everywhere(_push((0, -37, 118), (9, 8, 10), (0, 2.4, 0))),
    "eye_distance": _eye_alone((1.8, 0, 0)),
    "eye_depth": _eye_alone((0, 0, 1.6)),
    "eye_opening": _eye_opening,
    "eye_length": _eye_length,
    "eye_tilt": _eye_tilt,
    "mouth_width": _everywhere(_mouth_width),
    "mouth_height": _everywhere(_push((0, -69, 98), (28, 11, 22), (0, -2.0, 0))),
    "lip_forward": _everywhere(_push((0, -68, 102), (19, 12, 18), (0, 0, 1.9))),
    "upper_lip_height": _lip_height(True, 0.17),
    "lower_lip_height": _lip_height(False, 0.17),
    "ear_size": _ear(lambda p, middle: (p - middle) * [0.0, 0.065, 0.065]),
    "ear_flare": _ear(lambda p, middle: (p - middle) * [0.13, 0.0, 0.0]),
    "neck_width": _everywhere(_neck),
}
"""Each mode: flesh -> (H, 3) mm of the left half for one standard deviation; the right half mirrors it."""

ONE_SIDED: dict[str, Callable[[Flesh], np.ndarray]] = {
    "jaw_to_left": _everywhere(_lean((0, -100, 70), (48, 24, 48), (2.0, 0, 0))),
    "nose_to_left": _everywhere(_lean((0, -38, 110), (12, 13, 20), (1.2, 0, 0))),
    "left_brow_higher": _everywhere(_lean((34, 22, 84), (20, 10, 24), (0, 1.1, 0))),
    "left_mouth_corner_higher": _everywhere(_lean((26, -69, 84), (13, 12, 22), (0, 1.1, 0))),
    "left_eye_higher": _eye_higher,
}
"""What makes a face asymmetric: as MODES, but the right half gets the mirrored opposite."""


def build(flesh: Flesh, carried: Callable[[np.ndarray], np.ndarray]) -> dict[str, np.ndarray]:
    """Name of each mode -> (V, 3) mm for one standard deviation; `carried` takes the brows along with the skin."""
    head = flesh.head
    middle = np.abs(head.points[:head.half, 0]) < 1e-6
    result = {}
    for modes, sign in ((MODES, 1.0), (ONE_SIDED, -1.0)):
        for name, mode in modes.items():
            left = mode(flesh)
            left[middle] = np.where(np.array([-sign, sign, sign]) > 0, left[middle], 0.0)
            other = left[head.twin[head.half:]] * [-sign, sign, sign]
            result[name] = carried(np.concatenate([left, other]))
    return result
