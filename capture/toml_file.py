"""TOML files: read in one place, and what is wrong with one is said in one way."""

import tomllib
from pathlib import Path
from typing import Any

from capture.errors import DataError, InputError

LARGEST = 1 << 20
"""Bytes of a file that a person or mien wrote; nothing that is larger is meant."""


def read_toml(path: Path, error: type[InputError] = DataError, cure: str = "mend it", largest: int = LARGEST,
              ) -> dict[str, Any]:
    """The tables of a TOML file; a byte order mark, as Windows editors write it, is no fault.

    Args:
        error: what to raise.
        cure: what the user can do about a damaged file, as the end of a sentence.
        largest: bytes.

    Raises:
        InputError: as `error` says: it cannot be read, or is no TOML file.
    """
    try:
        if path.stat().st_size > largest:
            raise error(f"{path} is larger than such a file can be ({largest >> 20} MiB); {cure}")
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as fault:
        raise error(f"{path} cannot be read ({fault.strerror}); check the path and its rights, or {cure}") from fault
    except (ValueError, RecursionError) as fault:  # also: no text, or a number of thousands of digits
        raise error(f"{path} is not a valid TOML file ({fault}); {cure}") from fault
