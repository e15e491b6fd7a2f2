"""`--events` for every command: each line on stdout is an event, and the last one tells the exit code."""

import argparse
import contextlib
import json
import sys
from collections.abc import Callable
from typing import TextIO

from app.progress import JsonLines
from app.streams import Lasting

ALONE = "inspect"
"""No end follows it: `mien inspect` tells one object and no more, as whoever reads it whole relies on."""


def run_told(run: Callable[[argparse.Namespace], int], options: argparse.Namespace) -> int:
    """Run a command; with --events, what it prints for people becomes notes, and one end with its exit code comes last:
    `mien demo` says more after its solve has ended, and others tell none."""
    if not options.events:
        return run(options)
    lines = _Events(sys.stdout)
    with contextlib.redirect_stdout(lines):
        try:
            code = run(options)
        finally:
            lines.rest()
    if lines.last != ALONE:
        JsonLines(sys.stdout).end(code, lines.end.get("done", 0), lines.end.get("failed", 0))
    return code


class _Events(Lasting):
    """A text stream that lets events through as they are and makes a note of each other line.

    Attributes:
        last: the latest event's name.
        end: the end that was told, which is held back; {} before.
    """

    def __init__(self, stream: TextIO) -> None:
        super().__init__(stream)
        self._begun, self.last = "", ""
        self.end: dict[str, object] = {}

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
        self.last = event.get("event", self.last)
        if self.last == "end" and event:
            self.end = event
        elif event:
            super().write(line + "\n")
        elif line.strip():
            super().write(json.dumps({"event": "note", "take": "", "text": line.rstrip()}) + "\n")
        self.flush()


def _event(line: str) -> dict[str, object]:
    """The event that a line of JSON is, {} for another line."""
    if not line.startswith("{"):
        return {}
    try:
        event = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return event if "event" in event else {}
