"""What stands behind and before a made face: backgrounds, hands and other things, glasses, strands of hair."""

import cv2
import numpy as np

from solver.train_data_hands import draw_hand, draw_line

EYES = ((33, 133), (362, 263))
"""Outer and inner corner of the right eye, inner and outer corner of the left."""
BRIDGE, FOREHEAD = 168, 10
OFTEN = {"glasses": 0.12, "strands": 0.1}
THINGS = 0.22
"""How often a hand or a thing is before the face, unless a recipe says otherwise."""
AGAIN = 0.2
"""How often there is another one beside it."""
HANDS, PATTERNED = 0.7, 0.6
"""How often it is a hand, and how often any other thing is not of one colour."""
LIT = 0.6, 1.2
"""How much darker or lighter it may be at either end."""
AIMED, AIMED_AT = 0.7, (13, 14, 61, 291, 17, 0, 33, 133, 159, 145, 362, 263, 386, 374, 1, 152)
"""How often it is about the mouth, an eye, the nose or the chin, by landmarks there, and not anywhere."""
SHADOW = 0.013
"""How far its shadow falls, standard deviation in shares of the picture's side."""


def background(side: int, random: np.random.Generator) -> np.ndarray:
    """(side, side, 3) uint8: one colour, a gradient, a blur, or clutter."""
    base = random.uniform(0, 255, 3) * random.uniform(0.2, 1.0)
    picture = np.tile(base.astype(np.float32), (side, side, 1))
    kind = random.random()
    if kind < 0.25:
        return picture.astype(np.uint8)
    coarse = random.uniform(0, 255, (*[int(random.integers(2, 9))] * 2, 3)).astype(np.float32)
    blur = cv2.resize(coarse, (side, side), interpolation=cv2.INTER_CUBIC)
    picture = picture + (blur - 128) * random.uniform(0.1, 0.9)
    if kind > 0.6:
        for _ in range(random.integers(3, 25)):
            _shape(picture, random, random.uniform(0, 255, 3), side / 3)
        picture = cv2.GaussianBlur(picture, (0, 0), random.uniform(0.4, 6))
    grey = picture.mean(axis=2, keepdims=True)
    picture = grey + (picture - grey) * random.uniform(0, 1)
    return np.clip(picture, 0, 255).astype(np.uint8)


def hold_before(picture: np.ndarray, points: np.ndarray, behind: np.ndarray, things: float,
                random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Now and then, something before the face.

    Args:
        picture: (S, S, 3) uint8, not changed.
        points: (478, 2) px, the landmarks.
        behind: (S, S) bool, the background.
        things: how often there is a hand or another thing; strands and glasses come and go by themselves.

    Returns:
        The picture, and where nothing of the face is to be seen for a hand or a thing: (S, S) bool.
    """
    side = len(picture)
    picture = picture.astype(np.float32)
    face = picture[~behind]
    skin = np.median(face, axis=0) if len(face) else np.full(3, 128.0)
    if random.random() < OFTEN["strands"]:
        colour = skin * random.uniform(0.1, 0.8)
        top = points[FOREHEAD] + random.normal(0, side * 0.05, 2)
        for _ in range(random.integers(4, 40)):
            start = top + random.normal(0, side * 0.1, 2) * [1, 0.3]
            way = start + np.array([random.normal(0, side * 0.08), random.uniform(0, side * 0.3)])
            bent = (start + way) / 2 + random.normal(0, side * 0.03, 2)
            t = np.linspace(0, 1, 9)[:, None]
            curve = (1 - t) ** 2 * start + 2 * t * (1 - t) * bent + t ** 2 * way
            draw_line(picture, curve, colour * random.uniform(0.7, 1.3), 1)
    if random.random() < OFTEN["glasses"]:
        _glasses(picture, points, random)
    before = np.zeros((side, side), bool)
    while random.random() < things:
        things = AGAIN
        layer, share = picture.copy(), np.zeros((side, side, 3), np.float32)
        aimed = AIMED_AT[random.integers(len(AIMED_AT))] if random.random() < AIMED else random.integers(468)
        middle = points[aimed] + random.normal(0, side * 0.07, 2)
        if random.random() < HANDS:
            draw_hand(layer, share, middle, skin, random)
        else:
            state = random.bit_generator.state
            _shape(layer, random, random.uniform(0, 255, 3), side / 3, middle)
            random.bit_generator.state = state
            _shape(share, random, random.uniform(0, 255, 3) * 0 + 1, side / 3, middle)
            if random.random() < PATTERNED:
                layer = np.where(share > 0.5, background(side, random), layer)
        before |= share[..., 0] > 0.5
        lit = np.linspace(*random.uniform(*LIT, 2), side)[:, None, None]
        layer = np.clip(layer * (lit if random.random() < 0.5 else lit.swapaxes(0, 1)), 0, 255)
        cast = np.roll(share, tuple(int(value) for value in random.normal(0, SHADOW * side, 2)), (0, 1))
        shadow = random.uniform(0, 0.5) * cv2.GaussianBlur(cast, (0, 0), random.uniform(2, 8))
        share = cv2.GaussianBlur(share, (0, 0), random.uniform(0.5, 1.5))
        picture = picture * (1 - shadow) * (1 - share) + share * layer
    return np.clip(picture, 0, 255).astype(np.uint8), before


def _glasses(picture: np.ndarray, points: np.ndarray, random: np.random.Generator) -> None:
    colour, thick = random.uniform(0, 255, 3) * random.uniform(0, 0.6), int(random.integers(1, 5))
    tint, shade = random.uniform(0, 255, 3), random.uniform(0, 0.5) if random.random() < 0.4 else 0.0
    inner = []
    for outer_inner in EYES:
        corners = points[list(outer_inner)]
        across = corners[1] - corners[0]
        middle, wide = corners.mean(axis=0), max(np.linalg.norm(across), 2) * random.uniform(0.85, 1.05)
        axes = (int(wide), int(max(wide * random.uniform(0.65, 0.9), 4)))
        angle = float(np.degrees(np.arctan2(across[1], across[0])))
        centre = tuple(int(value) for value in middle + np.array([0, wide * 0.1]))
        if shade:
            over = picture.copy()
            cv2.ellipse(over, centre, axes, angle, 0, 360, tint.tolist(), -1, cv2.LINE_AA)
            picture[:] = picture * (1 - shade) + over * shade
        cv2.ellipse(picture, centre, axes, angle, 0, 360, colour.tolist(), thick, cv2.LINE_AA)
        inner.append(middle + across / max(np.linalg.norm(across), 1e-6) * wide * (1 if not inner else -1))
    draw_line(picture, np.array([inner[0], points[BRIDGE], inner[1]]), colour, thick)


def _shape(picture: np.ndarray, random: np.random.Generator, colour: np.ndarray, most: float,
           middle: np.ndarray | None = None) -> None:
    side = len(picture)
    middle = random.uniform(0, side, 2) if middle is None else middle
    centre = tuple(int(value) for value in middle)
    axes = tuple(int(value) for value in random.uniform(2, most, 2))
    angle = float(random.uniform(0, 180))
    if random.random() < 0.5:
        cv2.ellipse(picture, centre, axes, angle, 0, 360, colour.tolist(), -1, cv2.LINE_AA)
    else:
        box = cv2.boxPoints((centre, (axes[0] * 2, axes[1] * 2), angle)).astype(np.int32)
        cv2.fillPoly(picture, [box], colour.tolist(), cv2.LINE_AA)
