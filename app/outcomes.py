"""What is asked of one take, and what becomes of it: a failure is an outcome, told and recorded in one place."""

import errno
import traceback
from collections.abc import Callable

from app import records
from app.corrections import asked_layer
from app.places import places
from app.preparing import Options
from app.progress import Teller
from app.request import BUSY, CANCELLED, DONE, FAILED, Outcome, Request
from capture.errors import BusyError, Cancelled, ChangedError, FaceError, InputError, MienError
from capture.shoot import Take


def options_of(take: Take, request: Request) -> Options:
    """What the steps of one take are asked."""
    return Options(out=request.out, rig=request.rig, actor=request.actor_of(take), formats=request.formats,
                   preset=request.preset, start=request.start, end=request.end, force=request.force,
                   corrections=asked_layer(take, request.corrections),
                   neutral=request.neutral or take.settings.get("neutral"))


def outcome_of(take: Take, request: Request, tell: Teller, work: Callable[[], tuple[str, ...]]) -> Outcome:
    """What becomes of a take by `work`, which gives the paths of its results.

    Raises:
        Cancelled, KeyboardInterrupt: the user stopped it.
    """
    try:
        outcome = Outcome(take.name, DONE, outputs=work())
    except BusyError as busy:
        return Outcome(take.name, BUSY, str(busy), busy.exit_code)
    except Cancelled:
        tell.take(take.name, CANCELLED, "", ())
        raise
    except MienError as error:
        if request.debug:
            traceback.print_exc()
        again = isinstance(error, ChangedError)
        outcome = Outcome(take.name, FAILED, str(error), error.exit_code, again=again,
                          lasting=isinstance(error, InputError | FaceError) and not again,
                          full=getattr(error.__cause__, "errno", None) in (errno.ENOSPC, errno.EDQUOT))
    if outcome.state == FAILED:
        records.save_failed(places(take, request.out), take, request.rig, outcome.error)
    return outcome
