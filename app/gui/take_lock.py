"""One take is corrected in one window at a time: a lock file beside its corrections."""

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
        if file.tryLock(0):
            self._file = file
        elif file.error() == QLockFile.LockError.LockFailedError:
            self.reason = "another window has this take open; close it there, then choose the take again here"
        else:
            self.reason = f"{folder} cannot be written; change its rights, or copy the shoot elsewhere"

    def release(self) -> None:
        if self._file is not None:
            self._file.unlock()
        self._file, self.reason = None, ""
