"""Notes, ratings and who is filmed, kept in take.toml without disturbing what else stands there."""

import json
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path

from capture.errors import DataError
from capture.files import write_bytes
from capture.settings import CHECKS, read_settings

Values = Mapping[str, str | int | float | None]


def write_settings(folder: Path, values: Values) -> None:
    """Put values into the take.toml of `folder`, None taking one away; its other lines stay as they are.

    Raises:
        DataError: the file there makes no sense, so that it cannot be changed safely, or a value does not.
        OutputError: it cannot be written.
    """
    for key, value in values.items():
        if value is not None:
            _check(key, value)
    path = folder / "take.toml"
    before = read_settings(path)
    after = path.read_text(encoding="utf-8-sig") if path.is_file() else ""
    for key, value in values.items():
        after = _with(after, key, value)
    try:
        table = tomllib.loads(after)
    except tomllib.TOMLDecodeError:
        table = {}
    # Whoever wrote notes over several lines wrote them by hand: better to say so than to tear them apart.
    if any(table.get(key) != value for key, value in values.items()) or set(before) - set(table) - set(values):
        raise DataError(f"{path} is written in a way that mien cannot change safely; write "
                        f"{' and '.join(f'`{key}`' for key in values)} on a line each, at its top")
    write_bytes(path, after.encode())


def _check(key: str, value: str | int | float) -> None:
    # A value that could not be read again would make the whole take unusable.
    try:
        CHECKS.get(key, str)(value)
    except DataError as error:
        raise DataError(f"{key}: {error}") from error


def _with(text: str, key: str, value: str | int | float | None) -> str:
    """The text with `key = value` among the lines before its first table, or without that key."""
    lines = text.splitlines()
    table = next((index for index, line in enumerate(lines) if line.lstrip().startswith("[")), len(lines))
    held = next((index for index in range(table) if re.match(rf"\s*{key}\s*=", lines[index])), None)
    line = [] if value is None else [f"{key} = {_toml_text(value) if isinstance(value, str) else repr(value)}"]
    if held is not None:
        lines[held:held + 1] = line
    else:
        lines[table:table] = line
    return "\n".join(lines) + "\n"


def _toml_text(text: str) -> str:
    # A JSON string is a TOML basic string, but for DEL, which TOML wants escaped too.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
