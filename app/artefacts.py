"""What a step left on disk: arrays with the key of the work that made them.

A step's key is a hash of its name and version, its settings and the keys of its inputs. Done means: the file is whole
and its key matches. So a changed setting re-runs just what it should, and a file cut short counts as absent.
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from capture.arrays import Damaged, load_arrays, save_arrays
from capture.camera import Rig

Shapes = Mapping[str, tuple[str, tuple[int | str, ...]]]
"""What arrays must be: name -> NumPy's letter of its kind of numbers, and its axes: lengths, or names of lengths that
are the same wherever they stand."""


def key_of(step: str, version: int, **inputs: object) -> str:
    """The key of a step: hex, the same on every machine. Inputs are strings, numbers, lists and tables of them."""
    text = json.dumps([step, version, inputs], sort_keys=True, ensure_ascii=True, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def rig_key(rig: Rig) -> list[list[object]]:
    """The cameras as an input of keys."""
    return [[camera.name, camera.size, camera.matrix.tolist(), camera.model, list(camera.distortion),
             camera.rotation.tolist(), camera.translation.tolist()] for camera in rig.cameras]


def save(path: Path, key: str, arrays: dict[str, np.ndarray]) -> None:
    """Write arrays under their key, atomically.

    Raises:
        OutputError: it cannot be written.
    """
    save_arrays(path, {"key": np.array(key), **arrays})


def load(path: Path, key: str, shapes: Shapes) -> dict[str, np.ndarray] | None:
    """The arrays of that key that `shapes` names, or None where there are none, others, a damaged file, or one that is
    not what the step leaves, whoever wrote it: then the step runs again."""
    try:
        arrays = load_arrays(path, ("key", *shapes))
    except Damaged:
        return None
    return arrays if str(arrays.pop("key", "")) == key and fit(arrays, shapes) else None


def fit(arrays: Mapping[str, np.ndarray], shapes: Shapes) -> bool:
    """Whether arrays are there and of these shapes; there may be others beside them."""
    lengths: dict[str, int] = {}
    for name, (kind, axes) in shapes.items():
        array = arrays.get(name)
        if array is None or array.dtype.kind != kind or array.ndim != len(axes):
            return False
        if any(length != (lengths.setdefault(axis, length) if isinstance(axis, str) else axis)
               for axis, length in zip(axes, array.shape, strict=True)):
            return False
    return True


def stands(path: Path, key: str) -> bool:
    """Whether there is an artefact of that key, by a look at the key alone: whoever needs the arrays still has to see
    whether they are whole."""
    try:
        return str(load_arrays(path, ("key",)).get("key", "")) == key
    except Damaged:
        return False


def record_bytes(record: dict[str, str]) -> bytes:
    """A table of strings as a small JSON file."""
    return (json.dumps(record, indent=1, sort_keys=True) + "\n").encode()


def read_json(path: Path) -> object:
    """What a JSON file holds; whoever calls decides what damage means.

    Raises:
        OSError: it cannot be read.
        ValueError: it is no JSON, or nested beyond all sense.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def load_record(path: Path) -> dict[str, str]:
    """A table of strings from a JSON file; empty where there is none or it is damaged."""
    try:
        table = read_json(path)
    except (OSError, ValueError):
        return {}
    if isinstance(table, dict) and all(isinstance(value, str) for value in table.values()):
        return table
    return {}
