"""Copies clips into a take, as a job: python -m app.gui.copy_in FOLDER CLIP... It tells its progress as the command
line does."""

import argparse
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from app.progress import JsonLines
from capture.errors import Cancelled, ClipError, MienError, OutputError
from capture.files import CLIP_SUFFIXES, replacing

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
        ClipError: one cannot be read, or two would be the same camera.
        OutputError: one cannot be written, or a file of that name is there already.
        Cancelled: `stopped` was set.
    """
    wanted = [folder / name for name in _names(clips)]
    for path in wanted:
        _check_free(path)
    try:
        total = sum(clip.stat().st_size for clip in clips)
        done = 0
        for clip, path in zip(clips, wanted, strict=True):
            _check_free(path)  # two names may be one on this disk, or somebody put a file there meanwhile
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


def _names(files: Sequence[Path]) -> list[str]:
    """Each file's name in the take. Clips of one name, as cameras that number their files give them, are called after
    their folders."""
    known = [_camera(file) for file in files]
    names = [file.name if known.count(_camera(file)) == 1 else file.absolute().parent.name + file.suffix
             for file in files]
    cameras = [_camera(Path(name)) for name in names]
    twice = next((file for file, camera in zip(files, cameras, strict=True) if cameras.count(camera) > 1), None)
    if twice is not None:
        raise ClipError(f"{twice} is not the only clip of that name and folder; rename the clips, one name for each "
                        "camera")
    return names


def _camera(file: Path) -> str:
    """What only one file in a take may have: a clip its camera, a sound its name, which may be a camera's."""
    return file.stem if file.suffix.lower() in CLIP_SUFFIXES else file.name


def _check_free(path: Path) -> None:
    others = path.parent.iterdir() if path.parent.is_dir() else ()
    there = path if path.exists() else next((other for other in others if _camera(other) == _camera(path)), None)
    if there is not None:
        raise OutputError(f"{there} is there already; rename the clip, or delete the old one")


if __name__ == "__main__":
    sys.exit(main())
