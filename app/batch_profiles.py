"""Actors' profiles before the takes that need them.

`profile = true` in a take.toml marks a take that an actor's face is learnt from: the range of motion that was filmed
before the scenes. Where that actor has no profile yet, a batch makes it first, so that all takes of the actor are
solved with it.
"""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import app
from app.progress import Teller
from app.request import Request
from capture.errors import Cancelled
from capture.shoot import Take


def missing(takes: Sequence[Take], request: Request) -> dict[str, list[Take]]:
    """The actors who have no profile yet though takes are marked for it, and those takes."""
    marked = [take for take in takes if take.settings.get("profile") and request.actor_of(take) and not take.problem]
    if not marked:
        return {}
    from app.actors import actor_folder  # loads libraries for seconds, which most shoots do without

    found: dict[str, list[Take]] = {}
    for take in marked:
        name = request.actor_of(take)
        if actor_folder(take, name) is None:
            found.setdefault(name, []).append(take)
    return found


def make_first(takes: Sequence[Take], request: Request, tell: Teller) -> None:
    """Make the profiles that are missing, one after another; where none can be made the takes do without, and the
    reason is told.

    Raises:
        Cancelled: the user stopped it.
    """
    for name, marked in missing(takes, request).items():
        tell.note("", f"{name}: learning the face from {', '.join(take.name for take in marked)} before the takes "
                      "that need it")
        paths = [take.folder if take.folder is not None else take.clips[0] for take in marked]
        shared = _options(request)
        # The takes' own solves, which come later, find the landmarks there; drafts have their own kind.
        code, said = _run("solve", *paths, "--only", "detect", *shared,
                          *(["--out", request.out] if request.out is not None else []))
        if code == 0:
            code, said = _run("actor", "make", name, "--from", *paths, *shared, "--corrections", "none")
        if code == Cancelled.exit_code:
            raise Cancelled
        tell.note("", f"{name}: {said}" if code == 0 else f"{name} has no profile, and is solved without: {said}")


def _options(request: Request) -> list[str | Path]:
    given = [("--model", request.model), ("--detector", request.detector), ("--device", request.device),
             ("--rig", request.rig), ("--start", request.start), ("--end", request.end)]
    return [part for option, value in given if value is not None for part in (option, value)]


def _run(*arguments: str | Path) -> tuple[int, str]:
    """Run a command of mien's in a process of its own, which ends with this one; its exit code and its last word."""
    root = str(Path(app.__file__).parents[1])
    path = os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH")]))
    said = ""
    with subprocess.Popen([sys.executable, "-m", "app.cli", *map(str, arguments), "--events", "--cancel-on-eof"],
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          env={**os.environ, "PYTHONPATH": path}) as process:
        for line in process.stdout:
            said = _word(line) or said
    return process.returncode, said


def _word(line: str) -> str:
    """What a line of such a command says in words: a note, or the error that ended it."""
    if line.startswith("mien: "):
        return line.removeprefix("mien: ").strip()
    try:
        event = json.loads(line)
        return str(event.get("text") or event.get("error") or "")
    except (ValueError, AttributeError):
        return ""
