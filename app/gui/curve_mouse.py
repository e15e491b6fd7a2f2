"""What the mouse does to curves: select, drag, scale, bend, box, add, scrub, pan and zoom."""

import dataclasses

import numpy as np
from PySide6.QtCore import QEvent, QObject, QPointF, QRectF, Qt
from PySide6.QtGui import QMouseEvent, QWheelEvent

from app.gui import keys
from app.gui.curve_view import BOTTOM, CurveView
from app.gui.guarded import guarded
from solver.corrections import Key, Layer, Spot

NEAR = 8.0
"""Pixels within which something is meant."""


@guarded
class CurveMouse(QObject):
    """Filters a CurveView's events. A drag always starts from the layer as it was, so that it is one undo step."""

    def __init__(self, view: CurveView) -> None:
        super().__init__(view)
        self.view, self.session = view, view.session
        self._drag: str | None = None
        self._count = 0
        self._start = QPointF()
        self._layer = Layer()
        self._spots: frozenset[Spot] = frozenset()
        self._handle: tuple[Spot, str] | None = None
        view.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        kind = event.type()
        if kind == QEvent.Type.MouseButtonPress:
            self._press(event)
        elif kind == QEvent.Type.MouseMove:
            self._move(event)
        elif kind == QEvent.Type.MouseButtonRelease:
            self._release(event)
        elif kind == QEvent.Type.MouseButtonDblClick:
            if event.button() == Qt.MouseButton.LeftButton and not self._on_ruler(event.position()):
                self._add(event.position())
        elif kind == QEvent.Type.Wheel:
            self._wheel(event)
        else:
            return False
        return True

    def _press(self, event: QMouseEvent) -> None:
        if self.session.data is None:
            return
        self.view.setFocus()
        self._start, position = event.position(), event.position()
        self._layer = self.session.layer
        alt = event.modifiers() & Qt.KeyboardModifier.AltModifier
        if event.button() == Qt.MouseButton.MiddleButton or alt:
            self._drag = "pan"
        elif event.button() == Qt.MouseButton.RightButton:
            self.view.context.emit(event.globalPosition())
        elif self._on_ruler(position):
            self._drag = "scrub"
            self._move(event)
        elif (handle := self._handle_at(position)) is not None:
            self._handle, self._drag = handle, "bend"
        elif (spot := self._spot_at(position)) is not None:
            self._take_hold(spot, event.modifiers())
        else:
            self._drag = "box"
        self._count += 1

    def _take_hold(self, spot: Spot, modifiers: Qt.KeyboardModifier) -> None:
        add = bool(modifiers & Qt.KeyboardModifier.ShiftModifier)
        if spot not in self.session.spots:
            self.session.select_spots(self.session.spots | {spot} if add else frozenset([spot]))
        elif add:
            self.session.select_spots(self.session.spots - {spot})
            return
        self._spots = self.session.spots
        self._drag = "scale" if modifiers & Qt.KeyboardModifier.ControlModifier else "keys"

    def _move(self, event: QMouseEvent) -> None:
        position, delta = event.position(), event.position() - self._start
        if self._drag == "scrub":
            self.session.playback.stop()
            self.session.seek(round(self.view.frame(position.x())))
        elif self._drag == "pan":
            self.view.axis.pan(-delta.x() / self.view.axis.scale(self.view.width()))
            self._start = position
        elif self._drag == "keys":
            self._move_keys(delta, event.modifiers())
        elif self._drag == "scale":
            self._scale_keys(delta)
        elif self._drag == "bend":
            self._bend(position)
        elif self._drag == "box":
            self.view.box = QRectF(self._start, position).normalized()
            self.view.update()

    def _move_keys(self, delta: QPointF, modifiers: Qt.KeyboardModifier) -> None:
        frames = round(delta.x() / self.view.axis.scale(self.view.width()))
        value = self.view.value(delta.y()) - self.view.value(0.0)
        if modifiers & Qt.KeyboardModifier.ShiftModifier:  # along one axis only
            frames, value = (frames, 0.0) if abs(delta.x()) > abs(delta.y()) else (0, value)
        layer, spots = keys.moved(self._layer, self._spots, frames, value, self.session.data.frames - 1)
        self.session.edit("move keys", layer, spots, self._drag_name())

    def _scale_keys(self, delta: QPointF) -> None:
        """Up makes the selected keys' differences larger, down smaller; the least of them stays."""
        values = [self._layer.key(spot).value for spot in self._spots]
        layer = keys.scaled(self._layer, self._spots, float(2.0 ** (-delta.y() / 60.0)),
                            min(values) if len(values) > 1 else 0.0)
        self.session.edit("scale keys", layer, self._spots, self._drag_name())

    def _bend(self, position: QPointF) -> None:
        spot, side = self._handle
        key = self._layer.key(spot)
        here = self.view.place(key)
        run = (position.x() - here.x()) / self.view.axis.scale(self.view.width())
        if (side == "out") != (run > 0) or abs(run) < 1e-3:
            return
        slope = (self.view.value(position.y()) - key.value) / run
        broken = key.slope_in is not None and key.slope_in != key.slope_out
        slopes = (slope, slope) if not broken else (slope, key.slope_out) if side == "in" else (key.slope_in, slope)
        self.session.edit("bend tangent", keys.sloped(self._layer, frozenset([spot]), *slopes), None, self._drag_name())

    def _release(self, event: QMouseEvent) -> None:
        if self._drag == "box":
            self._choose_in_box(event)
            self.view.box = None
            self.view.update()
        elif self._drag in ("keys", "scale", "bend"):
            self.session.save_soon()
        self._drag, self._handle = None, None

    def _choose_in_box(self, event: QMouseEvent) -> None:
        add = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        box = self.view.box
        if box is not None and (box.width() > 3 or box.height() > 3):
            inside = frozenset((shape, key.frame) for shape in self.view.editable()
                               for key in self.session.layer.keys.get(shape, ()) if box.contains(self.view.place(key)))
            self.session.select_spots(self.session.spots | inside if add else inside)
            return
        shape = self._curve_at(event.position())
        if shape is not None and shape not in self.session.shapes:
            self.session.select_shapes((*self.session.shapes, shape) if add else (shape,))
        elif not add:
            self.session.select_spots(frozenset())

    def _add(self, position: QPointF) -> None:
        """A key on the selected curve nearest to the mouse, there where the mouse is."""
        shapes = self.view.editable()
        frame = round(self.view.frame(position.x())) - self.view.first  # of the solve
        weights = self.session.weights
        if not shapes or weights is None or not 0 <= frame < len(weights):
            return
        names = self.session.data.scene.performance.shape_names
        shape = min(shapes, key=lambda name: abs(self.view.y(weights[frame, names.index(name)]) - position.y()))
        value = float(np.clip(self.view.value(position.y()), 0.0, 1.0))
        spot = shape, frame + self.view.first
        there = self.session.layer.key(spot)
        key = Key(spot[1], value) if there is None else dataclasses.replace(there, value=value)
        self.session.edit("add key", keys.with_keys(self.session.layer, shape, [key]), frozenset([spot]))
        self.session.save_soon()

    def _wheel(self, event: QWheelEvent) -> None:
        factor = 0.8 if event.angleDelta().y() > 0 else 1.25
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.view.zoom_values(factor, self.view.value(event.position().y()))
        else:
            self.view.axis.zoom(factor, self.view.frame(event.position().x()))

    def _on_ruler(self, position: QPointF) -> bool:
        return position.y() > self.view.height() - BOTTOM

    def _drag_name(self) -> str:
        return f"{self._drag}{self._count}"

    def _spot_at(self, position: QPointF) -> Spot | None:
        near = [(_distance(self.view.place(key), position), (shape, key.frame)) for shape in self.view.editable()
                for key in self.session.layer.keys.get(shape, ())]
        near = [found for found in near if found[0] <= NEAR]
        return min(near)[1] if near else None

    def _handle_at(self, position: QPointF) -> tuple[Spot, str] | None:
        for spot in sorted(self.session.spots):
            for side, end in self.view.handle_places(spot).items():
                if _distance(end, position) <= NEAR - 2:
                    return spot, side
        return None

    def _curve_at(self, position: QPointF) -> str | None:
        weights = self.session.weights
        frame = round(self.view.frame(position.x())) - self.view.first
        if weights is None or not 0 <= frame < len(weights):
            return None
        names = self.session.data.scene.performance.shape_names
        near = [(abs(self.view.y(weights[frame, names.index(name)]) - position.y()), name) for name in self.view.shown]
        best = min(near, default=(NEAR + 1, ""))
        return best[1] if best[0] <= NEAR else None


def _distance(a: QPointF, b: QPointF) -> float:
    return float(np.hypot(a.x() - b.x(), a.y() - b.y()))
