"""Arrays in a file: what it declares is judged before memory is taken."""

import zipfile
from pathlib import Path

import pytest

from capture.arrays import Damaged, load_arrays


@pytest.mark.parametrize(("count", "kind"), [(10**11, "<f8"), (-5, "<f8"), (1, "<U-1")])
def test_an_array_that_the_file_cannot_hold_is_refused_by_its_header(tmp_path: Path, count: int, kind: str) -> None:
    header = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': ({count},), }}".ljust(117) + "\n"
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("key.npy", b"\x93NUMPY\x01\x00v\x00" + header.encode())
    with pytest.raises(Damaged, match="says that it has"):
        load_arrays(tmp_path / "a.npz")
