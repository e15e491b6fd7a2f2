"""Who the made people are and what their faces do: heads beyond the model's own modes, weights of its shapes."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from capture.errors import DataError
from solver.face_model import FaceModel
from solver.shape_names import other_side

BUMPS = 12
"""Places where a made head is pulled away from what the model's identity modes can make."""
WIDTHS_M = (0.010, 0.060)
"""Radius of a bump's effect, metres, from the smallest to the largest."""
STEEPEST = 0.07
"""A bump's height as a share of its width (standard deviation an axis, for a person of strength 1): the surface never
folds."""
SYMMETRIC = 0.7
"""Share of the bumps that have a twin on the face's other side."""
BALL_M, CLEAR_M = 0.021, 0.034
"""Distances from an eye's centre up to which the surface keeps its depth above the ball, and from which it is free."""
LID_FACES, MOUTH_FACES, GAZES = 0.45, 0.45, 0.5
"""Shares of faces whose lids, whose mouth, and whose gaze are set apart from the rest: recordings have so few shut eyes
and pressed lips that a network trained on them never quite shuts or presses any."""
MOUTHS: tuple[tuple[str, ...], ...] = (
    ("mouthPress",), ("mouthRollLower", "mouthRollUpper"), ("mouthPucker",), ("mouthFunnel",), ("jawOpen",),
    ("jawOpen", "mouthFunnel"), ("jawOpen", "mouthStretch"), ("jawOpen", "mouthClose"), ("jawOpen", "mouthSmile"),
    ("mouthSmile", "cheekSquint"), ("mouthSmile", "mouthDimple"), ("mouthFrown",), ("mouthStretch",),
    ("mouthUpperUp", "noseSneer"), ("mouthLowerDown",), ("mouthUpperUp", "mouthLowerDown"),
    ("mouthShrugLower", "mouthShrugUpper"), ("mouthLeft",), ("mouthRight",), ("jawLeft",), ("jawRight",),
    ("jawForward",), ("cheekPuff",), ("mouthPucker", "jawOpen"), ("mouthRollLower", "mouthPress"), ("jawOpen",))
"""What mouths do, each a few shapes (of both sides) at once."""
MOST_WEIGHT = 10.0
"""Recorders write up to 2; what is beyond this is no recording of a face."""


def random_bumps(model: FaceModel, random: np.random.Generator) -> np.ndarray:
    """(B, 7) one person's: each a place (3) and a pull (3), metres, and a width; about half come in mirrored pairs."""
    front = np.flatnonzero(model.neutral[:, 2] > np.median(model.neutral[:, 2]))
    strength = random.uniform(0.2, 1.3)
    out = []
    while len(out) < BUMPS:
        place = model.neutral[random.choice(front)]
        width = np.exp(random.uniform(*np.log(WIDTHS_M)))
        pull = random.normal(0, STEEPEST * strength * width, 3)
        out.append([*place, *pull, width])
        if random.random() < SYMMETRIC:
            out.append([-place[0], *place[1:], -pull[0], *pull[1:], width])
    return np.array(out[:BUMPS])


def shifts(model: FaceModel, corners: np.ndarray, bumps: np.ndarray) -> np.ndarray:
    """(C, 3) metres: how far a person's bumps move the vertices `corners` (C) of the model's mean face.

    An eyeball moves as one, with its centre; around it the surface moves up, down and sideways, but keeps its depth
    above the ball, into which it would else sink.
    """
    points = model.neutral[corners].astype(np.float64)
    out = _pulled(points, bumps)
    for eye in model.eyes:
        centre = eye.centre(model.neutral.astype(np.float64))
        with_ball = _pulled(centre[None], bumps)
        free = np.clip((np.linalg.norm(points - centre, axis=1) - BALL_M) / (CLEAR_M - BALL_M), 0, 1)
        out[:, 2] = out[:, 2] * free + with_ball[0, 2] * (1 - free)
    for eye in model.eyes:
        centre = eye.centre(model.neutral.astype(np.float64))
        out[np.isin(corners, eye.vertices)] = _pulled(centre[None], bumps)
    return out


def _pulled(points: np.ndarray, bumps: np.ndarray) -> np.ndarray:
    """(N, 3) -> (N, 3): the sum of all bumps there, each a Gaussian of the distance from its place."""
    apart = ((points[:, None] - bumps[None, :, :3]) ** 2).sum(axis=2) / bumps[:, 6] ** 2  # (N, B)
    return np.exp(-apart / 2) @ bumps[:, 3:6]


def recorded_weights(paths: tuple[Path, ...], model: FaceModel) -> np.ndarray:
    """(R, K): all rows of the recordings, in the model's shapes.

    Raises:
        DataError: a recording cannot be read.
    """
    rest = np.zeros((1, len(model.shape_names)))
    return np.concatenate([rest, *(_recording(path, model.shape_names) for path in paths)])


def _recording(path: Path, shape_names: tuple[str, ...]) -> np.ndarray:
    """(R, K); where a cell is empty, or there is no column of that name, 0."""
    try:
        lines = list(csv.reader(io.StringIO(path.read_text(encoding="utf-8-sig"))))
        names = [name[:1].lower() + name[1:] for name in lines[0]] if lines else []
        known = {names.index(name): column for column, name in enumerate(shape_names) if name in names}
        rows = [row for row in lines[1:] if row]
        if not known or not rows:
            raise ValueError("it has no frames of any of the model's shapes")
        out = np.zeros((len(rows), len(shape_names)))
        for number, row in enumerate(rows):
            if len(row) != len(names):
                raise ValueError(f"its frame {number} has {len(row)} values, and its first line {len(names)}")
            for place, column in known.items():
                out[number, column] = float(row[place] or 0.0)
        if len(odd := np.argwhere(~(np.abs(out) <= MOST_WEIGHT))):
            raise ValueError(f"{shape_names[odd[0][1]]} is {out[tuple(odd[0])]:g} in its frame {odd[0][0]}")
    except (OSError, ValueError, csv.Error) as error:
        raise DataError(f"{path} is no Live Link Face recording ({error}); give its CSV file") from error
    return out


