"""A face model as a performance has it in one frame: what every picture of a solved face shows."""

import numpy as np

from solver.face_model import FaceModel, deform
from solver.gaze import gaze_under
from solver.performance import Performance, matrices


def posed(model: FaceModel, performance: Performance, frame: int, weights: np.ndarray | None = None) -> np.ndarray:
    """(V, 3) metres in the world.

    Args:
        model: the face; where it has other identity modes than the performance's, as an actor's own has, it is that
            person already.
        performance: of it.
        frame: which.
        weights: (K) in place of the performance's own; the eyes follow what they say of the gaze.
    """
    identity = performance.identity if len(performance.identity) == len(model.identity) else None
    in_head = deform(model, performance.weights[frame] if weights is None else weights, identity,
                     _gaze(model, performance, frame, weights) if model.eyes else None)
    return in_head @ matrices(performance.head_rotation[frame:frame + 1])[0].T + performance.head_translation[frame]


def _gaze(model: FaceModel, performance: Performance, frame: int, weights: np.ndarray | None) -> np.ndarray:
    return performance.gaze[frame] if weights is None else gaze_under(model, performance, weights, frame)
