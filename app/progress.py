"""How long work is told about: a bar on a terminal, plain lines in a pipe, JSON lines for programs.

Each JSON line is one event, told apart by its key "event":

    progress    take, step, done, total
    note        take, text
    take        take, state ("done", "failed" or "cancelled"), error, outputs
    end         exit_code, done, failed

Keys may be added, never changed.
"""

import json
import sys
import time
from typing import Protocol, TextIO


class Teller(Protocol):
    """Tells a person or a program how the work goes."""

    def progress(self, take: str, step: str, done: int, total: int) -> None: ...

    def note(self, take: str, text: str) -> None: ...

    def take(self, take: str, state: str, error: str, outputs: tuple[str, ...]) -> None: ...

    def end(self, exit_code: int, done: int, failed: int) -> None: ...


class Lines:
    """Plain lines on stderr (stdout is for results): one when a step begins, one for each note and each take."""

    def __init__(self) -> None:
        self.step = ("", "")

    def progress(self, take: str, step: str, done: int, total: int) -> None:
        if (take, step) != self.step:
            self.step = (take, step)
            self.line(f"{take}: {step}")

    def note(self, take: str, text: str) -> None:
        self.line(f"{take}: {text}" if take else text)

    def take(self, take: str, state: str, error: str, outputs: tuple[str, ...]) -> None:
        self.line(f"{take}: {state}" + (f": {error}" if error else ""))
        for output in outputs:
            self.line(f"  {output}")

    def end(self, exit_code: int, done: int, failed: int) -> None:
        if done + failed > 1:
            self.line(f"{done} of {done + failed} takes done" + (f", {failed} failed" if failed else ""))

    def line(self, text: str) -> None:
        # Looked up each time: while a detector's library is kept quiet, sys.stderr is another stream.
        print(text, file=sys.stderr, flush=True)


class Bar(Lines):
    """The same lines on a terminal, with a bar that redraws itself at most ten times a second."""

    WIDTH = 30

    def __init__(self) -> None:
        super().__init__()
        self.drawn = 0.0

    def progress(self, take: str, step: str, done: int, total: int) -> None:
        now = time.monotonic()
        if done < total and now - self.drawn < 0.1:
            return
        self.drawn = now
        filled = self.WIDTH * done // max(total, 1)
        bar = "#" * filled + "." * (self.WIDTH - filled)
        print(f"\r\x1b[K{take}: {step:<16} [{bar}] {done}/{total}", end="", file=sys.stderr, flush=True)

    def line(self, text: str) -> None:
        print("\r\x1b[K", end="", file=sys.stderr)
        super().line(text)


class JsonLines:
    """One JSON object a line, for the app and for farms."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream
        self.told = 0.0

    def progress(self, take: str, step: str, done: int, total: int) -> None:
        now = time.monotonic()
        if 0 < done < total and now - self.told < 0.05:  # twenty lines a second are enough for any reader
            return
        self.told = now
        self.write(event="progress", take=take, step=step, done=done, total=total)

    def note(self, take: str, text: str) -> None:
        self.write(event="note", take=take, text=text)

    def take(self, take: str, state: str, error: str, outputs: tuple[str, ...]) -> None:
        self.write(event="take", take=take, state=state, error=error, outputs=list(outputs))

    def end(self, exit_code: int, done: int, failed: int) -> None:
        self.write(event="end", exit_code=exit_code, done=done, failed=failed)

    def write(self, **event: object) -> None:
        print(json.dumps(event, ensure_ascii=False), file=self.stream, flush=True)


def teller(events: bool) -> Teller:
    """JSON lines if asked for, else a bar on a terminal, else lines."""
    if events:
        return JsonLines(sys.stdout)
    return Bar() if sys.stderr.isatty() else Lines()
