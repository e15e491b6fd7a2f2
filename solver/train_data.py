"""Made pictures of faces whose every surface point is known: what the landmark network learns from.

Each is a random person (identity and paint), face (recorded weights, random ones, or a mixture), gaze, pose, lens and
light, drawn by our own renderer and darkened in its hollows. Stored are the pictures and the numbers that made them;
where the landmarks are follows from those and an embedding, so that a better embedding needs no new pictures.

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
from solver.render import Light, Look, Renderer, Surface, face_mesh
from solver.train_data_paint import Canvas, canvas, paint, palette
from solver.train_data_props import background, hold_before

SIDE = 256
"""Side in px of a stored picture."""
ROOM = 1.7
"""A stored picture's side as a multiple of the face's longer side."""
DEGREES = {"yaw": 32.0, "pitch": 13.0, "roll": 7.0}
"""Standard deviation of the head's angles."""
MOST_YAW = 85.0
LASHES = "lashCards"
"""Drawn opaque these cards look like thick lashes or make-up: not in every picture, but in some."""
BLINKS = 0.2
"""Share of faces with shut eyes: recordings have so few that a network trained on them never quite shuts its lids."""
QUALITY = 94
"""JPEG quality of stored pictures."""


@dataclass(frozen=True)
class Recipe:
    """How many samples, from which seed; which recordings (Live Link Face CSV files) lend their weights; and which
    share of the heads is turned anywhere between the profiles, not mostly to the camera."""

    count: int
    seed: int
    recordings: tuple[Path, ...] = ()
    profiles: float = 0.0


@dataclass(frozen=True)
class Samples:
    """Made faces of one model: N samples, K shapes, I identity modes.

    jpegs: N byte strings; identity (N, I); weights (N, K); gaze (N, 2, 2); rotation (N, 3, 3) and translation (N, 3)
    metres, camera_from_head; matrix (N, 3, 3) the camera's, px of the stored picture.
    """

    jpegs: tuple[bytes, ...]
    identity: np.ndarray
    weights: np.ndarray
    gaze: np.ndarray
    rotation: np.ndarray
    translation: np.ndarray
    matrix: np.ndarray

    def __len__(self) -> int:
        return len(self.jpegs)


NUMBERS = ("identity", "weights", "gaze", "rotation", "translation", "matrix")


def make(recipe: Recipe, model: FaceModel, embedding: Embedding,
         report: Callable[[int, int], None] = lambda done, total: None, start: int = 0) -> Iterator[tuple]:
    """The samples `start`..`recipe.count` one by one, each a (jpeg, identity, weights, gaze, rotation, translation,
    matrix); `gather` makes Samples of them."""
    recorded = recorded_weights(recipe.recordings, model)
    surface = canvas(model, embedding)
    with Renderer(SIDE, SIDE) as renderer:
        for number in range(start, recipe.count):
            random = np.random.default_rng((recipe.seed, number))
            yield _sample(random, recipe.profiles, model, embedding, surface, recorded, renderer)
            report(number + 1, recipe.count)


def made(recipe: Recipe, model: FaceModel, embedding: Embedding, folder: Path,
         report: Callable[[int, int], None]) -> Samples:
    """The recipe's samples: read from `folder` if they were made before, else made and kept there."""
    named = repr((recipe.count, recipe.seed, recipe.profiles, [path.name for path in recipe.recordings], model.sha256,
                  embedding.triangle.tobytes()))
    path = folder / f"faces-{hashlib.sha256(named.encode()).hexdigest()[:12]}.npz"
    if not path.exists():
        save(gather(list(make(recipe, model, embedding, report))), path)
    return load(path)


def gather(made: list[tuple]) -> Samples:
    """Samples out of what `make` gave."""
    jpegs, *numbers = zip(*made, strict=True)
    return Samples(tuple(jpegs), *(np.stack(column).astype(np.float32) for column in numbers))


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
    corners, place = np.unique(model.triangles[embedding.triangle], return_inverse=True)  # (U,), (P, 3)
    place = place.reshape(-1, 3)
    neutral, identity, shapes = model.neutral[corners], model.identity[:, corners], model.shapes[:, corners]
    turned = [np.isin(corners, eye.vertices) for eye in model.eyes]
    sockets = [(model.neutral[eye.vertices].mean(axis=0), model.identity[:, eye.vertices].mean(axis=1))
               for eye in model.eyes]
    out = np.empty((len(samples), len(place), 2))
    for row in range(len(samples)):
        vertices = neutral + np.tensordot(samples.identity[row], identity, 1) \
            + np.tensordot(samples.weights[row], shapes, 1)  # (U, 3)
        for moved, (mean, modes), (yaw, pitch) in zip(turned, sockets, samples.gaze[row], strict=True):
            centre = mean + samples.identity[row] @ modes
            vertices[moved] = (vertices[moved] - centre) @ gaze_rotation(yaw, pitch).T + centre
        points = np.einsum("pcx,pc->px", vertices[place], embedding.barycentric)
        in_camera = points @ samples.rotation[row].T + samples.translation[row]
        pixels = in_camera @ samples.matrix[row].T
        out[row] = pixels[:, :2] / pixels[:, 2:]
    return out


