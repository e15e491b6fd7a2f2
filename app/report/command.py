"""`mien report PATH`: the pages of solved takes, and of a shoot the page that lists them."""

import argparse
from os.path import isfile  # which says no, where Path.is_file raises, of a folder that nobody may look into
from pathlib import Path

from app import records
from app.places import SOLVE_NAME, Places, places
from app.progress import Teller, teller
from app.report.evidence import gather
from app.report.index import INDEX, RESULT, Target, row_of, target_of
from app.report.making import current, write
from app.report.plain import without_folders
from app.report.shoot_page import NO_REPORT, Row, shoot_page
from app.report.summary import page_of
from capture.errors import DataError, InputError, MienError
from capture.files import write_bytes
from capture.shoot import Take, find_takes, is_shoot, open_shoot
from exporters.to_json import read as read_performance
from solver.performance import Performance


def run(options: argparse.Namespace) -> int:
    """Write the reports below a path and print where they are. Returns the exit code."""
    tell = teller(options.events)
    path = options.path
    targets, shoot = _targets(path, options.out)
    several = shoot is not None or len(targets) > 1
    states, code = [], 0
    for place, target in enumerate(targets):
        tell.progress(shoot or target.name, "report", place, len(targets))
        try:
            states.append(_one(target, options.force, tell))
        except MienError as error:
            if options.debug or not several:
                raise
            tell.note(target.name, str(error))
            states.append(Row(target.name, NO_REPORT, without_folders(str(error), target.where, target.take)))
            code = 1
    tell.progress(shoot or targets[0].name, "report", len(targets), len(targets))
    outs = sorted({target.where.out for target in targets})
    if several:
        for out in outs:
            here = [state for state, target in zip(states, targets, strict=True) if target.where.out == out]
            write_bytes(out / INDEX, shoot_page(shoot or out.name, here))
            print(out / INDEX)
    else:
        print(page_of(targets[0].where, targets[0].name))
    return code


def _one(target: Target, force: bool, tell: Teller) -> Row:
    """The report of one take, made where it is not current; how the take stands."""
    if not isfile(target.solved):
        return row_of(target)
    performance = read_performance(target.solved)
    if force or current(performance, target.where) is None:
        evidence = gather(performance, target.where, target.take)
        for text in evidence.missing:
            tell.note(target.name, text)
        records.renew(target.where, write(evidence))
    return row_of(target)


def _targets(path: Path, out: Path | None) -> tuple[list[Target], str | None]:
    """The takes that a path means, and the name of the shoot if it is one.

    Raises:
        InputError: there is nothing there that was solved.
    """
    if path.name.endswith(RESULT):
        return [_by_result(path)], None
    results = sorted(path.glob("*" + RESULT)) if path.is_dir() else []
    if results and not is_shoot(path):
        return [_by_result(result) for result in results], path.resolve().name if len(results) > 1 else None
    takes = find_takes(path)
    shoot = open_shoot(path).name if is_shoot(path) else None
    targets = [target_of(take, out) for take in takes]
    if not any(isfile(target.solved) for target in targets):
        raise InputError(f"{path} holds no solved take; run `mien solve {path}` first, or give its results "
                         "with --out DIR if they lie elsewhere")
    return targets, shoot


def _by_result(path: Path) -> Target:
    """The take of a TAKE.mien.json: its footage and artefacts are looked for where `mien solve` puts them."""
    performance = read_performance(path)
    name, out = path.name.removesuffix(RESULT), path.parent
    if performance.take != name:
        raise DataError(f"{path} holds the take {performance.take!r}; rename it to {performance.take}{RESULT}")
    take = _footage_beside(performance, out)
    known = [Places(out, out / ".mien" / name)] + ([places(take, None)] if take is not None else [])
    where = next((one for one in known if (one.work / SOLVE_NAME).is_file()), known[0])
    return Target(name, Places(out, where.work), path, take)


def _footage_beside(performance: Performance, out: Path) -> Take | None:
    """The take whose results lie in SHOOT/solved, TAKE/solved or beside a clip in solved."""
    beside = out.resolve().parent
    for place in (beside / "takes" / performance.take, beside):
        try:
            takes = find_takes(place)
        except MienError:
            continue
        for take in takes:
            if take.name == performance.take and not take.problem:
                return take
    for clip in sorted(beside.glob("*")):
        if clip.stem == performance.take and clip.is_file():
            try:
                return find_takes(clip)[0]
            except MienError:
                continue
    return None
