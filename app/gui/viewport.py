"""The 3D view: the solved face from any side, or through a real camera with its footage behind."""

from pathlib import Path

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, QTimer
from PySide6.QtGui import QImage, QMouseEvent, QPainter, QPaintEvent, QResizeEvent, QShowEvent, QWheelEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFileDialog,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.gui import theme
from app.gui.face_pull import FacePull
from app.gui.guarded import guarded
from app.gui.session import Session
from app.gui.tints import Tints
from app.gui.turns import Turns
from app.gui.view_bar import view_bar
from app.gui.view_renderer import HEAT, SHADED, WIRE, View, ViewRenderer, heat_colours, orbit, through
from capture.errors import MienError
from solver.face_model import FaceModel

ORBIT = "Orbit"
STILL_MS = 180
"""So long after the last change the picture is drawn again, finely."""
SOON_MS = 25
"""So long after a change of frame the face is drawn: the footage goes first."""
COARSE = 0.6
"""Pixels of a quick picture over those of a fine one."""


class Viewport(QWidget):
    """The view and its choices."""

    def __init__(self, session: Session, turns: Turns, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.canvas = Canvas(session, turns)
        self.camera = QComboBox(toolTip="Look freely, or through one of the cameras with its footage behind")
        self.camera.addItem(ORBIT)
        self.shading = QComboBox(toolTip="Surfaces, wires, or how far the selected shapes move each point (5, 6, 7)")
        self.shading.addItems([SHADED, WIRE, HEAT])
        self.compare = QCheckBox("Before | after", toolTip="The solve beside what the corrections make of it; "
                                                             "after solving again, the earlier solve beside the new")
        self.beside = QToolButton(icon=theme.icon("compare"), autoRaise=True, checkable=True,
                                  toolTip="A second performance beside this one: another solve, another take (Shift+B)")
        self.beside.setAccessibleName("Second performance")
        self.turntable = QToolButton(icon=theme.icon("rotate-3d-variant"), checkable=True, autoRaise=True,
                                     toolTip="Turntable")
        self.turntable.setAccessibleName("Turntable")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.canvas, 1)
        layout.addWidget(view_bar("Face", (self.camera, self.shading, self.compare, self.beside), (self.turntable,)))
        self.session = session
        self.camera.currentTextChanged.connect(self._choose)
        self.shading.currentTextChanged.connect(self._choose)
        self.compare.toggled.connect(self._choose)
        self.turntable.toggled.connect(self.canvas.spin)
        self.beside.clicked.connect(self.choose_beside)
        session.beside_changed.connect(self._beside_changed)
        session.take_changed.connect(self._take_changed)

    def choose_beside(self) -> None:
        """Ask which performance to show beside this one; where one is shown, show it no more."""
        session, file = self.session, ""
        if session.beside is None and session.data is not None and session.data.scene is not None:
            file, _ = QFileDialog.getOpenFileName(self, "A second performance", str(session.data.where.out),
                                                  "Performances (*.json)")
        session.show_beside(Path(file) if file else None)

    def _beside_changed(self) -> None:
        shown = self.session.beside is not None
        self.beside.setChecked(shown)
        self.compare.setChecked(self.compare.isChecked() or shown)
        self.canvas.changed()

    def _choose(self) -> None:
        self.canvas.look = self.camera.currentText()
        self.canvas.shading = self.shading.currentText()
        self.canvas.compare = self.compare.isChecked()
        self.canvas.changed()

    def _take_changed(self) -> None:
        data = self.session.data
        if data is None:
            return  # the next take's cameras may be called alike: then the choice stays
        names = [name for name in data.take.cameras if data.camera(name) is not None]
        known = [self.camera.itemText(index) for index in range(1, self.camera.count())]
        if names != known:
            chosen = self.camera.currentText()
            self.camera.clear()
            self.camera.addItems([ORBIT, *names])
            self.camera.setCurrentText(chosen if chosen in names else ORBIT)


