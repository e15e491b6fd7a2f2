"""Playing: which frame it is now. Late frames are left out, so that time never runs slow."""

from PySide6.QtCore import QElapsedTimer, QObject, QTimer, Signal

SPEEDS = (1.0, 2.0, 4.0)


class Playback(QObject):
    """A clock over the frames first..last of a take.

    Attributes:
        speed: frames of the take per frame of its rate; negative plays backwards, 0 stands still.
    """

    frame_due = Signal(int)
    changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.speed = 0.0
        self.loop = True
        self._rate, self._first, self._last, self._from = 30.0, 0, 0, 0
        self._clock = QElapsedTimer()
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._tick)

    @property
    def playing(self) -> bool:
        return self.speed != 0.0

    def play(self, speed: float, frame: int, first: int, last: int, rate: float) -> None:
        """Play on from `frame` within first..last; a speed of 0 stops."""
        if last <= first:
            speed = 0.0
        self.speed, self._rate, self._first, self._last = speed, rate, first, last
        self._from = min(max(frame, first), last)
        if speed > 0 and self._from == last and not self.loop:
            self._from = first
        if self.playing:
            self._clock.start()
            # Twice per frame: a tick that comes late then still meets the frame it belongs to.
            self._timer.start(max(4, int(500 / (rate * abs(speed)))))
        else:
            self._timer.stop()
        self.changed.emit()

    def stop(self) -> None:
        if self.playing:
            self.play(0.0, self._from, self._first, self._last, self._rate)

    def _tick(self) -> None:
        passed = int(self._clock.nsecsElapsed() * 1e-9 * self._rate * abs(self.speed))
        count = self._last - self._first + 1
        frame = self._from + (passed if self.speed > 0 else -passed)
        if self._first <= frame <= self._last:
            self.frame_due.emit(frame)
        elif self.loop:
            self.frame_due.emit(self._first + (frame - self._first) % count)
        else:
            self.frame_due.emit(self._last if self.speed > 0 else self._first)
            self._from = self._last if self.speed > 0 else self._first
            self.stop()
