"""Hands before made faces: fingers with their creases and nails, and the back of the hand, in the face's own colour."""

import cv2
import numpy as np

ROUND = (1.0, 0.8, 0.6, 0.4, 0.2)
"""A finger is drawn from its edge inwards, in shares of its width, lighter towards its middle."""
WIDTH, LENGTH = (0.045, 0.1), (3.0, 5.0)
"""How wide fingers are, in shares of the picture's side, and how long, in widths."""
PALM = 0.7
"""How often the back of the hand shows, and not fingers alone that end outside of the picture."""


def draw_hand(layer: np.ndarray, share: np.ndarray, middle: np.ndarray, skin: np.ndarray,
              random: np.random.Generator) -> None:
    """Draw a hand whose fingers end about `middle` (2) px.

    Args:
        layer: (S, S, 3) float32, what is drawn on.
        share: (S, S, 3) float32, becomes 1 where the hand is.
        skin: (3) the face's colour.
    """
    side, tone = len(layer), skin * random.uniform(0.7, 1.15)
    wide = side * random.uniform(*WIDTH)
    way = random.normal(0, 1, 2)
    way[1] = 1.2 * abs(way[1])  # most arms come from below
    way /= np.linalg.norm(way)
    across = np.array([-way[1], way[0]])
    count, nails = int(random.integers(1, 5)), random.random() < 0.6
    length, fanned = wide * random.uniform(*LENGTH), random.uniform(-0.02, 0.12)
    knuckles = middle + way * length
    palm = random.random() < PALM
    if palm:
        _draw_back(layer, share, knuckles + 2.2 * wide * way, way, wide, tone)
    for finger in range(count):
        off = finger - (count - 1) / 2
        tip = middle + off * across * (wide * random.uniform(1.0, 1.2) + fanned * length)
        tip = tip - (1 - 0.35 * abs(off)) * random.uniform(0.3, 0.9) * wide * way
        root = knuckles + 1.1 * off * wide * across if palm else tip + side * way
        joint = (tip + root) / 2 + across * random.normal(0, 0.12 * wide)
        for a, b, nail in ((joint, root, False), (tip, joint, nails)):
            _draw_finger(layer, share, a, b, wide * random.uniform(0.88, 1.1), tone * random.uniform(0.93, 1.06), nail,
                         random)


def _draw_back(layer: np.ndarray, share: np.ndarray, middle: np.ndarray, way: np.ndarray, wide: float,
               tone: np.ndarray) -> None:
    """The back of the hand, and the arm that leaves the picture."""
    angle, centre = int(np.degrees(np.arctan2(way[1], way[0]))), tuple(int(value) for value in middle)
    for part in ROUND[:-1]:
        axes = (max(int(2.9 * wide * part), 1), max(int(2.5 * wide * part), 1))
        outline = cv2.ellipse2Poly(centre, axes, angle, 0, 360, 10)
        cv2.fillPoly(layer, [outline], (tone * (1.1 - 0.3 * part**2)).tolist(), cv2.LINE_AA)
        if part == 1.0:
            cv2.fillPoly(share, [outline], (1.0, 1.0, 1.0), cv2.LINE_AA)
    arm = np.array([middle, middle + way * len(layer)])
    draw_line(layer, arm, 0.95 * tone, int(3.4 * wide))
    draw_line(share, arm, np.ones(3), int(3.4 * wide))


def _draw_finger(layer: np.ndarray, share: np.ndarray, tip: np.ndarray, root: np.ndarray, wide: float,
                 tone: np.ndarray, nail: bool, random: np.random.Generator) -> None:
    line = np.array([tip, root])
    for part in ROUND:
        draw_line(layer, line, tone * (1.12 - 0.4 * part**2), int(wide * part))
    draw_line(share, line, np.ones(3), int(wide))
    along = (root - tip) / max(float(np.linalg.norm(root - tip)), 1e-6)
    across = np.array([-along[1], along[0]])
    for place in (random.uniform(0.3, 0.4), random.uniform(0.6, 0.7)):
        for crease in range(random.integers(1, 4)):
            at = tip + (root - tip) * place + along * crease * 0.12 * wide
            bent = np.array([at - 0.32 * wide * across, at + 0.05 * wide * along, at + 0.32 * wide * across])
            draw_line(layer, bent, tone * random.uniform(0.7, 0.9), 1)
    if nail:
        centre = tuple(int(value) for value in tip + 0.05 * wide * along)
        axes = (max(int(0.3 * wide), 1), max(int(0.24 * wide), 1))
        colour = np.clip(tone * random.uniform(0.9, 1.3) + random.uniform(-15, 40), 0, 255)
        cv2.ellipse(layer, centre, axes, float(np.degrees(np.arctan2(along[1], along[0]))), 0, 360, colour.tolist(), -1,
                    cv2.LINE_AA)


def draw_line(picture: np.ndarray, line: np.ndarray, colour: np.ndarray, thick: int) -> None:
    """A line through (n, 2) px, `thick` px wide, round at its ends."""
    cv2.polylines(picture, [np.int32(line * 8)], False, tuple(float(value) for value in colour), max(thick, 1),
                  cv2.LINE_AA, shift=3)
