"""A face model as one packed file: NumPy's npz without pickle, so that a file from a stranger runs no code."""

import json
from pathlib import Path

import numpy as np

from capture.arrays import Damaged, load_arrays, save_arrays
from capture.errors import ModelError
from solver.face_model import Between, Eye, FaceModel, Jaw, Morph, Side

VERSION = 1
ARRAYS = {  # name: (number of axes, kind of number)
    "neutral": (2, "f"), "faces": (2, "i"), "uv": (2, "f"), "uv_faces": (2, "i"), "face_part": (1, "i"),
    "identity": (3, "f"), "shapes": (3, "f"), "albedo": (2, "f"),
}
JAW = ("pivot", "axis", "share")
STANDS = ("joint", "above")


def save_model(model: FaceModel, path: Path, compress: bool = False) -> None:
    """Write `model` to `path`, atomically. Uncompressed loads in milliseconds, compressed is for shipping.

    Raises:
        OutputError: it cannot be written.
    """
    about = {"format": "mien.model", "version": VERSION, "name": model.name, "part_names": model.part_names,
             "identity_names": model.identity_names, "shape_names": model.shape_names,
             "eyes": [{"yaw": eye.yaw, "pitch": eye.pitch} for eye in model.eyes],
             "between": [{"of": step.of, "weight": step.weight} for step in model.between],
             "sides": [{"name": side.name, "of": side.of} for side in model.sides],
             "jaw": model.jaw and {"name": model.jaw.name, "made": model.jaw.made, "above": model.jaw.above_name},
             "remarks": model.remarks}
    arrays = {name: _packed(getattr(model, name), kind) for name, (_, kind) in ARRAYS.items()}
    alike = [_alike(morph, model) for morph in model.morphs]
    about["morphs"] = [{"name": morph.name, "binds": morph.binds, "alike": of}
                       for morph, of in zip(model.morphs, alike, strict=True)]
    arrays |= {f"morph{index}": _packed(morph.offsets, "f") for index, morph in enumerate(model.morphs)
               if alike[index] is None}
    arrays |= {f"eye{index}": _packed(eye.vertices, "i") for index, eye in enumerate(model.eyes)}
    arrays |= {f"pivot{index}": _packed(eye.pivot, "i") for index, eye in enumerate(model.eyes)
               if eye.pivot is not None}
    for name, parts in (("between", model.between), ("side", model.sides)):
        arrays |= {f"{name}{index}": _packed(part.offsets, "f") for index, part in enumerate(parts)}
    if model.jaw is not None:
        arrays |= {f"jaw_{name}": _packed(getattr(model.jaw, name), "f") for name in (*JAW, *STANDS)
                   if getattr(model.jaw, name) is not None}
    arrays["about"] = np.frombuffer(json.dumps(about).encode(), dtype=np.uint8)
    save_arrays(path, arrays, compress)


def load_model(path: Path) -> FaceModel:
    """Read a packed model.

    Raises:
        ModelError: the file is missing, damaged or of another version; the message says which.
    """
    try:
        archive = load_arrays(path)
        about = json.loads(bytes(archive["about"]).decode())
        if about.get("format") != "mien.model" or about.get("version") != VERSION:
            raise ModelError(f"{path} is a packed model of version {about.get('version')!r}, and this mien reads "
                             f"version {VERSION}; add the model again with `mien model add`")
        arrays = {name: archive[name] for name in ARRAYS}
        eyes = tuple(Eye(archive[f"eye{index}"], **angles, pivot=archive.get(f"pivot{index}"))
                     for index, angles in enumerate(about["eyes"]))
        more = {"between": tuple(Between(offsets=archive[f"between{index}"], **step)
                                 for index, step in enumerate(about.get("between", ()))),
                "sides": tuple(Side(offsets=archive[f"side{index}"], **side)
                               for index, side in enumerate(about.get("sides", ()))),
                "morphs": tuple(Morph(str(morph["name"]), tuple((str(of), float(much)) for of, much in morph["binds"]),
                                      archive[f"morph{index}"] if morph["alike"] is None
                                      else archive["shapes"][int(morph["alike"])])
                                for index, morph in enumerate(about.get("morphs", ()))),
                "remarks": tuple(map(str, about.get("remarks", ())))}
        if about.get("jaw"):
            more["jaw"] = Jaw(str(about["jaw"]["name"]), *(archive[f"jaw_{name}"] for name in JAW),
                              made=tuple(about["jaw"]["made"]), above_name=str(about["jaw"].get("above", "")),
                              **{name: archive.get(f"jaw_{name}") for name in STANDS})
    except (Damaged, KeyError, ValueError, TypeError, AttributeError) as error:
        raise ModelError(f"{path} is damaged or not a packed model ({error}); "
                         "add the model again with `mien model add`") from error
    model = FaceModel(name=about["name"], part_names=tuple(about["part_names"]),
                      identity_names=tuple(about["identity_names"]), shape_names=tuple(about["shape_names"]),
                      eyes=eyes, **arrays, **more)
    check_model(model, str(path))
    return model


