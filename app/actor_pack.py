"""A profile as one file: a zip of its files, each with its SHA-256 in actor.json, and one for actor.json itself."""

import errno
import hashlib
import io
import json
import shutil
import tempfile
import zipfile
from pathlib import Path

from app.actors import checked_name
from app.locks import held
from capture.errors import DataError, OutputError, UsageError
from capture.files import make_folder, output_error, write_bytes
from solver.actor import NAME, load_actor, save_actor

SUM = "SHA256"
LARGEST = 512 << 20
"""Bytes that a packed profile unpacks to at most: all shapes of a dense model take a tenth."""


def pack(folder: Path, out: Path) -> Path:
    """Write a profile as one file; the same profile gives the same bytes.

    Raises:
        DataError: the profile is missing or damaged.
        OutputError: the file cannot be written.
    """
    load_actor(folder)
    document = (folder / NAME).read_bytes()
    names = sorted(json.loads(document)["files"])
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, data in ((SUM, hashlib.sha256(document).hexdigest().encode()), (NAME, document),
                           *((name, (folder / name).read_bytes()) for name in names)):
            archive.writestr(zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0)), data)
    write_bytes(out, packed.getvalue())
    return out


def unpack(file: Path, actors: Path, force: bool) -> Path:
    """Put a packed profile below the folder `actors`, whole or not at all.

    Raises:
        DataError: it is damaged, or from a newer mien.
        UsageError: there is a profile of that name.
        BusyError: another process works on that profile.
        OutputError: it cannot be written, there or among temporary files.
    """
    try:
        scratch = tempfile.TemporaryDirectory(prefix="mien-actor-")
    except OSError as error:
        raise OutputError(f"there is no folder for temporary files to unpack {file} in ({error.strerror}); name one in "
                          "the environment variable TMPDIR") from error
    with scratch as name:
        folder = Path(name)
        _extract(file, folder)
        actor = load_actor(folder)
        target = actors / checked_name(actor.name)
        if (target / NAME).exists() and not force:
            raise UsageError(f"there is a profile {target}; give --force to replace it")
        with held(make_folder(target), lambda text: None):
            save_actor(actor, target)
    return target


def _extract(file: Path, folder: Path) -> None:
    try:
        with zipfile.ZipFile(file) as archive:
            members = archive.infolist()
            names = [member.filename for member in members]
            strange = any(Path(name).name != name or name.startswith(".") for name in names)
            strange |= any(member.compress_type != zipfile.ZIP_STORED for member in members)
            too_much = len(names) > 8 or sum(member.file_size for member in members) > LARGEST
            if strange or too_much or len(set(names)) != len(names):
                raise DataError(f"{file} is no packed profile of an actor; pack it again with `mien actor pack`")
            for name in names:
                with archive.open(name) as source, (folder / name).open("wb") as target:
                    shutil.copyfileobj(source, target)
        document = (folder / NAME).read_bytes()
        if hashlib.sha256(document).hexdigest() != (folder / SUM).read_text().strip():
            raise DataError(f"{file} is damaged: {NAME} is not what its checksum says; copy it again")
    except FileNotFoundError as error:
        raise DataError(f"{file} is not there or holds no profile; give a file that `mien actor pack` wrote") from error
    except (OSError, zipfile.BadZipFile, zipfile.LargeZipFile, ValueError, RuntimeError, NotImplementedError,
            EOFError) as error:
        if getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT):  # no fault of the file's
            raise output_error(folder, error) from error
        raise DataError(f"{file} is damaged or no packed profile ({error}); copy it again") from error
