"""The whole take on one strip: ruler, sound, how far each frame may be trusted, in and out, the curves' window."""

import itertools

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QPolygonF, QWheelEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from app import quality
from app.gui import theme
from app.gui.guarded import guarded
from app.gui.session import Session
from app.gui.sound import PER_SECOND, SoundReader, sound_begins, sound_of
from app.gui.time_axis import TimeAxis

RULER, SOUND, QUALITY = 22, 40, 12
GAP = 4
COLOURS = {quality.GOOD: theme.GOOD, quality.DOUBTFUL: theme.DOUBTFUL, quality.BAD: theme.BAD}
HANDLE = 6


@guarded
class Overview(QWidget):
    """Scrubs the session; moves and sizes the window of `axis`, which the curves are drawn by."""

    def __init__(self, session: Session, axis: TimeAxis, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.session, self.axis = session, axis
        self.whole = TimeAxis(self)
        self.sound: np.ndarray | None = None
        self.sound_name = ""
        self._begins = 0.0
        self._reader: SoundReader | None = None
        self._grip: str | None = None
        self.setFixedHeight(RULER + SOUND + QUALITY + 2 * GAP)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)  # a text field that was typed in lets go of the keys
        self.setToolTip("Drag to scrub; drag the in and out marks; wheel zooms the curves; "
                        "drag with the middle button to move their window")
        axis.changed.connect(self.update)
        session.frame_changed.connect(self.update)
        session.range_changed.connect(self.update)
        session.curves_changed.connect(self.update)
        session.take_changed.connect(self._take_changed)

    def sizeHint(self) -> QSize:
        return QSize(600, self.height())

    def stop(self) -> None:
        """Read no more, and wait for what is being read."""
        for reader in self.findChildren(SoundReader):
            reader.stop()
        self._reader = None

    def _take_changed(self) -> None:
        data = self.session.data
        path = sound_of(data.take) if data is not None else None
        self._begins = sound_begins(data) if data is not None else 0.0
        if self._reader is None or self._reader.path != path:
            if self._reader is not None:
                self._reader.give_up()
            self._reader, self.sound, self.sound_name = None, None, ""
            if path is not None:
                self._reader = SoundReader(path, self)
                self._reader.read.connect(self._take_sound)
                self._reader.start()
        self.update()

    def _take_sound(self, path, sound: np.ndarray | None) -> None:
        if self._reader is not None and path == self._reader.path:
            self.sound, self.sound_name = sound, path.name if sound is not None else ""
            self.update()

    # ---- drawing

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), theme.BASE)
        if self.session.data is None:
            return
        self._paint_range(painter)
        self._paint_ruler(painter)
        self._paint_sound(painter)
        self._paint_quality(painter)
        self._paint_window(painter)
        x = self.whole.x(self.session.frame, self.width())
        painter.setPen(theme.ACCENT)
        painter.drawLine(QPointF(x, 0), QPointF(x, self.height()))
        painter.setBrush(theme.ACCENT)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.drawPolygon(QPolygonF([QPointF(x - 6, 0), QPointF(x + 6, 0), QPointF(x, 9)]))

    def _paint_range(self, painter: QPainter) -> None:
        left, right = (self.whole.x(frame, self.width()) for frame in (self.session.first, self.session.last))
        dark = QColor(0, 0, 0, 110)
        painter.fillRect(QRectF(0, 0, left, self.height()), dark)
        painter.fillRect(QRectF(right, 0, self.width() - right, self.height()), dark)
        for x, inward in ((left, 1), (right, -1)):
            painter.setPen(theme.QUIET)
            painter.drawLine(QPointF(x, 0), QPointF(x, RULER))
            painter.setBrush(theme.QUIET)
            painter.drawPolygon(QPolygonF([QPointF(x, 0), QPointF(x + 7 * inward, 0), QPointF(x, 7)]))

    def _paint_ruler(self, painter: QPainter) -> None:
        room = 90.0 if self.axis.timecode else 48.0
        step = self.whole.step(self.width(), room)
        painter.setPen(theme.QUIET)
        for frame in range(0, self.whole.count, step):
            x = self.whole.x(frame, self.width())
            painter.drawLine(QPointF(x, RULER - 6), QPointF(x, RULER))
            if x < self.width() - room / 2:
                painter.drawText(QPointF(x + 3, RULER - 6), self.axis.label(frame))

    def _paint_sound(self, painter: QPainter) -> None:
        middle = RULER + GAP + SOUND / 2
        if self.sound is None:
            painter.setPen(theme.GRID)
            painter.drawLine(QPointF(self.whole.x(0, self.width()), middle),
                             QPointF(self.whole.x(self.whole.count - 1, self.width()), middle))
            return
        columns = np.arange(int(self.whole.x(0, self.width())), self.width() - 8)
        frames = [self.whole.frame(float(x), self.width()) for x in (columns[0], columns[-1] + 1)]
        seconds = self._begins + np.linspace(*frames, len(columns) + 1) / float(self.whole.rate)
        edges = np.clip((seconds * PER_SECOND).astype(int), 0, len(self.sound))
        peaks = np.array([self.sound[a:max(b, a + 1)].max(initial=0.0)
                          for a, b in itertools.pairwise(edges)])
        loudest = max(float(self.sound.max()), 0.02)  # quiet takes are to be read too
        painter.setPen(theme.SOUND)
        for x, peak in zip(columns.tolist(), (peaks / loudest * SOUND / 2).tolist(), strict=True):
            painter.drawLine(QPointF(x, middle - max(peak, 0.3)), QPointF(x, middle + max(peak, 0.3)))

    def _paint_quality(self, painter: QPainter) -> None:
        levels, first = self.session.levels, self.session.data.first
        top = RULER + SOUND + 2 * GAP
        if levels is None:
            return
        for start, stop, level in runs(levels):
            left = self.whole.x(max(first + start - 0.5, 0), self.width())
            right = self.whole.x(min(first + stop - 0.5, self.whole.count - 1), self.width())
            painter.fillRect(QRectF(left, top, max(right - left, 1.5), QUALITY - 4), COLOURS[level])
            if level == quality.BAD:  # told by its shape too, not by its colour alone
                painter.fillRect(QRectF(left, top + QUALITY - 4, max(right - left, 1.5), 3), COLOURS[level])
        painter.setPen(theme.WHITE)
        for frame in self.session.layer.right:
            x = self.whole.x(frame, self.width())
            painter.drawLine(QPointF(x, top), QPointF(x, top + QUALITY - 5))

    def _paint_window(self, painter: QPainter) -> None:
        left, right = (self.whole.x(frame, self.width()) for frame in (self.axis.first, self.axis.last))
        if right - left < self.width() - 60:
            painter.setPen(QColor(255, 255, 255, 150))
            painter.setBrush(QColor(255, 255, 255, 20))
            painter.drawRect(QRectF(left, RULER, right - left, self.height() - RULER - 1))

    # ---- mouse

    def _frame_at(self, event: QMouseEvent) -> float:
        return self.whole.frame(event.position().x(), self.width())

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if self.session.data is None:
            return
        x = event.position().x()
        marks = {"first": self.whole.x(self.session.first, self.width()),
                 "last": self.whole.x(self.session.last, self.width())}
        near = [name for name, place in marks.items() if abs(place - x) <= HANDLE and event.position().y() < RULER]
        if event.button() == Qt.MouseButton.MiddleButton:
            self._grip = "window"
        else:
            playhead = self.whole.x(self.session.frame, self.width())
            self._grip = near[0] if near and abs(playhead - x) > HANDLE else "scrub"
        self.mouseMoveEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        frame = self._frame_at(event)
        if self._grip == "scrub":
            self.session.playback.stop()
            self.session.seek(round(frame))
        elif self._grip == "window":
            half = (self.axis.last - self.axis.first) / 2
            self.axis.show(frame - half, frame + half)
        elif self._grip == "first":
            self.session.set_range(min(round(frame), self.session.last), self.session.last)
        elif self._grip == "last":
            self.session.set_range(self.session.first, max(round(frame), self.session.first))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._grip = None

    def wheelEvent(self, event: QWheelEvent) -> None:
        self.axis.zoom(0.8 if event.angleDelta().y() > 0 else 1.25,
                       self.whole.frame(event.position().x(), self.width()))


def runs(levels: np.ndarray) -> list[tuple[int, int, int]]:
    """(start, stop, value) of each stretch of equal values."""
    if not len(levels):
        return []
    edges = np.flatnonzero(np.diff(levels)) + 1
    starts, stops = np.concatenate([[0], edges]), np.concatenate([edges, [len(levels)]])
    return [(int(start), int(stop), int(levels[start])) for start, stop in zip(starts, stops, strict=True)]
