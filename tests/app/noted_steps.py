"""Steps of a cluster's run that only note where they were, for tests whose workers are threads of the same process.

Tasks are pickled even there, by their names: so these are plain functions of a module, and what a test wants of them
lies in `now`.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from distributed import get_worker

from app.cluster import Steps
from app.detection import Part
from app.request import DONE, Outcome, Request
from capture.shoot import Take

PARTS = (Part(0, "camA", 0, 8, 0), Part(0, "camA", 8, 16, 0))


def _nothing(take: Take) -> None:
    pass


def _done(take: Take) -> Outcome:
    return Outcome(take.name, DONE)


@dataclass
class Noted:
    """(step, take, worker, device) of each task, and what detection and the last step do."""

    notes: list[tuple[str, str, str, str]] = field(default_factory=list)
    detect: Callable[[Take], None] = _nothing
    finish: Callable[[Take], Outcome] = _done
    lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, step: str, take: Take, request: Request) -> None:
        with self.lock:
            self.notes.append((step, take.name, get_worker().name, request.device))


now = Noted()


def prepare(take: Take, request: Request, run: str) -> tuple[Part, ...]:
    now.note("prepare", take, request)
    return PARTS


def detect(take: Take, request: Request, run: str, part: Part) -> None:
    now.note("detect", take, request)
    now.detect(take)


def finish(take: Take, request: Request, run: str) -> Outcome:
    now.note("finish", take, request)
    return now.finish(take)


STEPS = Steps(prepare, detect, finish)
