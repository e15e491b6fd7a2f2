"""The files of a model, in a folder or a zip: read in memory, nothing is ever unpacked to disk."""

import contextlib
import hashlib
import itertools
import lzma
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from capture.errors import ModelError
from capture.links import is_inside

LARGEST_FILE = 256 << 20
"""Bytes of one file of a model, unpacked; ICT's are 2.6 million."""
LARGEST_ALL = 4 << 30
"""Bytes of all files of a zip, unpacked; ICT's are 250 million."""
MOST_FILES = 20_000
MOST_PACKED = 100
"""A file is packed to no less than its hundredth: OBJ text to its fourth, and a bomb to its thousandth."""
PACKINGS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""The others take as much memory as the file asks them to."""
SMALL = 1 << 20
"""Bytes of a file that may be packed as tightly as it likes."""


@dataclass(frozen=True)
class ModelFiles:
    """A folder or a zip.

    Attributes:
        where: the path, for messages.
        names: all files below it, with `/`, sorted.
        read: name -> bytes; raises ModelError.
    """

    where: str
    names: tuple[str, ...]
    read: Callable[[str], bytes]


@contextlib.contextmanager
def model_files(source: Path) -> Iterator[ModelFiles]:
    """The files of the folder or zip `source`.

    Raises:
        ModelError: it is missing, damaged, too large, or a zip with paths that lead out of it.
    """
    if source.is_dir():
        found = (path for path in source.rglob("*") if path.is_file()
                 and not (path.is_symlink() and not is_inside(path, source)))
        names = sorted(path.relative_to(source).as_posix() for path in itertools.islice(found, MOST_FILES + 1))
        if len(names) > MOST_FILES:
            raise ModelError(f"{source} holds more than {MOST_FILES} files; give the model's own folder")
        yield ModelFiles(str(source), tuple(names), lambda name: read_file(source / name))
        return
    try:
        archive = zipfile.ZipFile(source)
    except (OSError, zipfile.BadZipFile, NotImplementedError, ValueError) as error:
        raise ModelError(f"{source} cannot be opened as a zip ({error}); download it again") from error
    with archive:
        infos = {info.filename: info for info in archive.infolist()
                 if info.filename and not info.filename.endswith("/")}
        for name in infos:
            path = PurePosixPath(name.replace("\\", "/"))
            if path.is_absolute() or ".." in path.parts or any(":" in part for part in path.parts[:1]):
                raise ModelError(f"{source} has a file that leads out of its folder ({name!r}); "
                                 "download it again from its source")
        size = source.stat().st_size
        if sum(info.compress_size for info in infos.values()) > size:  # zipfile would make room for what is declared
            raise ModelError(f"{source} is damaged: its files are said to be longer than the zip; download it again")
        if len(infos) > MOST_FILES:
            raise ModelError(f"{source} holds {len(infos)} files; give the model's own zip")
        whole = sum(info.file_size for info in infos.values())
        if whole > LARGEST_ALL:
            raise ModelError(f"{source} says that it unpacks to {whole >> 30} GB, and no model is above "
                             f"{LARGEST_ALL >> 30}; download it again from its source")
        strange = next((name for name, info in infos.items() if info.compress_type not in PACKINGS), None)
        if strange is not None:
            raise ModelError(f"{source}: {strange} is packed by another method than deflate; pack the folder again as "
                             "an ordinary zip")
        dense = next((info for info in infos.values() if info.file_size > max(SMALL, MOST_PACKED * info.compress_size)),
                     None)
        if dense is not None:
            raise ModelError(f"{source}: {dense.filename} unpacks to {dense.file_size >> 20} MB from "
                             f"{dense.compress_size >> 10} kB, as no model does; download it again from its source")
        yield ModelFiles(str(source), tuple(sorted(infos)), lambda name: _read_member(archive, infos[name], source))


def content_key(source: Path) -> str:
    """Hex SHA-256 of what `source` holds: a file's bytes, or a folder's names and bytes.

    Raises:
        ModelError: it cannot be read.
    """
    digest = hashlib.sha256()
    try:
        if source.is_dir():
            with model_files(source) as files:
                for name in files.names:
                    digest.update(f"{name}\0".encode())
                    digest.update(hashlib.sha256(files.read(name)).digest())
        else:
            with source.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256")
    except OSError as error:
        raise ModelError(f"{source} cannot be read: {error.strerror}; give the model's own path") from error
    return digest.hexdigest()


def read_file(path: Path) -> bytes:
    """The bytes of one file of a model.

    Raises:
        ModelError: it cannot be read, or is larger than any model's.
    """
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise ModelError(f"{path} is larger than {LARGEST_FILE >> 20} MB; give the model's own folder")
        return path.read_bytes()
    except OSError as error:
        raise ModelError(f"{path} cannot be read: {error.strerror}; mend its rights or give another folder") from error


def _read_member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, source: Path) -> bytes:
    if info.file_size > LARGEST_FILE:  # zipfile itself never unpacks more than is declared
        raise ModelError(f"{source}: {info.filename} says that it unpacks to {info.file_size >> 20} MB, "
                         f"and no model's file is above {LARGEST_FILE >> 20}; download it again from its source")
    try:
        return archive.read(info)
    except (OSError, zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, NotImplementedError, RuntimeError,
            ValueError) as error:
        raise ModelError(f"{source}: {info.filename} is damaged ({error}); download the zip again") from error
