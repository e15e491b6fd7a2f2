"""`mien solve --only STEP`: one step of a take, as a render farm runs it on whichever machine is free.

Each step finds what earlier ones left beside the footage, skips what is done, and may be run again. Farms hold back a
whole job when one of its tasks fails. So a take that is itself at fault is recorded and told, and the step ends well;
the step `report` comes last and fails if any take has failed. A step ends badly by what another try could mend.
"""

import argparse
import time
from collections.abc import Callable

from app.identity import digest
from app.locks import held
from app.outcomes import options_of, outcome_of
from app.places import places
from app.preparing import Prepared, prepare
from app.progress import Lines, Teller, teller
from app.request import BUSY, DONE, FAILED, Outcome, Request, request_of, takes_of
from app.status import DONE as STANDS
from app.status import state_of_take
from capture.errors import InputError, MienError, UsageError
from capture.files import make_folder
from capture.shoot import Take

STEPS = ("prepare", "detect", "actors", "solve", "export", "report")
POLL_SECONDS = 2.0


def run(options: argparse.Namespace) -> int:
    """Run one step for the takes below the given paths. Returns the exit code.

    Raises:
        UsageError: this mien is not the one that is expected, or an option makes no sense.
        MienError: what every take needs is missing.
    """
    if options.only != "detect" and (options.camera is not None or options.frames is not None):
        raise UsageError(f"--camera and --frames go with --only detect, not with --only {options.only}; leave them out")
    if options.expect and options.expect != digest():
        raise UsageError(f"the job was submitted by mien {options.expect}, and here is {digest()}; install the same "
                         "mien and the same libraries on all machines")
    takes, unread = takes_of(options.paths)
    request, tell = request_of(options, takes), _Farm() if not options.events else teller(True)
    for failure in unread:
        tell.take(failure.take, failure.state, failure.error, ())
    if not all(path.exists() for path in options.paths):
        return InputError.exit_code  # most often a share that is not mounted here
    if options.only == "report":
        return _report(takes, unread, request, tell)
    if options.only == "actors":
        from app.batch_profiles import make_first

        make_first(takes, request, tell)
        return 0
    if options.only == "prepare":
        step = _prepare
    else:
        from app.take_job import solve_one, tools_of  # loads libraries for seconds, which the other steps do without

        tools_of(request)
        step = {"detect": _detector(options.camera, options.frames), "solve": _solve, "export": solve_one}[options.only]
    code = 0
    for take in takes:
        while (outcome := step(take, request, tell)).state == BUSY:
            time.sleep(POLL_SECONDS)
        tell.take(outcome.take, outcome.state, outcome.error, outcome.outputs)
        code = code or (0 if outcome.lasting else outcome.exit_code)
    return code


def _prepare(take: Take, request: Request, tell: Teller) -> Outcome:
    """Look into the footage and remember what it is by its bytes."""
    return outcome_of(take, request, tell, lambda: _nothing(_ready(take, request, tell)))


def _detector(camera: str | None, frames: tuple[int, int] | None) -> Callable[[Take, Request, Teller], Outcome]:
    """Find the landmarks in one camera, or all; in the parts that begin among `frames` (the last included), or all."""
    from app import detection
    from app.take_job import tools_of

    def step(take: Take, request: Request, tell: Teller) -> Outcome:
        def work() -> tuple[str, ...]:
            ready = _ready(take, request, tell)
            if camera is not None and camera not in take.cameras:
                raise UsageError(f"--camera {camera}: take {take.name} has {', '.join(take.cameras)}")
            landmarker = tools_of(request).landmarker
            for part in detection.missing(ready, landmarker.detector.key):
                if camera in (None, part.name) and (frames is None or frames[0] <= part.first <= frames[1]):
                    name = f"detect {part.name} from {part.first}"
                    detection.detect_part(ready, part, landmarker, False,
                                          lambda done, total, name=name: tell.progress(take.name, name, done, total))
            return ()

        return outcome_of(take, request, tell, work)

    return step


def _solve(take: Take, request: Request, tell: Teller) -> Outcome:
    """Solve, from landmarks that are there; those that are not are found first."""
    from app import pipeline
    from app.take_job import Watched, tools_of

    def work() -> tuple[str, ...]:
        where, tools = places(take, request.out), tools_of(request)
        make_folder(where.work)
        with held(where.work, lambda text: tell.note(take.name, text)) as lock:
            pipeline.solve(_ready(take, request, tell), options_of(take, request), tools, Watched(tell, lock))
        return ()

    return outcome_of(take, request, tell, work)


def _report(takes: list[Take], unread: list[Outcome], request: Request, tell: Teller) -> int:
    """Write the summary and the page of the shoot, and say which takes failed."""
    from app.solving import conclude

    outcomes = list(unread)
    for take in takes:
        state = state_of_take(take, places(take, request.out), request.rig)
        done = state.state == STANDS
        error = "" if done else state.detail or f"{take.name}: {state.state}"
        outcomes.append(Outcome(take.name, DONE if done else FAILED, error, 0 if done else MienError.exit_code))
        tell.take(take.name, outcomes[-1].state, error, ())
    return conclude(takes, outcomes, request, tell)


def _ready(take: Take, request: Request, tell: Teller) -> Prepared:
    return prepare(take, options_of(take, request), lambda text: tell.note(take.name, text))


def _nothing(_: object) -> tuple[str, ...]:
    return ()


class _Farm(Lines):
    """Plain lines, and the progress as farms read it on stdout."""

    def __init__(self) -> None:
        super().__init__()
        self._told = -1

    def progress(self, take: str, step: str, done: int, total: int) -> None:
        super().progress(take, step, done, total)
        percent = 100 * done // max(total, 1)
        if percent != self._told:
            self._told = percent
            print(f"openjd_progress: {percent}", flush=True)
