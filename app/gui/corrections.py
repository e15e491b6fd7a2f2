"""The layer of corrections on disk: corrections.json among a take's artefacts, apart from any solve."""

import json
import math
from pathlib import Path

from app.gui.keys import Key, Layer
from capture.errors import DataError
from capture.files import write_bytes

FORMAT = "mien.corrections"
VERSION = 1
NAME = "corrections.json"


def save_layer(layer: Layer, path: Path) -> None:
    """Write a layer, atomically; the same layer gives the same bytes.

    Raises:
        OutputError: it cannot be written.
    """
    table = {"format": FORMAT, "version": VERSION, "right": sorted(layer.right),
             "keys": {shape: [[key.frame, key.value, key.slope_in, key.slope_out] for key in keys]
                      for shape, keys in sorted(layer.keys.items())}}
    write_bytes(path, (json.dumps(table, indent=1, allow_nan=False) + "\n").encode())


def load_layer(path: Path) -> Layer:
    """Read a layer; an empty one where there is no file.

    Raises:
        DataError: it is damaged or of a newer version. It is left as it is: it may be the only copy of some work.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return Layer()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path} cannot be read ({error}); check its rights, or move it away to begin anew") from error
    try:
        table = json.loads(text)
        if table["format"] != FORMAT or table["version"] != VERSION:
            raise DataError(f"{path} holds corrections of version {table['version']!r}, and this mien reads version "
                            f"{VERSION}; update mien, or move the file away to begin anew")
        keys = {shape: _keys(rows) for shape, rows in sorted(table["keys"].items()) if rows}
        return Layer(keys, frozenset(_frame(frame) for frame in table["right"]))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise DataError(f"{path} is damaged ({error}); mend it, or move it away to begin anew") from error


def _keys(rows: list[list[float | None]]) -> tuple[Key, ...]:
    by_frame = {key.frame: key for key in map(_key, rows)}
    return tuple(by_frame[frame] for frame in sorted(by_frame))


def _key(row: list[float | None]) -> Key:
    frame, value, slope_in, slope_out = row
    for number in (value, *(slope for slope in (slope_in, slope_out) if slope is not None)):
        if isinstance(number, bool) or not isinstance(number, int | float) or not math.isfinite(number):
            raise ValueError(f"{number!r} is no number")
    return Key(_frame(frame), value, slope_in, slope_out)


def _frame(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError(f"{value!r} is no frame")
    return value
