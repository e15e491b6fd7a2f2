"""Solves that others make of the open take, as a batch at night does: taken in when the window comes to the front."""

from pathlib import Path

from PySide6.QtCore import QObject

from app.contents import State, state_of
from app.gui import jobs
from app.gui.session import Session
from app.places import AROUND_NAME, SOLVE_NAME
from capture.errors import MienError


class DiskWatch(QObject):
    """Knows which solves were read last."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.session = session
        self._known: list[State | None] = []
        session.take_changed.connect(self._remember)

    def look(self) -> bool:
        """Look at the disk again where a solve of the open take was made or put away since it was read, by none of
        our own jobs: those tell when they have ended. Returns whether it was."""
        session = self.session
        if session.data is None or self._states() == self._known:
            return False
        job = session.jobs.of_take(session.data.take.name)
        if job is not None and job.state not in jobs.ENDED:
            return False
        session.reload()
        self._remember()
        if session.data.scene is not None:
            session.message.emit(f"{session.data.take.name} was solved anew meanwhile: that solve is shown")
        return True

    def _remember(self) -> None:
        self._known = self._states()

    def _states(self) -> list[State | None]:
        data = self.session.data
        return [_state(data.where.work / name) for name in (SOLVE_NAME, AROUND_NAME)] if data is not None else []


def _state(path: Path) -> State | None:
    try:
        return state_of(path)
    except MienError:
        return None
