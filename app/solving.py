"""`mien solve`: one take here, several in worker processes, going on past failures; then what became of them all."""

import argparse
import time
from collections.abc import Sequence
from pathlib import Path

from app.pace import said
from app.places import places
from app.progress import Teller, teller
from app.request import BUSY, Outcome, Request, request_of, takes_of
from capture.errors import UsageError
from capture.shoot import Take

POLL_SECONDS = 2.0


def run(options: argparse.Namespace) -> int:
    """Solve every take below the given paths. Returns the exit code."""
    for name in ("camera", "frames", "expect"):
        if getattr(options, name, None):
            raise UsageError(f"--{name} goes with --only, which does one step of a solve; leave it out")
    if options.cluster:
        everywhere(options)
    takes, unread = takes_of(options.paths)
    if getattr(options, "neutral", None) and len(takes) > 1:
        raise UsageError(f"--neutral {options.neutral} is a frame of one take, and there are {len(takes)}; solve them "
                         "apart, or write neutral = FRAME into each one's take.toml")
    tell = teller(options.events, len(takes))
    refuse_twins(takes, options.out)
    request = request_of(options, takes)
    for cameras in sorted({len(take.clips) for take in takes if not take.problem}):
        tell.note("", said(request.preset, cameras))
    for failure in unread:
        tell.take(failure.take, failure.state, failure.error, ())
    if len(takes) > 1:
        from app.batch_profiles import make_first

        make_first(takes, request, tell)
    if options.cluster:
        outcomes = _on_cluster(takes, request, options, tell) if takes else []
    elif len(takes) == 1:
        outcomes = [_here(takes[0], request, tell)]
    else:
        outcomes = _in_workers(takes, request, options, tell) if takes else []
    return conclude(takes, [*unread, *outcomes], request, tell)


def everywhere(options: argparse.Namespace) -> None:
    """Write out the paths in the options of a solve: they are read in other folders, and by other machines."""
    options.paths = [path.absolute() for path in options.paths]
    for name in ("out", "rig", "model", "corrections"):
        given = getattr(options, name, None)
        if given and (isinstance(given, Path) or Path(given).exists()):
            setattr(options, name, type(given)(Path(given).absolute()))


def refuse_twins(takes: Sequence[Take], out: Path | None) -> None:
    """Two takes of one name whose results lie in one folder would write one another's files.

    Raises:
        UsageError: there are two.
    """
    theirs = [(places(take, out).out, take.name) for take in takes]
    twins = sorted({one for one in theirs if theirs.count(one) > 1})
    if twins:
        folder, name = twins[0]
        raise UsageError(f"two of the takes are called {name!r}, and the results of both would go to {folder}; "
                         "solve them apart, each with its own --out")


def conclude(takes: Sequence[Take], outcomes: Sequence[Outcome], request: Request, tell: Teller) -> int:
    """Write the summaries of a batch, tell how it ended, and return its exit code."""
    from app.report.index import write_indexes
    from app.status import write_summaries

    if len(takes) > 1:
        for path in write_summaries(takes, request):
            tell.note("", f"what became of each take: {path}")
        write_indexes(takes, request.out, tell)
    return finish([outcome.exit_code for outcome in outcomes], tell)


def finish(codes: list[int], tell: Teller) -> int:
    """0 if all are done; 3 if nothing could be read; else 1."""
    failed = [code for code in codes if code]
    if not failed:
        code = 0
    elif len(failed) == len(codes) and all(code == failed[0] for code in failed):
        code = failed[0]
    else:
        code = 1
    tell.end(code, len(codes) - len(failed), len(failed))
    return code


def _here(take: Take, request: Request, tell: Teller) -> Outcome:
    """One take in this process, when no other process has it."""
    from app.take_job import solve_one, tools_of

    tools_of(request)  # what is wrong with these is not the take's fault
    waited = False
    while (outcome := solve_one(take, request, tell)).state == BUSY:
        if not waited:
            tell.note(take.name, outcome.error)
        waited = True
        time.sleep(POLL_SECONDS)
    tell.take(outcome.take, outcome.state, outcome.error, outcome.outputs)
    return outcome


def _on_cluster(takes: list[Take], request: Request, options: argparse.Namespace, tell: Teller) -> list[Outcome]:
    try:
        from app.cluster import solve_on
    except ImportError as error:
        raise UsageError("--cluster needs Dask distributed; get it with `pip install mien[cluster]`") from error
    return solve_on(options.cluster, takes, request, options.jobs, tell)


def _in_workers(takes: list[Take], request: Request, options: argparse.Namespace, tell: Teller) -> list[Outcome]:
    from app.batch import Batch

    tell.begin(len(takes), min(options.jobs, len(takes)))
    return Batch(takes, request, options.jobs, getattr(options, "gpus", None), tell).run()
