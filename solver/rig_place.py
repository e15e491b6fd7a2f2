"""Where a rig's file puts the head, turned to +z in front and Y up, and scaled to metres.

What a file says of units and axes is often wrong, so both are checked against the face itself: eyes are about 63 mm
apart, brows are above the jaw, and the left eye's shapes are on the left.
"""

import numpy as np

from capture.errors import ModelError
from solver.rig import Rig
from solver.shape_names import arkit_names

BETWEEN_EYES = 0.063
PLAUSIBLE = (0.04, 0.10)
"""Metres between the eyes for which a file's own unit is believed; heads of cartoons are wide."""
BEHIND = 0.05
"""Share of a head's depth by which a face lies behind its middle if left and right are exchanged; true heads' lie 0.1
to 0.3 before it, a beast's with a long snout 0.04."""
MOVING_HEIGHT = 0.19
"""Metres that the moving part of a face is high, for rigs whose eyes cannot be told by their names."""
UNITS = (1e-4, 1e-3, 0.01, 0.0254, 0.1, 0.3048, 1.0, 10.0)


def placement(rig: Rig, vertices: np.ndarray, shapes: dict[str, np.ndarray]) -> tuple[np.ndarray, float]:
    """(3, 3) and metres: `vertices @ rotation.T * metres` stand as a face model's should.

    Args:
        rig: what its file says.
        vertices: (V, 3) of all meshes, in the file's unit and axes.
        shapes: name -> (V, 3), none of them all zero.

    Raises:
        ModelError: left and right are exchanged.
    """
    rotation = rig.axes
    at = _landmarks(vertices, shapes)
    if at is not None:
        left, right, brow, jaw = (point @ rig.axes.T for point in at)
        across, up = left - right, brow - jaw
        rotation = _nearest_turn(across, up) @ rig.axes
    if np.linalg.det(rotation) < 0 or (
            at is not None and _backwards(vertices @ rotation[2], np.stack(at) @ rotation[2])):
        raise ModelError(f"{rig.where} has its left and right exchanged: what its shapes' names call left (the face's "
                         "own) is on its right; mend these names, or export it with right-handed axes")
    metres = rig.metres
    if at is not None:
        apart = max(float(np.linalg.norm(at[0] - at[1])), 1e-12)
        if metres is None or not PLAUSIBLE[0] < apart * metres < PLAUSIBLE[1]:
            metres = _round_scale(BETWEEN_EYES / apart)
    elif metres is None:
        motion = np.max([np.linalg.norm(delta, axis=1) for delta in shapes.values()], axis=0)
        # Moves too small or too large to be squared all count alike: none is left out then.
        moving = vertices[motion >= 0.15 * motion.max()] @ rotation.T
        metres = _round_scale(MOVING_HEIGHT / max(float(np.ptp(moving[:, 1])), 1e-12))
    return rotation, metres


def _landmarks(vertices: np.ndarray, shapes: dict[str, np.ndarray]) -> tuple[np.ndarray, ...] | None:
    """Where the left eye, the right eye, the brows and the jaw are, by what the shapes of those names move."""
    found: dict[str, np.ndarray] = {}
    for own, meaning in arkit_names(shapes).items():
        found[meaning] = np.average(vertices, axis=0, weights=np.linalg.norm(shapes[own], axis=1))
    left, right = found.get("eyeBlinkLeft"), found.get("eyeBlinkRight")
    brow = next((found[name] for name in ("browInnerUp", "browDownLeft", "browOuterUpLeft") if name in found), None)
    jaw = next((found[name] for name in ("jawOpen", "mouthFunnel", "mouthPucker") if name in found), None)
    return None if any(point is None for point in (left, right, brow, jaw)) else (left, right, brow, jaw)


def _backwards(depth: np.ndarray, of_face: np.ndarray) -> bool:
    """Whether the face is at the back of the head: then what is called left is on the right.

    Args:
        depth: (V) of the vertices, towards where the face should look.
        of_face: (4) of its landmarks.
    """
    least = BEHIND * (depth.max() - depth.min())
    return bool(of_face.mean() < min(depth.mean(), (depth.max() + depth.min()) / 2) - least)


def _nearest_turn(across: np.ndarray, up: np.ndarray) -> np.ndarray:
    """(3, 3) the rotation by quarter turns that brings `across` nearest to +x and `up` nearest to +y."""
    turn = np.zeros((3, 3))
    first = int(np.abs(across).argmax())
    second = max((axis for axis in range(3) if axis != first), key=lambda axis: abs(up[axis]))
    turn[0, first], turn[1, second] = np.sign(across[first]), np.sign(up[second])
    turn[2] = np.cross(turn[0], turn[1])
    return turn


def _round_scale(scale: float) -> float:
    """The nearest of the units that programs use; or `scale` itself if none is within a factor of 1.6."""
    best = min(UNITS, key=lambda unit: abs(np.log(unit / scale)))
    return best if 1 / 1.6 < best / scale < 1.6 else scale
