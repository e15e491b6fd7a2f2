"""A jaw that is a joint: turned in the files, as its rig has it, instead of moved by shapes that the rig lacks.

The solve moves such a jaw by shapes that were made by turning the joint (`Jaw.made`). Each is straight where a joint
goes round, so the joint is turned to where the shapes point: a weight w of a turn by a points at
atan2(w sin a, 1 - w + w cos a). The joint stands in the file as in the rig, below a node that stands as the rig's own
does above it, so that what plays turns by a joint's name finds the numbers that the rig's joint has.
"""

import dataclasses
import math

import numpy as np

from exporters.exact import arc_tangent, sine_cosine
from exporters.joint import Joint
from exporters.names import ANY, clean
from exporters.rotations import product, quaternion, turned
from exporters.scene import EYES, Scene
from solver.face_model import JAW_ASIDE, JAW_FORWARD, JAW_OPEN, Jaw

TAKEN = ("Head", "Face", *EYES, *(f"{eye}Mesh" for eye in EYES), "FaceMesh")
"""Names that the files' other nodes have."""


def can_turn(scene: Scene) -> bool:
    """Whether the scene's model has shapes that stand for its jaw joint's turns, all of them as they were made."""
    jaw = scene.model.jaw
    return jaw is not None and bool(jaw.made) and jaw.joint is not None and (
        set(jaw.made) <= set(scene.performance.shape_names)
        and not {side.of for side in scene.model.sides} & set(jaw.made))


def on_joint(scene: Scene) -> Scene:
    """The scene with its jaw's joint turned, and without the shapes that stood for that."""
    jaw, performance, model = scene.model.jaw, scene.performance, scene.model
    column = dict(zip(performance.shape_names, performance.weights.T, strict=True))
    still = np.zeros(performance.frames)
    opening, left, right, ahead = (column[name] if name in jaw.made else still
                                   for name in ("jawOpen", "jawLeft", "jawRight", "jawForward"))
    kept = [index for index, name in enumerate(performance.shape_names) if name not in jaw.made]
    names = tuple(performance.shape_names[index] for index in kept)
    performance = dataclasses.replace(performance, shape_names=names, weights=performance.weights[:, kept],
                                      sigma=performance.sigma[:, kept])
    model = dataclasses.replace(model, shape_names=names, shapes=model.shapes[kept])
    return dataclasses.replace(scene, performance=performance, model=model,
                               jaw=_joint(jaw, opening, left, right, ahead))


def _joint(jaw: Jaw, opening: np.ndarray, left: np.ndarray, right: np.ndarray, ahead: np.ndarray) -> Joint:
    x, y, z = np.asarray(jaw.axis, np.float64).tolist()
    wide = math.sqrt(x * x + z * z)
    forward = np.array([-z / wide, 0.0, x / wide])
    up = np.array([-x * y / wide, wide, -y * z / wide])  # ahead x axis
    (sin_open, cos_open), (sin_side, cos_side) = sine_cosine(np.array([JAW_OPEN])), sine_cosine(np.array([JAW_ASIDE]))
    opened = arc_tangent(opening * sin_open, 1.0 + opening * (cos_open - 1.0))
    aside = arc_tangent((left - right) * sin_side, 1.0 + (left + right) * (cos_side - 1.0))
    in_head = product(_about(up, aside), _about(np.asarray(jaw.axis, np.float64), opened))  # (T, 4)
    own = quaternion(jaw.joint[:3, :3])
    above = np.eye(4) if jaw.above is None else jaw.above
    above_turn = quaternion(above[:3, :3])
    back = above_turn * [-1.0, -1.0, -1.0, 1.0]
    moved = jaw.joint[:3, 3] + ahead[:, None] * JAW_FORWARD * forward
    name, above_name = clean([*TAKEN, jaw.name, jaw.above_name or "JawParent"], ANY)[len(TAKEN):]
    return Joint(name, above_name, above[:3, 3], above_turn, turned(back, jaw.joint[:3, 3] - above[:3, 3]),
                 product(back, own), turned(back, moved - above[:3, 3]),
                 product(product(own * [-1.0, -1.0, -1.0, 1.0], in_head), own), np.asarray(jaw.share, np.float64))


def _about(axis: np.ndarray, angles: np.ndarray) -> np.ndarray:
    """(T, 4)."""
    sine, cosine = sine_cosine(angles / 2)
    return np.concatenate([sine[:, None] * axis, cosine[:, None]], axis=1)
