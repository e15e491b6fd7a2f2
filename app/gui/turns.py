"""What takes some ten milliseconds each is done one by one, in turns of the event loop: eight cameras' faces, drawn in
one go, would be a window that stands still."""

from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer
from shiboken6 import isValid


class Turns(QObject):
    """First come, first served; who asks again before its turn keeps its place."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._waiting: dict[QObject, Callable[[], None]] = {}
        self._timer = QTimer(self, interval=0)
        self._timer.timeout.connect(self._next)

    def ask(self, who: QObject, act: Callable[[], None]) -> None:
        """Call `act` when it is its turn."""
        self._waiting[who] = act
        self._timer.start()

    def forget(self, who: QObject) -> None:
        """It wants nothing any more."""
        self._waiting.pop(who, None)

    def finish(self) -> None:
        """Do all that waits at once."""
        while self._waiting:
            self._next()

    def _next(self) -> None:
        if self._waiting:
            who = next(iter(self._waiting))
            act = self._waiting.pop(who)
            if isValid(who):  # a pane may have gone with its take
                act()
        if not self._waiting:
            self._timer.stop()
