"""What a made face's surface looks like: skin, brows, lips, beard, hair and clothes, painted on any face model.

The masks come from where the landmarks lie on the model, so they need no texture: each says for every vertex how much
of a paint it takes. Colours are linear.
"""

from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
from scipy.spatial import cKDTree

from solver.embedding import Embedding
from solver.face_model import FaceModel
from solver.parts import INSIDE, is_part

BROWS = (((46, 70), (53, 63), (52, 105), (65, 66), (55, 107)),
         ((276, 300), (283, 293), (282, 334), (295, 296), (285, 336)))
"""Below and above, from the temple inwards: the right brow, the left."""
BROW_HEIGHTS = tuple(np.arange(-0.004, 0.0141, 0.001))
"""Metres that brows may grow above the landmarks: people differ in how high on the bone they do, and a landmark is a
place on the surface, not a hair."""
LIPS = (61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291, 409, 270, 269, 267, 0, 37, 39, 40, 185)
LIDS = ((33, 7, 163, 144, 145, 153, 154, 155, 133, 173, 157, 158, 159, 160, 161, 246),
        (263, 249, 390, 373, 374, 380, 381, 382, 362, 398, 384, 385, 386, 387, 388, 466))
LIPS_GROW, LIPS_FADE = 0.0008, (0.001, 0.004)
"""Metres (standard deviation) by which a lip's colour reaches over its outline or stops short of it, and over which it
fades: the landmark is a place on the surface, not where the red ends."""
FOREHEAD, CHIN, UNDER_NOSE, CHEEKS, MOUTH = 10, 152, 2, (50, 280), 13

TONES = np.array([[0.030, 0.016, 0.011], [0.10, 0.050, 0.032], [0.24, 0.125, 0.080], [0.42, 0.245, 0.170],
                  [0.62, 0.40, 0.31], [0.78, 0.57, 0.48]])
"""Linear skin colours from the darkest to the lightest."""
IRISES = np.array([[0.02, 0.012, 0.008], [0.07, 0.04, 0.02], [0.10, 0.09, 0.03], [0.06, 0.11, 0.06], [0.08, 0.13, 0.20],
                   [0.16, 0.20, 0.24]])
"""Linear iris colours: brown, hazel, green, blue, grey."""


@dataclass(frozen=True)
class Canvas:
    """Where paints go on one model, in metres of its mean face.

    Attributes:
        points: (V, 3) the mean face.
        skin: (V) bool, the vertex belongs to the skin.
        brow: (H, V) distance from the nearer brow's middle line, seen from the front, for each of BROW_HEIGHTS.
        along: (H, V) 0 at the brow's outer end, 1 at its inner.
        lips: (V) metres inside the lips' outline, less than 0 outside; far outside behind the mouth.
        below: (V) bool, nearer to the lower lip than to the upper.
        lids: (V) distance from the nearer lid margin.
        marks: (478, 3) the landmarks.
    """

    points: np.ndarray
    skin: np.ndarray
    brow: np.ndarray
    along: np.ndarray
    lips: np.ndarray
    below: np.ndarray
    lids: np.ndarray
    marks: np.ndarray


def canvas(model: FaceModel, embedding: Embedding) -> Canvas:
    """Measure a model once."""
    points = model.neutral.astype(np.float64)
    marks = embedding.points(model, points)
    skin = np.zeros(len(points), dtype=bool)
    outer = np.array([not is_part(name, INSIDE) for name in model.part_names])
    skin[np.unique(model.triangles[outer[model.triangle_part]])] = True
    brows = [_brows(points, marks, height) for height in BROW_HEIGHTS]
    outline = (1000 * marks[list(LIPS), :2]).astype(np.float32)
    inwards = np.array([cv2.pointPolygonTest(outline, tuple(xy), True) for xy in 1000 * points[:, :2]]) / 1000
    lips = np.where(points[:, 2] > marks[MOUTH, 2] - 0.035, inwards, -1.0)
    lids, _ = cKDTree(np.concatenate([marks[list(lid)] for lid in LIDS])).query(points)
    return Canvas(points, skin, np.stack([brow for brow, _ in brows]), np.stack([along for _, along in brows]), lips,
                  points[:, 1] < marks[MOUTH, 1], lids, marks)


def _brows(points: np.ndarray, marks: np.ndarray, height: float) -> tuple[np.ndarray, np.ndarray]:
    """(V), (V): distance from the nearer brow line, `height` metres above the landmarks, and the place along it."""
    front = points[:, 2] > marks[list(LIDS[0] + LIDS[1]), 2].min() - 0.03
    brow, along = np.full(len(points), 1.0), np.zeros(len(points))
    for line in BROWS:
        middle = marks[np.array(line)].mean(axis=1)[:, :2] + np.array([0, height])  # (5, 2)
        dense = np.concatenate([np.linspace(a, b, 20, endpoint=False) for a, b in pairwise(middle)])
        distance, nearest = cKDTree(dense).query(points[:, :2])
        nearer = front & (distance < brow)
        brow[nearer], along[nearer] = distance[nearer], nearest[nearer] / len(dense)
    return brow, along


