"""Folders that may not be looked into, also where the tests run as root, whom no rights hold up."""

import errno
import os
from pathlib import Path

import pytest


def close(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """From now on the system lets nobody look into the folder."""
    look = os.stat

    def stat(path, *more, **options):
        if isinstance(path, str | Path) and folder in Path(path).parents:
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return look(path, *more, **options)

    monkeypatch.setattr(os, "stat", stat)
