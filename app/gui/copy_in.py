"""Copies clips into a take, as a job: python -m app.gui.copy_in FOLDER CLIP... It tells its progress as the command
line does."""

import argparse
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from app.progress import JsonLines
from capture.errors import Cancelled, ClipError, MienError, OutputError
from capture.files import replacing

BLOCK = 4 << 20


def main(arguments: Sequence[str] | None = None) -> int:
    """Copy; returns the exit code."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("clips", type=Path, nargs="+")
    for flag in ("--events", "--cancel-on-eof"):
        parser.add_argument(flag, action="store_true")
    options = parser.parse_args(arguments)
    stopped = threading.Event()
    if options.cancel_on_eof:
        threading.Thread(target=lambda: (sys.stdin.read(), stopped.set()), daemon=True).start()
    teller = JsonLines(sys.stdout)
    take = options.folder.name
    try:
        copied = copy(options.folder, options.clips, lambda done, total: teller.progress(take, "copy", done, total),
                      stopped)
    except MienError as error:
        teller.take(take, "cancelled" if isinstance(error, Cancelled) else "failed", str(error), ())
        return error.exit_code
    teller.take(take, "done", "", tuple(map(str, copied)))
    return 0


def copy(folder: Path, clips: Sequence[Path], report, stopped: threading.Event) -> list[Path]:
    """Copy clips into a folder, each whole or not at all; progress is told in MiB.

    Raises:
        ClipError: one cannot be read, or a file of that name is there already.
        OutputError: one cannot be written.
        Cancelled: `stopped` was set.
    """
    wanted = [folder / clip.name for clip in clips]
    for path in wanted:
        if path.exists():
            raise OutputError(f"{path} is there already; rename the clip, or delete the old one")
    try:
        total = sum(clip.stat().st_size for clip in clips)
        done = 0
        for clip, path in zip(clips, wanted, strict=True):
            with clip.open("rb") as source, replacing(path) as target:
                while block := source.read(BLOCK):
                    if stopped.is_set():
                        raise Cancelled("stopped; what was copied whole is there")
                    target.write(block)
                    done += len(block)
                    report(done >> 20, max(total >> 20, 1))
    except OSError as error:
        raise ClipError(f"{error.filename or 'a clip'} cannot be read ({error.strerror}); check the disk") from error
    return wanted


if __name__ == "__main__":
    sys.exit(main())