def _alike(morph: Morph, model: FaceModel) -> int | None:
    """Which of the model's shapes a morph is, so that it is not kept twice."""
    if len(morph.binds) != 1 or morph.binds[0][1] != 1.0:
        return None
    index = model.shape_names.index(morph.binds[0][0])
    return index if np.array_equal(morph.offsets, model.shapes[index]) else None


def check_model(model: FaceModel, where: str) -> None:
    """Raise ModelError unless the arrays fit one another and every number is finite."""
    vertices, shapes = len(model.neutral), len(model.shape_names)
    for name, (axes, kind) in ARRAYS.items():
        array = getattr(model, name)
        if array.ndim != axes or array.dtype.kind != kind:
            raise ModelError(f"{where}: {name} is not an array of {axes} axes of kind {kind}; export the model again")
        if kind == "f" and not np.isfinite(array).all():
            raise ModelError(f"{where}: {name} has a value that is not finite; export the model again")
    if vertices == 0 or len(model.faces) == 0:
        raise ModelError(f"{where} has no faces; export the model's mesh")
    if model.shapes.shape != (shapes, vertices, 3) or shapes == 0:
        raise ModelError(f"{where} has {shapes} shape names and shapes of {model.shapes.shape}, which do not fit "
                         f"its {vertices} vertices; export all shapes from one mesh")
    if model.identity.shape != (len(model.identity_names), vertices, 3):
        raise ModelError(f"{where} has identity modes of {model.identity.shape} for {vertices} vertices; "
                         "export all modes from one mesh")
    if len(set(model.shape_names)) != shapes:
        twice = sorted({name for name in model.shape_names if model.shape_names.count(name) > 1})
        raise ModelError(f"{where} has two shapes named {twice[0]!r}; rename one")
    for step in model.between:
        if step.of not in model.shape_names or not 0 < step.weight < 1:
            raise ModelError(f"{where} has an in-between of {step.of!r} at {step.weight}, which leads nowhere; "
                             "export the model again")
    if any(of not in model.shape_names or not np.isfinite(much) for morph in model.morphs for of, much in morph.binds):
        raise ModelError(f"{where} has a morph of a shape that is not there; export the model again")
    extra = [*model.between, *model.sides, *model.morphs]
    if any(part.offsets.shape != (vertices, 3) or not np.isfinite(part.offsets).all() for part in extra) or (
            model.jaw is not None and (model.jaw.share.shape != (vertices,) or not all(
                np.isfinite(getattr(model.jaw, name)).all() for name in JAW) or not all(
                place is None or (place.shape == (4, 4) and np.isfinite(place).all() and np.abs(
                    place[:3, :3].T @ place[:3, :3] - np.eye(3)).max() < 0.01)
                for place in (model.jaw.joint, model.jaw.above)))):
        raise ModelError(f"{where} has in-betweens, sides, morphs or a jaw that do not fit its {vertices} vertices, or "
                         "a value that is not finite; export the model again")
    for indices, count, what in ((model.faces, vertices, "vertices"), (model.uv_faces, len(model.uv), "UVs"),
                                 (model.face_part, len(model.part_names), "parts"),
                                 *((eye.vertices, vertices, "vertices") for eye in model.eyes),
                                 *((eye.pivot, vertices, "vertices") for eye in model.eyes if eye.pivot is not None)):
        if indices.size and (indices.min() < (-1 if indices.ndim == 2 else 0) or indices.max() >= count):
            raise ModelError(f"{where} points to {what} that it does not have; export the model again")


def _packed(array: np.ndarray, kind: str) -> np.ndarray:
    return np.ascontiguousarray(array, dtype=np.float32 if kind == "f" else np.int32)
