"""What mien knows of an actor, and its folder: actors/NAME/ in a shoot.

    actor.json            format, version, model, measures, history, and the SHA-256 of each other file
    face-HASH.npz         identity, where landmarks lie, personal shapes, skin, the reader's code and the actor's own
                          reading
    network-HASH.npz      the actor's own last layers of a network, and where landmarks lie and how they are read with
                          them; not always there

Files are named by their content and actor.json is written last, so that a profile is the old or the new one, whole, at
any moment. Everything is JSON or NumPy's npz without pickle: a profile from a stranger runs no code.
"""

import contextlib
import hashlib
import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from capture.arrays import Damaged, load_arrays, save_arrays
from capture.errors import DataError
from capture.files import make_folder, sha256, write_bytes
from solver.face_model import FaceModel
from solver.reading import OwnAnswer
from solver.rig import MOST_MOVES

FORMAT, VERSION = "mien.actor", 3
PLAIN, WITH_NETWORK = 1, 2
"""The versions of a profile without an own reading, with and without a network, which an older mien reads, too."""
NAME = "actor.json"
NAMED = re.compile(r"[\w][\w .-]{0,63}")
FAR = 0.05
"""Metres that no person's vertex lies from where identity and shapes of a model put it."""
MOST_WEIGHT = 10.0
"""By how much no layer of an actor's own differs from the shared network's."""


ANSWER = {part: f"answer_{part}" for part in ("weight", "bias", "unsure")}
"""What the parts of an own reading are called in the files."""


@dataclass(frozen=True)
class Taught:
    """What the actor taught a network.

    Attributes:
        detector: the key of the detector whose landmarks it moves.
        layers: what is added to the shared network's weights, by name of the layer; 16-bit floats.
        points: (N, 3) metres, as `Actor.points`, of the landmarks that it has moved.
        answer: as `Actor.answer`, of these.
    """

    detector: str
    layers: Mapping[str, np.ndarray]
    points: np.ndarray
    answer: OwnAnswer | None = None

    @property
    def key(self) -> str:
        """Equal keys, equal landmarks."""
        digest = hashlib.sha256(self.detector.encode())
        for name, array in sorted(self.layers.items()):
            digest.update(name.encode() + np.ascontiguousarray(array, np.float16).tobytes())
        return digest.hexdigest()[:32]


@dataclass(frozen=True)
class Actor:
    """A profile, on a model of V vertices, I identity modes and K shapes.

    Attributes:
        name: the actor's.
        model_name, model_sha256: the face model that it is of.
        scheme: whose landmarks it was learnt from.
        identity: (I) standard deviations.
        points: (N, 3) metres in the head, from where the scheme's landmarks lie on the model to where the detector puts
            them on this actor.
        shape_names: (K') the shapes that the actor does in another way than the model.
        shapes: (K', V, 3) metres from the model's shapes to the actor's own, at a weight of 1.
        code: (D) what the reading network sees of the person, mean over `code_faces` faces; () where nothing read.
        code_faces: how many.
        reader_key: of that reading network.
        measures: name -> metres.
        history: what it was made from, the oldest first: plain words and numbers.
        taught: the actor's own network; None where there is none.
        answer: how the actor is read otherwise than anybody; None where that is not known.
        skin: (V, 4) uint8, what the skin looks like, see `solver.skin`; (0, 4) where nobody looked.
    """

    name: str
    model_name: str
    model_sha256: str
    scheme: str
    identity: np.ndarray
    points: np.ndarray
    shape_names: tuple[str, ...]
    shapes: np.ndarray
    code: np.ndarray
    code_faces: int
    reader_key: str
    measures: Mapping[str, float]
    history: tuple[Mapping[str, object], ...] = field(default=())
    taught: Taught | None = None
    answer: OwnAnswer | None = None
    skin: np.ndarray = field(default_factory=lambda: np.zeros((0, 4), np.uint8))

    @property
    def key(self) -> str:
        """A name for all that changes a solve: equal keys, equal solves."""
        digest = hashlib.sha256(json.dumps([PLAIN, self.model_sha256, self.scheme, self.shape_names, self.code_faces,
                                            self.reader_key]).encode())
        for array in (self.identity, self.points, self.shapes, self.code):
            digest.update(np.ascontiguousarray(array, np.float32).tobytes())
        if self.taught is not None:
            digest.update(self.taught.key.encode() + np.ascontiguousarray(self.taught.points, np.float32).tobytes())
        for answer in _answers(self):
            for array in (answer.weight, answer.bias, answer.unsure):
                digest.update(np.ascontiguousarray(array, np.float32).tobytes())
        return digest.hexdigest()[:32]

    def model(self, base: FaceModel) -> FaceModel:
        """The actor's own face model: same vertices, same names, same meaning."""
        shapes = base.shapes.copy()
        for name, delta in zip(self.shape_names, self.shapes, strict=True):
            shapes[base.shape_names.index(name)] += delta
        return replace(base, shapes=shapes)


