"""mien's own format, TAKE.mien.json: lossless, versioned, described by `assets/performance.schema.json`."""

from __future__ import annotations

import contextlib
import itertools
import json
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import assets
from capture import timecode
from capture.errors import DataError
from capture.files import write_bytes
from capture.timecode import is_rate
from exporters.licences import of_performance
from exporters.scene import GENERATOR, VERSION, Scene, check_numbers
from solver.performance import Performance

if TYPE_CHECKING:
    from jsonschema import ValidationError
    from jsonschema.protocols import Validator

FORMAT = "mien.performance"
FORMAT_VERSION = 1
LIMIT = 2 << 30
"""Bytes of the largest file that is read: hours of a take; anything larger would only fill the memory."""

SAMPLE = 3
"""How many rows of each table the schema sees; all rows are checked by NumPy, a thousand times faster."""

DAMAGED = "the file is damaged, copy it again or solve the take again"
TABLES = (("weights",), ("sigma",), ("head", "rotation"), ("head", "translation"), ("eyes", "left"), ("eyes", "right"),
          ("quality", "residual_px"), ("quality", "seen"))


def write(scene: Scene, path: Path) -> None:
    """Write a scene's performance, one frame's row a line. Every float reads back to the same float64.

    Raises:
        OutputError: it cannot be written.
    """
    write_bytes(path, dumps(scene.performance).encode())


def dumps(performance: Performance) -> str:
    """The text of a performance's file."""
    check_numbers(performance)
    p = performance
    head = {"rotation": p.head_rotation, "translation": p.head_translation}
    document = {
        "format": FORMAT, "version": FORMAT_VERSION, "generator": {
            "name": GENERATOR, "version": VERSION, "licences": of_performance(p.model_name, p.model_sha256)},
        "take": p.take, "actor": p.actor, "model": {"name": p.model_name, "sha256": p.model_sha256},
        "frame_rate": [p.frame_rate.numerator, p.frame_rate.denominator], "start_timecode": p.start_timecode,
        "frames": p.frames, "units": {"length": "m", "angle": "rad", "up": "Y"}, "cameras": list(p.cameras),
        "shapes": list(p.shape_names), "weights": p.weights, "head": head,
        "eyes": {"left": p.gaze[:, 0], "right": p.gaze[:, 1]}, "identity": p.identity.tolist(), "sigma": p.sigma,
        "quality": {"residual_px": [None if np.isnan(value) else value for value in p.residual_px.tolist()],
                    "seen": p.seen.tolist(), "flags": [list(words) for words in p.flags]},
        "steps": {name: {"key": key} for name, key in p.steps.items()},
    }
    return _object(document) + "\n"


def read(path: Path) -> Performance:
    """Read a performance back, equal in every number.

    Raises:
        DataError: the file is missing, no performance, damaged, or of a newer version.
    """
    document = _document(path)
    _check_schema(path, document)
    return _performance(path, document)


def _object(value: dict[str, Any]) -> str:
    return "{" + ",\n".join(f"{json.dumps(key)}: {_value(item)}" for key, item in value.items()) + "}"


def _value(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return "[\n" + ",\n".join(_line(row) for row in value.tolist()) + "]"
    if isinstance(value, dict) and any(isinstance(item, np.ndarray) for item in value.values()):
        return _object(value)
    return _line(value)


def _line(value: Any) -> str:
    return json.dumps(value, allow_nan=False)


def _document(path: Path) -> dict[str, Any]:
    def constant(name: str) -> None:
        raise ValueError(f"it holds {name}, which is no number")

    try:
        if path.stat().st_size > LIMIT:
            raise DataError(f"{path} is larger than {LIMIT >> 30} GiB, more than any performance; give a .mien.json")
        document = json.loads(path.read_text(encoding="utf-8"), parse_constant=constant)
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}; give a TAKE.mien.json") from error
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path} is not valid JSON ({error}); {DAMAGED}") from error
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise DataError(f"{path} is a JSON file, but not a performance of mien's; give a TAKE.mien.json")
    version = document.get("version")
    if isinstance(version, int) and version > FORMAT_VERSION:
        raise DataError(f"{path} was written by a newer mien (format version {version}, this one reads "
                        f"{FORMAT_VERSION}); update mien")
    return document


@cache
def _validator() -> Validator:
    import jsonschema  # takes a tenth of the time until the app's window is up, and it reads nothing before

    return jsonschema.Draft202012Validator(json.loads(assets.path("performance.schema.json").read_text("utf-8")))


def _check_schema(path: Path, document: dict[str, Any]) -> None:
    outline = dict(document)
    for *parents, name in TABLES:
        holder = outline
        for parent in parents:
            if not isinstance(holder.get(parent), dict):
                break
            holder[parent] = dict(holder[parent])
            holder = holder[parent]
        if isinstance(holder.get(name), list):
            holder[name] = holder[name][:SAMPLE]
    error = next(_validator().iter_errors(outline), None)
    if error is not None:
        raise DataError(f"{path}: {_place(error)} {_short(error.message)}; mend that entry or solve the take again")


