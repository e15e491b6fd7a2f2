"""A rig's jaw joint, and the shapes that turning it makes where the rig has none of its own."""

import re

import numpy as np

from solver.face_model import Jaw
from solver.shape_names import arkit_name

NAME = re.compile(r"(?<![a-z])(jaw|mandible)(?![a-z])|Jaw|Mandible", re.ASCII)
NOT = re.compile(r"upper|maxilla|_eff|_end|nub|corner", re.IGNORECASE)
OPEN = np.radians(24.0)
"""A full opening; with a jaw of an adult's length the incisors part by 35 to 50 mm."""
ASIDE = np.radians(5.0)
FORWARD = 0.0065
"""Metres."""
FEWEST = 20
"""Vertices that a jaw holds."""


def find_jaw(joints: dict[str, np.ndarray], above: dict[str, str], held: dict[str, np.ndarray]) -> Jaw | None:
    """The jaw joint among `joints`: the highest in the tree that is named so and holds some of the mesh.

    Args:
        joints: name -> (3,) metres, in the model's axes.
        above: joint's name -> the name of what it hangs from.
        held: joint's name -> (V) how much of each vertex it holds.
    """
    named = [joint for joint in joints if NAME.search(joint) and not NOT.search(joint)]
    for joint in sorted(named, key=lambda joint: (len(_line(joint, above)), joint)):
        shares = [share for other, share in held.items() if joint in _line(other, above)]
        share = np.clip(np.sum(shares, axis=0), 0, 1) if shares else np.zeros(0)
        if np.count_nonzero(share > 0.5) >= FEWEST:
            return Jaw(joint, joints[joint], np.array([1.0, 0.0, 0.0]), share)
    return None


def jaw_shapes(jaw: Jaw, vertices: np.ndarray, names: tuple[str, ...]) -> dict[str, np.ndarray]:
    """ARKit's jaw shapes as (V, 3) metres, made by turning the joint; none if the rig has a jawOpen of its own.

    Args:
        jaw: the joint.
        vertices: (V, 3) metres.
        names: the rig's own shapes.
    """
    known = {arkit_name(name) for name in names}
    if "jawOpen" in known:
        return {}
    arm = (vertices - jaw.pivot)
    share = jaw.share[:, None]
    up = np.array([0.0, 1.0, 0.0])
    made = {
        "jawForward": share * [0.0, 0.0, FORWARD],
        "jawLeft": share * (arm @ _turn(up, ASIDE).T - arm),
        "jawRight": share * (arm @ _turn(up, -ASIDE).T - arm),
        "jawOpen": share * (arm @ _turn(jaw.axis, OPEN).T - arm),
    }
    return {name: move for name, move in made.items() if name not in known}


def _line(joint: str, above: dict[str, str]) -> list[str]:
    """The joint and all that it hangs from."""
    line = [joint]
    while line[-1] in above and above[line[-1]] not in line:
        line.append(above[line[-1]])
    return line


def _turn(axis: np.ndarray, angle: float) -> np.ndarray:
    """(3, 3) the rotation about a unit axis (Rodrigues)."""
    x, y, z = axis
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross
