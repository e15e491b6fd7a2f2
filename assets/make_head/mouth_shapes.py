"""The mouth's shapes: muscles draw the lips and the corners, lips roll, press and protrude."""

import numpy as np

from assets.make_head.flesh import ONLY_LOWER, ONLY_UPPER, WET, Flesh, Fold, Pull, folded, pulled, symmetric
from assets.make_head.skin import MOUTH_RINGS

# Changes of a lip's cross-section, at its rings from three outside the red to the wet inside: mm away from the line
# between the lips, mm forwards, and the share of both that the corners keep.
POUT = ((.2, 1.5, .3), (.5, 2.6, .3), (.9, 3.6, .2), (1.0, 4.2, .2), (1.1, 4.8, .2), (.9, 5.0, .2), (.5, 4.8, .03),
        (.1, 4.5, .03), (0, 4.4, .03), (0, 3.6, .03), (0, 2.2, .03), (0, 1, 0), (0, .4, 0))
TRUMPET_UPPER = ((1.2, 2.2, .2), (2.0, 3.4, .2), (3.0, 4.8, .2), (3.6, 5.6, .2), (4.4, 6.6, .2), (5.0, 7.2, .2),
                 (5.2, 7.2, .15), (5.0, 6.6, .03), (4.8, 6.0, .03), (4.4, 5.0, .03), (3.4, 3.4, .03), (2, 1.6, 0),
                 (1, .6, 0))
TRUMPET_LOWER = ((1.4, 2.2, .2), (2.4, 3.4, .2), (3.6, 4.8, .2), (4.4, 5.6, .2), (5.4, 6.4, .2), (6.0, 6.8, .2),
                 (6.2, 6.6, .15), (6.0, 6.0, .03), (5.8, 5.4, .03), (5.2, 4.6, .03), (4.0, 3.2, .03), (2.4, 1.6, 0),
                 (1.2, .6, 0))
ROLL = ((-1.2, -.5, .03), (-2.4, -1.2, .03), (-3.8, -2.2, .03), (-5.0, -3.0, .03), (-4.2, -4.2, .03),
        (-2.6, -4.6, .03), (-1.0, -4.3, .03), (-.1, -3.2, .03), (0, -2.6, .03), (0, -1.6, .03), (.5, -.6, 0),
        (.5, 0, 0), (0, 0, 0))
FLAT = ((-.1, .3, .03), (-.4, .5, .03), (-.9, .2, .03), (-1.5, -.6, .03), (-1.5, -1.4, .03), (-1.0, -1.8, .03),
        (-.5, -1.6, .03), (-.1, -1.0, .03), (0, -.8, .03), (0, -.5, .03), (0, -.2, .03), (0, 0, 0), (0, 0, 0))
SMILE_LINE = Fold(((14, -34), (20, -46), (28, -58), (33.5, -70), (33, -82)), 2.6, 2.6, 2.0)
"""From the wing of the nose past the corner of the mouth: the cheek is heaped up beside it."""

FROWN_LINE = Fold(((29, -64), (32, -74), (31, -86), (27, -96)), 2.4, 1.8, 1.2)
"""From the corner of the mouth down beside the chin."""


def _lip(flesh: Flesh, profile: tuple[tuple[float, float, float], ...], upper: bool, spread: float = 2.0,
         full: float = 0.0) -> np.ndarray:
    """A change of one lip's cross-section, given at the rings from outside the red to the wet inside.

    Args:
        flesh: the head.
        profile: as POUT.
        upper: which lip.
        spread: power of the fall-off towards the corners.
        full: how much further from the line it goes between the middle and the corners, so that the mouth grows round.
    """
    head, skin = flesh.head, flesh.head.skin
    move = np.zeros((head.half, 3))
    count = skin.mouth.shape[1]
    lip = np.arange(count) >= count // 2 if upper else np.arange(count) <= count // 2
    fade = 1 - skin.lip ** spread
    rounder = 1 + full * 4 * skin.lip ** 2 * (1 - skin.lip ** 2)
    for ring, (away, ahead, keep) in zip(skin.mouth[MOUTH_RINGS - 3:WET + 1], profile, strict=True):
        weight = np.where(lip, fade + (1 - fade) * keep, 0.0)
        move[ring, 1] = (away if upper else -away) * weight * rounder
        move[ring, 2] = ahead * weight
    return flesh.both(move)


