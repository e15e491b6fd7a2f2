"""One take is corrected in one window at a time: a lock file beside its corrections."""

import os
from pathlib import Path

from PySide6.QtCore import QLockFile

from app.corrections import LOCK_NAME
from capture.errors import MienError
from capture.files import make_folder


class TakeLock:
    """The right to save a take's corrections.

    Attributes:
        reason: why this window may not, in one sentence; "" where it may.
    """

    def __init__(self) -> None:
        self.reason = ""
        self._file: QLockFile | None = None
        self._held: os.stat_result | None = None
        self._left: list[os.stat_result] = []

    def take(self, folder: Path) -> None:
        """Ask for it. A lock whose process died counts as free, so a crash blocks nobody."""
        self.release()
        try:
            make_folder(folder)
        except MienError:
            self.reason = f"{folder} cannot be written; is its disk read-only? Copy the shoot elsewhere"
            return
        file = QLockFile(str(folder / LOCK_NAME))
        file.setStaleLockTime(0)
        if file.tryLock(0) or (self._left_behind(folder / LOCK_NAME) and file.tryLock(0)):
            self._file, self._held = file, _seen(folder / LOCK_NAME)
        elif file.error() == QLockFile.LockError.LockFailedError:
            self.reason = "another window has this take open; close it there, then choose the take again here"
        else:
            self.reason = f"{folder} cannot be written; change its rights, or copy the shoot elsewhere"

    def release(self) -> None:
        if self._file is not None:
            if self._held is not None and not _same(self._held, _seen(Path(self._file.fileName()))):
                self._left.append(self._held)  # its folder was renamed: it is not found there to be taken away
            self._file.unlock()
        self._file, self.reason = None, ""

    def _left_behind(self, path: Path) -> bool:
        """Take away a lock that this window left in a folder that was renamed while it had the take open."""
        found = _seen(path)
        try:
            own = any(_same(left, found) for left in self._left) and path.read_text().startswith(f"{os.getpid()}\n")
            if own:
                path.unlink()
        except OSError:
            return False
        return own


def _seen(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except OSError:
        return None


def _same(one: os.stat_result, other: os.stat_result | None) -> bool:
    return other is not None and os.path.samestat(one, other)
