"""The one time axis that ruler, sound, quality and curves share: which frames are in view, and what they are called."""

from fractions import Fraction

from PySide6.QtCore import QObject, Signal

from capture.timecode import Timecode, frames_in_day

LEFT, RIGHT = 40, 10
"""Pixels left free before the first and after the last frame: for the values' labels, and so that marks there can be
taken hold of."""
FEWEST = 4.0
STEPS = (1, 2, 5, 10, 20, 25, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 20000, 50000, 100000)


class TimeAxis(QObject):
    """Frames `first` to `last` (whole and broken ones) lie across the view."""

    changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.count, self.first, self.last = 1, 0.0, 1.0
        self.rate, self.start, self.timecode = Fraction(30), None, False

    def set_take(self, count: int, rate: Fraction, start: Timecode | None) -> None:
        self.count, self.rate, self.start = max(1, count), rate, start
        self.show(0, self.count - 1)

    def show(self, first: float, last: float) -> None:
        """Bring frames into view, within the take."""
        span = min(max(last - first, FEWEST), max(self.count - 1, FEWEST))
        first = min(max(first, 0.0), max(self.count - 1 - span, 0.0))
        if (first, first + span) != (self.first, self.last):
            self.first, self.last = first, first + span
            self.changed.emit()

    def zoom(self, factor: float, about: float) -> None:
        """Show more (factor above 1) or less, the frame `about` staying where it is."""
        self.show(about + (self.first - about) * factor, about + (self.last - about) * factor)

    def pan(self, frames: float) -> None:
        self.show(self.first + frames, self.last + frames)

    def x(self, frame: float, width: int) -> float:
        return LEFT + (frame - self.first) * self.scale(width)

    def frame(self, x: float, width: int) -> float:
        return self.first + (x - LEFT) / self.scale(width)

    def scale(self, width: int) -> float:
        """Pixels per frame."""
        return max(1, width - LEFT - RIGHT) / max(self.last - self.first, 1e-9)

    def set_timecode(self, on: bool) -> None:
        self.timecode = on
        self.changed.emit()

    def step(self, width: int, room: float) -> int:
        """Frames between labels, each of which needs `room` pixels."""
        wanted = room / self.scale(width)
        return next((step for step in STEPS if step >= wanted), STEPS[-1])

    def label(self, frame: int) -> str:
        """A frame's name: its number, or its timecode."""
        return self.timecode_of(frame) if self.timecode else str(frame)

    def timecode_of(self, frame: int) -> str:
        start = self.start if self.start is not None else Timecode(0, self.rate)
        return str(start + frame % frames_in_day(start.rate, start.drop))