def _place(error: ValidationError) -> str:
    return "/".join(map(str, error.absolute_path)) + ":" if error.absolute_path else "the document:"


def _short(message: str) -> str:
    return message if len(message) < 200 else message[:90] + " ... " + message[-90:]


def _performance(path: Path, document: dict[str, Any]) -> Performance:
    # To JSON Schema 12.0 is an integer too.
    frames, shapes = int(document["frames"]), tuple(document["shapes"])
    if document["take"] in ("", "..") or Path(document["take"]).name != document["take"] or "\0" in document["take"]:
        # Exports are files of that name: from a stranger's file it must not lead out of their folder.
        raise DataError(f"{path}: the take {document['take'][:80]!r} is no name of a file; give it a name without "
                        "slashes")
    for text in (document["take"], document.get("actor", ""), document["model"]["name"], *shapes,
                 *document.get("cameras", ())):
        # A file's name in another encoding comes as letters 0xDC80 to 0xDCFF, and goes out as the same bytes.
        if any(0xD800 <= ord(letter) < 0xDC80 or 0xDD00 <= ord(letter) < 0xE000 for letter in text):
            raise DataError(f"{path}: the name {text!r} holds half a letter; {DAMAGED}")
    rate = Fraction(*map(int, document["frame_rate"]))
    if not is_rate(rate):
        raise DataError(f"{path}: frame_rate is no number of frames a second that a camera films; {DAMAGED}")
    try:
        timecode.parse(document["start_timecode"], rate)
    except DataError as error:
        raise DataError(f"{path}: start_timecode: {error}") from None
    head, eyes = document["head"], document["eyes"]
    # The weights come first: once they have as many rows as `frames` says, that number is safe to allocate by.
    weights = _table(path, "weights", document["weights"], (frames, len(shapes)))
    quality = document.get("quality", {"residual_px": [None] * frames, "seen": [1.0] * frames, "flags": [[]] * frames})
    if len(quality["flags"]) != frames:
        raise DataError(f"{path}: quality/flags has {len(quality['flags'])} entries for {frames} frames; {DAMAGED}")
    identity = document.get("identity", [])
    gaze = [_table(path, f"eyes/{side}", eyes[side], (frames, 2)) for side in ("left", "right")]
    rotation = _table(path, "head/rotation", head["rotation"], (frames, 4))
    with np.errstate(over="ignore"):
        length = np.linalg.norm(rotation, axis=1)
    if (bad := np.flatnonzero(np.abs(length - 1.0) > 1e-3)).size:
        raise DataError(f"{path}: head/rotation in frame {bad[0]} is a quaternion of length {length[bad[0]]:.3g}, "
                        f"not 1; {DAMAGED}")
    seen = _table(path, "quality/seen", quality["seen"], (frames,))
    if (bad := np.flatnonzero((seen < 0) | (seen > 1))).size:
        raise DataError(f"{path}: quality/seen in frame {bad[0]} is {seen[bad[0]]:.6g}, no share of the cameras from 0 "
                        f"to 1; {DAMAGED}")
    return Performance(
        take=document["take"], actor=document.get("actor", ""), model_name=document["model"]["name"],
        model_sha256=document["model"]["sha256"], frame_rate=rate,
        start_timecode=document["start_timecode"].strip(), cameras=tuple(document.get("cameras", ())),
        shape_names=shapes, weights=weights, head_rotation=rotation,
        head_translation=_table(path, "head/translation", head["translation"], (frames, 3)),
        gaze=np.stack(gaze, axis=1), identity=_table(path, "identity", identity, (len(identity),)),
        sigma=(_table(path, "sigma", document["sigma"], weights.shape) if "sigma" in document
               else np.zeros_like(weights)),
        residual_px=_table(path, "quality/residual_px", quality["residual_px"], (frames,), holes=True),
        seen=seen,
        flags=tuple(tuple(words) for words in quality["flags"]),
        steps={name: step["key"] for name, step in document.get("steps", {}).items()})


def _table(path: Path, name: str, value: list[Any], shape: tuple[int, ...], holes: bool = False) -> np.ndarray:
    """`value` as an array of `shape`; null becomes NaN where `holes` are allowed."""
    array = None
    if len(value) == shape[0] and _only_numbers(value, len(shape), holes):
        with contextlib.suppress(ValueError, OverflowError):
            array = np.array(value, dtype=np.float64).reshape(shape)
    if array is None or not (holes or np.isfinite(array).all()):
        raise DataError(f"{path}: {name} is not a table of {' by '.join(map(str, shape))} numbers, as the frames and "
                        f"shapes say; {DAMAGED}")
    return array


def _only_numbers(value: list[Any], axes: int, holes: bool) -> bool:
    # NumPy alone would take texts of digits and truth values for numbers.
    if axes == 2:
        if not all(isinstance(row, list) for row in value):
            return False
        value = itertools.chain.from_iterable(value)
    return set(map(type, value)) <= {int, float, *([type(None)] if holes else [])}
