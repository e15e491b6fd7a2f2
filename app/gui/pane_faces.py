"""The solved face over a camera's picture, in one of several looks."""

from dataclasses import dataclass

import numpy as np
from PySide6.QtGui import QImage

from app.gui.face_overlay import FaceOverlay
from app.gui.heat_map import HeatMap
from app.gui.residuals import Residuals
from app.gui.take_data import TakeData
from app.gui.tints import Tints, lit
from app.gui.view_renderer import heat_colours
from capture.camera import Camera
from capture.errors import MienError
from solver.render import vertex_normals

HIDDEN, WIREFRAME, SHADED, HEATMAP = "Footage alone", "Wireframe", "Shaded face", "Residual map"
LOOKS = (HIDDEN, WIREFRAME, SHADED, HEATMAP)
HOTTEST_PX = 12.0
"""Residual from which the map shows its brightest colour."""
UNKNOWN = np.array([0.30, 0.31, 0.33])
KNOWN_ALPHA, UNKNOWN_ALPHA, SHADED_ALPHA = 0.8, 0.12, 0.85


@dataclass(frozen=True)
class Place:
    """Where a camera's picture is shown: `size` in px of the picture to draw; places in it, from its corner, are
    (camera px + 0.5) * scale + shift. `coarse`: something moves, so quick comes before fine."""

    size: tuple[int, int]
    scale: float
    shift: tuple[float, float]
    coarse: bool = False


class PaneFaces:
    """Draws for all cameras of a take.

    Attributes:
        problem: why nothing can be drawn here, in one sentence; "" while it can.
    """

    def __init__(self) -> None:
        self.problem = ""
        self._overlay: FaceOverlay | None = None
        self._heat: tuple[object, object, HeatMap | None] = (None, None, None)
        self._tints = Tints()
        self._normals: tuple[object, np.ndarray] = (None, np.zeros((0, 3)))

    def draw(self, look: str, data: TakeData, camera: Camera, vertices: np.ndarray, found: Residuals | None,
             place: Place) -> QImage | None:
        """A picture of `place.size`; None where there is nothing to draw it with, or no residual to show.

        Args:
            vertices: (V, 3) metres in the world.
            found: the residuals in this camera and frame; None where there are none.
        """
        overlay = self._ready(data)
        if overlay is None or look == HIDDEN or (look == HEATMAP and (found is None or data.embedding is None)):
            return None
        samples = 0 if place.coarse else 4
        if look == WIREFRAME:
            pixels = overlay.wires(camera, vertices, place.size, place.scale, place.shift, samples)
        else:
            colours, alpha = self._shaded(data) if look == SHADED else self._heat_colours(data, found)
            light = camera.rotation.T @ np.array([-0.35, -0.5, -1.0])  # beside the camera, to its upper left
            if self._normals[0] is not vertices:  # all cameras see the same face
                self._normals = (vertices, vertex_normals(vertices, data.scene.model.triangles))
            opaque = np.column_stack([lit(colours, self._normals[1], light), alpha])
            pixels = overlay.surface(camera, vertices, place.size, place.scale, place.shift, opaque, samples)
        width, height = place.size
        return QImage(pixels.tobytes(), width, height, 4 * width, QImage.Format.Format_RGBA8888_Premultiplied).copy()

    def release(self) -> None:
        """Give the graphics back."""
        if self._overlay is not None:
            self._overlay.release()
            self._overlay = None

    def _ready(self, data: TakeData) -> FaceOverlay | None:
        if self._overlay is None and not self.problem:
            try:
                self._overlay = FaceOverlay()
            except MienError as error:
                self.problem = str(error)
        if self._overlay is not None:
            self._overlay.set_model(data.scene.model)
        return self._overlay

    def _shaded(self, data: TakeData) -> tuple[np.ndarray, np.ndarray]:
        model = data.scene.model
        return self._tints.of(model), np.full(len(model.neutral), SHADED_ALPHA)

    def _heat_colours(self, data: TakeData, found: Residuals) -> tuple[np.ndarray, np.ndarray]:
        model = data.scene.model
        if self._heat[0] is not model or self._heat[1] is not data.embedding:
            self._heat = (model, data.embedding, HeatMap(model, data.embedding))
        px = np.zeros(len(found.counted))
        px[found.counted] = found.px
        amount, known = self._heat[2].spread(px, found.counted)
        colours = heat_colours(amount, HOTTEST_PX)
        return (UNKNOWN + (colours - UNKNOWN) * known[:, None],
                UNKNOWN_ALPHA + (KNOWN_ALPHA - UNKNOWN_ALPHA) * known)
