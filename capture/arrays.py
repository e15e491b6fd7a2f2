"""Named arrays in one file: NumPy's npz, atomically, without pickle or clock time: equal arrays, equal bytes."""

import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

import numpy as np

from capture.files import write_with


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
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files if only is None or name in only}
    except (OSError, zipfile.BadZipFile, KeyError, ValueError, EOFError, AttributeError, TypeError,
            MemoryError) as error:
        raise Damaged(f"{error}") from error


def _write(file: BinaryIO, arrays: dict[str, np.ndarray], compress: bool) -> None:
    method = zipfile.ZIP_DEFLATED if compress else zipfile.ZIP_STORED
    with zipfile.ZipFile(file, "w") as archive:
        for name, array in arrays.items():
            # np.savez stamps each member with the time of day.
            member = zipfile.ZipInfo(f"{name}.npy", date_time=(1980, 1, 1, 0, 0, 0))
            member.compress_type = method
            with archive.open(member, "w", force_zip64=True) as out:
                np.lib.format.write_array(out, np.asarray(array), allow_pickle=False)
