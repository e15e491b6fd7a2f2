"""The way from the command line to the desktop app: a process of its own, because the command line never imports Qt."""

import subprocess
import sys
from pathlib import Path


def open_app(path: Path | None) -> int:
    """Open the desktop app on a shoot, a take or a clip and wait until it closes. Returns its exit code."""
    return subprocess.run([sys.executable, "-m", "app.gui", *([str(path)] if path else [])], check=False).returncode
