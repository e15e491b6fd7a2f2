"""Runs the `mien` command as a user does."""

import contextlib
import io
import os
import subprocess
import sys
from pathlib import Path

from app.cli import main

ROOT = Path(__file__).resolve().parents[2]


def mien(*arguments: str | Path, check: int | None = 0, **settings: object) -> subprocess.CompletedProcess:
    """Run one command and return its outcome; `check` is the expected exit code, None for any."""
    ended = subprocess.run([sys.executable, "-m", "app.cli", *map(str, arguments)], cwd=ROOT, capture_output=True,
                           text=True, check=False, timeout=300, **{"env": environment(), **settings})
    if check is not None:
        assert ended.returncode == check, f"exit {ended.returncode}\n{ended.stdout}\n{ended.stderr}"
    assert "Traceback" not in ended.stderr
    return ended


def mien_here(*arguments: str | Path, check: int | None = 0) -> subprocess.CompletedProcess:
    """The same in this process: it spares the seconds in which the libraries are loaded."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main([str(argument) for argument in arguments])
    if check is not None:
        assert code == check, f"exit {code}\n{out.getvalue()}\n{err.getvalue()}"
    assert "Traceback" not in err.getvalue()
    return subprocess.CompletedProcess(arguments, code, out.getvalue(), err.getvalue())


def environment() -> dict[str, str]:
    return {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}


def error_of(ended: subprocess.CompletedProcess) -> str:
    """The one sentence that the user is told."""
    lines = [line for line in ended.stderr.splitlines() if "failed:" in line or line.startswith("mien:")]
    assert len(lines) == 1, ended.stderr
    return lines[0]
