"""What ships with the program. `path(name)` finds a file of it."""

from pathlib import Path


def path(name: str) -> Path:
    """The absolute path of the shipped file `name`."""
    return Path(__file__).parent / name
