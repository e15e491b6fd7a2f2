"""Recordings one below another on one clock: the same sound stands on one line when they are in step."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QMouseEvent, QPainter, QPaintEvent, QWheelEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.gui import theme
from app.gui.guarded import guarded
from app.gui.session import Session
from app.gui.sound import PER_SECOND

RULER, ROW, HEAD = 18, 46, 14
CLOSEST_SECONDS = 0.2


@dataclass(frozen=True)
class Row:
    """One recording.

    Attributes:
        name: of the camera, or "audio".
        path: of its file.
        starts: seconds on the take's clock at which the file begins.
        peaks: (S,) its loudness, `sound.PER_SECOND` to the second; None while it is not read; empty without sound.
        says: what is known of its clock.
    """

    name: str
    path: Path
    starts: float
    peaks: np.ndarray | None
    says: str


@guarded
class Waveforms(QWidget):
    """Emits how many seconds later a recording shall begin, when one has been dragged."""

    moved = Signal(str, float)

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.session = session
        self.rows: tuple[Row, ...] = ()
        self.first, self.last = 0.0, 1.0
        self._grip: tuple[str, float] | None = None
        self._shift = 0.0
        self._fitted = False
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Waveforms of all recordings")
        self.setToolTip("Drag a waveform to where it belongs; wheel comes closer, middle button moves the view, "
                        "a click on the ruler seeks")
        session.frame_changed.connect(self.update)

    def sizeHint(self) -> QSize:
        return QSize(200, RULER + max(1, len(self.rows)) * ROW + 4)

    def set_rows(self, rows: Sequence[Row]) -> None:
        changed = [row.path for row in rows] != [row.path for row in self.rows]
        self.rows = tuple(rows)
        self._fitted = self._fitted and not changed
        self.setFixedHeight(self.sizeHint().height())
        if not self._fitted:
            self.show_all()
        self.update()

    def set_peaks(self, path: Path, peaks: np.ndarray | None) -> None:
        """What was read of a file."""
        peaks = np.zeros(0) if peaks is None else peaks
        self.rows = tuple(replace(row, peaks=peaks) if row.path == path else row for row in self.rows)
        if not self._fitted:
            self.show_all()
        self.update()

    def show_all(self) -> None:
        """Bring all recordings into view."""
        ends = [row.starts + len(row.peaks) / PER_SECOND for row in self.rows if row.peaks is not None]
        data = self.session.data
        whole = data.frames / data.rate if data is not None else 1.0
        self.first = min([row.starts for row in self.rows], default=0.0)
        self.last = max([*ends, self.first + whole, self.first + CLOSEST_SECONDS])
        self._fitted = all(row.peaks is not None for row in self.rows)
        self.update()

    def x(self, seconds: float) -> float:
        return (seconds - self.first) / (self.last - self.first) * self.width()

    def seconds(self, x: float) -> float:
        return self.first + x / max(1, self.width()) * (self.last - self.first)

    # ---- drawing

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), theme.BASE)
        self._paint_ruler(painter)
        for index, row in enumerate(self.rows):
            self._paint_row(painter, row, RULER + index * ROW)
        x = self.x(self._shown_at())
        painter.setPen(theme.ACCENT)
        painter.drawLine(QPointF(x, 0), QPointF(x, self.height()))

    def _paint_ruler(self, painter: QPainter) -> None:
        span = self.last - self.first
        step = next((step for step in (0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 300, 600)
                     if step / span * self.width() > 56), 3600)
        painter.setPen(theme.QUIET)
        for count in range(int(np.ceil(self.first / step)), int(self.last / step) + 1):
            x = self.x(count * step)
            painter.drawLine(QPointF(x, RULER - 5), QPointF(x, RULER))
            if x < self.width() - 34:
                painter.drawText(QPointF(x + 3, RULER - 5), f"{count * step:g} s")

    def _paint_row(self, painter: QPainter, row: Row, top: float) -> None:
        held = self._grip is not None and self._grip[0] == row.name
        painter.fillRect(QRectF(0, top + 1, self.width(), ROW - 2), theme.SELECTED if held else theme.PANE)
        starts = row.starts + (self._shift if held else 0.0)
        middle, half = top + HEAD + (ROW - HEAD) / 2, (ROW - HEAD) / 2 - 3
        if row.peaks is not None and len(row.peaks):
            edges = (self.first + np.arange(self.width() + 1) / self.width() * (self.last - self.first) - starts)
            places = np.clip((edges * PER_SECOND).astype(int), 0, len(row.peaks))
            loudest = max(float(row.peaks.max()), 1e-3)
            painter.setPen(theme.SOUND)
            for x in range(self.width()):
                if edges[x] > -1 / PER_SECOND and edges[x] * PER_SECOND < len(row.peaks):
                    peak = half * float(row.peaks[places[x]:max(places[x + 1], places[x] + 1)].max(initial=0)) / loudest
                    painter.drawLine(QPointF(x, middle - max(peak, 0.5)), QPointF(x, middle + max(peak, 0.5)))
        painter.setPen(theme.TEXT)
        line = QRectF(6, top + 1, self.width() - 12, HEAD + 2)
        painter.drawText(line, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, row.name)
        painter.setPen(theme.ACCENT if held else theme.QUIET)
        says = f"{1000 * self._shift:+.0f} ms" if held else "reading…" if row.peaks is None else \
            row.says if len(row.peaks) else f"{row.says}   no sound".strip()
        painter.drawText(line, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, says)

    def _shown_at(self) -> float:
        """The moment that is shown, on the first camera's clock."""
        data = self.session.data
        if data is None or data.clips is None or not data.clips.frames:
            return 0.0
        return data.clips.seconds(0, self.session.frame)

    # ---- mouse

    def mousePressEvent(self, event: QMouseEvent) -> None:
        row = int((event.position().y() - RULER) // ROW)
        if event.button() == Qt.MouseButton.MiddleButton:
            self._grip, self._shift = ("", event.position().x()), 0.0
        elif event.position().y() < RULER:
            self._seek(event.position().x())
        elif 0 <= row < len(self.rows) and len(self.rows) > 1:
            self._grip, self._shift = (self.rows[row].name, event.position().x()), 0.0
            self.update()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._grip is None:
            if event.buttons() and event.position().y() < RULER:
                self._seek(event.position().x())
            return
        name, x = self._grip
        step = self.seconds(event.position().x()) - self.seconds(x)
        if name:
            self._shift = step
        else:
            self.first, self.last = self.first - step, self.last - step
            self._grip = ("", event.position().x())
        self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        grip, self._grip = self._grip, None
        if grip is not None and grip[0] and abs(self._shift) > 1e-4:
            self.moved.emit(grip[0], self._shift)
        self.update()

    def wheelEvent(self, event: QWheelEvent) -> None:
        about = self.seconds(event.position().x())
        factor = 0.8 if event.angleDelta().y() > 0 else 1.25
        if CLOSEST_SECONDS < (self.last - self.first) * factor < 1e5:
            self.first, self.last = about + (self.first - about) * factor, about + (self.last - about) * factor
        self.update()
        event.accept()

    def _seek(self, x: float) -> None:
        data = self.session.data
        if data is not None:
            self.session.playback.stop()
            self.session.seek(round(self.session.frame + (self.seconds(x) - self._shown_at()) * data.rate))
