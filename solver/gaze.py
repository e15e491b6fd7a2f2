"""What eyeLook weights say of where the eyes look."""

import math

import numpy as np

from solver.face_model import FaceModel
from solver.performance import Performance

GAZE_OF_SHAPE = {  # eye, axis (0 yaw, 1 pitch), sign
    "eyeLookOutLeft": (0, 0, 1), "eyeLookInLeft": (0, 0, -1), "eyeLookUpLeft": (0, 1, 1), "eyeLookDownLeft": (0, 1, -1),
    "eyeLookOutRight": (1, 0, -1), "eyeLookInRight": (1, 0, 1), "eyeLookUpRight": (1, 1, 1),
    "eyeLookDownRight": (1, 1, -1),
}
GAZE_RANGE = (np.radians(30.0), np.radians(25.0))
"""Yaw and pitch of a weight of 1 where the model does not say."""
FARTHEST = math.radians(60)
"""To which eyes turn, to each side."""


def gaze_from_weights(model: FaceModel) -> np.ndarray:
    """(4, K) radians: what the eyeLook weights say of left yaw, left pitch, right yaw, right pitch."""
    table = np.zeros((4, len(model.shape_names)))
    for index, name in enumerate(model.shape_names):
        if name in GAZE_OF_SHAPE:
            eye, axis, sign = GAZE_OF_SHAPE[name]
            reach = (model.eyes[eye].yaw, model.eyes[eye].pitch) if model.eyes else GAZE_RANGE
            table[2 * eye + axis, index] = sign * reach[axis]
    return table


def gaze_under(model: FaceModel, performance: Performance, weights: np.ndarray, frame: int | slice = slice(None)
               ) -> np.ndarray:
    """(T, 2, 2) or (2, 2) radians: a performance's gaze, turned as far as its eyeLook weights were changed to others
    (T, K) or (K); where nobody touched them it is the solve's own."""
    solved = performance.gaze[frame]
    more = (weights - performance.weights[frame]) @ gaze_from_weights(model).T
    return np.where(more.reshape(solved.shape) == 0, solved,
                    np.clip(solved + more.reshape(solved.shape), -FARTHEST, FARTHEST).round(6))