def random_weights(random: np.random.Generator, recorded: np.ndarray, names: tuple[str, ...]) -> np.ndarray:
    """(K,) one face: recorded, recorded above and below from two moments, a few shapes at random, or a mixture."""
    upper = np.array([name.startswith(("eye", "brow")) for name in names])
    mirror = mirrored(names)
    above, below = recorded[random.integers(len(recorded), size=2)] * random.uniform(0.6, 1.3, 2)[:, None]
    face = np.where(upper, above, below)
    if random.random() < 0.5:
        face = face[mirror]
    few = np.zeros(len(names))
    for index in random.choice(len(names), min(random.integers(1, 7), len(names)), replace=False):
        few[index] = random.uniform(0.1, 1.0)
        if random.random() < 0.6:
            few[mirror[index]] = few[index] * random.uniform(0.7, 1.0)
    kind = random.random()
    if kind < 0.3:
        face = few
    elif kind < 0.6:
        face = np.maximum(face, few)
    value = dict(zip(names, face, strict=True))
    if random.random() < LID_FACES:
        value |= _lids(random, value)
    if random.random() < MOUTH_FACES:
        value |= _mouth(random, names, value)
    if random.random() < GAZES:
        value |= _gaze(random)
    face = np.array([value[name] for name in names])
    return np.clip(face, 0, 1)


def _lids(random: np.random.Generator, value: dict[str, float]) -> dict[str, float]:
    """Both eyes' lids: shut, on the way, winking, wide or squinting."""
    kind, strength = random.random(), min(random.uniform(0.8, 1.2), 1.0)
    sides = {"Left": random.uniform(0.9, 1.0), "Right": random.uniform(0.9, 1.0)}
    if kind < 0.5 and random.random() < 0.3:
        sides[str(random.choice(("Left", "Right")))] = random.uniform(0, 0.5)  # a wink
    if kind < 0.3:
        shape, rest = "eyeBlink", 0.0  # quite shut
    elif kind < 0.5:
        shape, strength, rest = "eyeBlink", random.uniform(0.1, 0.9), 0.0
    elif kind < 0.75:
        shape, strength, rest = "eyeWide", random.uniform(0.2, 1.0), 0.0
    else:
        shape, strength, rest = "eyeSquint", random.uniform(0.2, 1.0), random.uniform(0, 1)
    out = {f"eyeBlink{side}": rest * value.get(f"eyeBlink{side}", 0.0) for side in sides}
    if shape == "eyeBlink" and random.random() < 0.5:
        out |= {f"eyeSquint{side}": random.uniform(0, 1.0) for side in sides}
    return out | {f"{shape}{side}": strength * share for side, share in sides.items()}


def _mouth(random: np.random.Generator, names: Sequence[str], value: dict[str, float]) -> dict[str, float]:
    """One of the things that mouths do, strongly, on what is left of the rest."""
    rest = random.uniform(0, 1) if random.random() < 0.5 else 0.0
    out = {name: rest * weight for name, weight in value.items() if name.startswith(("mouth", "jaw"))}
    for stem in MOUTHS[random.integers(len(MOUTHS))]:
        strength = random.uniform(0.3, 1.0)
        uneven = dict(zip(("Left", "Right"), random.uniform(0.1, 1.0, 2) if random.random() < 0.3
                          else random.uniform(0.85, 1.0, 2), strict=True))
        out |= {name: strength * (uneven[name.removeprefix(stem)] if name != stem else 1.0)
                for name in names if name in (stem, f"{stem}Left", f"{stem}Right")}
    if "mouthClose" in out:
        out["mouthClose"] = min(out["mouthClose"], out.get("jawOpen", 0.0))  # further the lips would cross
    return out


def _gaze(random: np.random.Generator) -> dict[str, float]:
    """Both eyes look anywhere, nearly together; the lids follow as the look shapes have it."""
    side, up = np.clip(random.normal(0, 0.5, 2), -1, 1)
    out = {}
    for eye, outwards in (("Left", 1), ("Right", -1)):
        yaw, pitch = np.clip(np.array([side * outwards, up]) + random.normal(0, 0.05, 2), -1, 1)
        out |= {f"eyeLookOut{eye}": max(yaw, 0), f"eyeLookIn{eye}": max(-yaw, 0),
                f"eyeLookUp{eye}": max(pitch, 0), f"eyeLookDown{eye}": max(-pitch, 0)}
    return out


def mirrored(names: tuple[str, ...]) -> np.ndarray:
    """(K,) the index of each shape's other side; its own where it has none."""
    others = [other_side(name) for name in names]
    return np.array([names.index(other) if other in names else index for index, other in enumerate(others)])


def gaze_of(weights: np.ndarray, model: FaceModel) -> np.ndarray:
    """(2, 2) radians: yaw and pitch of each eye that the eyeLook weights mean."""
    value = dict(zip(model.shape_names, weights, strict=True))

    def look(way: str, side: str) -> float:
        return float(value.get(f"eyeLook{way}{side}", 0.0))

    out = []
    for side, outwards, eye in zip(("Left", "Right"), (1, -1), model.eyes, strict=False):
        out.append((eye.yaw * outwards * (look("Out", side) - look("In", side)),
                    eye.pitch * (look("Up", side) - look("Down", side))))
    return np.array(out).reshape(-1, 2)
