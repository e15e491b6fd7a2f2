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
        table = tomllib.loads(path.read_text(encoding="utf-8-sig"))
        _check_numbers(table)
        return table
    except OSError as fault:
        raise error(f"{path} cannot be read ({fault.strerror}); check the path and its rights, or {cure}") from fault
    except (ValueError, RecursionError) as fault:  # also: no text, or a number of thousands of digits
        raise error(f"{path} is not a valid TOML file ({fault}); {cure}") from fault


def _check_numbers(value: object) -> None:
    """TOML's whole numbers have 64 bits. A longer one, written in sixteens, could be read but not be printed."""
    if isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            _check_numbers(part)
    elif isinstance(value, int) and not -(1 << 63) <= value < 1 << 63:
        raise ValueError(f"a whole number of {value.bit_length()} bits, of 64 that it may have")