def save_actor(actor: Actor, folder: Path) -> Path:
    """Write a profile; the folder's earlier one stands until the new one is whole.

    Raises:
        OutputError: it cannot be written.
    """
    make_folder(folder)
    used = np.flatnonzero(np.abs(actor.shapes).max(axis=(0, 2), initial=0.0) > 0)
    arrays = {"identity": actor.identity, "points": actor.points, "code": actor.code,
              "shape_vertices": used.astype(np.int32), "shapes": actor.shapes[:, used].astype(np.float32),
              "vertices": np.array(actor.shapes.shape[1]), "skin": actor.skin, **_arrays(actor.answer)}
    face = _by_content(folder, "face", lambda path: save_arrays(path, arrays, compress=True))
    files, own = {face.name: sha256(face)}, {}
    if actor.taught is not None:
        layers = {f"layers/{name}": value.astype(np.float16) for name, value in actor.taught.layers.items()}
        network = _by_content(folder, "network", lambda path: save_arrays(
            path, {"points": actor.taught.points, **_arrays(actor.taught.answer), **layers}, compress=True))
        files[network.name] = sha256(network)
        own = {"network": {"file": network.name, "detector": actor.taught.detector}}
    document = {
        "format": FORMAT, "version": VERSION if _answers(actor) else WITH_NETWORK if own else PLAIN, "name": actor.name,
        "model": {"name": actor.model_name, "sha256": actor.model_sha256}, "scheme": actor.scheme,
        "face": face.name, **own, "files": files, "shapes": list(actor.shape_names),
        "reader": {"key": actor.reader_key, "faces": actor.code_faces},
        "measures_m": {name: round(float(value), 5) for name, value in actor.measures.items()},
        "history": [dict(entry) for entry in actor.history]}
    write_bytes(folder / NAME, (json.dumps(document, indent=1, allow_nan=False) + "\n").encode())
    for path in (*folder.glob("face-*.npz"), *folder.glob("network-*.npz")):
        if path.name not in files:
            with contextlib.suppress(OSError):
                path.unlink()
    return folder / NAME


def load_actor(folder: Path, model: FaceModel | None = None) -> Actor:
    """Read a profile and check it.

    Args:
        folder: actors/NAME.
        model: what it must be of; None takes any, unchecked against vertices.

    Raises:
        DataError: it is missing, damaged, from a newer mien, or of another model.
    """
    path = folder / NAME
    document = _document(path)
    try:
        found = (str(document["model"]["name"]), str(document["model"]["sha256"]))
        if model is not None and found[1] != model.sha256:
            raise DataError(f"{path} is of the model {found[0]!r}, and this solve uses {model.name!r}; solve with that "
                            f"model, or make the profile anew: mien actor make {folder.name} --model {model.name}")
        files = {str(name): str(value) for name, value in document["files"].items()}
        for name, wanted in files.items():
            if Path(name).name != name or not (folder / name).is_file() or sha256(folder / name) != wanted:
                raise DataError(f"{folder / name} is missing or not what {NAME} says; copy the whole profile again, or "
                                f"make it anew with `mien actor make {folder.name}`")
        arrays = load_arrays(_file(folder, document["face"], files))
        names = tuple(str(name) for name in document["shapes"])
        vertices = int(arrays["vertices"])
        if not 0 <= 3 * vertices * max(len(names), 1) <= MOST_MOVES:
            raise ValueError(f"{len(names)} shapes of {vertices} vertices")
        if model is not None and vertices != len(model.neutral):
            raise ValueError(f"it does not fit the model {model.name!r}")
        skin = arrays.get("skin", np.zeros((0, 4), np.uint8))
        if skin.dtype != np.uint8 or skin.shape not in ((0, 4), (vertices, 4)):
            raise ValueError("its skin is that of no face")
        shapes = np.zeros((len(names), vertices, 3), np.float32)
        shapes[:, arrays["shape_vertices"]] = arrays["shapes"]
        actor = Actor(
            str(document["name"]), *found, str(document["scheme"]), arrays["identity"].astype(np.float64),
            arrays["points"].astype(np.float64), names, shapes, arrays["code"].astype(np.float64),
            int(document["reader"]["faces"]), str(document["reader"]["key"]),
            {str(name): _number(value) for name, value in document["measures_m"].items()},
            tuple(dict(entry) for entry in document["history"]), _taught(folder, document.get("network"), files),
            _answer(arrays), skin)
        _check(actor, model)
    except (Damaged, KeyError, ValueError, TypeError, AttributeError, IndexError, OverflowError, OSError) as error:
        raise DataError(f"{path} is damaged ({error}); copy the whole profile again, or make it anew with "
                        f"`mien actor make {folder.name}`") from error
    return actor