def mouth_shapes(flesh: Flesh) -> dict[str, np.ndarray]:
    """The left and the symmetric shapes of the mouth, sides left out of the names of the left ones."""
    shapes = {}
    # The corner goes out, up and back; the cheek is heaped up before it, with a furrow from the nose between the two.
    shapes["mouthSmile"] = pulled(
        flesh, Pull((26, -69), (12.5, 12), (7.6, 7.2), -2.6), Pull((11, -69), (9, 10), (1.4, 0.6), -0.6),
        Pull((8, -80), (10, 5), (0.4, 1.4), -0.3, ONLY_LOWER),
        Pull((40, -46), (13, 13), (1.0, 5.5), 2.6), Pull((37, -27), (14, 9), (0.2, 3.0), 1.8),
        Pull((30, -90), (14, 12), (2.0, 3.0))) + folded(flesh, SMILE_LINE)
    shapes["mouthFrown"] = pulled(
        flesh, Pull((26, -69), (9, 8), (0.2, -8.5), -0.8), Pull((13, -69), (9, 9), (0.3, -2.0)),
        Pull((30, -84), (11, 10), (1.0, -4.0), 1.0), Pull((36, -56), (13, 12), (0.0, -3.0), -0.6),
    ) + folded(flesh, FROWN_LINE)
    shapes["mouthDimple"] = pulled(
        flesh, Pull((26, -69), (8, 7), (5.0, 0.8), -3.5), Pull((34, -69), (6, 9), (-1.0, 0.5), 1.8),
        Pull((14, -69), (10, 9), (1.8, 0.0), -0.8))
    shapes["mouthStretch"] = pulled(
        flesh, Pull((26, -70), (12, 12), (9.0, -3.5), -0.8), Pull((13, -69), (9, 9), (3.2, -0.6), -0.6),
        Pull((30, -90), (13, 12), (4.5, -3.0), 0.4))
    shapes["mouthLowerDown"] = pulled(
        flesh, Pull((11, -72), (10, 11), (1.5, -8.0), 0.6, ONLY_LOWER), Pull((14, -88), (12, 9), (0.8, -4.0), 0.8))
    shapes["mouthUpperUp"] = pulled(
        flesh, Pull((11, -67), (10, 9.5), (0.6, 7.2), 0.4, ONLY_UPPER), Pull((25, -48), (10, 11), (0.5, 4.0), 2.0),
        Pull((15, -42), (6, 6), (0.6, 1.2), 0.3))
    shapes["mouthPress"] = _press(flesh)
    shapes["mouthLeft"] = pulled(
        flesh, Pull((0, -69), (30, 15), (11.0, 0.0), -0.4), Pull((38, -66), (12, 18), (1.5, 1.5), 2.0))
    shapes["mouthPucker"] = symmetric(
        flesh, Pull((25, -69), (12, 13), (-10.5, 0.0), 2.0), Pull((11, -69), (8, 10), (-1.5, 0.0), 2.0),
        Pull((44, -66), (14, 18), (-3.0, 0.0), -1.5),
    ) + _lip(flesh, POUT, True, 4.0, 1.8) + _lip(flesh, POUT, False, 4.0, 1.8)
    shapes["mouthFunnel"] = symmetric(
        flesh, Pull((25, -69), (9, 10), (-7.5, 0.0), 3.0), Pull((36, -66), (13, 18), (-3.0, 0.0), -1.0),
    ) + _lip(flesh, TRUMPET_UPPER, True, 3.0, 0.3) + _lip(flesh, TRUMPET_LOWER, False, 3.0, 0.3)
    shapes["mouthRollUpper"] = _lip(flesh, ROLL, True)
    shapes["mouthRollLower"] = _lip(flesh, ROLL, False)
    shapes["mouthShrugLower"] = symmetric(
        flesh, Pull((0, -96), (15, 11), (0, 6.0), 1.8), Pull((0, -84), (19, 6.2), (0, 4.0), 1.5, ONLY_LOWER),
        Pull((0, -68), (17, 6), (0, 4.4), 1.6), Pull((25, -71), (7, 7), (0, -1.2), 0))
    shapes["mouthShrugUpper"] = symmetric(
        flesh, Pull((0, -64), (17, 7), (0, 4.6), 2.4, ONLY_UPPER), Pull((0, -52), (14, 8), (0, 1.6), 0.6))
    return shapes


def _press(flesh: Flesh) -> np.ndarray:
    """The lips of one side pressed together: the red grows thin, the skin above and below bulges."""
    both = _lip(flesh, FLAT, True) + _lip(flesh, FLAT, False)
    side = 1 / (1 + np.exp(-(flesh.head.points[:, :1] - 6) / 3.0))
    return both * side * 1.2 + pulled(flesh, Pull((26, -69), (7, 6), (-1.2, 0.0), -0.8),
                                      Pull((30, -69), (6, 9), (0.0, 0.0), 1.4))
