"""A take in a rig's own shapes: for an engine that already has that rig, and plays a curve only if it knows its name.

mien goes by ARKit's names, and where a rig has ARKit's one shape in parts (browInnerUp_L and browInnerUp_R) it solves
their sum. ARKit's weight is then the weight of each part: together they are the sum at that weight.
"""

import dataclasses
from collections.abc import Mapping

import numpy as np

from solver.face_model import FaceModel
from solver.performance import Performance


def in_own_names(performance: Performance, own: FaceModel, names: Mapping[str, str]) -> Performance:
    """The performance in the shapes of `own`; what mien leaves out of them stays at 0.

    Args:
        performance: in the names that mien goes by.
        own: the same model as it came.
        names: own name -> the name that mien goes by; a shape without an entry keeps its name.
    """
    column = {name: index for index, name in enumerate(performance.shape_names)}
    weights, sigma = np.zeros((2, performance.frames, len(own.shape_names)))
    for index, name in enumerate(own.shape_names):
        if (known := names.get(name, name)) in column:
            weights[:, index], sigma[:, index] = (table[:, column[known]] for table in
                                                  (performance.weights, performance.sigma))
    return dataclasses.replace(performance, shape_names=own.shape_names, weights=weights, sigma=sigma,
                               model_sha256=own.sha256)