def _taught(folder: Path, about: object, files: Mapping[str, str]) -> Taught | None:
    if about is None:
        return None
    arrays = load_arrays(_file(folder, about["file"], files))
    layers = {name.removeprefix("layers/"): value for name, value in arrays.items() if name.startswith("layers/")}
    if not all(value.dtype == np.float16 and np.abs(value).max(initial=0.0) < MOST_WEIGHT for value in layers.values()):
        raise ValueError("its network's weights are those of no network")
    return Taught(str(about["detector"]), layers, arrays["points"].astype(np.float64), _answer(arrays))


def _answers(actor: Actor) -> list[OwnAnswer]:
    both = (actor.answer, actor.taught.answer if actor.taught else None)
    return [answer for answer in both if answer is not None]


def _arrays(answer: OwnAnswer | None) -> dict[str, np.ndarray]:
    return {} if answer is None else {name: getattr(answer, part).astype(np.float32) for part, name in ANSWER.items()}


def _answer(arrays: Mapping[str, np.ndarray]) -> OwnAnswer | None:
    if "answer_weight" not in arrays:
        return None
    answer = OwnAnswer(**{part: arrays[name].astype(np.float64) for part, name in ANSWER.items()})
    if answer.weight.ndim != 2 or not answer.bias.shape == answer.unsure.shape == answer.weight.shape[:1] or not (
            max(np.abs(answer.weight).max(initial=0.0), np.abs(answer.bias).max(initial=0.0)) < MOST_WEIGHT) or not (
            (answer.unsure > 1 / MOST_WEIGHT) & (answer.unsure < MOST_WEIGHT)).all():
        raise ValueError("its own reading is that of no network")
    return answer


def _document(path: Path) -> dict:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        kind, version = document["format"], document["version"]
    except FileNotFoundError as error:
        raise DataError(f"there is no profile {path.parent}; make one with `mien actor make {path.parent.name}`"
                        ) from error
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise DataError(f"{path} is damaged ({error}); copy the whole profile again, or make it anew with "
                        f"`mien actor make {path.parent.name}`") from error
    if kind != FORMAT:
        raise DataError(f"{path} is no profile of an actor; make one with `mien actor make {path.parent.name}`")
    if not isinstance(version, int) or isinstance(version, bool) or version > VERSION or version < 1:
        raise DataError(f"{path} was written by a newer mien (version {version!r}, this one reads {VERSION}); "
                        "update mien")
    return document


def _check(actor: Actor, model: FaceModel | None) -> None:
    for name in ("identity", "points", "shapes", "code"):
        if not np.isfinite(getattr(actor, name)).all():
            raise ValueError(f"{name} has a value that is not finite")
    taught = actor.points if actor.taught is None else actor.taught.points
    if taught.shape != actor.points.shape or not (np.abs(taught).max(initial=0.0) <= FAR):
        raise ValueError("its own network's landmarks lie where no face has any")
    if actor.points.ndim != 2 or actor.points.shape[1] != 3 or max(
            np.abs(actor.points).max(initial=0.0), np.abs(actor.shapes).max(initial=0.0)) > FAR:
        raise ValueError("its vertices lie where no face has any")
    if actor.identity.ndim != 1 or np.abs(actor.identity).max(initial=0.0) > 8.0 or len(set(actor.shape_names)) \
            != len(actor.shape_names) or actor.code_faces < 0:
        raise ValueError("its numbers are those of no person")
    if model is not None and (len(actor.identity) != len(model.identity)
                              or not set(actor.shape_names) <= set(model.shape_names)):
        raise ValueError(f"it does not fit the model {model.name!r}")


def _file(folder: Path, name: object, files: Mapping[str, str]) -> Path:
    if name not in files:
        raise ValueError(f"{name!r} has no checksum")
    return folder / str(name)


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"{value!r} is no number")
    return float(value)


def _by_content(folder: Path, kind: str, write: object) -> Path:
    """Write a file and name it by what is in it."""
    part = folder / f".{kind}.new.npz"
    write(part)
    path = folder / f"{kind}-{sha256(part)[:12]}.npz"
    part.replace(path)
    return path
