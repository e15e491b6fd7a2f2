"""What is asked of a take and what became of it: the nouns that travel between processes and machines."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from capture.errors import MienError, UsageError
from capture.shoot import Take, find_takes
from solver.model_import import BUILT_IN

DONE, FAILED, BUSY, CANCELLED = "done", "failed", "busy", "cancelled"


@dataclass(frozen=True)
class Request:
    """The options of `mien solve` that say what is done with each take; see there. `corrections` is "" for each take's
    own, "none" for none, or a file."""

    model: str
    detector: str = "auto"
    device: str = "auto"
    out: Path | None = None
    rig: Path | None = None
    actor: str | None = None
    formats: tuple[str, ...] = ("json",)
    preset: str = "standard"
    start: str | None = None
    end: str | None = None
    force: bool = False
    debug: bool = False
    corrections: str = ""
    neutral: str | None = None

    def actor_of(self, take: Take) -> str:
        """The actor's name: as asked, else as the take or its shoot says."""
        return self.actor or str(take.setting("actor", ""))


def request_of(options: argparse.Namespace, takes: Sequence[Take]) -> Request:
    """The request of a command line over these takes.

    Raises:
        UsageError: see `model_of`.
    """
    return Request(options.model or model_of(takes), options.detector, options.device, options.out, options.rig,
                   options.actor, options.format, options.preset, options.start, options.end, options.force,
                   options.debug, options.corrections, getattr(options, "neutral", None))


def model_of(takes: Sequence[Take]) -> str:
    """The model that the takes' own settings or their shoots' name, for want of a --model.

    Raises:
        UsageError: they name several; a run loads one.
    """
    named = {str(take.setting("model", BUILT_IN)): take.name for take in takes if not take.problem}
    if len(named) > 1:
        (one, first), (other, second) = list(named.items())[:2]
        raise UsageError(f"{first} is to be solved with the model {one} and {second} with {other}, as their settings "
                         "say; solve them apart, or choose one for all with --model")
    return next(iter(named), BUILT_IN)


@dataclass(frozen=True)
class Outcome:
    """What became of a take.

    Attributes:
        state: DONE, FAILED, BUSY (another process has it) or CANCELLED.
        error: why it failed, in one sentence.
        exit_code: of that error's class.
        outputs: paths of the files that are there now.
        again: what went wrong may go well later.
        lasting: the take itself is at fault, so that it goes wrong wherever and whenever it is tried.
        full: the disk is full, so that no other take can go well either.
    """

    take: str
    state: str
    error: str = ""
    exit_code: int = 0
    outputs: tuple[str, ...] = ()
    again: bool = False
    lasting: bool = False
    full: bool = False


def takes_of(paths: list[Path]) -> tuple[list[Take], list[Outcome]]:
    """The takes below the paths, each once, and a failure for each path that could not be read."""
    takes, failures = {}, []
    for path in paths:
        try:
            for take in find_takes(path):
                takes.setdefault(_place(take), take)
        except MienError as error:
            failures.append(Outcome(path.name or str(path), FAILED, str(error), error.exit_code))
    return list(takes.values()), failures


def _place(take: Take) -> Path:
    return (take.folder if take.folder is not None else take.clips[0]).resolve()
