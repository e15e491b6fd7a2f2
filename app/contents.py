"""What a clip is, by its bytes: found once and remembered, so that a run with nothing to do reads no footage.

The memory is believed only where the file's state (size, both its times, its number on the disk) is still the one that
was hashed. The time of the last change of state (ctime) is among them: no copying tool can set it back, so a clip that
is replaced by one of the same size and date is seen too. A file that changed in the last moments is hashed again next
time, because it could change once more within the same tick of a coarse clock.
"""

import contextlib
import hashlib
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from app.artefacts import read_json
from capture.errors import ChangedError, ClipError, OutputError
from capture.files import sha256, write_bytes

SETTLED_SECONDS = 3.0
"""How long a file must have lain still before its hash is remembered: more than the coarsest file system's tick."""

State = tuple[tuple[str, int, int, int, int], ...]
"""Of each file: its name, size in bytes, mtime and ctime in nanoseconds, and inode."""


@dataclass(frozen=True)
class Content:
    """A clip as it was hashed: `key` is of its bytes, `state` is what the file system said of it then."""

    path: Path
    key: str
    state: State

    @contextlib.contextmanager
    def steady(self) -> Iterator[None]:
        """Work on the clip within: what was seen in a changed one must not stand under this content's key.

        Raises:
            ChangedError: at the end the clip no longer is what was hashed, whether the work failed by it or not.
        """
        try:
            yield
        except ClipError:
            self._verify()
            raise
        self._verify()

    def _verify(self) -> None:
        if state_of(self.path) != self.state and _hashed(self.path).key != self.key:
            raise _changed(self.path)


def content(path: Path, memory: Path | None = None, known: State | None = None) -> Content:
    """The content of a clip: a file, or a folder of pictures with their names.

    Args:
        path: the clip.
        memory: a folder of artefacts in which hashes are remembered; None remembers nothing.
        known: the state in which the caller has already looked into it.

    Raises:
        ChangedError: it changes while it is read, or is no longer in the state `known`.
        ClipError: it cannot be read.
    """
    state = state_of(path)
    if known is not None and state != known:
        raise _changed(path)
    entry = None if memory is None else memory / f"clip.{path.name}.json"
    if entry is not None and (key := _remembered(entry, state)):
        return Content(path, key, state)
    found = _hashed(path)
    # A clock that runs behind the disk's only costs a second hash; seldom is the disk's clock far behind ours.
    if entry is not None and all(time.time() - max(item[2], item[3]) / 1e9 > SETTLED_SECONDS for item in found.state):
        with contextlib.suppress(OutputError):  # a memory that cannot be kept costs time, nothing else
            write_bytes(entry, (json.dumps({"key": found.key, "state": found.state}) + "\n").encode())
    return found


def remembered(path: Path, memory: Path) -> str:
    """The key of a clip's content where that is known without reading it; "" elsewhere."""
    try:
        return _remembered(memory / f"clip.{path.name}.json", state_of(path))
    except ClipError:
        return ""


def state_of(path: Path) -> State:
    """What the file system says of a clip.

    Raises:
        ClipError: it is gone, or may not be looked at.
    """
    try:
        items = [item for item in sorted(path.iterdir()) if item.is_file() and not item.name.startswith(".")] \
            if path.is_dir() else [path]
        return tuple((item.name, found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino)
                     for item in items for found in (item.stat(),))
    except OSError as error:
        raise ClipError(f"{path} cannot be read ({error.strerror}); check that it is still there") from error


def _hashed(path: Path) -> Content:
    before = state_of(path)
    try:
        if path.is_dir():
            parts = [(name, sha256(path / name)) for name, *_ in before]
            key = hashlib.sha256(repr(parts).encode()).hexdigest()
        else:
            key = sha256(path)
    except OSError as error:
        raise ClipError(f"{path} cannot be read ({error.strerror}); copy it again") from error
    if state_of(path) != before:
        raise _changed(path)
    return Content(path, key, before)


def _remembered(entry: Path, state: State) -> str:
    try:
        table = read_json(entry)
        same = tuple(tuple(item) for item in table["state"]) == state
        return str(table["key"]) if same else ""
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def _changed(path: Path) -> ChangedError:
    return ChangedError(f"{path} changes while it is read; wait until it is wholly copied, then run the same command "
                        "again")
