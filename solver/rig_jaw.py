"""A rig's jaw joint, and the shapes that turning it makes where the rig has none of its own."""

import re

import numpy as np

from solver.face_model import JAW_ASIDE, JAW_FORWARD, JAW_OPEN, Jaw
from solver.shape_names import arkit_names

NAME = re.compile(r"(?<![a-z])(lower)?(jaw|mandible)(?![a-z])|Jaw|Mandible|(?<![A-Z])(JAW|MANDIBLE)(?![A-Z])", re.ASCII)
"""`lowerjaw` is Daz Genesis 9's, `CC_Base_JawRoot` Character Creator's."""
NOT = re.compile(r"upper|maxilla|_eff|_end|nub|corner", re.IGNORECASE)
FEWEST = 20
"""Vertices that a jaw holds."""
OWN_AXIS = np.radians(12.0)
"""How far from sideways a joint's own axis may be to count as its hinge."""
HEAD_WIDE = 0.2
"""Metres up to which a pair is the face's; hands are no help."""
SQUARE = 1e-3
"""Cosine of the angle between two axes of a joint that still are square to one another."""
MOST_TURNED = np.radians(60.0)
"""A face that looks further aside than this was placed wrongly, or its names lie."""
SIDE = re.compile(r"Left|Right|(?<![a-zA-Z])(?:left|right)|(?:left|right)(?![a-z])|(?<![a-zA-Z])[LRlr](?![a-zA-Z])|"
                  r"(?<=[a-z])[LR](?![a-z])")
OTHER = {"Left": "Right", "Right": "Left", "left": "right", "right": "left", "L": "R", "R": "L", "l": "r", "r": "l"}


def find_jaw(joints: dict[str, np.ndarray], above: dict[str, str], held: dict[str, np.ndarray], vertices: np.ndarray,
             shapes: dict[str, np.ndarray]) -> Jaw | None:
    """The jaw joint among `joints`: the highest in the tree that is named so and holds some of the mesh.

    A jaw turns about the line through both its hinges. That is sideways on the face, as its pairs of joints and shapes
    tell; or, where one of the joint's own axes is near that, this axis: the rigger put it there.

    Args:
        joints: name -> (4, 4) model_from_joint, metres.
        above: joint's name -> the name of what it hangs from.
        held: joint's name -> (V) how much of each vertex it holds.
        vertices: (V, 3) metres.
        shapes: name -> (V, 3) metres, none of them all zero.
    """
    named = [joint for joint in joints if NAME.search(joint) and not NOT.search(joint)]
    for joint in sorted(named, key=lambda joint: (len(_line(joint, above)), joint)):
        shares = [share for other, share in held.items() if joint in _line(other, above)]
        share = np.clip(np.sum(shares, axis=0), 0, 1) if shares else np.zeros(0)
        if np.count_nonzero(share > 0.5) >= FEWEST:
            own, hangs = _unscaled(joints[joint]), above.get(joint, "")
            parent = _unscaled(joints[hangs]) if hangs in joints else None
            return Jaw(joint, joints[joint][:3, 3], _hinge(joints[joint], sideways(joints, vertices, shapes)), share,
                       joint=own, above_name=hangs if parent is not None else "", above=parent)
    return None


def _unscaled(joint: np.ndarray) -> np.ndarray | None:
    """(4, 4) with axes of length 1; None where they are mirrored or not square to one another."""
    out = joint.copy()
    out[:3, :3] /= np.maximum(np.linalg.norm(joint[:3, :3], axis=0), 1e-12)
    square = np.abs(out[:3, :3].T @ out[:3, :3] - np.eye(3)).max() < SQUARE and np.linalg.det(out[:3, :3]) > 0
    return out if square else None


def sideways(joints: dict[str, np.ndarray], vertices: np.ndarray, shapes: dict[str, np.ndarray]) -> np.ndarray:
    """(3,) unit, to the face's own left: the mean way from one side to the other of all that comes in pairs by name,
    joints and what shapes move; +x where nothing does."""
    places = {name: joint[:3, 3] for name, joint in joints.items()}
    moved = {name: np.average(vertices, axis=0, weights=np.linalg.norm(delta, axis=1))
             for name, delta in shapes.items()}
    across = np.zeros(3)
    for table in (places, moved):
        for name, place in table.items():
            other = table.get(_other_side(name))
            if other is not None and np.linalg.norm(place - other) < HEAD_WIDE:
                across += (place - other) * (1.0 if place[0] > other[0] else -1.0)
    length = np.linalg.norm(across)
    return across / length if across[0] > np.cos(MOST_TURNED) * max(length, 1e-6) else np.array([1.0, 0.0, 0.0])


def _other_side(name: str) -> str:
    """`EyeBlink_L` -> `EyeBlink_R`; "" where a name has no side."""
    found = SIDE.search(name)
    return name[:found.start()] + OTHER[found[0]] + name[found.end():] if found else ""


def _hinge(joint: np.ndarray, across: np.ndarray) -> np.ndarray:
    """(3,) unit: the joint's own axis, either way along it, that is nearest to sideways; sideways itself where all of
    them are far off."""
    axes = joint[:3, :3] / np.maximum(np.linalg.norm(joint[:3, :3], axis=0), 1e-12)  # columns
    along = across @ axes
    best = int(np.abs(along).argmax())
    return axes[:, best] * np.sign(along[best]) if abs(along[best]) > np.cos(OWN_AXIS) else across


def jaw_shapes(jaw: Jaw, vertices: np.ndarray, names: tuple[str, ...]) -> dict[str, np.ndarray]:
    """ARKit's jaw shapes as (V, 3) metres, made by turning the joint; none if the rig has a jawOpen of its own.

    Args:
        jaw: the joint.
        vertices: (V, 3) metres.
        names: the rig's own shapes.
    """
    known = set(arkit_names(names).values())
    if "jawOpen" in known:
        return {}
    arm = (vertices - jaw.pivot)
    share = jaw.share[:, None]
    ahead = np.cross(jaw.axis, [0.0, 1.0, 0.0])
    ahead /= np.linalg.norm(ahead)
    up = np.cross(ahead, jaw.axis)
    made = {
        "jawForward": share * ahead * JAW_FORWARD,
        "jawLeft": share * (arm @ _turn(up, JAW_ASIDE).T - arm),
        "jawRight": share * (arm @ _turn(up, -JAW_ASIDE).T - arm),
        "jawOpen": share * (arm @ _turn(jaw.axis, JAW_OPEN).T - arm),
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
