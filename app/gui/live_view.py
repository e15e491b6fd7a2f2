"""What the live preview shows: the camera's picture, the landmarks and the face over it, and the liveliest weights."""

import base64

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QImage, QPainter, QPaintEvent, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.gui import theme
from app.gui.guarded import guarded
from app.overlay import wire_faces, wireframe
from capture.camera import lone_camera
from solver.face_model import FaceModel, deform
from solver.performance import matrices

BARS, BAR_HEIGHT, NAME_WIDTH = 10, 17, 140
WIRE = (140, 212, 255)
ROOM = 1.7
"""How much larger than its landmarks a face is shown: the head is to be seen, too."""
CALM = 0.9
"""How slowly the view follows a face: one that jumps with it cannot be watched."""
SETTLE = 0.9
"""How slowly a shape's place among the liveliest is forgotten: a bar that jumps cannot be read."""


@guarded
class LiveView(QWidget):
    """Shows one camera's face as it is told."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.picture: QImage | None = None
        self.points = np.zeros((0, 2))
        self.told: dict = {}
        self.show_points, self.show_mesh = True, True
        self._model: FaceModel | None = None
        self._faces = np.zeros((0, 4), dtype=int)
        self._identity: np.ndarray | None = None
        self._box: np.ndarray | None = None  # around the landmarks, in camera px: x, y of its middle, its size
        self.mesh: QImage | None = None
        self.setMinimumHeight(180)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName("Live picture")

    def sizeHint(self) -> QSize:
        return QSize(280, 210)

    def set_model(self, model: FaceModel | None) -> None:
        """The face that is drawn; None for none."""
        self._model, self._identity = model, None
        self._faces = wire_faces(model) if model is not None else self._faces

    def clear(self) -> None:
        self.picture, self.mesh, self.points, self.told, self._box = None, None, np.zeros((0, 2)), {}, None
        self.update()

    def take_event(self, event: dict) -> None:
        """Show what an event tells."""
        self.told = event
        if "identity" in event:
            self._identity = np.array(event["identity"])
        if "jpeg" in event:
            self.picture = QImage.fromData(base64.b64decode(event["jpeg"]))
            self.points = np.array(event["points"], dtype=float).reshape(-1, 2)
            self._follow()
        self.mesh = self._drawn(event) if self.show_mesh and "weights" in event else None
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), theme.PANE)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        if self.picture is None or self.picture.isNull():
            painter.setPen(theme.QUIET)
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, "no picture")
            return
        target, scale = self._target()
        painter.drawImage(target, self.picture)
        if self.mesh is not None:
            painter.drawImage(target, self.mesh)
        if self.show_points and len(self.points):
            places = (self.points + 0.5) * scale + [target.x(), target.y()]
            painter.setPen(theme.POINT)
            painter.drawPoints(QPolygonF([QPointF(x, y) for x, y in places.tolist()]))

    def _follow(self) -> None:
        if len(self.points):
            low, high = self.points.min(axis=0), self.points.max(axis=0)
            box = np.array([*(low + high) / 2, (high - low).max()])
            self._box = box if self._box is None else CALM * self._box + (1 - CALM) * box

    def _target(self) -> tuple[QRectF, float]:
        """Where the whole picture would be, so that the face fills the widget; and px of the widget for one of the
        camera."""
        size = np.array(self.told.get("size") or (self.picture.width(), self.picture.height()), dtype=float)
        room = np.array([self.width(), self.height()], dtype=float)
        scale, corner = float((room / size).min()), np.zeros(2)
        if self._box is not None:
            scale = max(scale, float(room.min()) / (ROOM * max(self._box[2], 1.0)))
            corner = np.minimum(np.maximum(room / 2 - self._box[:2] * scale, room - size * scale), 0.0)
        corner = np.where(size * scale <= room, (room - size * scale) / 2, corner)
        return QRectF(*corner.tolist(), *(size * scale).tolist()), scale

    def _drawn(self, event: dict) -> QImage | None:
        if self._model is None or self.picture is None or len(event["weights"]) != len(self._model.shape_names):
            return None
        target, scale = self._target()
        ratio = self.devicePixelRatioF()
        size = max(round(target.width() * ratio), 2), max(round(target.height() * ratio), 2)
        gaze = np.array(event["gaze"]) if self._model.eyes else None
        in_head = deform(self._model, np.array(event["weights"]), self._identity, gaze)
        turn = matrices(np.array([event["rotation"]]))[0]
        camera = lone_camera("camera", tuple(event["size"]), event["focal_px"])
        pixels = wireframe(camera, in_head @ turn.T + np.array(event["translation"]), self._faces, size, scale * ratio,
                           (0.0, 0.0), WIRE)
        return QImage(pixels.tobytes(), *size, 4 * size[0], QImage.Format.Format_RGBA8888_Premultiplied).copy()


@guarded
class WeightBars(QWidget):
    """The liveliest weights as bars."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.names: tuple[str, ...] = ()
        self.weights = np.zeros(0)
        self._life = np.zeros(0)
        self.setFixedHeight(BARS * BAR_HEIGHT)
        self.setAccessibleName("Liveliest weights")

    def set_names(self, names: list[str]) -> None:
        self.names, self.weights, self._life = tuple(names), np.zeros(len(names)), np.zeros(len(names))
        self.update()

    def take_weights(self, weights: list[float]) -> None:
        if len(weights) == len(self.names):
            self.weights = np.array(weights)
            self._life = np.maximum(SETTLE * self._life, self.weights)
            self.update()

    def shown(self) -> list[str]:
        """The names of the liveliest, in the model's order."""
        liveliest = np.sort(np.argsort(-self._life, kind="stable")[:BARS])
        return [self.names[index] for index in liveliest]

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        for row, name in enumerate(self.shown()):
            weight = float(self.weights[self.names.index(name)])
            line = QRectF(0, row * BAR_HEIGHT, self.width(), BAR_HEIGHT)
            painter.setPen(theme.QUIET)
            painter.drawText(line, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, name)
            bar = QRectF(NAME_WIDTH, line.y() + 5, max(self.width() - NAME_WIDTH - 40, 10), BAR_HEIGHT - 10)
            painter.fillRect(bar, theme.BASE)
            painter.fillRect(QRectF(bar.x(), bar.y(), bar.width() * min(weight, 1.0), bar.height()), theme.ACCENT)
            painter.setPen(theme.TEXT)
            painter.drawText(line, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, f"{weight:.2f}")
