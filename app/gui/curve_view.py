"""The curves over time, drawn: grey ones from a cached picture, selected ones in colour with their keys."""

import cv2
import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QImage, QPainter, QPaintEvent, QPen, QPolygonF, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.gui import curve_levels, theme
from app.gui.channel_list import colour_of
from app.gui.session import Session
from app.gui.time_axis import LEFT, TimeAxis
from solver.corrections import Key, Spot

BOTTOM = 20
KEY = 4.0
"""Half the side of a key's square in px."""
HANDLE = 34.0
"""Length of a tangent's handle in px."""
SUBPIXEL_BITS = 3


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
        self._grey: QImage | None = None
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
        self._grey = None
        self.update()

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._grey = None

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
        if self._grey is None:
            self._grey = self._grey_curves()
        painter.setClipRect(QRectF(LEFT - 6, 0, self.width(), self.height() - BOTTOM))
        painter.drawImage(QRectF(0, 0, self.width(), self.height()), self._grey)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        session = self.session
        performance = session.data.scene.performance
        for shape in self.editable():
            column, colour = self._column(shape), colour_of(session.shapes, shape)
            faint = QPen(colour, 1, Qt.PenStyle.DotLine)
            if session.before is not None:
                self._paint_line(painter, curve_levels.build(session.before[:, column, None]), 0, faint)
            elif shape in session.layer.keys:
                self._paint_line(painter, curve_levels.build(performance.weights[:, column, None]), 0, faint)
            self._paint_line(painter, self._levels, column, QPen(colour, 1.8))
        for shape in self.editable():
            self._paint_keys(painter, shape)
        painter.setClipping(False)

    def _paint_line(self, painter: QPainter, levels: curve_levels.CurveLevels, column: int, pen: QPen) -> None:
        xs, low, high = self._points(levels, 1.0, [column])
        single = np.array_equal(low, high)  # frame by frame, without least and greatest
        points = np.stack([xs, low[:, 0]], axis=1) if single else np.stack(
            [np.repeat(xs, 2), np.stack([low[:, 0], high[:, 0]], axis=1).ravel()], axis=1)
        painter.setPen(pen)
        painter.drawPolyline(QPolygonF([QPointF(x, y) for x, y in points.tolist()]))

    def _points(self, levels: curve_levels.CurveLevels, ratio: float, columns: list[int],
                ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """x (M), and y of the least and the greatest values (M, columns), in px times ratio."""
        frames, lows, highs = curve_levels.visible(levels, self.axis.first - self.first, self.axis.last - self.first,
                                                   self.width())
        scale = (self.height() - BOTTOM) / (self.high - self.low)
        x = LEFT + (frames + self.first - self.axis.first) * self.axis.scale(self.width())
        lows, highs = lows[:, columns], highs[:, columns]
        return x * ratio, (self.high - lows) * scale * ratio, (self.high - highs) * scale * ratio

    def _grey_curves(self) -> QImage:
        """All unselected curves; OpenCV draws fifty lines of a thousand points faster than the painter takes them."""
        ratio = self.devicePixelRatioF()
        width, height = max(1, round(self.width() * ratio)), max(1, round(self.height() * ratio))
        picture = np.zeros((height, width, 4), dtype=np.uint8)
        columns = [self._column(shape) for shape in self.shown if shape not in self.session.shapes]
        if columns:
            xs, lows, highs = self._points(self._levels, ratio, columns)
            single = np.array_equal(lows, highs)
            ends = lows.T if single else np.stack([lows.T, highs.T], axis=2).reshape(len(columns), -1)
            lines = np.stack([np.broadcast_to(np.repeat(xs, 1 if single else 2), ends.shape), ends], axis=2)
            fixed = np.clip(np.round(lines * (1 << SUBPIXEL_BITS)), -(1 << 20), 1 << 20).astype(np.int32)
            colour = (*theme.GREY_CURVE.getRgb()[:3], 255)
            # Runs of many frames are upright strokes: smoothing them shows nothing and takes three times as long.
            kind = cv2.LINE_AA if single else cv2.LINE_8
            cv2.polylines(picture, list(fixed[:, :, None]), False, colour, max(1, round(ratio)), kind, SUBPIXEL_BITS)
        return QImage(picture.tobytes(), width, height, 4 * width, QImage.Format.Format_RGBA8888_Premultiplied).copy()

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
