"""A command line that is talked with: lines go to its stdin, JSON lines come back; it ends when its stdin closes."""

import json
import sys
from collections.abc import Sequence

from PySide6.QtCore import QObject, QProcess, Signal

from app.gui.jobs import MODULE, child_environment

GRACE_MS = 60_000
"""How long it may take to end well: it closes clips, lets cameras go, and writes the weights of a live take, of an hour
perhaps."""


class Child(QObject):
    """One process at a time.

    Attributes:
        ended: says why it failed, in one sentence; "" where it did not.
    """

    heard = Signal(dict)
    ended = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._process: QProcess | None = None
        self._rest, self._said = b"", ""

    @property
    def running(self) -> bool:
        return self._process is not None

    def start(self, arguments: Sequence[str]) -> None:
        """Start `mien ARGUMENTS --events`."""
        self._rest, self._said = b"", ""
        self._process = process = QProcess(self)
        process.setProcessEnvironment(child_environment())
        process.readyReadStandardOutput.connect(self._read)
        process.readyReadStandardError.connect(self._read_error)
        process.finished.connect(self._finished)
        process.errorOccurred.connect(self._broken)
        process.start(sys.executable, ["-m", MODULE, *arguments, "--events"])

    def tell(self, line: str) -> None:
        """Say something to it."""
        if self._process is not None:
            self._process.write((line + "\n").encode())

    def stop(self) -> None:
        """Ask it to end."""
        if self._process is not None:
            self._process.closeWriteChannel()

    def close(self) -> None:
        """End it and wait: only for when the app closes."""
        process = self._process
        if process is None:
            return
        self.blockSignals(True)
        process.closeWriteChannel()
        if not process.waitForFinished(GRACE_MS):
            process.kill()
            process.waitForFinished(1000)
        self.blockSignals(False)

    def _read(self) -> None:
        lines = (self._rest + bytes(self._process.readAllStandardOutput())).split(b"\n")
        self._rest = lines.pop()
        for line in lines:
            try:
                event = json.loads(line)
            except ValueError:
                continue
            if isinstance(event, dict) and "event" in event:
                self.heard.emit(event)

    def _read_error(self) -> None:
        for line in bytes(self._process.readAllStandardError()).decode(errors="replace").splitlines():
            if line.startswith("mien: "):
                self._said = line.removeprefix("mien: ")

    def _finished(self, code: int, status: QProcess.ExitStatus) -> None:
        self._read()
        self._read_error()
        self._put_away("its process was killed; is there enough memory? Start it again"
                       if status == QProcess.ExitStatus.CrashExit else self._said)

    def _broken(self, error: QProcess.ProcessError) -> None:
        if error == QProcess.ProcessError.FailedToStart:
            self._put_away(f"{sys.executable} cannot be started; install mien again")

    def _put_away(self, why: str) -> None:
        if self._process is not None:
            self._process.deleteLater()
            self._process = None
            self.ended.emit(why)
