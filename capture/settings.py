"""shoot.toml and take.toml: what a user may say about a shoot and a take, read and checked."""

from collections.abc import Callable, Mapping
from pathlib import Path

from capture.camera import TURNS, same_name
from capture.errors import DataError
from capture.timecode import exact_rate
from capture.toml_file import read_toml


def read_settings(path: Path) -> dict[str, object]:
    """The settings in a shoot.toml or take.toml; {} where there is no such file.

    Known keys are checked and made exact (frame_rate becomes a Fraction); unknown ones are left as they are.

    Raises:
        DataError: it cannot be read or a value makes no sense; the message names the file and the key.
    """
    if not path.is_file():
        return {}
    table = read_toml(path, cure="mend it or delete it")
    for key, check in CHECKS.items():
        if key in table:
            try:
                table[key] = check(table[key])
            except DataError as error:
                raise DataError(f"{path}: {key}: {error}") from error
    return table


def rotation(camera: str, *tables: Mapping[str, object]) -> int:
    """Degrees clockwise by which a camera's pictures are turned to stand upright: as the first of some settings says
    that says anything of it."""
    for table in tables:
        stated = table.get("rotate")
        if isinstance(stated, int):
            return stated
        for name, degrees in (stated or {}).items():
            if same_name(name, camera):
                return degrees
    return 0


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise DataError(f"{value!r} is not a text; put it in quotes")
    return value


def _name(value: object) -> str:
    text = _text(value)
    # Names become folders: one that climbs out of the shoot must not.
    if not text.strip() or text.strip(".") == "" or any(c in '/\\:*?"<>|' or not c.isprintable() for c in text):
        raise DataError(f"{text!r} cannot be a name, because folders are named after it; use letters, digits, - and _")
    return text


def _model(value: object) -> str:
    text = _text(value)
    # A path would be read from wherever the shoot's author likes.
    if not text.strip() or "/" in text or "\\" in text:
        raise DataError(f"{text!r} is no model's name; run `mien model add PATH --name NAME` and write that name")
    return text


def _names(value: object) -> list[str]:
    if not isinstance(value, list):
        raise DataError('not a list of names; write cameras = ["camA", "camB"]')
    return [_name(item) for item in value]


def _rating(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 5:
        raise DataError(f"{value!r} is not a whole number from 0 to 5")
    return value


def _yes_or_no(value: object) -> bool:
    if not isinstance(value, bool):
        raise DataError(f"{value!r} is neither true nor false")
    return value


def _frame(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, int | str) or (isinstance(value, int) and value < 0):
        raise DataError(f"{value!r} is neither a frame's number nor a timecode in quotes")
    return str(value)


def _rotate(value: object) -> int | dict[str, int]:
    if isinstance(value, dict):
        return {_name(name): _degrees(degrees) for name, degrees in value.items()}
    return _degrees(value)


def _degrees(value: object) -> int:
    if isinstance(value, bool) or value not in TURNS:
        raise DataError(f"{value!r} is not {', '.join(map(str, TURNS[:-1]))} or {TURNS[-1]}: degrees clockwise by "
                        "which the pictures are turned to stand upright, or a table of them, camera by camera")
    return int(value)


def _between(low: float, high: float) -> Callable[[object], float]:
    def check(value: object) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
            raise DataError(f"{value!r} is not a number of millimetres from {low:g} to {high:g}")
        return float(value)

    return check


CHECKS: dict[str, Callable[[object], object]] = {"name": _text, "actor": _name, "model": _model, "notes": _text,
                                                 "rating": _rating, "profile": _yes_or_no, "frame_rate": exact_rate,
                                                 "cameras": _names, "rotate": _rotate, "neutral": _frame,
                                                 "focal_35mm": _between(8, 800), "interocular_mm": _between(40, 90)}
