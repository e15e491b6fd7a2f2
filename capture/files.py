"""Files that are whole or absent: the one place where mien writes to disk."""

import contextlib
import errno
import hashlib
import os
import re
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from capture.errors import OutputError

CLIP_SUFFIXES = (".mp4", ".mov", ".mkv", ".avi", ".webm", ".m4v", ".mxf")

ABANDONED_SECONDS = 86400.0
"""A file that is half-written, and that nobody has touched for so long, is nobody's."""

CURES = {
    errno.ENOSPC: "the disk is full; free some space and run the same command again",
    errno.EDQUOT: "your disk quota is used up; free some space and run the same command again",
    errno.EACCES: "no permission to write there; choose another folder with --out or change its rights",
    errno.EPERM: "no permission to write there; choose another folder with --out or change its rights",
    errno.EROFS: "that disk is read-only; choose another folder with --out",
    errno.ENOTDIR: "a part of that path is a file, not a folder; choose another folder with --out",
    errno.EEXIST: "a file stands where a folder is needed; choose another folder with --out",
    errno.EISDIR: "a folder stands where the file should go; move it away",
}


def output_error(path: str | Path, error: OSError) -> OutputError:
    """The sentence for a failed write to `path`."""
    cure = CURES.get(error.errno or 0, f"{error.strerror or error}; choose another folder with --out")
    return OutputError(f"{path} cannot be written: {cure}")


def make_folder(path: Path) -> Path:
    """Create the folder `path` and its parents.

    Raises:
        OutputError: it cannot be made.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise output_error(path, error) from error
    return path


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """A file to write whose content appears under `path` all at once, or not at all.

    The temporary file lies beside the target, because `os.replace` is atomic within one file system only; both
    the file and its folder are synced, because after a power cut a rename can outlive the data it points to.

    Raises:
        OutputError: it cannot be written.
    """
    make_folder(path.parent)
    temporary = None
    try:
        handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
        with os.fdopen(handle, "w+b") as file:
            os.fchmod(handle, 0o666 & ~_umask())
            _sweep(path, os.fstat(handle).st_mtime)
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
        temporary = None
        _sync_folder(path.parent)
    except OSError as error:
        raise output_error(path, error) from error
    finally:
        if temporary is not None:
            with contextlib.suppress(OSError):
                os.unlink(temporary)


def _sweep(path: Path, now: float) -> None:
    """Remove what processes that were killed had half-written of the file `path`; `now` by its disk's clock."""
    ours = re.compile(re.escape(f".{path.name}.") + r"[a-z0-9_]{8}\.part")  # as `tempfile` names them
    with contextlib.suppress(OSError):
        with os.scandir(path.parent) as entries:
            parts = [entry for entry in entries if ours.fullmatch(entry.name)]
        for entry in parts:
            if now - entry.stat(follow_symlinks=False).st_mtime > ABANDONED_SECONDS:
                os.unlink(entry.path)


def write_bytes(path: Path, data: bytes) -> None:
    """Put `data` under `path`, atomically.

    Raises:
        OutputError: it cannot be written, or a clip is there: whatever this is, it is not worth the footage.
    """
    if path.suffix.lower() in CLIP_SUFFIXES and path.exists():
        raise OutputError(f"{path} is a clip, which mien never overwrites; give another name")
    with replacing(path) as file:
        file.write(data)


def remove(path: Path) -> None:
    """Let nothing be under `path`, not even after a power cut.

    Raises:
        OutputError: it cannot be removed.
    """
    try:
        path.unlink()
        _sync_folder(path.parent)
    except FileNotFoundError:
        return
    except OSError as error:
        raise output_error(path, error) from error


def claim(path: Path, data: bytes) -> bool:
    """Put `data` under `path` if nothing is there; of several who try at once, on one machine or many, one succeeds.

    Raises:
        OutputError: it cannot be written.
    """
    make_folder(path.parent)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    except FileExistsError:
        return False
    except OSError as error:
        raise output_error(path, error) from error
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        with contextlib.suppress(OSError):
            os.unlink(path)
        raise output_error(path, error) from error
    return True


def write_with(path: Path, write: Callable[[BinaryIO], None]) -> None:
    """Let `write(file)` fill a file that appears under `path`, atomically."""
    with replacing(path) as file:
        write(file)


def sha256(path: Path) -> str:
    """The hex SHA-256 of a file's bytes."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def sha256_or_none(path: Path) -> str | None:
    """The same; None where the file is not there or cannot be read."""
    try:
        return sha256(path)
    except OSError:
        return None


def _umask() -> int:
    value = os.umask(0)
    os.umask(value)
    return value


def _sync_folder(folder: Path) -> None:
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
