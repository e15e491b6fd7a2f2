"""One pull at the face in the 3D view: it becomes keys in the present frame, and one step to undo."""

import itertools
from dataclasses import dataclass
from typing import Self

import numpy as np
from PySide6.QtCore import QPointF, QRectF

from app.gui import keys
from app.gui.drag_face import pick, pulled, to_pixels
from app.gui.session import Session
from app.gui.view_renderer import View
from solver.corrections import Key, Layer
from solver.performance import matrices

STEP = 1e-3
"""Weight by which a shape is moved to see where the point goes."""
LEAST = 2e-3
"""A change of weight that is worth a key."""
_numbers = itertools.count()


@dataclass
class FacePull:
    """Holds what was there when the mouse was pressed."""

    session: Session
    frame: int
    start: QPointF
    layer: Layer
    weights: np.ndarray
    moves: np.ndarray
    allowed: np.ndarray
    name: str

    @classmethod
    def begin(cls, session: Session, view: View, room: QRectF, mouse: QPointF) -> Self | None:
        """Take hold of what is under the mouse; None where nothing is."""
        vertices, frame = session.vertices(), session.solved_frame()
        if vertices is None:
            return None
        size = (round(room.width()), round(room.height()))
        vertex = pick(vertices, view.clip_from_world, size, (mouse.x() - room.x(), mouse.y() - room.y()))
        if vertex is None:
            return None
        scene = session.data.scene
        turn = matrices(scene.performance.head_rotation[frame:frame + 1])[0]
        deltas = scene.model.shapes[:, vertex] @ turn.T  # (K, 3)
        here = to_pixels(vertices[vertex], view.clip_from_world, size)
        moved = to_pixels(vertices[vertex] + STEP * deltas, view.clip_from_world, size)
        names = scene.performance.shape_names
        free = np.array([name not in session.locked for name in names])
        # The selected curves take part alone, if they move this point at all.
        chosen = np.array([name in session.shapes for name in names]) & free
        reach = np.linalg.norm(deltas, axis=1)
        helps = chosen.any() and reach[chosen].max() > 0.2 * reach.max()
        return cls(session, session.frame, mouse, session.layer, session.weights[frame].copy(),
                   (moved - here)[:, :2] / STEP, chosen if helps else free, f"pull{next(_numbers)}")

    def to(self, mouse: QPointF) -> None:
        """Bring the point there, as far as the shapes can."""
        way = np.array([mouse.x() - self.start.x(), mouse.y() - self.start.y()])
        wanted = pulled(self.weights, self.moves, way, self.allowed)
        layer, spots = self.layer, set()
        names = self.session.data.scene.performance.shape_names
        for column in np.flatnonzero(np.abs(wanted - self.weights) > LEAST):
            layer = keys.with_keys(layer, names[column], [Key(self.frame, float(wanted[column]))])
            spots.add((names[column], self.frame))
        self.session.edit("pull at the face", layer, frozenset(spots), self.name)
        self.session.select_shapes(tuple(name for name in names
                                         if name in self.session.shapes or (name, self.frame) in spots))
