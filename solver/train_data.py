"""Made pictures of faces whose every surface point is known: what the landmark network learns from.

Each is a random person (identity and paint), face (recorded weights, random ones, or a mixture), gaze, pose, lens and
light, drawn by our own renderer and lit as `train_data_light` has it. Stored are the pictures and the numbers that made
them; where the landmarks are follows from those and an embedding, so that a better embedding needs no new pictures.

A sample is made from the recipe's seed and its own number alone: the same recipe gives the same samples.
"""

import hashlib
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np

from capture.camera import Camera, lone_camera
from capture.errors import DataError
from capture.files import write_with
from solver.embedding import Embedding
from solver.face_model import FaceModel, deform, gaze_rotation
from solver.parts import SKIPPED
from solver.render import Light, Look, Renderer, face_mesh
from solver.train_data_light import Draw, drawn
from solver.train_data_paint import Canvas, canvas, paint, palette
from solver.train_data_people import gaze_of, random_bumps, random_weights, recorded_weights, shifts
from solver.train_data_props import THINGS, background, hold_before

SIDE = 448
"""Side in px of a stored picture."""
ROOM = 1.5
"""A stored picture's side as a multiple of the face's longer side."""
DEGREES = {"yaw": 32.0, "pitch": 13.0, "roll": 7.0}
"""Standard deviation of the head's angles."""
MOST_YAW = 85.0
LASHES = "lashCards"
"""Drawn opaque these cards look like slabs below the lids: in few pictures, or nothing else is learnt of shut eyes."""
CARDS = 0.1
"""Share of the pictures that show them."""
QUALITY = 94
"""JPEG quality of stored pictures."""
CELL = 4
"""Side in px of the cells for which is kept whether something is before the face."""
MADE = 3
"""Goes up when the same recipe makes other pictures."""


@dataclass(frozen=True)
class Recipe:
    """How many samples, from which seed; which recordings (Live Link Face CSV files) lend their weights; which
    share of the heads is turned anywhere between the profiles, not mostly to the camera; how many faces in a row are
    one person's, the first of them at rest; and how often there is a hand or a thing before one."""

    count: int
    seed: int
    recordings: tuple[Path, ...] = ()
    profiles: float = 0.0
    faces_each: int = 1
    things: float = THINGS


@dataclass(frozen=True)
class Samples:
    """Made faces of one model: N samples, K shapes, I identity modes.

    jpegs: N byte strings; identity (N, I); weights (N, K); gaze (N, 2, 2); rotation (N, 3, 3) and translation (N, 3)
    metres, camera_from_head; matrix (N, 3, 3) the camera's, px of the stored picture;
    bumps (N, B, 7) how this person's head differs from all that the identity modes can make, see
    `train_data_people.shifts`; before (N, SIDE / CELL, SIDE / CELL / 8) bits, row by row: which cells of the picture
    show a hand or a thing in place of the face.
    """

    jpegs: tuple[bytes, ...]
    identity: np.ndarray
    weights: np.ndarray
    gaze: np.ndarray
    rotation: np.ndarray
    translation: np.ndarray
    matrix: np.ndarray
    bumps: np.ndarray
    before: np.ndarray

    def __len__(self) -> int:
        return len(self.jpegs)


NUMBERS = ("identity", "weights", "gaze", "rotation", "translation", "matrix", "bumps", "before")


def make(recipe: Recipe, model: FaceModel, embedding: Embedding,
         report: Callable[[int, int], None] = lambda done, total: None, start: int = 0, draw: Draw = drawn
         ) -> Iterator[tuple]:
    """The samples `start`..`recipe.count` one by one, each a (jpeg, identity, weights, gaze, rotation, translation,
    matrix, bumps, before); `gather` makes Samples of them. `draw` is what draws them."""
    recorded = recorded_weights(recipe.recordings, model)
    surface = canvas(model, embedding)
    with Renderer(SIDE, SIDE) as renderer:
        for number in range(start, recipe.count):
            random = person = np.random.default_rng((recipe.seed, number))
            faces = recorded
            if recipe.faces_each > 1:
                who, face = divmod(number, recipe.faces_each)
                person = np.random.default_rng((recipe.seed, who, recipe.faces_each))
                faces = recorded if face else None
            yield _sample(random, person, recipe, model, embedding, surface, faces, renderer, draw)
            report(number + 1, recipe.count)