@guarded
class Canvas(QWidget):
    """The picture. Quick and coarse while something moves, fine when it stands still."""

    def __init__(self, session: Session, turns: Turns, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.session, self.turns = session, turns
        self.look, self.shading, self.compare = ORBIT, SHADED, False
        self.yaw, self.pitch, self.distance, self.target = 0.35, 0.05, 0.75, np.zeros(3)
        self.footage: tuple[QImage | None, ...] = ()
        self._footage_of: tuple[object, int] = (None, 0)  # which clips, which frame of theirs
        self.problem = ""
        self.renderer: ViewRenderer | None = None
        self._picture: QImage | None = None
        self._fine = False
        self._grip = QPointF()
        self._framed: object = None
        self._own_view = False  # whoever came closer or moved aside keeps that when the window changes
        self._tints = Tints()
        self._still = QTimer(self, singleShot=True, interval=STILL_MS)
        self._still.timeout.connect(self._refine)
        self._spin = QTimer(self, interval=40)
        self._spin.timeout.connect(self._turn)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(QSize(160, 160))
        self.setAccessibleName("3D view")
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)  # a text field that was typed in lets go of the keys
        self.setToolTip("Drag to orbit, middle button to pan, wheel to come closer, F to frame; "
                        "Ctrl and drag pulls at the face")
        self._pull: FacePull | None = None
        self._soon = QTimer(self, singleShot=True, interval=SOON_MS)
        self._soon.timeout.connect(self.changed)
        session.frame_changed.connect(self._frame_changed)
        session.curves_changed.connect(self.changed)
        session.selection_changed.connect(self._selection_changed)
        session.take_changed.connect(self._take_changed)

    def changed(self) -> None:
        """Something to be seen changed."""
        self._fine = False
        self._still.start()
        self.turns.ask(self, self._draw)

    def _frame_changed(self) -> None:
        if not self._soon.isActive():
            self._soon.start()

    def set_footage(self, pictures: tuple[QImage | None, ...], frame: int) -> None:
        """What the cameras show in a frame of the open take: the present one, or one that was asked for before."""
        self.footage, self._footage_of = pictures, (self.session.data.clips, frame)
        if self.look != ORBIT:
            self.changed()

    def frame_face(self) -> None:
        """Bring the whole head into view."""
        vertices = self.session.vertices()
        if vertices is not None:
            low, high = vertices.min(axis=0), vertices.max(axis=0)
            self.target = (low + high) / 2
            narrow = max(1.0, self.height() / max(self.width(), 1) / 1.3)
            self.distance = 1.9 * float(np.linalg.norm(high - low)) * narrow
            self._own_view = False
            self.changed()

    def spin(self, on: bool) -> None:
        self._spin.start() if on else self._spin.stop()

    def stop(self) -> None:
        """Give the graphics back."""
        for timer in (self._spin, self._still, self._soon):
            timer.stop()
        self.turns.forget(self)
        if self.renderer is not None:
            self.renderer.release()
            self.renderer = None

    def _turn(self) -> None:
        self.yaw += 0.04
        self.changed()

    def _take_changed(self) -> None:
        take = self.session.data.take if self.session.data is not None and self.session.data.scene else None
        if take is not None and take != self._framed:
            self.frame_face()
        self._framed = take
        if self.session.data is None or self.session.data.clips is not self._footage_of[0]:
            self.footage, self._footage_of = (), (None, 0)
        self.changed()

    def _selection_changed(self) -> None:
        if self.shading == HEAT:
            self.changed()

    def _refine(self) -> None:
        if not self._fine and not self.session.playback.playing:
            self._fine = True
            self.turns.ask(self, self._draw)

    # ---- drawing

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.changed()

    def resizeEvent(self, event: QResizeEvent) -> None:
        self.changed()
        if self._framed is not None and not self._own_view:
            self.frame_face()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), theme.VIEW)
        vertices = self.session.vertices(frame=self._frame())
        if vertices is None:
            self._say(painter, "no solve in this frame" if self.session.data is not None and self.session.data.scene
                      else "the solved face appears here")
            return
        if self._picture is None:
            self._say(painter, self.problem)
            return
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawImage(self._room(), self._picture)
        if self.compare:
            self._label_halves(painter)

    def _say(self, painter: QPainter, text: str) -> None:
        painter.setPen(theme.QUIET)
        painter.drawText(self.rect().adjusted(20, 0, -20, 0),
                         Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, text)

    def _label_halves(self, painter: QPainter) -> None:
        painter.setPen(theme.TEXT)
        first = self.session.beside.name if self.session.beside is not None else \
            "earlier solve" if self.session.before is not None else "solve"
        for text, left in ((first, 0), ("now", self.width() // 2)):
            painter.drawText(QPointF(left + 10, 20), text)
        painter.setPen(theme.EDGE)
        painter.drawLine(self.width() // 2, 0, self.width() // 2, self.height())

    def _room(self) -> QRectF:
        """Where the picture goes: all of the widget, or what a camera's shape leaves of it."""
        camera = self._camera()
        room = QRectF(self.rect())
        if camera is None:
            return room
        scale = min(room.width() / camera.size[0], room.height() / camera.size[1])
        width, height = camera.size[0] * scale, camera.size[1] * scale
        return QRectF((room.width() - width) / 2, (room.height() - height) / 2, width, height)

    def _camera(self):
        data = self.session.data
        return data.camera(self.look) if data is not None and self.look != ORBIT and not self.compare else None

    def _frame(self) -> int:
        """The frame of the take that is drawn: through a camera that of its footage, for a face over another frame's
        picture looks like a bad solve."""
        return self._footage_of[1] if self._camera() is not None and self.footage else self.session.frame

    def _draw(self) -> None:
        """The face as it is now; until then the one before is seen."""
        vertices = self.session.vertices(frame=self._frame())
        if self.isVisible():
            self._picture = self._drawn(vertices) if vertices is not None else None
        self.update()

    def _drawn(self, vertices: np.ndarray) -> QImage | None:
        if self.renderer is None and not self.problem:
            try:
                self.renderer = ViewRenderer()
            except MienError as error:
                self.problem = str(error)
        if self.renderer is None:
            return None
        session, frame = self.session, self.session.solved_frame(self._frame())
        model, beside = session.data.scene.model, session.beside
        ratio = self.devicePixelRatioF() * (1.0 if self._fine else COARSE)
        room = self._room()
        width, height = max(8, round(room.width() * ratio)), max(8, round(room.height() * ratio))
        if not self.compare:
            return _image(self._render(model, vertices, session.weights[frame], width, height))
        if beside is not None:
            left = beside.scene.model, beside.vertices(session.frame), beside.weights(session.frame)
        else:
            solved = session.before if session.before is not None else session.data.scene.performance.weights
            left = model, session.vertices(solved), solved[frame]
        halves = [self._render(*half, width // 2, height) for half in (left, (model, vertices, session.weights[frame]))]
        return _image(np.concatenate(halves, axis=1))

    def _render(self, model: FaceModel, vertices: np.ndarray, weights: np.ndarray, width: int, height: int,
                ) -> np.ndarray:
        self.renderer.set_mesh(model.triangles, len(vertices))
        camera = self._camera()
        view, behind, floor = self._view(width / height), None, None
        if camera is not None:
            index = self.session.data.take.cameras.index(camera.name)
            behind = _pixels(self.footage[index]) if index < len(self.footage) else None
        else:
            floor = float(self._rest_height())
        return self.renderer.draw(view, (width, height), vertices, self._colours(model, weights), self.shading == WIRE,
                                  floor, behind, 4 if self._fine else 0)

    def _view(self, aspect: float) -> View:
        camera = self._camera()
        return through(camera) if camera is not None else orbit(self.target, self.yaw, self.pitch, self.distance,
                                                                aspect)

    def _rest_height(self) -> float:
        scene = self.session.data.scene
        return scene.model.neutral[:, 1].min() + scene.performance.head_translation[:, 1].min() - 0.01

    def _colours(self, model: FaceModel, weights: np.ndarray) -> np.ndarray:
        if self.shading == WIRE:
            return np.broadcast_to([0.45, 0.62, 0.75], (len(model.neutral), 3))
        if self.shading == SHADED:
            return self._tints.of(model)
        names = model.shape_names
        columns = [names.index(shape) for shape in self.session.shapes if shape in names] or list(range(len(names)))
        moved = np.linalg.norm(np.tensordot(weights[columns], model.shapes[columns], 1), axis=1)
        return heat_colours(moved, max(float(moved.max(initial=0.0)), 0.002))

    # ---- mouse

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._grip = event.position()
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier and not self.compare \
                and self._frame() == self.session.frame:
            room = self._room()
            self._pull = FacePull.begin(self.session, self._view(room.width() / room.height()), room, event.position())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self._pull is not None:
            self._pull = None
            self.session.save_soon()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._pull is not None:
            self._pull.to(event.position())
            return
        step, self._grip = event.position() - self._grip, event.position()
        if self.look != ORBIT:
            return
        if event.buttons() & Qt.MouseButton.LeftButton:
            self.yaw -= step.x() * 0.008
            self.pitch = float(np.clip(self.pitch + step.y() * 0.008, -1.5, 1.5))
        elif event.buttons() & (Qt.MouseButton.MiddleButton | Qt.MouseButton.RightButton):
            scale = 0.45 * self.distance / max(self.height(), 1)
            right = np.array([np.cos(self.yaw), 0.0, -np.sin(self.yaw)])
            self._own_view = True
            self.target = self.target - right * step.x() * scale + np.array([0.0, step.y() * scale, 0.0])
        self.changed()

    def wheelEvent(self, event: QWheelEvent) -> None:
        self._own_view = True
        self.distance = float(np.clip(self.distance * (0.9 if event.angleDelta().y() > 0 else 1.11), 0.1, 5.0))
        self.changed()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self.frame_face()


def _image(pixels: np.ndarray) -> QImage:
    height, width = pixels.shape[:2]
    return QImage(pixels.tobytes(), width, height, 4 * width, QImage.Format.Format_RGBA8888).copy()


def _pixels(image: QImage | None) -> np.ndarray | None:
    if image is None:
        return None
    image = image.convertToFormat(QImage.Format.Format_RGB888)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    return rows[:, :image.width() * 3].reshape(image.height(), image.width(), 3).copy()  # the rows end with the image
