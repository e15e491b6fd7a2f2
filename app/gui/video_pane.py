"""One camera: its picture, what lies over it, and how well the solve explains it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFontMetrics,
    QImage,
    QLinearGradient,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPolygonF,
)
from PySide6.QtWidgets import QApplication, QSizePolicy, QWidget

from app.gui import edits, theme
from app.gui.guarded import guarded
from app.gui.landmark_drag import LandmarkDrag, dragged_points, shown_points
from app.gui.pane_faces import HEATMAP, HIDDEN, HOTTEST_PX, PaneFaces, Place
from app.gui.residuals import Residuals, residuals
from app.gui.session import Session
from app.gui.turns import Turns
from app.gui.view_renderer import HEAT_COLOURS, heat_colours
from app.overlay import face_box
from capture.match import NO_PICTURE
from solver.corrections import Grip

HEAD = 24
"""Height of the line above the picture."""
APART = 10
"""At least between the camera's name and its verdict."""
COARSE = 0.5
"""Pixels of a face drawn while the take plays, over those of one at rest."""
FINE, FAIR = 0.06, 0.12
"""Shares of the landmarks' spread (`Residuals.share`) up to which a camera is said to agree well, or fairly: faces that
are explained have 0.02 to 0.05, doubtful ones 0.2 and more (`solver/doubt.py`)."""


@dataclass(frozen=True)
class Wanted:
    """What a face over the picture is drawn of: how, in which frame, with which drags, over which part of the picture,
    its vertices (V, 3), and where."""

    look: str
    frame: int
    drags: Mapping[Grip, tuple[float, float]]
    source: QRectF
    vertices: np.ndarray = field(compare=False)
    place: Place
    number: int = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "number", id(self.vertices))  # arrays are compared by what they are, not hold

    def is_much_like(self, other: "Wanted") -> bool:
        """So that it may be seen, stretched, until the other is drawn."""
        return (self.look, self.frame, self.source) == (other.look, other.frame, other.source)


@dataclass(frozen=True)
class Face:
    """A drawn face; no picture where there was nothing to draw it with."""

    of: Wanted | None = None
    picture: QImage | None = None


NOTHING = Face()


