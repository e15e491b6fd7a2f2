"""The list of jobs: how far each is, its log, a way to stop it, a way to its results."""

from pathlib import Path

from PySide6.QtCore import QSize, Qt, QUrl
from PySide6.QtGui import QDesktopServices, QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QProgressBar,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.gui import jobs, theme
from app.gui.guarded import guarded
from app.gui.jobs import Job
from app.gui.session import Session

FINE = 1000
"""Steps of a job's bar."""


class JobsPanel(QScrollArea):
    """A row for each job of the session, the newest at the bottom."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.session = session
        self.rows: dict[Job, JobRow] = {}
        self.nothing = QLabel("No jobs yet")
        self.nothing.setStyleSheet(f"color: {theme.QUIET.name()}")
        self.clear = QPushButton("Clear ended jobs")
        self.clear.clicked.connect(session.jobs.clear_ended)
        inside = QWidget()
        self.list = QVBoxLayout(inside)
        self.list.setContentsMargins(10, 8, 10, 8)
        self.list.addWidget(self.nothing)
        self.list.addStretch()
        self.list.addWidget(self.clear)
        self.setWidget(inside)
        self.setWidgetResizable(True)
        self.setFrameShape(QScrollArea.Shape.NoFrame)
        session.jobs.changed.connect(self._update)
        self._update()

    def _update(self) -> None:
        present = self.session.jobs.jobs
        for job in [job for job in self.rows if job not in present]:
            row = self.rows.pop(job)
            self.list.removeWidget(row)
            row.deleteLater()
        for job in present:
            if job not in self.rows:
                self.rows[job] = JobRow(job)
                self.list.insertWidget(self.list.count() - 2, self.rows[job])
            self.rows[job].update_row()
        self.nothing.setVisible(not present)
        self.clear.setVisible(any(job.state in jobs.ENDED for job in present))


@guarded
class Title(QLabel):
    """A line that is shortened where it has no room; the tip says it whole."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.setToolTip(text)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred)

    def shown(self) -> str:
        return self.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideRight, self.width())

    def minimumSizeHint(self) -> QSize:
        return QSize(60, super().minimumSizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        QPainter(self).drawText(self.rect(), Qt.AlignmentFlag.AlignVCenter, self.shown())


class JobRow(QWidget):
    """One job."""

    def __init__(self, job: Job, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.job = job
        self.title = Title(job.title)
        self.says = QLabel()
        self.says.setStyleSheet(f"color: {theme.QUIET.name()}")
        self.error = QLabel(wordWrap=True)
        self.error.setStyleSheet(f"color: {theme.BAD_TEXT.name()}")
        self.error.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.bar = QProgressBar(textVisible=False, maximumHeight=5)
        self.cancel = self._button("close", f"Stop {job.title}; what is done stays", job.cancel)
        self.log = self._button("text-box-outline", "Show its log", self._show_log)
        self.folder = self._button("folder-open-outline", "Show its files", self._show_files)
        line = QHBoxLayout()
        line.addWidget(self.title, 1)
        line.addWidget(self.says)
        for button in (self.log, self.folder, self.cancel):
            line.addWidget(button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 6)
        layout.setSpacing(3)
        layout.addLayout(line)
        layout.addWidget(self.bar)
        layout.addWidget(self.error)

    def update_row(self) -> None:
        job = self.job
        self.says.setText(words_of(job))
        self.says.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.bar.setRange(0, FINE)
        self.bar.setValue(round(FINE * job.share()))
        self.error.setText(job.error)
        self.error.setVisible(bool(job.error) and job.state == jobs.FAILED)
        self.cancel.setVisible(job.state not in jobs.ENDED)
        self.folder.setVisible(job.state in jobs.ENDED and bool(job.outputs))

    def _button(self, icon: str, tip: str, action) -> QToolButton:
        button = QToolButton(icon=theme.icon(icon, theme.QUIET), toolTip=tip, autoRaise=True)
        button.setAccessibleName(tip)
        button.clicked.connect(action)
        return button

    def _show_log(self) -> None:
        dialog = QDialog(self, windowTitle=f"Log of {self.job.title}")
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.resize(720, 420)
        text = QPlainTextEdit("\n".join(self.job.log) or "nothing yet", dialog, readOnly=True)
        text.setFont(theme.mono(9))
        layout = QVBoxLayout(dialog)
        layout.addWidget(text)
        dialog.show()

    def _show_files(self) -> None:
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(Path(self.job.outputs[0]).parent)))


def words_of(job: Job) -> str:
    """A job's state, or how far it is."""
    if job.state == jobs.FAILED and job.takes > 1 and job.failures:
        return f"{len(job.failures)} of {job.takes} failed"
    if job.state != jobs.RUNNING:
        return job.state
    if not job.total:
        return "starting"
    text = f"{job.step} {job.done} of {job.total}"
    if job.takes > 1:
        return f"take {min(job.ended_takes + 1, job.takes)} of {job.takes}: {text}"
    if job.seconds_left is not None:
        text += f", {int(job.seconds_left) // 60}:{int(job.seconds_left) % 60:02d} left"
    return text
