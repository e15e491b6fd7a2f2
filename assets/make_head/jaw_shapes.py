"""The jaw turns and slides about its hinge; the lips close over it; the tongue comes out."""

import numpy as np

from assets.make_head.flesh import CONTACT, WET, Flesh, Pull, step, symmetric
from assets.make_head.mesh import laplacian
from assets.make_head.skin import MOUTH_RINGS

HINGE = np.array([0.0, -21.0, 9.0])   # the middle between the condyles
CONDYLE = 48.0                        # mm from the middle to either
OPEN_TURN, OPEN_SLIDE = np.radians(24.5), np.array([0.0, -7.0, 11.0])
JAW_SIDE_DROP = np.array([0.0, 0.8, 0.0])
THROAT = np.array([0.0, -15.0, -14.0])
SMOOTH = 10  # rounds of evening out the jaw's weights
TONGUE_JAW = 0.4  # how far the jaw opens for the tongue
SHUT_SHARE = 0.36  # how far the closed lips follow an open jaw


def _turn(points: np.ndarray, angle: float, axis: int, centre: np.ndarray) -> np.ndarray:
    cosine, sine = np.cos(angle), np.sin(angle)
    first, second = [(1, 2), (2, 0), (0, 1)][axis]
    local = points - centre
    turned = local.copy()
    turned[:, first] = cosine * local[:, first] - sine * local[:, second]
    turned[:, second] = sine * local[:, first] + cosine * local[:, second]
    return turned + centre


def opened(points: np.ndarray) -> np.ndarray:
    """(V, 3): where the bone would carry each point when the jaw opens fully."""
    return _turn(points, OPEN_TURN, 0, HINGE) + OPEN_SLIDE


def below_jaw(points: np.ndarray) -> np.ndarray:
    """(V): mm below the line from the jaw's angle to the chin."""
    return -77 - 0.45 * (points[:, 2] - 8) - points[:, 1]


def weights(flesh: Flesh) -> tuple[np.ndarray, np.ndarray]:
    """(V) and (V): how far each vertex follows the jaw with the lips apart, and with the lips together."""
    head, skin = flesh.head, flesh.head.skin
    points = head.points
    _, y, z = points.T
    below = np.arctan2(HINGE[1] - y, z - HINGE[2])
    bone = step(np.radians(13), np.radians(42), below)
    bone *= step(0, 1, (z - 6 + 24 * step(45, 65, -y)) / 36)  # the ear stays, the jaw's angle goes
    under = below_jaw(points)
    bone *= (1 - step(0, 1, under / (20 + 65 * np.clip((z - 8) / 30, 0, 1)))) * (flesh.soft > 0)
    mean = laplacian(head.faces, len(points))
    skin_only = flesh.soft > 0
    for _ in range(SMOOTH):
        bone[skin_only] += 0.5 * (mean @ bone)[skin_only]
    half = bone[:head.half].copy()
    corner = skin.mouth.shape[1] // 2
    place = (np.arange(skin.mouth.shape[1]) - corner) / corner   # -1 middle of the lower lip, 1 of the upper
    apart, shut = half.copy(), half.copy()
    for k, ring in enumerate(skin.mouth):
        share = step(0, MOUTH_RINGS, np.float64(k))
        open_lip = _oval(place, skin.lip, k)
        apart[ring] = (1 - share) * half[ring] + share * open_lip
        shut[ring] = (1 - share) * half[ring] + share * SHUT_SHARE
        if k > WET:
            deep = (k - WET) / (len(skin.mouth) - 1 - WET)
            stays = (1 - place) / 2
            apart[ring] = open_lip * (1 - deep) + stays * deep
            shut[ring] = SHUT_SHARE * (1 - deep) + stays * deep
    for piece in (head.teeth["lower"], head.gums["lower"], head.tongue):
        apart[piece] = shut[piece] = 1.0
    return flesh.both(apart), flesh.both(shut)


def _oval(place: np.ndarray, lip: np.ndarray, ring: int) -> np.ndarray:
    """(M): how far a ring of the lips follows the jaw, so that the open mouth is an oval with round corners; the lips'
    inside, folded up tightly in the corner, is rounded less."""
    inside = np.clip((ring - CONTACT + 3) / 3, 0, 1)
    follow = 0.5 - 0.5 * np.sign(place) * (1 - lip ** (2.5 - 0.3 * inside)) ** (0.56 + 0.2 * inside)
    for _ in range(2):
        follow[1:-1] = (follow[:-2] + 2 * follow[1:-1] + follow[2:]) / 4
    return follow


def jaw_shapes(flesh: Flesh) -> dict[str, np.ndarray]:
    """jawOpen, jawForward, jawLeft, mouthClose and tongueOut."""
    head = flesh.head
    apart, shut = weights(flesh)
    points = head.points
    fall = opened(points) - points
    skin = flesh.soft > 0
    # Beside the jaw's angle the skin swings less than the bone.
    fall[skin, 2] *= 0.4 + 0.6 * step(5, 55, points[skin, 2])
    throat = (step(0, 35, below_jaw(points)) * skin)[:, None]
    fall = (1 - throat) * fall + throat * THROAT  # the skin of the throat slides down, it does not swing into the neck
    narrow = symmetric(flesh, Pull((25, -69), (9, 12), (-4.5, 0.0), 0.0), Pull((40, -60), (13, 22), (-3.0, -2.0), -2.0))
    side = _turn(points, np.radians(5.2), 1, HINGE - [CONDYLE, 0, 0]) - points
    together = 0.25 + 0.35 * flesh.lip * (flesh.soft > 0)  # the lips stay together while the jaw slides under them
    shapes = {
        "jawOpen": apart[:, None] * fall + narrow,
        "jawForward": apart[:, None] * np.array([0, -1.2, 6.5]),
        "jawLeft": (together * shut + (1 - together) * apart)[:, None] * side - apart[:, None] * JAW_SIDE_DROP,
    }
    shapes["mouthClose"] = (shut - apart)[:, None] * fall - narrow
    shapes["tongueOut"] = _tongue_out(flesh)
    return shapes


def _tongue_out(flesh: Flesh) -> np.ndarray:
    """The tongue slides straight out over the lower lip, for which the jaw drops.

    It does not hang down: shapes are linear, and a tip on its way to a low place would come through the chin.
    """
    head = flesh.head
    apart, _ = weights(flesh)
    move = TONGUE_JAW * apart[:, None] * (opened(head.points) - head.points)
    left = head.points[head.tongue]
    along = step(42, 92, left[:, 2])
    tongue = np.zeros((head.half, 3))
    tongue[head.tongue, 2] = 47 * along ** 1.1
    out = left[:, 2] + tongue[head.tongue, 2]
    over = np.clip(out - 98, 0, None)
    tongue[head.tongue, 1] = 18.5 * along ** 1.3 - 0.0029 * over ** 2
    tongue[head.tongue, 0] = -left[:, 0] * 0.05 * along
    other = tongue[head.twin[head.half:]] * [-1, 1, 1]
    return move + np.concatenate([tongue, other])