def recorded_weights(paths: tuple[Path, ...], model: FaceModel) -> np.ndarray:
    """(R, K): all rows of the recordings, in the model's shapes.

    Raises:
        DataError: a recording cannot be read.
    """
    rows = [np.zeros((1, len(model.shape_names)))]
    for path in paths:
        try:
            with path.open(encoding="utf-8") as file:
                header = file.readline().strip().split(",")
            names = [name[:1].lower() + name[1:] for name in header]
            columns = [names.index(name) if name in names else -1 for name in model.shape_names]
            table = np.genfromtxt(path, delimiter=",", skip_header=1, ndmin=2,
                                  usecols=[max(column, 0) for column in columns])
        except (OSError, UnicodeDecodeError, ValueError) as error:
            raise DataError(f"{path} is no Live Link Face recording ({error}); give its CSV file") from error
        rows.append(np.where(np.array(columns) >= 0, np.nan_to_num(table), 0.0))
    return np.concatenate(rows)


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
    if random.random() < BLINKS:
        shut = random.uniform(0.5, 1.0)
        face = np.array([max(value, shut * random.uniform(0.85, 1.0)) if name.startswith("eyeBlink") else value
                         for name, value in zip(names, face, strict=True)])
    return np.clip(face, 0, 1)


def mirrored(names: tuple[str, ...]) -> np.ndarray:
    """(K,) the index of each shape's other side; its own where it has none."""
    swap = {"Left": "Right", "Right": "Left"}
    others = [next((name.removesuffix(side) + other for side, other in swap.items() if name.endswith(side)), name)
              for name in names]
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


def _sample(random: np.random.Generator, profiles: float, model: FaceModel, embedding: Embedding, surface: Canvas,
            recorded: np.ndarray, renderer: Renderer) -> tuple:
    identity = random.normal(0, random.uniform(0.6, 1.3), len(model.identity_names))
    weights = random_weights(random, recorded, model.shape_names)
    gaze = gaze_of(weights, model) + random.normal(0, np.radians(4), 2)
    head = deform(model, weights, identity, gaze)
    pitch, yaw, roll = (random.normal(0, DEGREES[axis]) for axis in ("pitch", "yaw", "roll"))
    if profiles and random.random() < profiles:
        yaw = random.uniform(-MOST_YAW, MOST_YAW)
    rotation = _turn(np.radians([pitch, np.clip(yaw, -MOST_YAW, MOST_YAW), roll]))
    camera, translation = _framed(random, embedding.points(model, head) @ rotation.T)
    world = head @ rotation.T + translation
    skip = tuple(name for name in SKIPPED if name != LASHES) if random.random() < 0.4 else SKIPPED
    mesh = face_mesh(replace(model, albedo=palette(model, random)), world, paint(surface, random), skip)
    mesh = replace(mesh, gloss=np.where(mesh.gloss < 0.2, random.uniform(0.03, 0.45), mesh.gloss))
    picture = renderer.colours(camera, [mesh], _light(random)).astype(np.float32)
    seen = renderer.surface(camera, [mesh])
    picture = _shaded(picture, seen, camera, random)
    behind = seen.depth == np.inf
    points = camera_points(camera, embedding.points(model, world))
    picture = hold_before(np.clip(picture, 0, 255).astype(np.uint8), points, behind, random)
    quality = [cv2.IMWRITE_JPEG_QUALITY, QUALITY]
    jpeg = cv2.imencode(".jpg", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), quality)[1].tobytes()
    return (jpeg, identity, weights, gaze, camera.rotation @ rotation, camera.rotation @ translation, camera.matrix)


def camera_points(camera: Camera, points: np.ndarray) -> np.ndarray:
    """(N, 3) metres before a camera at the world's origin -> (N, 2) px."""
    pixels = points @ camera.rotation.T @ camera.matrix.T
    return pixels[:, :2] / pixels[:, 2:]


def _framed(random: np.random.Generator, points: np.ndarray) -> tuple[Camera, np.ndarray]:
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


def _shaded(picture: np.ndarray, seen: Surface, camera: Camera, random: np.random.Generator) -> np.ndarray:
    """The picture with its hollows darkened: where the surface lies behind the mean of its surroundings, light gets in
    from fewer sides."""
    face = np.isfinite(seen.depth)
    if not face.any():
        return picture
    depth = np.where(face, seen.depth, 0).astype(np.float32)
    pixel = float(np.median(seen.depth[face])) / camera.matrix[0, 0]  # metres a pixel
    light = np.ones_like(depth)
    strength = random.uniform(0.3, 1.2)
    for radius in (2, 5, 12):
        share = cv2.GaussianBlur(face.astype(np.float32), (0, 0), radius)
        mean = cv2.GaussianBlur(depth, (0, 0), radius) / np.maximum(share, 1e-3)
        behind = np.clip((depth - mean) / (radius * pixel), 0, 3)
        light *= np.exp(-strength * behind * np.clip(share * 2 - 0.6, 0, 1))
    light = cv2.GaussianBlur(np.where(face, light, 1), (0, 0), 0.8)
    # Light adds up in linear light: a share of it is its 2.2nd root in sRGB.
    return picture * np.where(face, light ** (1 / 2.2), 1)[:, :, None]


def _turn(angles: np.ndarray) -> np.ndarray:
    """(3, 3) from pitch about x, yaw about y, roll about z, radians: first roll, then pitch, then yaw."""
    cx, cy, cz = np.cos(angles)
    sx, sy, sz = np.sin(angles)
    about_x = np.array([[1, 0, 0], [0, cx, -sx], [0, sx, cx]])
    about_y = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    about_z = np.array([[cz, -sz, 0], [sz, cz, 0], [0, 0, 1]])
    return about_y @ about_x @ about_z
