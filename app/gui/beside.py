"""A second performance, to be seen beside the open take's: another solve of it, or another reading of the same line."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from app.clocks import first_frame
from app.gui.take_data import TakeData, read_solved
from exporters.scene import Scene
from solver.posed import posed


@dataclass(frozen=True)
class Beside:
    """`name` is its file's; `first` the open take's frame that is its first; `shift` (3,) metres brings another take's
    face to where the open one's is."""

    name: str
    scene: Scene
    first: int
    shift: np.ndarray

    def weights(self, frame: int) -> np.ndarray:
        """(K) at a frame of the open take; beyond its ends the last ones it has."""
        return self.scene.performance.weights[self._own(frame)]

    def vertices(self, frame: int) -> np.ndarray:
        """(V, 3) metres in the open take's world."""
        return posed(self.scene.model, self.scene.performance, self._own(frame)) + self.shift

    def _own(self, frame: int) -> int:
        return min(max(frame - self.first, 0), self.scene.performance.frames - 1)


def read_beside(path: Path, data: TakeData) -> Beside:
    """Read a performance (.mien.json) to be shown beside a solved take: in step by their timecodes, else from the
    beginnings of both.

    Raises:
        MienError: it is no performance, or its face model is not here.
    """
    scene = read_solved(path)
    shift = np.zeros(3)
    if scene.take != data.take.name:
        here, there = (np.median(each.performance.head_translation, axis=0) for each in (data.scene, scene))
        shift = here - there
    first = first_frame(data.clips, scene.performance)
    return Beside(path.name.removesuffix(".json").removesuffix(".mien"), scene, first, shift)