def made(recipe: Recipe, model: FaceModel, embedding: Embedding, folder: Path,
         report: Callable[[int, int], None]) -> Samples:
    """The recipe's samples: read from `folder` if they were made before, else made and kept there."""
    named = repr((recipe.count, recipe.seed, recipe.profiles, [path.name for path in recipe.recordings], model.sha256,
                  embedding.triangle.tobytes(), MADE, recipe.things,
                  *([recipe.faces_each] if recipe.faces_each > 1 else [])))
    path = folder / f"faces-{hashlib.sha256(named.encode()).hexdigest()[:12]}.npz"
    if not path.exists():
        save(gather(list(make(recipe, model, embedding, report))), path)
    return load(path)


def gather(made: list[tuple]) -> Samples:
    """Samples out of what `make` gave."""
    jpegs, *numbers = zip(*made, strict=True)
    *numbers, before = (np.stack(column) for column in numbers)
    return Samples(tuple(jpegs), *(column.astype(np.float32) for column in numbers), before)


def save(samples: Samples, path: Path) -> None:
    """Write samples; scratch for training, never shipped."""
    ends = np.cumsum([len(jpeg) for jpeg in samples.jpegs])
    arrays = {"jpegs": np.frombuffer(b"".join(samples.jpegs), np.uint8), "ends": ends}
    arrays |= {name: getattr(samples, name) for name in NUMBERS}
    write_with(path, lambda file: np.savez(file, **arrays))


def load(path: Path) -> Samples:
    """Read what `save` wrote.

    Raises:
        DataError: the file is missing or is no such file.
    """
    try:
        with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
            data, ends = file["jpegs"].tobytes(), [0, *file["ends"].tolist()]
            return Samples(tuple(data[a:b] for a, b in pairwise(ends)),
                           **{name: file[name] for name in NUMBERS})
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise DataError(f"{path} holds no training pictures ({error}); make them again with `mien net train`"
                        ) from error


def true_points(samples: Samples, model: FaceModel, embedding: Embedding) -> np.ndarray:
    """Where each sample's landmarks truly are: (N, P, 2) px of the stored picture, OpenCV's convention."""
    of = head_points(model, embedding)
    out = np.empty((len(samples), len(embedding.triangle), 2))
    for row in range(len(samples)):
        points = of(samples.weights[row], samples.identity[row], samples.gaze[row], samples.bumps[row])
        pixels = (points @ samples.rotation[row].T + samples.translation[row]) @ samples.matrix[row].T
        out[row] = pixels[:, :2] / pixels[:, 2:]
    return out


