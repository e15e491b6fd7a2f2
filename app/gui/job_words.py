"""The status bar's words on jobs: what runs and how far, whatever the window shows besides; a click shows the jobs."""

from PySide6.QtWidgets import QToolButton, QWidget

from app.gui import jobs, theme
from app.gui.jobs_panel import words_of
from app.gui.session import Session

MOST = 28
"""Letters of a job's title that are shown."""


class JobWords(QToolButton):
    """Says what runs, else how the latest job ended; hidden before the first."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent, autoRaise=True, toolTip="Show the jobs")
        self.session = session
        self.hide()
        session.jobs.changed.connect(self._update)

    def _update(self) -> None:
        known = self.session.jobs.jobs
        job = next(iter(self.session.jobs.running()), known[-1] if known else None)
        self.setVisible(job is not None)
        if job is None:
            return
        title = job.title if len(job.title) <= MOST else job.title[:MOST - 1] + "…"
        waiting = sum(other.state == jobs.WAITING for other in known)
        failed = job.state == jobs.FAILED
        self.setText(f"{title}: {words_of(job)}" + (f"; {waiting} more wait" if waiting else ""))
        self.setToolTip(job.error if failed else f"{job.title}; click to show the jobs")
        self.setStyleSheet(f"color: {(theme.BAD_TEXT if failed else theme.QUIET).name()}; border: none;")
