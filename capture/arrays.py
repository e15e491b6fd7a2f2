"""Named arrays in one file: NumPy's npz, atomically, without pickle or clock time: equal arrays, equal bytes."""

import lzma
import math
import tokenize
import warnings
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

import numpy as np

from capture.files import write_with

DAMAGE = (OSError, EOFError, MemoryError, RecursionError, zipfile.BadZipFile, zlib.error, lzma.LZMAError,
          tokenize.TokenError, SyntaxError, KeyError, ValueError, TypeError, AttributeError, OverflowError,
          NotImplementedError, RuntimeError)
"""What Python's zip and NumPy's header raise for bytes that make no sense or are locked by a password."""


HEADERS = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
MOST_UNPACKED = 1100
"""Deflate makes a byte into 1032 at most."""


class Damaged(Exception):
    """The file is not a whole npz; the caller says what that means to the user."""


def save_arrays(path: Path, arrays: dict[str, np.ndarray], compress: bool = False) -> None:
    """Write the arrays to `path`. Uncompressed loads in milliseconds, compressed is for shipping.

    Raises:
        OutputError: it cannot be written.
    """
    write_with(path, lambda file: _write(file, arrays, compress))


def load_arrays(path: Path, only: Sequence[str] | None = None) -> dict[str, np.ndarray]:
    """Read all arrays of `path`, or those of the given names that it has; no code in the file is run.

    Raises:
        Damaged: it is missing, cut short or something else.
    """
    try:
        # np.load leaves its own file open when the zip is damaged, so it gets ours.
        with warnings.catch_warnings(), path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            warnings.simplefilter("ignore")  # NumPy warns of odd headers; whether they make sense is seen here
            wanted = [name for name in archive.files if only is None or name in only]
            _check_sizes(archive.zip, wanted, path.stat().st_size)
            arrays = {name: archive[name] for name in wanted}
    except DAMAGE as error:
        raise Damaged(f"{error}") from error
    odd = next((name for name, array in arrays.items() if not isinstance(array, np.ndarray)), None)
    if odd is not None:
        raise Damaged(f"{odd} is no array")
    return arrays


def _check_sizes(archive: zipfile.ZipFile, wanted: Sequence[str], size: int) -> None:
    """Raise ValueError where a few bytes declare an array that would fill the memory; nothing is allocated before."""
    for info in archive.infolist():
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise ValueError(f"{info.filename} is packed by another method than deflate")
        if info.compress_size > size or info.file_size > MOST_UNPACKED * size:
            raise ValueError(f"{info.filename} says that it is larger than the file can hold")
        if info.filename.removesuffix(".npy") in wanted and info.filename.endswith(".npy"):
            with archive.open(info) as member:
                shape, _, kind = HEADERS[np.lib.format.read_magic(member)](member)
            if not 0 <= math.prod(shape) * kind.itemsize <= info.file_size:  # a kind such as <U-1 has less than none
                raise ValueError(f"{info.filename} says that it has {math.prod(shape)} numbers")


def _write(file: BinaryIO, arrays: dict[str, np.ndarray], compress: bool) -> None:
    method = zipfile.ZIP_DEFLATED if compress else zipfile.ZIP_STORED
    with zipfile.ZipFile(file, "w") as archive:
        for name, array in arrays.items():
            # np.savez stamps each member with the time of day.
            member = zipfile.ZipInfo(f"{name}.npy", date_time=(1980, 1, 1, 0, 0, 0))
            member.compress_type = method
            with archive.open(member, "w", force_zip64=True) as out:
                np.lib.format.write_array(out, np.asarray(array), allow_pickle=False)