def occluded_points(samples: Samples, points: np.ndarray) -> np.ndarray:
    """(N, P) bool: which of the points (N, P, 2) px of the stored pictures lie behind a hand or a thing."""
    column, row = np.clip(points / CELL, 0, SIDE // CELL - 1).astype(int).transpose(2, 0, 1)
    return np.unpackbits(samples.before, axis=2).astype(bool)[np.arange(len(points))[:, None], row, column]


def head_points(model: FaceModel, embedding: Embedding,
                ) -> Callable[[np.ndarray, np.ndarray, np.ndarray, np.ndarray], np.ndarray]:
    """weights (K), identity (I), gaze (2, 2), bumps (B, 7) -> the landmarks (P, 3) in head space, metres."""
    corners, place = np.unique(model.triangles[embedding.triangle], return_inverse=True)  # (U,), (P, 3)
    place = place.reshape(-1, 3)
    neutral, modes_of_all, shapes = model.neutral[corners], model.identity[:, corners], model.shapes[:, corners]
    turned = [np.isin(corners, eye.vertices) for eye in model.eyes]
    sockets = [(eye.centre(model.neutral), eye.centre(model.identity)) for eye in model.eyes]

    def of(weights: np.ndarray, identity: np.ndarray, gaze: np.ndarray, bumps: np.ndarray) -> np.ndarray:
        moved_by = shifts(model, corners, bumps)
        vertices = neutral + moved_by + np.tensordot(identity, modes_of_all, 1) \
            + np.tensordot(weights, shapes, 1)  # (U, 3)
        for moved, (mean, modes), (yaw, pitch) in zip(turned, sockets, gaze, strict=True):
            centre = mean + identity @ modes + moved_by[moved][:1].sum(axis=0)  # a ball moves as one
            vertices[moved] = (vertices[moved] - centre) @ gaze_rotation(yaw, pitch).T + centre
        return np.einsum("pcx,pc->px", vertices[place], embedding.barycentric)

    return of


def _sample(random: np.random.Generator, who: np.random.Generator, recipe: Recipe, model: FaceModel,
            embedding: Embedding, surface: Canvas, recorded: np.ndarray | None, renderer: Renderer, draw: Draw
            ) -> tuple:
    """One sample: the person is drawn from `who`, all else from `random`; at rest where there is no recording."""
    identity = who.normal(0, who.uniform(0.6, 1.3), len(model.identity_names))
    weights = np.zeros(len(model.shape_names)) if recorded is None \
        else random_weights(random, recorded, model.shape_names)
    gaze = gaze_of(weights, model) + random.normal(0, np.radians(4), 2)
    bumps = random_bumps(model, who)
    everywhere = np.arange(len(model.neutral))
    person = replace(model, neutral=model.neutral + shifts(model, everywhere, bumps))
    head = deform(person, weights, identity, gaze)
    rotation = turned(random, recipe.profiles)
    camera, translation = framed(random, embedding.points(model, head) @ rotation.T)
    world = head @ rotation.T + translation
    skip = tuple(name for name in SKIPPED if name != LASHES) if who.random() < CARDS else SKIPPED
    mesh = face_mesh(replace(model, albedo=palette(model, who)), world, paint(surface, who), skip)
    mesh = replace(mesh, gloss=np.where(mesh.gloss < 0.2, who.uniform(0.03, 0.45), mesh.gloss))
    behind = renderer.surface(camera, [mesh]).depth == np.inf
    picture = draw(renderer, camera, mesh, model, _light(random), random)
    points = camera_points(camera, embedding.points(model, world))
    picture, before = hold_before(picture, points, behind, recipe.things, random)
    quality = [cv2.IMWRITE_JPEG_QUALITY, QUALITY]
    jpeg = cv2.imencode(".jpg", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), quality)[1].tobytes()
    return (jpeg, identity, weights, gaze, camera.rotation @ rotation, camera.rotation @ translation, camera.matrix,
            bumps, np.packbits(before[CELL // 2::CELL, CELL // 2::CELL], axis=1))


def camera_points(camera: Camera, points: np.ndarray) -> np.ndarray:
    """(N, 3) metres before a camera at the world's origin -> (N, 2) px."""
    pixels = points @ camera.rotation.T @ camera.matrix.T
    return pixels[:, :2] / pixels[:, 2:]


def turned(random: np.random.Generator, profiles: float) -> np.ndarray:
    """How a head is turned, (3, 3): mostly to the camera, or a share of them anywhere between the profiles."""
    pitch, yaw, roll = (random.normal(0, DEGREES[axis]) for axis in ("pitch", "yaw", "roll"))
    if profiles and random.random() < profiles:
        yaw = random.uniform(-MOST_YAW, MOST_YAW)
    return _turn(np.radians([pitch, np.clip(yaw, -MOST_YAW, MOST_YAW), roll]))


def framed(random: np.random.Generator, points: np.ndarray) -> tuple[Camera, np.ndarray]:
    """A camera that sees the points large, and where the head stands before it."""
    distance = np.exp(random.uniform(np.log(0.35), np.log(2.5)))
    aside = distance * random.normal(0, 0.08, 2)  # a face off the picture's middle is seen at an angle
    translation = np.array([*aside, -distance])
    camera = lone_camera("made", (SIDE, SIDE), 1.0)
    rays = camera_points(replace(camera, matrix=np.eye(3)), points + translation)  # (N, 2)
    low, high = rays.min(axis=0), rays.max(axis=0)
    focal = SIDE / (ROOM * (high - low).max())
    middle = (SIDE - 1) / 2 - focal * (low + high) / 2
    return replace(camera, matrix=np.array([[focal, 0, middle[0]], [0, focal, middle[1]], [0, 0, 1]])), translation


def _light(random: np.random.Generator) -> Look:
    lights = []
    for _ in range(random.integers(1, 4)):
        towards = random.normal(0, 1, 3) * [1.0, 0.8, 0.6] + [0, 0.4, 0.7]
        colour = np.exp(random.uniform(-2.5, 0.1)) * random.normal(1, [0.12, 0.05, 0.15], 3)
        lights.append(Light(tuple(towards), tuple(np.clip(colour, 0, 3)), random.uniform(0.0, 0.8)))
    sky = np.exp(random.uniform(-2.5, -0.4)) * random.normal(1, 0.1, 3)
    ground = sky * random.uniform(0.2, 1.0)
    return Look(tuple(lights), tuple(sky), tuple(ground), background(SIDE, random))


def _turn(angles: np.ndarray) -> np.ndarray:
    """(3, 3) from pitch about x, yaw about y, roll about z, radians: first roll, then pitch, then yaw."""
    cx, cy, cz = np.cos(angles)
    sx, sy, sz = np.sin(angles)
    about_x = np.array([[1, 0, 0], [0, cx, -sx], [0, sx, cx]])
    about_y = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    about_z = np.array([[cz, -sz, 0], [sz, cz, 0], [0, 0, 1]])
    return about_y @ about_x @ about_z
