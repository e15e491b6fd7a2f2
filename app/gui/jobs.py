"""Long work: the command line as child processes, told about by its JSON lines, cancelled by closing their stdin."""

import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QObject, QProcess, QProcessEnvironment, QTimer, Signal

import app
from app.event_lines import read_event
from capture.errors import DataError

WAITING, RUNNING, DONE, FAILED, CANCELLED = "waiting", "running", "done", "failed", "cancelled"
ENDED = (DONE, FAILED, CANCELLED)
GRACE_MS = 5000
"""How long a cancelled job may take to end by itself before it is killed."""
LONGEST_LOG = 2000
NAMED = 6
"""Of takes that failed so many are named at once."""
MODULE = "app.cli"


def child_environment() -> QProcessEnvironment:
    """For a process that runs this very mien."""
    environment = QProcessEnvironment.systemEnvironment()
    root = str(Path(app.__file__).resolve().parents[1])
    environment.insert("PYTHONPATH", os.pathsep.join(filter(None, [root, environment.value("PYTHONPATH")])))
    environment.insert("PYTHONIOENCODING", "utf-8")
    return environment


class Job(QObject):
    """One command.

    Attributes:
        title: for the list of jobs.
        take: the take it works on, "" for none.
        place: what was open when it was added: takes of one name are many.
        arguments: of the command line, without those that every job gets.
        state: "waiting", "running", "done", "failed" or "cancelled".
        step, done, total: how far it is within its present step.
        seconds: how long it ran, once it has ended; waiting is not running.
        seconds_left: of that step, where a guess is honest; None before.
        error: why it failed, in one sentence.
        counts: its failure says something of its take: nobody has looked at the disk since.
        takes, ended_takes: of how many it is, where there are several, and how many of these have ended.
        failures: why takes failed, a sentence each.
        outputs: paths of the files it made.
        log: its lines, oldest first.
        light: it runs beside others, because it does not fill the machine.
    """

    changed = Signal()
    ended = Signal()
    told = Signal(dict)
    """Events that are not about progress, for whoever knows them."""

    def __init__(self, title: str, arguments: Sequence[str], take: str = "", module: str = MODULE,
                 parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.title, self.take, self.arguments, self.module = title, take, list(arguments), module
        self.state, self.step, self.done, self.total = WAITING, "", 0, 0
        self.seconds_left: float | None = None
        self.error = ""
        self.takes, self.ended_takes = 0, 0
        self.failures: list[str] = []
        self.outputs: list[str] = []
        self.log: list[str] = []
        self.light = False
        self.place: Path | None = None
        self.counts = True
        self.seconds = 0.0
        self._began, self._step_began = 0.0, 0.0
        self._rest = b""
        self._cancelled = False
        self._process: QProcess | None = None
        self._grace = QTimer(self, singleShot=True, interval=GRACE_MS)
        self._grace.timeout.connect(self._kill)

    def share(self) -> float:
        """How much of it is done, 0 to 1."""
        step = self.done / self.total if self.total else 0.0
        if self.takes > 1 and self.state != DONE:
            return min(1.0, (self.ended_takes + (step if self.state == RUNNING else 0.0)) / self.takes)
        return step

    def start(self) -> None:
        self._process = QProcess(self)
        self._process.setProcessEnvironment(child_environment())
        self._process.readyReadStandardOutput.connect(self._read_events)
        self._process.readyReadStandardError.connect(self._read_log)
        self._process.finished.connect(self._finished)
        self._process.errorOccurred.connect(self._broken)
        self.state, self._began = RUNNING, time.monotonic()
        self._process.start(sys.executable, ["-m", self.module, *self.arguments, "--events", "--cancel-on-eof"])
        self.changed.emit()

    def cancel(self) -> None:
        """Stop it: at once if it waits, else as the command line stops, which leaves nothing half-written."""
        if self.state == WAITING:
            self._end(CANCELLED)
        elif self.state == RUNNING and not self._cancelled:
            self._cancelled = True
            self._process.closeWriteChannel()
            self._grace.start()

    def wait(self, milliseconds: int) -> None:
        """Block until it has ended: only for when the app closes."""
        if self._process is not None and not self._process.waitForFinished(milliseconds):
            self._process.kill()
            self._process.waitForFinished(1000)

    def _read_events(self) -> None:
        lines = (self._rest + bytes(self._process.readAllStandardOutput())).split(b"\n")
        self._rest = lines.pop()
        for line in lines:
            try:
                self._take_event(read_event(line))
            except DataError:
                self._note(line.decode(errors="replace"))
        self.changed.emit()

    def _take_event(self, event: dict) -> None:
        kind = event["event"]
        if kind == "progress":
            if event["step"] != self.step:
                self.step, self._step_began = event["step"], time.monotonic()
                self._note(f"{event['take']}: {self.step}")
            self.done, self.total = event["done"], event["total"]
            spent = time.monotonic() - self._step_began
            # A guess from the first moments is no guess.
            self.seconds_left = spent * (self.total - self.done) / self.done if self.done and spent > 2 else None
        elif kind == "note":
            self._note(f"{event['take']}: {event['text']}" if event["take"] else event["text"])
        elif kind == "take":
            self._note(f"{event['take']}: {event['state']} {event['error']}".rstrip())
            self.outputs += event["outputs"]
            self.error = event["error"] or self.error
            self.ended_takes += 1
            if event["state"] == FAILED:
                self.failures.append(f"{event['take']}: {event['error']}")
        elif kind == "begin":
            self.takes = event["takes"]
        else:
            self.told.emit(event)

    def _read_log(self) -> None:
        for line in bytes(self._process.readAllStandardError()).decode(errors="replace").splitlines():
            self._note(line)

    def _note(self, line: str) -> None:
        if line.strip():
            self.log = [*self.log[-LONGEST_LOG:], line.strip()]

    def _finished(self, code: int, status: QProcess.ExitStatus) -> None:
        self._read_events()
        self._read_log()
        if self._cancelled:
            self._end(CANCELLED)
        elif status == QProcess.ExitStatus.CrashExit:
            self.error = "its process was killed; is there enough memory? Start it again"
            self._end(FAILED)
        elif code:
            said = [line.removeprefix("mien: ") for line in self.log if line.startswith("mien: ")]
            if self.takes > 1 and self.failures:
                more = len(self.failures) - NAMED
                lines = [f"{len(self.failures)} of {self.takes} takes failed; the others are done",
                         *self.failures[:NAMED], *([f"and {more} more: see its log"] if more > 0 else [])]
                self.error = "\n".join(lines)
            self.error = self.error or (said[-1] if said else f"it ended with code {code}; see its log")
            self._end(FAILED)
        else:
            self.done, self.total = max(self.total, 1), max(self.total, 1)
            self._end(DONE)

    def _broken(self, error: QProcess.ProcessError) -> None:
        if error == QProcess.ProcessError.FailedToStart:
            self.error = f"{sys.executable} cannot be started; install mien again"
            self._end(FAILED)

    def _kill(self) -> None:
        if self._process is not None:
            self._process.kill()

    def _end(self, state: str) -> None:
        self._grace.stop()
        self.seconds = time.monotonic() - self._began if self._began else 0.0
        self.state, self.seconds_left = state, None
        self.changed.emit()
        self.ended.emit()


class Jobs(QObject):
    """All jobs, oldest first. Solves run one after another, because one fills the machine; light ones start at once.

    Attributes:
        place: what is open now; only its jobs are a take's.
    """

    changed = Signal()
    ended = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.jobs: list[Job] = []
        self.place: Path | None = None

    def add(self, title: str, arguments: Sequence[str], take: str = "", module: str = MODULE,
            light: bool = False) -> Job:
        job = Job(title, arguments, take, module, self)
        job.light, job.place = light, self.place
        job.changed.connect(self.changed)
        job.ended.connect(lambda: self._ended(job))
        self.jobs.append(job)
        if light or self._free():
            job.start()
        self.changed.emit()
        return job

    def of_take(self, take: str) -> Job | None:
        """The latest job on a take of what is open."""
        return next((job for job in reversed(self.jobs) if job.take == take and job.place == self.place), None)

    def said_of(self, take: str) -> tuple[str, str]:
        """The state of that job, "" where there is none, and why it failed, as far as that still counts."""
        job = self.of_take(take)
        return (job.state, job.error if job.state == FAILED and job.counts else "") if job is not None else ("", "")

    def forget_failures(self) -> None:
        """The disk is looked at again, and says itself how its takes are."""
        for job in self.jobs:
            job.counts = job.counts and job.state != FAILED

    def running(self) -> list[Job]:
        return [job for job in self.jobs if job.state == RUNNING]

    def clear_ended(self) -> None:
        for job in [job for job in self.jobs if job.state in ENDED]:
            self.jobs.remove(job)
            job.deleteLater()
        self.changed.emit()

    def stop_all(self) -> None:
        """Cancel everything and wait for it: nothing of ours outlives the app."""
        for job in self.jobs:
            if job.state == WAITING:
                job.cancel()
        for job in self.running():
            job.cancel()
        for job in self.running():
            job.wait(GRACE_MS)

    def _free(self) -> bool:
        return all(job.light for job in self.running())

    def _ended(self, job: Job) -> None:
        self.ended.emit(job)
        if self._free():
            waiting = next((other for other in self.jobs if other.state == WAITING), None)
            if waiting is not None:
                waiting.start()
