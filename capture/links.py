"""Links that lead out of a shoot: none is followed, neither to read what is there nor to write there.

A shoot may come from a stranger. Links within it are fine, and so are links in the path that the user gave.
"""

import os
from collections.abc import Iterable
from pathlib import Path

from capture.errors import InputError

IN_TAKE = ("take.toml", "rig.toml", "sync.toml", "corrections.json")
IN_SHOOT = ("shoot.toml", "rig.toml", "solved", "solved/.mien")
WORK = ".mien"
TREES = ("calibration", "actors")
"""Folders of a shoot of which mien reads, or writes, all that is in them."""


def is_inside(path: Path, root: Path) -> bool:
    """Whether a path lies below `root` once all links are followed; a loop of links lies nowhere."""
    try:
        return path.resolve().is_relative_to(root.resolve())
    except (OSError, RuntimeError):
        return False


def check_inside(path: Path, root: Path) -> None:
    """Nothing, where a path stays below `root`.

    Raises:
        InputError: it is a link, or below one, that leads out.
    """
    if not is_inside(path, root):
        raise InputError(f"{path} is a link that leads out of {root}; copy what it leads to there, in its place")


def check_shoot(folder: Path) -> None:
    """Check what mien reads and writes in a shoot beside its takes.

    Raises:
        InputError: some of it is a link that leads out.
    """
    _check_links((folder / name for name in IN_SHOOT), folder)
    for name in TREES:
        check_tree(folder / name, folder)


def check_take(folder: Path, root: Path) -> None:
    """Check what mien reads and writes beside a take's clips; `root` is the shoot, or the folder itself.

    Raises:
        InputError: some of it is a link that leads out.
    """
    check_inside(folder, root)
    _check_links((folder / name for name in (*IN_TAKE, *IN_SHOOT)), root)
    check_tree(folder / WORK, root)


def check_tree(folder: Path, root: Path) -> None:
    """Check a folder and all that is in it.

    Raises:
        InputError: a link in it leads out, or it cannot be read.
    """
    if folder.is_symlink():
        check_inside(folder, root)
    waiting = [folder] if folder.is_dir() else []
    while waiting:
        here = waiting.pop()
        try:
            with os.scandir(here) as entries:
                for entry in entries:
                    if entry.is_symlink():
                        check_inside(Path(entry.path), root)
                    elif entry.is_dir():
                        waiting.append(Path(entry.path))
        except FileNotFoundError:  # another process has just finished with it
            continue
        except OSError as error:
            raise InputError(f"{here} cannot be read ({error.strerror}); check its rights") from error


def _check_links(paths: Iterable[Path], root: Path) -> None:
    for path in paths:
        if path.is_symlink():
            check_inside(path, root)
