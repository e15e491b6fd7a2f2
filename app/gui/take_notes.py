"""Notes and ratings, kept in take.toml without disturbing what else stands there."""

import json
import re
import tomllib
from pathlib import Path

from capture.errors import DataError
from capture.files import write_bytes
from capture.settings import read_settings


def write_notes(folder: Path, notes: str, rating: int) -> None:
    """Put notes and a rating (0 to 5) into the take.toml of `folder`; its other lines stay as they are.

    Raises:
        DataError: the file there makes no sense, so that it cannot be changed safely.
        OutputError: it cannot be written.
    """
    path = folder / "take.toml"
    before = read_settings(path)
    text = path.read_text(encoding="utf-8-sig") if path.is_file() else ""
    after = _with(_with(text, "rating", str(int(rating))), "notes", _toml_text(notes))
    try:
        table = tomllib.loads(after)
    except tomllib.TOMLDecodeError:
        table = {}
    # Whoever wrote notes over several lines wrote them by hand: better to say so than to tear them apart.
    if table.get("notes") != notes or table.get("rating") != rating or set(before) - set(table):
        raise DataError(f"{path} is written in a way that mien cannot change safely; write `notes` and `rating` on "
                        "a line each, at its top")
    write_bytes(path, after.encode())


def _with(text: str, key: str, value: str) -> str:
    """The text with `key = value` among the lines before its first table."""
    lines = text.splitlines()
    table = next((index for index, line in enumerate(lines) if line.lstrip().startswith("[")), len(lines))
    for index in range(table):
        if re.match(rf"\s*{key}\s*=", lines[index]):
            lines[index] = f"{key} = {value}"
            break
    else:
        lines.insert(table, f"{key} = {value}")
    return "\n".join(lines) + "\n"


def _toml_text(text: str) -> str:
    # A JSON string is a TOML basic string, but for DEL, which TOML wants escaped too.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
