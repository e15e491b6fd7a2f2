"""A face model as a performance has it in one frame: what every picture of a solved face shows."""

import numpy as np

from solver.face_model import FaceModel, deform
from solver.performance import Performance, matrices


def posed(model: FaceModel, performance: Performance, frame: int, weights: np.ndarray | None = None) -> np.ndarray:
    """(V, 3) metres in the world.

    Args:
        model: the face; where it has other identity modes than the performance's, as an actor's own has, it is that
            person already.
        performance: of it.
        frame: which.
        weights: (K) in place of the performance's own.
    """
    identity = performance.identity if len(performance.identity) == len(model.identity) else None
    in_head = deform(model, performance.weights[frame] if weights is None else weights, identity,
                     performance.gaze[frame] if model.eyes else None)
    return in_head @ matrices(performance.head_rotation[frame:frame + 1])[0].T + performance.head_translation[frame]
