"""The curves over time, drawn: a picture of them that is kept while they stand still, and over it keys and playhead."""

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QImage, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.gui import curve_levels, curve_picture, theme
from app.gui.channel_list import colour_of
from app.gui.curve_picture import Stroke
from app.gui.guarded import guarded
from app.gui.session import Session
from app.gui.time_axis import LEFT, TimeAxis
from solver.corrections import Key, Spot

BOTTOM = 20
KEY = 4.0
"""Half the side of a key's square in px."""
HANDLE = 34.0
"""Length of a tangent's handle in px."""


@guarded
class CurveView(QWidget):
    """Draws the session's curves; `curve_mouse.CurveMouse` handles what is done to them."""

    context = Signal(QPointF)

    def __init__(self, session: Session, axis: TimeAxis, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.session, self.axis = session, axis
        self.low, self.high = -0.06, 1.06
        self.shown: tuple[str, ...] = ()
        self.box: QRectF | None = None
        self._levels: curve_levels.CurveLevels | None = None
        self._picture: QImage | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumHeight(80)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Curves over time")
        axis.changed.connect(self.refresh)
        session.curves_changed.connect(self._curves_changed)
        session.selection_changed.connect(self.refresh)
        session.range_changed.connect(self.refresh)
        session.frame_changed.connect(self.update)

    def sizeHint(self) -> QSize:
        return QSize(600, 220)

    # ---- places

    def x(self, frame: float) -> float:
        """Of a frame of the take."""
        return self.axis.x(frame, self.width())

    def y(self, value: float) -> float:
        return (self.high - value) / (self.high - self.low) * (self.height() - BOTTOM)

    def value(self, y: float) -> float:
        return self.high - y / (self.height() - BOTTOM) * (self.high - self.low)

    def frame(self, x: float) -> float:
        return self.axis.frame(x, self.width())

    def place(self, key: Key) -> QPointF:
        return QPointF(self.x(key.frame), self.y(key.value))

    @property
    def first(self) -> int:
        """The take's frame that is the solve's first."""
        return self.session.data.first if self.session.data is not None else 0

    def editable(self) -> tuple[str, ...]:
        """The selected shapes that are in view."""
        return tuple(shape for shape in self.session.shapes if shape in self.shown)

    def handle_places(self, spot: Spot) -> dict[str, QPointF]:
        """Where the ends of a selected key's tangents are: "in" and "out"."""
        key = self.session.layer.key(spot)
        column = self._column(spot[0])
        if key is None or column is None:
            return {}
        curve = self.session.weights[:, column]
        steep = float(np.gradient(curve)[key.frame - self.first]) \
            if 0 <= key.frame - self.first < len(curve) > 1 else 0.0
        here, ends = self.place(key), {}
        for side, slope, way in (("in", key.slope_in, -1), ("out", key.slope_out, 1)):
            run = self.axis.scale(self.width())
            rise = -(steep if slope is None else slope) * (self.height() - BOTTOM) / (self.high - self.low)
            length = float(np.hypot(run, rise)) or 1.0
            ends[side] = here + QPointF(run, rise) * (way * HANDLE / length)
        return ends

    # ---- changes

    def set_shown(self, shapes: tuple[str, ...]) -> None:
        self.shown = shapes
        self.refresh()

    def frame_values(self) -> None:
        """Fit the height to what is in view of the selected curves, or of all."""
        weights = self.session.weights
        if weights is None or not len(weights):
            return
        names = self.editable() or self.shown
        columns = [self._column(name) for name in names]
        part = weights[max(0, int(self.axis.first) - self.first):int(self.axis.last) - self.first + 2, columns]
        if part.size:
            low, high = float(part.min()), float(part.max())
            room = 0.06 * max(high - low, 0.05)
            self.low, self.high = low - room, high + room
            self.refresh()

    def show_all(self) -> None:
        self.low, self.high = -0.06, 1.06
        self.axis.show(0, self.axis.count)
        self.refresh()

    def zoom_values(self, factor: float, about: float) -> None:
        span = (self.high - self.low) * factor
        if 0.02 < span < 6.0:
            self.low, self.high = about + (self.low - about) * factor, about + (self.high - about) * factor
            self.refresh()

    def refresh(self) -> None:
        self._picture = None
        self.update()

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._picture = None

    def _curves_changed(self) -> None:
        weights = self.session.weights
        self._levels = curve_levels.build(weights) if weights is not None and len(weights) else None
        self.refresh()

    def _column(self, shape: str) -> int | None:
        data = self.session.data
        names = data.scene.performance.shape_names if data is not None and data.scene is not None else ()
        return names.index(shape) if shape in names else None

    # ---- drawing

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), theme.BASE)
        self._paint_grid(painter)
        if self._levels is None or self.session.weights is None:
            painter.setPen(theme.QUIET)
            said = "not solved yet: choose Solve in the inspector" if self.session.data is not None else ""
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, said)
        else:
            self._paint_curves(painter)
        if self.box is not None:
            painter.setPen(QPen(theme.TEXT, 1, Qt.PenStyle.DashLine))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(self.box)
        painter.setPen(QPen(theme.ACCENT, 1.5))
        x = self.x(self.session.frame)
        painter.drawLine(QPointF(x, 0), QPointF(x, self.height() - BOTTOM))

    def _paint_grid(self, painter: QPainter) -> None:
        session, floor = self.session, self.height() - BOTTOM
        if session.data is not None and (session.first, session.last) != (0, session.data.frames - 1):
            left, right = self.x(session.first), self.x(session.last)
            painter.fillRect(QRectF(left, 0, right - left, floor), theme.RANGE)
        step = next(step for step in (0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 9.0)
                    if step / (self.high - self.low) * floor >= 26 or step == 9.0)
        for count in range(int(np.ceil(self.low / step)), int(np.floor(self.high / step)) + 1):
            y = self.y(count * step)
            painter.setPen(theme.GRID)
            painter.drawLine(QPointF(LEFT, y), QPointF(self.width(), y))
            painter.setPen(theme.QUIET)
            painter.drawText(QRectF(0, y - 8, LEFT - 6, 16),
                             Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, f"{count * step:.2f}")
        stride = self.axis.step(self.width(), 96.0 if self.axis.timecode else 56.0)
        for frame in range(int(self.axis.first) // stride * stride, int(self.axis.last) + 1, stride):
            if frame < 0 or frame < self.axis.first - 1:
                continue
            x = self.x(frame)
            painter.setPen(theme.GRID)
            painter.drawLine(QPointF(x, 0), QPointF(x, floor))
            painter.setPen(theme.QUIET)
            if x < self.width() - 24:
                painter.drawText(QPointF(x + 3, self.height() - 6), self.axis.label(frame))

    def _paint_curves(self, painter: QPainter) -> None:
        if self._picture is None:
            ratio = self.devicePixelRatioF()
            self._picture = curve_picture.draw(self._strokes(ratio), max(1, round(self.width() * ratio)),
                                               max(1, round(self.height() * ratio)))
        painter.setClipRect(QRectF(LEFT - 6, 0, self.width(), self.height() - BOTTOM))
        painter.drawImage(QRectF(0, 0, self.width(), self.height()), self._picture)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for shape in self.editable():
            self._paint_keys(painter, shape)
        painter.setClipping(False)

    def _strokes(self, ratio: float) -> list[Stroke]:
        """Grey curves first, then the selected ones, each over what it was before."""
        session, thin, thick = self.session, max(1, round(ratio)), max(1, round(2 * ratio))
        grey = [self._column(shape) for shape in self.shown if shape not in session.shapes]
        strokes = [Stroke(*self._points(self._levels, ratio, grey), theme.GREY_CURVE, thin)]
        for shape in self.editable():
            column, colour = self._column(shape), colour_of(session.shapes, shape)
            earlier = session.before if session.before is not None else session.data.scene.performance.weights \
                if shape in session.layer.keys else None
            if earlier is not None:
                levels = curve_levels.build(earlier[:, column, None])
                strokes.append(Stroke(*self._points(levels, ratio, [0]), colour, thin, dotted=True))
            strokes.append(Stroke(*self._points(self._levels, ratio, [column]), colour, thick))
        return strokes

    def _points(self, levels: curve_levels.CurveLevels, ratio: float, columns: list[int],
                ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """x (M), and y of the least and the greatest values (M, columns), in px times ratio."""
        frames, lows, highs = curve_levels.visible(levels, self.axis.first - self.first, self.axis.last - self.first,
                                                   self.width())
        scale = (self.height() - BOTTOM) / (self.high - self.low)
        x = LEFT + (frames + self.first - self.axis.first) * self.axis.scale(self.width())
        lows, highs = lows[:, columns], highs[:, columns]
        return x * ratio, (self.high - lows) * scale * ratio, (self.high - highs) * scale * ratio

    def _paint_keys(self, painter: QPainter, shape: str) -> None:
        colour = colour_of(self.session.shapes, shape)
        for key in self.session.layer.keys.get(shape, ()):
            spot, here = (shape, key.frame), self.place(key)
            chosen = spot in self.session.spots
            if chosen:
                painter.setPen(QPen(theme.TEXT, 1))
                painter.setBrush(theme.TEXT)
                for end in self.handle_places(spot).values():
                    painter.drawLine(here, end)
                    painter.drawEllipse(end, 2.5, 2.5)
            painter.setPen(QPen(theme.BASE, 1))
            painter.setBrush(theme.WHITE if chosen else colour)
            painter.drawRect(QRectF(here.x() - KEY, here.y() - KEY, 2 * KEY, 2 * KEY))
