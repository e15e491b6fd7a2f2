"""The timeline's lane of corrections: a mark where something was said, which a click goes to."""

import operator

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QMouseEvent, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.gui import theme
from app.gui.guarded import guarded
from app.gui.marks import Mark, marks_of, said, thinned
from app.gui.session import Session
from app.gui.time_axis import TimeAxis

HEIGHT = 16
NEAR = 6
"""Pixels from a mark within which a click is meant for it."""
TIP = ("Corrections: squares are shapes that were set, dots landmarks that were moved, ticks frames that are right, a "
       "ring the frame at rest, a cross the actor's face that was pointed at. Click one to go there; , and . step on")


@guarded
class MarkLane(QWidget):
    """Marks over the whole take, on the axis `whole`; frames are called as on `axis`."""

    def __init__(self, session: Session, whole: TimeAxis, axis: TimeAxis, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.session, self.whole, self.axis = session, whole, axis
        self.marks: tuple[Mark, ...] = ()
        self._drawn: tuple[tuple[Mark, ...], float, tuple[Mark, ...]] = ((), 0.0, ())
        self._known: tuple[object, ...] = ()
        self._scrubs = False
        self.setFixedHeight(HEIGHT)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.setAccessibleName("Corrections over time")
        self.setToolTip(TIP)
        whole.changed.connect(self.update)
        session.frame_changed.connect(self.update)
        # The frame at rest is noted in take.toml, which is told as a change of the takes.
        for signal in (session.curves_changed, session.take_changed, session.takes_changed):
            signal.connect(self._look)

    def sizeHint(self) -> QSize:
        return QSize(600, HEIGHT)

    def mark_at(self, x: float) -> Mark | None:
        """The mark that is meant by a click at x px; of several the nearest."""
        near = [(abs(self.whole.x(mark.frame, self.width()) - x), mark.frame, mark) for mark in self.marks]
        distance, _, mark = min(near, key=lambda entry: entry[:2], default=(NEAR + 1, 0, None))
        return mark if distance <= NEAR else None

    def _look(self) -> None:
        data, layer = self.session.data, self.session.layer
        known = (layer, *((data.clips, data.frames, data.take.settings.get("neutral")) if data is not None else ()))
        if len(known) == len(self._known) and all(map(operator.is_, known, self._known)):
            return  # a job's every step is told as a change of the takes, too
        self._known = known
        marks = marks_of(data, layer) if data is not None else ()
        if marks != self.marks:
            self.marks = marks
            self.setAccessibleDescription(f"{len(marks)} frames have corrections")
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), theme.BASE)
        if self.session.data is None:
            return
        x = self.whole.x(self.session.frame, self.width())
        painter.setPen(theme.ACCENT)
        painter.drawLine(QPointF(x, 0), QPointF(x, HEIGHT))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for mark in self._thinned():
            _paint(painter, mark, QPointF(self.whole.x(mark.frame, self.width()), HEIGHT / 2))

    def _thinned(self) -> tuple[Mark, ...]:
        scale = self.whole.scale(self.width())
        if self._drawn[0] is not self.marks or self._drawn[1] != scale:
            self._drawn = self.marks, scale, thinned(self.marks, scale)
        return self._drawn[2]

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if self.session.data is None or event.button() != Qt.MouseButton.LeftButton:
            return
        mark = self.mark_at(event.position().x())
        self._scrubs = mark is None
        if mark is not None:
            self.session.go(mark.frame)
        else:
            self._scrub(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if event.buttons() & Qt.MouseButton.LeftButton:
            if self._scrubs:
                self._scrub(event)
            return
        mark = self.mark_at(event.position().x())
        self.setCursor(Qt.CursorShape.ArrowCursor if mark is None else Qt.CursorShape.PointingHandCursor)
        self.setToolTip(TIP if mark is None else said(mark, f"frame {mark.frame}" if not self.axis.timecode
                                                      else self.axis.label(mark.frame)))

    def _scrub(self, event: QMouseEvent) -> None:
        self.session.go(round(self.whole.frame(event.position().x(), self.width())))


def _paint(painter: QPainter, mark: Mark, place: QPointF) -> None:
    """Each kind has a shape of its own, so that its colour is never needed to tell it; those of one frame lie within
    one another."""
    painter.setPen(Qt.PenStyle.NoPen)
    if mark.shapes and not mark.right:
        painter.setBrush(theme.ACCENT)
        half = 4.5 if mark.landmarks else 3.5  # a dot within it leaves enough of it to be seen
        painter.drawRect(QRectF(place.x() - half, place.y() - half, 2 * half, 2 * half))
    if mark.right:
        painter.setPen(QPen(theme.WHITE, 1.6))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPolyline(QPolygonF([place + QPointF(-4, 0), place + QPointF(-1, 3.5), place + QPointF(4.5, -4)]))
        painter.setPen(Qt.PenStyle.NoPen)
    if mark.landmarks:
        painter.setBrush(theme.POINT)
        painter.setPen(QPen(theme.BASE, 1))
        painter.drawEllipse(place, 3.5, 3.5)
    if mark.faces:
        painter.setPen(QPen(theme.POINT, 1.4))
        for away in (QPointF(3.5, 3.5), QPointF(3.5, -3.5)):
            painter.drawLine(place - away, place + away)
    if mark.rest:
        painter.setPen(QPen(theme.WHITE, 1.4))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawEllipse(place, 6, 6)
