"""`--events` for every command: each line on stdout is an event, and the last one tells the exit code."""

import argparse
import contextlib
import json
import sys
from collections.abc import Callable

from app.progress import JsonLines
from app.streams import Lasting


def run_told(run: Callable[[argparse.Namespace], int], options: argparse.Namespace) -> int:
    """Run a command; with --events, what it prints for people becomes notes, and an end follows where it told none."""
    if not options.events:
        return run(options)
    lines = _Events(sys.stdout)
    with contextlib.redirect_stdout(lines):
        code = run(options)
        lines.rest()
    if not lines.ended:
        JsonLines(sys.stdout).end(code, 0, 0)
    return code


LAST = ("end", "inspect")
"""After these nothing follows: `mien inspect` tells one object and no more, as whoever reads it whole relies on."""


class _Events(Lasting):
    """A text stream that lets events through as they are and makes a note of each other line."""

    ended = False

    def __init__(self, stream: Lasting) -> None:
        super().__init__(stream)
        self._begun = ""

    def write(self, text: str) -> int:
        *lines, self._begun = (self._begun + text).split("\n")
        for line in lines:
            self._tell(line)
        return len(text)

    def rest(self) -> None:
        """Tell a last line that has no end."""
        self._tell(self._begun)
        self._begun = ""

    def _tell(self, line: str) -> None:
        event = _event(line)
        if event:
            self.ended = event in LAST
            super().write(line + "\n")
        elif line.strip():
            super().write(json.dumps({"event": "note", "take": "", "text": line.rstrip()}) + "\n")
        self.flush()


def _event(line: str) -> str:
    """The event of a line of JSON, "" for another line."""
    if not line.startswith("{"):
        return ""
    try:
        return str(json.loads(line)["event"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return ""