@guarded
class VideoPane(QWidget):
    """Shows one camera of the session's take."""

    enlarged = Signal(int)
    context = Signal(QPointF)

    def __init__(self, session: Session, index: int, faces: PaneFaces, turns: Turns,
                 parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.session, self.index, self.faces, self.turns = session, index, faces, turns
        self.crop, self.show_points, self.show_residuals, self.look = False, True, False, HIDDEN
        self._face = NOTHING
        self.picture: QImage | None = None
        self.shown_frame = 0
        self._size = (1, 1)
        self._box: tuple[float, float, float, float] | None = None
        self._drag: LandmarkDrag | None = None
        self._held = QPointF()
        self._dragging = False
        self.asked: tuple[float, float] | None = None
        """The camera's px on which the menu was opened; None once the mouse has gone on."""
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)  # a text field that was typed in lets go of the keys
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(QSize(120, 100))
        self.take_in()

    @property
    def name(self) -> str:
        """Its camera; "" where the take has none of that number any more."""
        cameras = self.session.data.take.cameras if self.session.data else ()
        return cameras[self.index] if self.index < len(cameras) else ""

    def take_in(self) -> None:
        """The take has new landmarks or a new solve."""
        self._face = NOTHING
        data = self.session.data
        points = data.landmarks.get(self.name) if data else None
        self._size = data.clips.clips[self.index].size if data and data.clips else (1, 1)
        self._box = face_box(points.xy, points.seen, self._size) if points is not None else None
        self.setAccessibleName(f"Camera {self.name}")
        self.update()

    def show_picture(self, picture: QImage | None, frame: int) -> None:
        self.picture, self.shown_frame = picture, frame
        self.refresh()

    def refresh(self) -> None:
        """Something over the picture changed. What is seen changes together, once the face is drawn."""
        if self.look == HIDDEN:
            self.update()
        else:
            self.turns.ask(self, self._draw_face)

    def source(self) -> QRectF:
        """The part of the picture that is shown, in the camera's px, whatever size the picture at hand has."""
        if self.crop and self._box is not None:
            return QRectF(*self._box)
        return QRectF(0, 0, *self._size) if self.picture is not None else QRectF()

    def target(self) -> QRectF:
        """Where it is shown on the widget."""
        room = QRectF(0, HEAD, self.width(), self.height() - HEAD)
        source = self.source()
        if source.isEmpty():
            return room
        scale = min(room.width() / source.width(), room.height() / source.height())
        size = source.size() * scale
        return QRectF(room.center().x() - size.width() / 2, room.center().y() - size.height() / 2, size.width(),
                      size.height())

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), theme.PANE)
        source, target = self.source(), self.target()
        if self.picture is not None and self.name:
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            coarse = self.picture.width() / self._size[0], self.picture.height() / self._size[1]
            painter.drawImage(target, self.picture, QRectF(source.x() * coarse[0], source.y() * coarse[1],
                                                           source.width() * coarse[0], source.height() * coarse[1]))
            painter.setClipRect(target)
            scale = target.width() / source.width()
            if self.look != HIDDEN:
                self._paint_face(painter, target)
            if self.show_residuals:
                self._paint_residuals(painter, source, target, scale)
            elif self.show_points:
                self._paint_points(painter, source, target, scale)
            self._paint_actor(painter, source, target, scale)
            painter.setClipping(False)
        else:
            painter.setPen(theme.QUIET)
            painter.drawText(target, Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap,
                             "no picture" if self._number(self.shown_frame) != NO_PICTURE else "no picture here")
        self._paint_head(painter)

    def _paint_head(self, painter: QPainter) -> None:
        line = QRectF(8, 0, self.width() - 16, HEAD)
        painter.fillRect(QRectF(0, 0, self.width(), HEAD), QColor("#000000"))
        verdict, colour = self._verdict()
        name, text = beside(painter.fontMetrics(), self.name, verdict, int(line.width()))
        painter.setPen(theme.TEXT)
        painter.drawText(line, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, name)
        painter.setPen(colour)
        painter.drawText(line, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, text)

    def _verdict(self) -> tuple[str, QColor]:
        data = self.session.data
        camera = data.camera(self.name) if data else None
        points = data.landmarks.get(self.name) if data else None
        frame = self.session.solved_frame()
        if self._number(self.session.frame) == NO_PICTURE:
            return "not filming", theme.QUIET
        if points is not None and frame is not None and frame < len(points.seen) and not points.seen[frame].any():
            return "no face", theme.BAD_TEXT
        found = self._residuals()
        if found is not None:
            fair = theme.ACCENT if found.share <= FAIR else theme.BAD_TEXT
            return f"reproj {found.rms:.2f} px", theme.GOOD_TEXT if found.share <= FINE else fair
        if camera is not None and camera.error_px is not None:
            return f"calibrated to {camera.error_px:.2f} px", theme.GOOD_TEXT
        return ("calibrated", theme.QUIET) if camera is not None else ("no calibration", theme.QUIET)

    def _residuals(self) -> Residuals | None:
        """Of the frame that is shown; none while another one is being decoded."""
        frame, vertices = self.session.solved_frame(), self.session.vertices()
        if frame is None or vertices is None or self.shown_frame != self.session.frame:
            return None
        return residuals(self.session.data, self.session.layer, self.name, frame, vertices)

    def _paint_points(self, painter: QPainter, source: QRectF, target: QRectF, scale: float) -> None:
        data = self.session.data
        points = data.landmarks.get(self.name)
        frame = self.shown_frame - data.first
        if points is None or not 0 <= frame < len(points.seen):
            return
        layer = self.session.layer
        xy = shown_points(points, layer, self.name, self.shown_frame, data.first)
        placed = (xy + 0.5 - [source.x(), source.y()]) * scale + [target.x(), target.y()]
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        pen = painter.pen()
        pen.setColor(theme.POINT)
        pen.setWidthF(2.2)
        pen.setCapStyle(Qt.PenCapStyle.RoundCap)
        painter.setPen(pen)
        painter.drawPoints(QPolygonF([QPointF(x, y) for x, y in placed[points.seen[frame]].tolist()]))
        dragged = dragged_points(points, layer, self.name, self.shown_frame)
        behind = np.isfinite(placed).all(axis=1) & ~points.seen[frame]
        behind[dragged] = False
        painter.setPen(QPen(theme.QUIET, 0.8))
        for x, y in placed[behind].tolist():
            painter.drawEllipse(QPointF(x, y), 1.6, 1.6)
        painter.setPen(QPen(theme.ACCENT, 1.2))
        for point in dragged:
            painter.drawEllipse(QPointF(*placed[point].tolist()), 3.0, 3.0)  # told by its shape too

    def _paint_actor(self, painter: QPainter, source: QRectF, target: QRectF, scale: float) -> None:
        """Where somebody said in this very frame that the actor's face is."""
        place = self.session.layer.faces.get((self.name, self._number(self.shown_frame)))
        if place is not None:
            middle = QPointF((place[0] + 0.5 - source.x()) * scale + target.x(),
                             (place[1] + 0.5 - source.y()) * scale + target.y())
            painter.setPen(QPen(theme.ACCENT, 1.6))
            painter.drawEllipse(middle, 9.0, 9.0)
            painter.drawText(middle + QPointF(13, 5), "actor")

    def _number(self, frame: int) -> int | None:
        """Which frame of its clip the camera shows in one of the take's, NO_PICTURE where none; None where the clips
        are not known."""
        clips = self.session.data.clips if self.session.data is not None else None
        if clips is None or self.index >= len(clips.clips):
            return None
        return int(clips.numbers[self.index, min(frame, clips.frames - 1)])

    def _paint_residuals(self, painter: QPainter, source: QRectF, target: QRectF, scale: float) -> None:
        found = self._residuals()
        if found is None:
            return
        corner, place = np.array([source.x(), source.y()]), np.array([target.x(), target.y()])
        seen, solved = ((xy + 0.5 - corner) * scale + place for xy in (found.seen, found.solved))
        colours = heat_colours(found.px, HOTTEST_PX)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for start, stop, colour in zip(seen.tolist(), solved.tolist(), colours.tolist(), strict=True):
            painter.setPen(QPen(QColor.fromRgbF(*colour), 1.6))
            painter.drawLine(QPointF(*start), QPointF(*stop))
            painter.drawEllipse(QPointF(*start), 1.2, 1.2)

    def _wanted(self) -> "Wanted | None":
        """The face to be seen; None where there is none."""
        data, vertices, source, target = self.session.data, self.session.vertices(), self.source(), self.target()
        # The solve's frame must be the picture's: while a frame is being decoded the face waits for it.
        if data is None or data.camera(self.name) is None or vertices is None or source.isEmpty() \
                or self.look == HIDDEN or self.shown_frame != self.session.frame:
            return None
        coarse = self.session.playback.playing
        ratio = self.devicePixelRatioF() * (COARSE if coarse else 1.0)
        scale = target.width() / source.width() * ratio
        size = (max(1, round(target.width() * ratio)), max(1, round(target.height() * ratio)))
        return Wanted(self.look, self.shown_frame, self.session.layer.drags, source, vertices,
                      Place(size, scale, (-source.x() * scale, -source.y() * scale), coarse))

    def _draw_face(self) -> None:
        wanted = self._wanted() if self.isVisible() else None
        if wanted is not None and wanted != self._face.of:
            data = self.session.data
            found = self._residuals() if self.look == HEATMAP else None
            self._face = Face(wanted, self.faces.draw(self.look, data, data.camera(self.name), wanted.vertices, found,
                                                      wanted.place))
        self.update()

    def _paint_face(self, painter: QPainter, target: QRectF) -> None:
        wanted, face = self._wanted(), self._face
        if wanted is None:
            return
        if face.of != wanted:
            self.turns.ask(self, self._draw_face)
            if face.of is None or not face.of.is_much_like(wanted):
                return
        if face.picture is not None:
            painter.drawImage(target, face.picture)
            if self.look == HEATMAP:
                self._paint_scale(painter, target)
        elif self.faces.problem or self.look == HEATMAP:
            painter.setPen(theme.TEXT)
            painter.drawText(target.adjusted(10, 8, -10, 0), Qt.TextFlag.TextWordWrap,
                             self.faces.problem or "no residuals are known in this frame")

    def _paint_scale(self, painter: QPainter, target: QRectF) -> None:
        """What the map's colours mean."""
        bar = QRectF(target.left() + 10, target.bottom() - 16, min(110.0, target.width() / 3), 7)
        colours = QLinearGradient(bar.topLeft(), bar.topRight())
        for place, colour in enumerate(HEAT_COLOURS):
            colours.setColorAt(place / (len(HEAT_COLOURS) - 1), QColor.fromRgbF(*colour))
        painter.fillRect(bar.adjusted(-6, -6, 54, 6), QColor(0, 0, 0, 150))
        painter.fillRect(bar, colours)
        painter.setPen(theme.TEXT)
        painter.drawText(QPointF(bar.right() + 6, bar.bottom() + 2), f"{HOTTEST_PX:.0f} px")

    # ---- mouse

    def mousePressEvent(self, event: QMouseEvent) -> None:
        shift = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        if event.button() == Qt.MouseButton.LeftButton and shift and self.picture is not None:
            edits.point_at(self.session, self.name, self.shown_frame, self._in_camera(event.position())[0])
            self.session.save_soon()
        elif event.button() == Qt.MouseButton.LeftButton and self._draggable():
            mouse, px = self._in_camera(event.position())
            alone = bool(event.modifiers() & Qt.KeyboardModifier.AltModifier)
            self._drag = LandmarkDrag.begin(self.session, self.name, mouse, px, alone)
            self._held, self._dragging = event.position(), False
        elif event.button() == Qt.MouseButton.RightButton:
            self.asked = self._in_camera(event.position())[0] if self.picture is not None else None
            self.context.emit(event.globalPosition())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._drag is not None:
            # A hand that only clicks trembles: landmarks are moved by who means it.
            way = (event.position() - self._held).manhattanLength()
            self._dragging = self._dragging or way >= QApplication.startDragDistance()
            if self._dragging:
                self._drag.to(self._in_camera(event.position())[0])
        elif not event.buttons():
            self.asked = None
            mouse, px = self._in_camera(event.position())
            over = self._draggable() and LandmarkDrag.begin(self.session, self.name, mouse, px, True) is not None
            self.setCursor(Qt.CursorShape.PointingHandCursor if over else Qt.CursorShape.ArrowCursor)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self._drag is not None:
            self._drag = None
            self.session.save_soon()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self.enlarged.emit(self.index)

    def _draggable(self) -> bool:
        return self.show_points and not self.show_residuals and self.picture is not None \
            and self.shown_frame == self.session.frame

    def _in_camera(self, position: QPointF) -> tuple[tuple[float, float], float]:
        """A place on the widget in the camera's px, and how many of those one px of the screen is."""
        source, target = self.source(), self.target()
        px = source.width() / max(target.width(), 1e-6)
        return ((position.x() - target.x()) * px + source.x() - 0.5,
                (position.y() - target.y()) * px + source.y() - 0.5), px


def beside(metrics: QFontMetrics, left: str, right: str, room: int) -> tuple[str, str]:
    """Two texts of one line, shortened where both have no room; the left one keeps half of it."""
    short = Qt.TextElideMode.ElideRight
    left = metrics.elidedText(left, short, max(room // 2, room - metrics.horizontalAdvance(right) - APART))
    return left, metrics.elidedText(right, short, room - metrics.horizontalAdvance(left) - APART)
