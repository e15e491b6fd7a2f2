"""What the disk says of the listed takes: looked at one clip, one take in each turn of the event loop."""

from collections.abc import Sequence

from PySide6.QtCore import QObject, QTimer, Signal

from app.gui.known_clips import see_next
from app.gui.take_state import Survey, survey
from capture.shoot import Take


class Surveys(QObject):
    """Of each take by its name, as far as they were looked at."""

    changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.known: dict[str, Survey] = {}
        self._takes: Sequence[Take] = ()
        self._timer = QTimer(self, interval=0)
        self._timer.timeout.connect(self._next)

    def begin(self, takes: Sequence[Take]) -> None:
        """Look at these, and at nothing else."""
        self.known, self._takes = {}, takes
        self._timer.start()

    def again(self, name: str) -> None:
        """Look at one take again."""
        self.known.pop(name, None)
        self._timer.start()

    def stop(self) -> None:
        self._timer.stop()

    def _next(self) -> None:
        waiting = next((take for take in self._takes if take.name not in self.known), None)
        if waiting is None:
            self._timer.stop()
        elif not see_next(waiting):
            self.known[waiting.name] = survey(waiting)
            self.changed.emit()