def paint(canvas: Canvas, random: np.random.Generator) -> np.ndarray:
    """A person's colours: (V, 3) linear, NaN off the skin."""
    points, marks = canvas.points, canvas.marks
    tone = random.uniform(0, len(TONES) - 1)
    skin = np.array([np.interp(tone, np.arange(len(TONES)), TONES[:, channel]) for channel in range(3)])
    skin = skin * random.normal(1, [0.08, 0.06, 0.06], 3)
    colour = np.tile(skin, (len(points), 1))
    for scale, strength in ((0.05, 0.10), (0.012, 0.07), (0.003, 0.05)):  # blotches, then pores
        colour *= 1 + strength * random.random() * _waves(points / scale, random)[:, None] * random.normal(1, 0.2, 3)
    hair = np.array([0.02, 0.014, 0.01]) * np.exp(random.uniform(-0.8, 3.0)) * random.normal(1, 0.1, 3)

    def lay(share: np.ndarray, paint: np.ndarray) -> None:
        share = np.clip(share, 0, 1)[:, None]
        colour[:] = colour * (1 - share) + share * paint

    for cheek in CHEEKS:
        distance = np.linalg.norm(points - marks[cheek], axis=1)
        lay(random.uniform(0, 0.25) * np.exp(-(distance / 0.02) ** 2), skin * [1.1, 0.75, 0.75])
    grown = np.where(canvas.below, *(LIPS_GROW * random.normal(0, 1, 2)))
    lips = np.clip(0.5 + (canvas.lips + grown) / random.uniform(*LIPS_FADE), 0, 1)
    lay(random.uniform(0.3, 1.0) * lips, skin * random.uniform([0.8, 0.4, 0.4], [1.3, 0.85, 0.9]))
    if random.random() < 0.5:  # darker around the eyes
        lay(random.uniform(0, 0.5) * np.exp(-(canvas.lids / 0.012) ** 2), skin * [0.7, 0.6, 0.65])
    if random.random() < 0.5:  # lashes and liner
        lay(random.uniform(0.3, 1.0) * (1 - canvas.lids / random.uniform(0.001, 0.003)), hair * 0.7)
    if random.random() < 0.4:  # a beard, or its shadow
        low = np.clip((marks[UNDER_NOSE, 1] - points[:, 1]) / 0.006, 0, 1)
        side = np.clip((points[:, 2] - marks[CHEEKS[0], 2] + 0.075) / 0.02, 0, 1)
        neck = np.clip((points[:, 1] - marks[CHIN, 1] + 0.03) / 0.02, 0, 1)
        near_mouth = np.exp(-(np.linalg.norm(points - marks[CHEEKS[0]] * [0, 1, 1], axis=1) / 0.03) ** 2)
        share = low * side * neck * (1 - lips) * (1 - random.uniform(0, 0.8) * near_mouth)
        lay(random.uniform(0.05, 0.9) * share * (0.85 + 0.15 * _waves(points / 0.002, random)), hair)
    if random.random() < 0.95:
        height = random.integers(len(BROW_HEIGHTS))
        width = random.uniform(0.002, 0.0055) * (0.55 + 0.45 * np.sin(canvas.along[height] * np.pi * 0.75))
        share = np.clip((width - canvas.brow[height]) / random.uniform(0.001, 0.003) + 0.5, 0, 1)
        lay(random.uniform(0.25, 1.0) * share * (0.9 + 0.1 * _waves(points / 0.0015, random)), hair)
    if random.random() < 0.75:  # hair as a cap
        slope = random.uniform(0.2, 1.1)
        above = points[:, 1] - marks[FOREHEAD, 1] - random.uniform(-0.01, 0.03) \
            + slope * (marks[FOREHEAD, 2] - points[:, 2]) - 0.02 * slope
        lay(above / random.uniform(0.002, 0.02) + 0.004 * _waves(points / 0.01, random),
            hair * (1 + 0.4 * _waves(points / [0.003, 0.02, 0.02], random)[:, None]))
    if random.random() < 0.6:  # clothes
        collar = marks[CHIN, 1] - random.uniform(0.05, 0.09) + random.uniform(-0.3, 0.3) * (points[:, 2] - 0.05)
        lay((collar - points[:, 1]) / 0.002, random.random(3) ** 2)
    return np.where(canvas.skin[:, None], np.clip(colour, 0.002, 0.95), np.nan)


def palette(model: FaceModel, random: np.random.Generator) -> np.ndarray:
    """(P, 3): the model's parts in one person's colours: eyes, teeth, the inside of the mouth."""
    albedo = model.albedo.astype(np.float64).copy()
    iris = IRISES[random.integers(len(IRISES))] * random.uniform(0.6, 1.5)
    white = random.uniform(0.45, 0.9) * random.normal(1, [0.03, 0.03, 0.03])
    mouth, teeth = random.uniform(0.25, 1.1), random.uniform(0.4, 1.15)
    for part, name in enumerate(model.part_names):
        if is_part(name, ("iris",)):
            albedo[part] = iris
        elif is_part(name, ("eyeLeft", "eyeRight", "eyeInner")):
            albedo[part] = white
        elif is_part(name, ("teeth",)):
            albedo[part] *= teeth
        elif is_part(name, ("mouth", "gums", "tongue")):
            albedo[part] *= mouth
    return np.clip(albedo, 0, 1)


def _waves(points: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """(V): smooth noise of about unit height and unit scale in space."""
    direction = random.normal(0, 1, (6, 3))
    phase = random.uniform(0, 2 * np.pi, 6)
    return np.sin(points @ direction.T * 2 + phase).mean(axis=1) * 1.7
