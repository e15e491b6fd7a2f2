"""What a worker of a cluster does for a take: the steps of a local run, each a task that may be done again elsewhere.

A task says nothing of a take that cannot be solved: the last one meets the fault again, tells it and records it. So
there is one place where takes fail, here as in a local run.
"""

import shutil
import threading
import time
from collections.abc import Callable
from typing import TypeVar

from distributed import get_worker

from app import detection, records
from app.detection import Part, missing
from app.outcomes import options_of
from app.pipeline import Tools
from app.places import SOLVE_NAME, Places, places
from app.preparing import Prepared, prepare
from app.request import Outcome, Request
from app.take_job import solve_one, tools_of
from capture.errors import Cancelled, InputError, UsageError
from capture.shoot import Take

EVERY_SECONDS = 0.2
Result = TypeVar("Result")

_alone = threading.Lock()
"""A worker with several threads does one task at a time all the same: the detectors' libraries are not made for two."""


def prepare_take(take: Take, request: Request, run: str) -> tuple[Part, ...]:
    """Look into a take's footage. Returns the parts of it that have to be detected.

    Raises:
        UsageError, ModelError: this worker lacks what every take needs, such as the model.
    """
    tell = Relay(run)
    detector = _tools(request).landmarker.detector

    def parts() -> tuple[Part, ...]:
        if request.force:
            _forget_all(places(take, request.out))
        ready = _ready(take, request)
        tell.progress(take.name, "prepare", 1, 1)
        return missing(ready, detector.key)

    return _or(parts, ())


def detect_part(take: Take, request: Request, run: str, part: Part) -> None:
    """Detect one part, if it is not on disk.

    Raises:
        UsageError, ModelError: see `prepare_take`.
        OutputError: its landmarks cannot be written.
    """
    tell, landmarker = Relay(run), _tools(request).landmarker
    _or(lambda: detection.detect_part(_ready(take, request), part, landmarker, False,
                                      lambda done, total: tell.part(take.name, part, done, total)), None)


def finish_take(take: Take, request: Request, run: str) -> Outcome:
    """Join the parts, solve, export, report, and say what became of the take."""
    with _alone:
        return solve_one(take, request, Relay(run))


class Relay:
    """A teller whose words travel to whoever started the run; it ends the work when that run is over."""

    def __init__(self, run: str) -> None:
        self._run, self._worker, self._sent = run, get_worker(), 0.0

    def begin(self, takes: int, jobs: int) -> None:
        pass

    def progress(self, take: str, step: str, done: int, total: int) -> None:
        self._send(done in (0, total), "progress", take, step, done, total)

    def part(self, take: str, part: Part, done: int, total: int) -> None:
        """How many frames of a part are done."""
        self._send(done == total, "part", take, part.name, part.first, done)

    def note(self, take: str, text: str) -> None:
        self._send(True, "note", take, text)

    def take(self, take: str, state: str, error: str, outputs: tuple[str, ...]) -> None:
        pass  # the outcome says it

    def end(self, exit_code: int, done: int, failed: int) -> None:
        pass

    def _send(self, important: bool, *event: object) -> None:
        if self._run not in self._worker.plugins:
            raise Cancelled("the run is over")
        now = time.monotonic()
        if important or now - self._sent > EVERY_SECONDS:
            self._sent = now
            self._worker.log_event(self._run, list(event))


def _or(work: Callable[[], Result], without: Result) -> Result:
    """What the work gives; `without` where the take cannot be worked on."""
    with _alone:
        try:
            return work()
        except (InputError, UsageError):
            return without


def _tools(request: Request) -> Tools:
    with _alone:
        return tools_of(request)


def _ready(take: Take, request: Request) -> Prepared:
    return prepare(take, options_of(take, request), lambda _: None)


def _forget_all(where: Places) -> None:
    """Remove what earlier runs detected, solved and exported, so that these steps are done again."""
    records.forget(where, records.DONE_NAME, SOLVE_NAME, "export.json")
    for path in where.work.glob("detect.*.npz"):
        records.forget(where, path.name)
    shutil.rmtree(where.work / "parts", ignore_errors=True)
