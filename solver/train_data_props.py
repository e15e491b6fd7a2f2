"""What stands behind and before a made face: backgrounds, hands and other things, glasses, strands of hair."""

import cv2
import numpy as np

EYES = ((33, 133), (362, 263))
"""Outer and inner corner of the right eye, inner and outer corner of the left."""
BRIDGE, FOREHEAD = 168, 10
OFTEN = {"thing": 0.22, "glasses": 0.12, "strands": 0.1}


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


def hold_before(picture: np.ndarray, points: np.ndarray, behind: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Now and then, something before the face.

    Args:
        picture: (S, S, 3) uint8, not changed.
        points: (478, 2) px, the landmarks.
        behind: (S, S) bool, the background.
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
            _line(picture, curve, colour * random.uniform(0.7, 1.3), 1)
    if random.random() < OFTEN["glasses"]:
        _glasses(picture, points, random)
    if random.random() < OFTEN["thing"]:
        layer, share = picture.copy(), np.zeros((side, side, 3), np.float32)
        middle = points[random.integers(468)] + random.normal(0, side * 0.08, 2)
        if random.random() < 0.5:  # fingers
            way = random.normal(0, 1, 2)
            way /= np.linalg.norm(way)
            wide = side * random.uniform(0.04, 0.09)
            for finger in range(random.integers(1, 5)):
                tip = middle + finger * wide * 1.15 * np.array([-way[1], way[0]]) + way * random.normal(0, wide / 2)
                line = np.array([tip, tip + way * side])
                tone = skin * random.uniform(0.7, 1.15)
                for part in (1.0, 0.75, 0.5, 0.25):
                    _line(layer, line, tone * (1.15 - 0.35 * part), int(wide * part))
                _line(share, line, (1.0, 1.0, 1.0), int(wide))
        else:
            state = random.bit_generator.state
            _shape(layer, random, random.uniform(0, 255, 3), side / 4, middle)
            random.bit_generator.state = state
            _shape(share, random, random.uniform(0, 255, 3) * 0 + 1, side / 4, middle)
        share = cv2.GaussianBlur(share, (0, 0), random.uniform(0.5, 1.5))
        picture = picture * (1 - share) + share * layer
    return np.clip(picture, 0, 255).astype(np.uint8)


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
    _line(picture, np.array([inner[0], points[BRIDGE], inner[1]]), colour, thick)


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


def _line(picture: np.ndarray, line: np.ndarray, colour: np.ndarray, thick: int) -> None:
    cv2.polylines(picture, [np.int32(line * 8)], False, tuple(float(value) for value in colour), max(thick, 1),
                  cv2.LINE_AA, shift=3)
