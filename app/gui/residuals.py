"""How far the solved face is from the landmarks that a camera saw, in its picture."""

from dataclasses import dataclass

import numpy as np

from app.gui.landmark_drag import shown_points
from app.gui.take_data import TakeData
from capture.camera import project
from solver.corrections import Layer


@dataclass(frozen=True)
class Residuals:
    """Of the landmarks that count: `seen` (M, 2) px where the detector saw them, `solved` (M, 2) px where the face has
    them, `px` (M) the distance; `counted` (N) says which of all landmarks these are."""

    seen: np.ndarray
    solved: np.ndarray
    px: np.ndarray
    counted: np.ndarray

    @property
    def rms(self) -> float:
        return float(np.sqrt(np.mean(self.px ** 2)))

    @property
    def share(self) -> float:
        """The same in shares of how far the landmarks spread (standard deviation per axis, of which a face is four
        wide): what says more than px of a small picture or a large one."""
        spread = float(np.sqrt(self.seen.var(axis=0).mean()))
        return self.rms / spread if spread > 0 else np.inf


def residuals(data: TakeData, layer: Layer, camera: str, frame: int, vertices: np.ndarray) -> Residuals | None:
    """Compare in one camera and one solved frame.

    Landmarks that slide over the face as it turns, as its outline does, are left out.

    Args:
        data: the take.
        layer: its corrections, which may put landmarks elsewhere.
        camera: its name.
        frame: counted from the solve's first.
        vertices: (V, 3) metres in the world.

    Returns:
        None where that cannot be known: no landmarks there, no calibration, or landmarks unknown on this model.
    """
    points, embedding, lens = data.landmarks.get(camera), data.embedding, data.camera(camera)
    if points is None or embedding is None or lens is None or not 0 <= frame < len(points.seen):
        return None
    counted = points.seen[frame] & embedding.known & ~embedding.contour
    if not counted.any():
        return None
    solved = project(lens, embedding.points(data.scene.model, vertices)[counted])
    seen = shown_points(points, layer, camera, frame + data.first, data.first)[counted]
    return Residuals(seen, solved, np.linalg.norm(seen - solved, axis=1), counted)
