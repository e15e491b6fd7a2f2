"""The solved face in a frame, kept for all who draw the same one."""

import numpy as np

from exporters.scene import Scene
from solver.posed import posed

MOST = 4


class Poses:
    """The faces that were asked for last."""

    def __init__(self) -> None:
        self._scene: Scene | None = None
        self._known: dict[tuple[int, bytes], np.ndarray] = {}

    def vertices(self, scene: Scene, frame: int, weights: np.ndarray) -> np.ndarray:
        """(V, 3) metres in the world: the face in a frame of the solve, with these weights (K)."""
        if scene is not self._scene:
            self._scene, self._known = scene, {}
        key = (frame, weights.tobytes())
        if key not in self._known:
            self._known = dict(list(self._known.items())[1 - MOST:])
            self._known[key] = posed(scene.model, scene.performance, frame, weights)
        return self._known[key]
