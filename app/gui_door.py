"""The way from the command line to the desktop app: a process of its own, because the command line never imports Qt."""

import os
import subprocess
import sys
from pathlib import Path

from capture.errors import InputError, UsageError

DISPLAYS = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")


def open_app(path: Path | None) -> int:
    """Open the desktop app on a shoot, a take or a clip and wait until it closes. Returns its exit code.

    Raises:
        InputError: there is no such path.
        UsageError: there is no display to open a window on.
    """
    if path is not None and not path.exists():
        raise InputError(f"{path} does not exist; check the path")
    if sys.platform == "linux" and not any(os.environ.get(name) for name in DISPLAYS):  # Qt would abort
        raise UsageError("the desktop app needs a display, and there is none here (DISPLAY and WAYLAND_DISPLAY are not "
                         "set); run it in a desktop session, or use the commands: see `mien --help`")
    code = subprocess.run([sys.executable, "-m", "app.gui", *([str(path)] if path else [])], check=False).returncode
    return code if code >= 0 else 1  # a signal ended it, which is no exit code of ours
