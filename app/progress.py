"""How long work is told about: a bar on a terminal, plain lines in a pipe, JSON lines for programs.

Each JSON line is one event, told apart by its key "event"; `assets/events.schema.json` is their schema:

    begin       takes, jobs: a batch of so many takes, so many at a time
    progress    take, step, done, total
    note        take, text
    board       camera, size, corners: where a calibration board was seen in one picture
    take        take, state ("done", "failed" or "cancelled"), error, outputs
    end         exit_code, done, failed
    recorder, camera, picture, shapes, live: some times a second, of `mien record` and `mien live`; see the schema

Keys and events may be added, never changed.
"""

import json
import shutil
import sys
import time
from typing import Protocol, TextIO

from app.streams import Lasting


class Teller(Protocol):
    """Tells a person or a program how the work goes."""

    def begin(self, takes: int, jobs: int) -> None: ...

    def progress(self, take: str, step: str, done: int, total: int) -> None: ...

    def note(self, take: str, text: str) -> None: ...

    def board(self, camera: str, size: tuple[int, int], corners: list[list[float]]) -> None: ...

    def take(self, take: str, state: str, error: str, outputs: tuple[str, ...]) -> None: ...

    def end(self, exit_code: int, done: int, failed: int) -> None: ...


class Lines:
    """Plain lines on stderr (stdout is for results): one when a step begins, one for each note and each take."""

    def __init__(self) -> None:
        self.steps: dict[str, str] = {}
        self.failures: dict[str, str] = {}

    def begin(self, takes: int, jobs: int) -> None:
        self.line(f"{takes} takes" + (f", {jobs} at a time" if jobs > 1 else ""))

    def progress(self, take: str, step: str, done: int, total: int) -> None:
        if step != self.steps.get(take):
            self.steps[take] = step
            self.line(f"{take}: {step}")

    def note(self, take: str, text: str) -> None:
        self.line(f"{take}: {text}" if take else text)

    def board(self, camera: str, size: tuple[int, int], corners: list[list[float]]) -> None:
        pass  # a picture says it better: see `mien calibrate`

    def take(self, take: str, state: str, error: str, outputs: tuple[str, ...]) -> None:
        self.steps.pop(take, None)
        if state == "failed":
            self.failures[take] = error
        self.line(f"{take}: {state}" + (f": {error}" if error else ""))
        for output in outputs:
            self.line(f"  {output}")

    def end(self, exit_code: int, done: int, failed: int) -> None:
        if done + failed > 1:
            width = max(map(len, self.failures), default=0)
            for take, error in self.failures.items():
                self.line(f"  {take:<{width}}  {error}")
            self.line(f"{done} of {done + failed} takes done" + (f", {failed} failed" if failed else ""))

    def line(self, text: str) -> None:
        print(text, file=_stderr(), flush=True)


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
        print(f"\r\x1b[K{take}: {step:<16} [{bar}] {done}/{total}", end="", file=_stderr(), flush=True)

    def line(self, text: str) -> None:
        print("\r\x1b[K", end="", file=_stderr())
        super().line(text)


class Table(Lines):
    """The same lines on a terminal, and below them a table that redraws itself: a row for each take that runs."""

    BAR = 24

    def __init__(self) -> None:
        super().__init__()
        self.began = self.drawn = time.monotonic()
        self.takes, self.done, self.height = 0, 0, 0
        self.rows: dict[str, tuple[str, int, int]] = {}

    def begin(self, takes: int, jobs: int) -> None:
        super().begin(takes, jobs)
        self.takes = takes

    def progress(self, take: str, step: str, done: int, total: int) -> None:
        self.rows[take] = (step, done, total)
        if time.monotonic() - self.drawn > 0.1:
            self._draw()

    def take(self, take: str, state: str, error: str, outputs: tuple[str, ...]) -> None:
        self.rows.pop(take, None)
        self.done += state == "done"
        super().take(take, state, error, ())
        self._draw()

    def end(self, exit_code: int, done: int, failed: int) -> None:
        self.rows.clear()
        self._erase()
        super().end(exit_code, done, failed)

    def line(self, text: str) -> None:
        self._erase()
        super().line(text)

    def _draw(self) -> None:
        self._erase()
        self.drawn = time.monotonic()
        width, height = shutil.get_terminal_size()
        failed = len(self.failures)
        left = self.takes - self.done - failed
        spent = self.drawn - self.began
        rows = [f"  {take:<16} {step:<16} [{self._bar(done, total)}] {done}/{total}"
                for take, (step, done, total) in list(self.rows.items())[:max(height - 3, 1)]]
        rows.append(f"{self.done} of {self.takes} takes done, {failed} failed, {len(self.rows)} running, "
                    f"{left - len(self.rows)} to do; {_clock(spent)}"
                    + (f", about {_clock(spent / (self.done + failed) * left)} left" if self.done + failed else ""))
        print("\n".join(row[:width - 1] for row in rows), file=_stderr(), flush=True)
        self.height = len(rows)

    def _bar(self, done: int, total: int) -> str:
        filled = self.BAR * done // max(total, 1)
        return "#" * filled + "." * (self.BAR - filled)

    def _erase(self) -> None:
        if self.height:
            print(f"\x1b[{self.height}A\x1b[J", end="", file=_stderr())
            self.height = 0


def _stderr() -> Lasting:
    """Looked up each time: while a detector's library is kept quiet, sys.stderr is another stream."""
    return Lasting(sys.stderr)


def _clock(seconds: float) -> str:
    minutes, seconds = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}"


class JsonLines:
    """One JSON object a line, for the app and for farms."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream
        self.told: dict[str, float] = {}

    def begin(self, takes: int, jobs: int) -> None:
        self.write(event="begin", takes=takes, jobs=jobs)

    def progress(self, take: str, step: str, done: int, total: int) -> None:
        now = time.monotonic()
        if 0 < done < total and now - self.told.get(take, 0.0) < 0.05:  # twenty lines a second are enough
            return
        self.told[take] = now
        self.write(event="progress", take=take, step=step, done=done, total=total)

    def note(self, take: str, text: str) -> None:
        self.write(event="note", take=take, text=text)

    def board(self, camera: str, size: tuple[int, int], corners: list[list[float]]) -> None:
        self.write(event="board", camera=camera, size=list(size),
                   corners=[[round(x, 1), round(y, 1)] for x, y in corners])

    def take(self, take: str, state: str, error: str, outputs: tuple[str, ...]) -> None:
        self.write(event="take", take=take, state=state, error=error, outputs=list(outputs))

    def end(self, exit_code: int, done: int, failed: int) -> None:
        self.write(event="end", exit_code=exit_code, done=done, failed=failed)

    def write(self, **event: object) -> None:
        print(json.dumps(event), file=self.stream, flush=True)


def teller(events: bool, takes: int = 1) -> Teller:
    """JSON lines if asked for, else on a terminal a table of several takes or a bar for one, else lines."""
    if events:
        return JsonLines(sys.stdout)
    if not sys.stderr.isatty():
        return Lines()
    return Table() if takes > 1 else Bar()
