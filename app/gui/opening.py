"""What a path that somebody opens stands for."""

from pathlib import Path

from capture.shoot import Shoot, Take, find_takes, is_shoot, open_shoot


def found_at(path: Path) -> tuple[Shoot | None, tuple[Take, ...]]:
    """The shoot of a shoot's folder or of a take's within it, None for a lone take or clip; and its takes.

    Raises:
        MienError: there is nothing there that could be opened.
    """
    parent = path.resolve().parent
    folders = (path, *([parent.parent] if parent.name == "takes" else ()))
    folder = next((folder for folder in folders if path.is_dir() and is_shoot(folder)), None)
    if folder is None:
        return None, find_takes(path)
    shoot = open_shoot(folder)
    return shoot, shoot.takes
