"""`mien status`: what became of each take of a shoot, from disk alone; and the summary that a batch leaves behind.

No state is stored as such. A take is running while somebody keeps its lock fresh; it is done while the record of its
last run is borne out by the footage and the results as they are now.
"""

import json
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from app import __version__, records
from app.artefacts import load_record
from app.contents import State
from app.locks import Sight, look
from app.places import ASKED_NAME, Places, places
from app.report.summary import read_summary
from app.request import Request, takes_of
from capture.errors import MienError
from capture.files import write_bytes
from capture.shoot import Take

SUMMARY_NAME = "summary.json"
DONE, RUNNING, FAILED, STALE, TO_DO = "done", "running", "failed", "stale", "to do"
STATES = (DONE, RUNNING, FAILED, STALE, TO_DO)


@dataclass(frozen=True)
class TakeState:
    """What the disk says of a take.

    Attributes:
        state: one of STATES.
        detail: who runs it and how far it is, why it failed, what has changed, where it stopped, or its report in a
            sentence; one line.
        outputs: names of its results, where it is done.
    """

    take: str
    state: str
    detail: str = ""
    outputs: tuple[str, ...] = ()


def run(paths: Sequence[Path], out: Path | None, events: bool) -> int:
    """Print the state of the takes below the paths. Returns the exit code."""
    takes, unread = takes_of(list(paths))
    for failure in unread:
        print(f"mien: {failure.error}", file=sys.stderr)
    states = [state_of_take(take, places(take, out)) for take in takes]
    if events:
        for state in states:
            print(json.dumps({"event": "state", "take": state.take, "state": state.state, "detail": state.detail,
                              "outputs": list(state.outputs)}), flush=True)
    elif states:
        width = max(len(state.take) for state in states)
        for state in states:
            print(f"{state.take:<{width}}  {state.state:<8}{state.detail}".rstrip())
        print(", ".join(f"{count} {name}" for name in STATES
                        if (count := sum(state.state == name for state in states))) + f", of {len(states)} takes")
    return max((failure.exit_code for failure in unread), default=0)


def state_of_take(take: Take, where: Places, rig: Path | None = None) -> TakeState:
    """Look at one take on disk. Reads no footage. `rig` is the one that solves are given, as this machine knows it;
    with None the one that the last solve was given."""
    if take.problem:
        return TakeState(take.name, FAILED, take.problem)
    try:
        sight = look(where.work)
    except MienError as error:
        return TakeState(take.name, FAILED, str(error))
    if sight is not None and sight.alive:
        return TakeState(take.name, RUNNING, _running(sight))
    failed = records.load_failed(where)
    if failed is not None:
        now = records.inputs_or_none(take, rig or records.given_path(failed.rig))
        changed = records.changed(failed.inputs, now, strictly=False)
        if changed:
            return TakeState(take.name, TO_DO, f"{changed} has changed since it failed")
        return TakeState(take.name, FAILED, failed.error)
    done = records.load_done(where)
    if done is None:
        return TakeState(take.name, TO_DO, _stopped(sight) or _begun(where))
    given = rig or records.given_path(load_record(where.work / ASKED_NAME).get("rig", ""))
    now = records.inputs_or_none(take, given)
    changed = records.changed(done.inputs, now, strictly=False)
    missing = records.missing(done, where, strictly=False)
    if changed or missing:
        return TakeState(take.name, STALE, _changed(changed, done.inputs, now) if changed else
                         f"{missing} is gone, or another program has changed it")
    summary = read_summary(where)
    return TakeState(take.name, DONE, summary.verdict if summary is not None else "", tuple(sorted(done.outputs)))


def _changed(name: str, before: dict[str, State | str], now: dict[str, State | str]) -> str:
    """What is known of an input that differs, without reading it: a copied shoot's clips are other files, too."""
    then, today = before.get(name), now.get(name)
    if not isinstance(then, str | None) and not isinstance(today, str | None) \
            and [item[:2] for item in then] == [item[:2] for item in today]:  # names and sizes
        return (f"{name} is another file than the one that was solved, of the same size: a copy, or changed; "
                "`mien solve` finds out")
    return f"{name} has changed since it was solved"


def write_summaries(takes: Sequence[Take], request: Request) -> list[Path]:
    """Write `summary.json` into each folder of results: what became of each of the takes and of the others of their
    shoots. The same shoot in the same state gives the same bytes.

    Raises:
        OutputError: one cannot be written.
    """
    groups: dict[Path, dict[str, TakeState]] = {}
    shoots = {take.shoot.folder for take in takes if take.shoot is not None}
    for take in [*(take for take in takes if take.shoot is None), *takes_of(sorted(shoots))[0]]:
        where = places(take, request.out)
        groups.setdefault(where.out, {})[take.name] = state_of_take(take, where, request.rig)
    return [_write_summary(out / SUMMARY_NAME, list(states.values())) for out, states in sorted(groups.items())]


def _write_summary(path: Path, states: Sequence[TakeState]) -> Path:
    document = {
        "format": "mien.summary", "version": 1, "generator": {"name": "mien", "version": __version__},
        "counts": {name: sum(state.state == name for state in states) for name in STATES},
        "takes": [{"take": state.take, "state": state.state, "outputs": list(state.outputs),
                   # A running take's detail tells times and machines, which are no result.
                   "error": _without_folders(state.detail) if state.state in (FAILED, STALE) else ""}
                  for state in sorted(states, key=lambda state: state.take)]}
    # A file's name may hold bytes that are no text: they are escaped as Python has them, and come back the same.
    write_bytes(path, (json.dumps(document, indent=1, ensure_ascii=False) + "\n").encode(errors="backslashreplace"))
    return path


def _without_folders(sentence: str) -> str:
    """The sentence with files named without their folders: a shoot that is moved keeps its summary."""
    return " ".join(Path(word).name if word.startswith(("/", "\\")) or word[1:3] == ":\\" else word
                    for word in sentence.split(" "))


def _running(sight: Sight) -> str:
    who = str(sight.owner or "another process")
    if sight.running is None:
        return f"by {who}"
    seconds = sight.running.seconds + sight.age
    # Its beginning by our clock: theirs may be wrong, how long ago it was is not.
    since = time.strftime("%a %H:%M", time.localtime(time.time() - seconds))
    return f"by {who} since {since}: {_step(sight)}"


def _begun(where: Places) -> str:
    """Parts that machines of a cluster or a farm have left, which hold no lock on the whole take."""
    parts = sum(1 for _ in (where.work / "parts").glob("*/*.npz"))
    return f"{parts} parts of its detection are there" if parts else ""


def _stopped(sight: Sight | None) -> str:
    if sight is None or sight.running is None or not sight.running.step:
        return "" if sight is None else f"{sight.owner or 'another process'} stopped as it began"
    return f"{sight.owner} stopped in {_step(sight)}"


def _step(sight: Sight) -> str:
    running = sight.running
    return f"{running.step} {running.done}/{running.total}" if running.step else "beginning"
