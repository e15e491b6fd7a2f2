"""Exports several takes as the window shows each, as a job: python -m app.gui.export_takes TAKE... with the options
of `mien export`, and these:

    --shown TAKE FILE   this take's curves are in the file: the open one, whose corrections may not be saved
    --as-solved         without corrections
    --solved-only       what is not solved is left out, and said; else it is a failure
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from app import exporting
from app.cli import build_parser, run_with
from app.gui.export_source import export_source
from app.gui.take_data import read_take, shown
from app.places import SOLVE_NAME, places
from app.progress import teller
from app.streams import lasting_streams
from capture.errors import DataError, UsageError
from capture.shoot import Take, find_takes
from solver.corrections import Layer


def main(arguments: Sequence[str] | None = None) -> int:
    """Export; returns the exit code."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--shown", nargs=2, type=Path, default=(None, None))
    parser.add_argument("--as-solved", action="store_true")
    parser.add_argument("--solved-only", action="store_true")
    own, rest = parser.parse_known_args(arguments)
    options = build_parser().parse_args(["export", *rest])
    options.run = lambda options: run(options, own)
    with lasting_streams():
        return run_with(options)


def run(options: argparse.Namespace, own: argparse.Namespace) -> int:
    """Export each take that is to be, one after another: none keeps the others from it."""
    tell = teller(options.events)
    if own.solved_only:
        wanted = [path for path in options.paths if is_solved(_take(path))]
        for path in options.paths:
            if path not in wanted:
                tell.note(path.name, "not solved yet: left out")
        if not wanted:
            raise UsageError("none of the takes is solved yet; solve them first")
        options.paths = wanted
    tell.begin(len(options.paths), 1)

    def source(path: Path) -> Path:
        tell.progress(path.name, "read", 0, 1)
        return own.shown[1] if path == own.shown[0] else source_of(_take(path), not own.as_solved)

    return exporting.run(options, source)


def source_of(take: Take, corrections: bool) -> Path:
    """The performance file of a take to export, with what its corrections on disk say or as it was solved.

    Raises:
        DataError: it is not solved yet, or its solve or its corrections are damaged.
    """
    if not is_solved(take):
        raise DataError("not solved yet; solve it first")
    data = read_take(take)
    if data.solved is None or (corrections and not data.layer_readable):
        raise DataError("; ".join(data.problems))
    layer = data.layer if corrections else Layer()
    data, weights = shown(data, layer, around=corrections)
    return export_source(data, layer, weights)


def is_solved(take: Take) -> bool:
    return (places(take, None).work / SOLVE_NAME).is_file()


def _take(path: Path) -> Take:
    found = find_takes(path)
    if len(found) != 1:
        raise DataError(f"{path} is not one take, but {len(found)}; was it changed meanwhile?")
    return found[0]


if __name__ == "__main__":
    sys.exit(main())
