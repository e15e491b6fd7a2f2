"""The page that lists a shoot's takes, from what lies on disk: no footage is read, no network loaded."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from app.places import SOLVE_NAME, Places, places
from app.progress import Teller
from app.report.plain import without_folders
from app.report.shoot_page import NO_REPORT, Row, shoot_page
from app.report.summary import page_of, read_summary
from app.status import DONE, FAILED, STALE, TO_DO, state_of_take
from capture.errors import MienError
from capture.files import write_bytes
from capture.shoot import Take

INDEX = "report.html"
RESULT = ".mien.json"


@dataclass(frozen=True)
class Target:
    """A take to report on: `solved` is the file of its performance, whether or not it is there; `take` its footage, if
    that is known."""

    name: str
    where: Places
    solved: Path
    take: Take | None


def target_of(take: Take, out: Path | None) -> Target:
    """A take's results. What the user has, with corrections if there are any, goes before the bare solve."""
    where = places(take, out)
    result = where.out / (take.name + RESULT)
    return Target(take.name, where, result if result.is_file() else where.work / SOLVE_NAME, take)


def write_indexes(takes: Sequence[Take], out: Path | None, tell: Teller) -> None:
    """Write the page that lists the takes into each folder of their results, from what their last runs left. A page
    that cannot be written is told, and is no failure of the takes."""
    groups: dict[Path, list[Target]] = {}
    for take in takes:
        target = target_of(take, out)
        groups.setdefault(target.where.out, []).append(target)
    for folder, targets in sorted(groups.items()):
        shoot = targets[0].take.shoot
        try:
            write_bytes(folder / INDEX, shoot_page(shoot.name if shoot is not None else folder.resolve().name,
                                                   [row_of(target) for target in targets]))
            tell.note("", f"what to look at in them: {folder / INDEX}")
        except MienError as error:
            tell.note("", f"the page that lists the takes could not be written: {error}")


def row_of(target: Target) -> Row:
    """How a take stands, from what lies on disk."""
    state, detail = _state(target)
    detail = without_folders(detail, target.where, target.take)
    summary = read_summary(target.where) if state not in (FAILED, TO_DO) else None
    linked = page_of(target.where, target.name).is_file() and summary is not None
    if state == DONE and summary is None:
        return Row(target.name, NO_REPORT, "`mien report` makes it")
    return Row(target.name, state, detail, summary, linked)


def _state(target: Target) -> tuple[str, str]:
    """The state of a take as `mien status` has it, and why; by its result alone where no footage is known."""
    if target.take is None:
        return (DONE, "") if target.solved.is_file() else (TO_DO, "")
    state = state_of_take(target.take, target.where)
    if state.state == TO_DO and target.solved.is_file():
        return STALE, state.detail or "its last run did not end"
    return state.state, "" if state.state == DONE else state.detail  # of a done one the page's own sentence
