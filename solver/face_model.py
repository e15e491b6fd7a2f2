"""A face model: a neutral head, how people differ from it, and what its shapes do."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

ARKIT = (
    "eyeBlinkLeft", "eyeLookDownLeft", "eyeLookInLeft", "eyeLookOutLeft", "eyeLookUpLeft", "eyeSquintLeft",
    "eyeWideLeft", "eyeBlinkRight", "eyeLookDownRight", "eyeLookInRight", "eyeLookOutRight", "eyeLookUpRight",
    "eyeSquintRight", "eyeWideRight", "jawForward", "jawLeft", "jawRight", "jawOpen", "mouthClose", "mouthFunnel",
    "mouthPucker", "mouthLeft", "mouthRight", "mouthSmileLeft", "mouthSmileRight", "mouthFrownLeft", "mouthFrownRight",
    "mouthDimpleLeft", "mouthDimpleRight", "mouthStretchLeft", "mouthStretchRight", "mouthRollLower", "mouthRollUpper",
    "mouthShrugLower", "mouthShrugUpper", "mouthPressLeft", "mouthPressRight", "mouthLowerDownLeft",
    "mouthLowerDownRight", "mouthUpperUpLeft", "mouthUpperUpRight", "browDownLeft", "browDownRight", "browInnerUp",
    "browOuterUpLeft", "browOuterUpRight", "cheekPuff", "cheekSquintLeft", "cheekSquintRight", "noseSneerLeft",
    "noseSneerRight", "tongueOut",
)
"""Apple's 52 shape names in Apple's order. Left and right are the face's own."""
CORRECTIVES = (("mouthClose", "jawOpen"),)
"""A shape that is drawn upon another, and that other: ARKit's mouthClose seals lips that the jaw has opened."""


JAW_OPEN = float(np.radians(24.0))
"""By how much a joint turns for a jawOpen of 1: with a jaw of an adult's length the incisors part by 35 to 50 mm."""
JAW_ASIDE = float(np.radians(5.0))
JAW_FORWARD = 0.0065
"""Metres."""


@dataclass(frozen=True)
class Eye:
    """An eyeball that turns about its own centre, the mean of some of its vertices (so that it follows the identity).

    Attributes:
        vertices: (E) indices of the eyeball's vertices: they turn.
        yaw: radians that an eyeLook weight of 1 turns it sideways.
        pitch: radians that an eyeLook weight of 1 turns it up or down.
        pivot: (P) indices of the vertices whose mean is the centre; None means all that turn. A ball with more vertices
            around its iris needs it: the mean of all lies too far in front.
    """

    vertices: np.ndarray
    yaw: float = float(np.radians(30.0))
    pitch: float = float(np.radians(25.0))
    pivot: np.ndarray | None = None

    def centre(self, vertices: np.ndarray) -> np.ndarray:
        """(..., V, 3) a model's vertices -> (..., 3) the ball's centre."""
        return vertices[..., self.vertices if self.pivot is None else self.pivot, :].mean(axis=-2)


@dataclass(frozen=True)
class Between:
    """An in-between: where a shape passes on its way to its full weight, so that it bends instead of going straight.

    Attributes:
        of: the shape's name.
        weight: between 0 and 1, where the shape passes through these offsets.
        offsets: (V, 3) metres from the neutral.
    """

    of: str
    weight: float
    offsets: np.ndarray


@dataclass(frozen=True)
class Side:
    """One of several shapes that a model has where ARKit has one; the ARKit shape is their sum, and none is lost.

    Attributes:
        name: the model's own, "browInnerUp_L".
        of: the shape that sums it, "browInnerUp".
        offsets: (V, 3) metres at a weight of 1.
    """

    name: str
    of: str
    offsets: np.ndarray


@dataclass(frozen=True)
class Morph:
    """A shape as the rig's file has it, where that is not one of the model's: a VRM's expression moves several, and
    Maya's deformer stands in their names. Programs that have the rig play it by its name.

    Attributes:
        name: in the file.
        binds: name of a shape of the model as it came -> this morph's weight at that shape's 1.
        offsets: (V, 3) metres at a weight of 1.
    """

    name: str
    binds: tuple[tuple[str, float], ...]
    offsets: np.ndarray


@dataclass(frozen=True)
class Jaw:
    """A rig's jaw joint.

    Attributes:
        name: the joint's, in the rig.
        pivot: (3,) metres, what it turns about.
        axis: (3,) unit, to the face's own left; a positive turn about it opens the mouth.
        share: (V) how much of each vertex it holds, together with the joints that hang from it, 0..1.
        made: the shapes made by turning it, for a rig whose own shapes do not move the jaw.
        joint: (4, 4) model_from_joint, metres, axes of length 1; None where its own cannot be said so, or was not kept.
        above_name: the name of the joint that it hangs from; "" for none.
        above: (4, 4) where that stands, as `joint`.
    """

    name: str
    pivot: np.ndarray
    axis: np.ndarray
    share: np.ndarray
    made: tuple[str, ...] = ()
    joint: np.ndarray | None = None
    above_name: str = ""
    above: np.ndarray | None = None


@dataclass(frozen=True)
class FaceModel:
    """A head that deforms linearly: `neutral + identity . i`, the eyeballs turned, `+ shapes . w`.

    A shape with in-betweens goes through them, in straight lines from one to the next.

    Everything is in metres, Y up, the face looking along +z, +x the face's own left, counter-clockwise faces.

    Attributes:
        name: how the user calls it.
        neutral: (V, 3) metres.
        faces: (F, 4) vertex indices; the last is -1 in a triangle.
        uv: (U, 2), origin at the bottom left.
        uv_faces: (F, 4) indices into uv, -1 as in faces.
        part_names: names of the parts ("skin", "eyeLeft", "teeth" ...).
        face_part: (F) index into part_names.
        identity: (I, V, 3) metres for one standard deviation of each mode.
        identity_names: (I).
        shape_names: (K), ARKit's names wherever a shape has that meaning.
        shapes: (K, V, 3) metres at a weight of 1.
        eyes: left and right, or () where the model's eyes cannot turn.
        albedo: (P, 3) linear colour for each part, 0..1, for pictures only.
        between: the shapes' in-betweens, in any order.
        sides: what shapes were summed to make one of ARKit's.
        jaw: the rig's jaw joint, or None.
        morphs: all shapes of the rig's file, where they have other names or are others than the model's, which are made
            of them; () where they are the same.
        remarks: sentences on what its reader made of the file.
    """

    name: str
    neutral: np.ndarray
    faces: np.ndarray
    uv: np.ndarray
    uv_faces: np.ndarray
    part_names: tuple[str, ...]
    face_part: np.ndarray
    identity: np.ndarray
    identity_names: tuple[str, ...]
    shape_names: tuple[str, ...]
    shapes: np.ndarray
    eyes: tuple[Eye, ...]
    albedo: np.ndarray
    between: tuple[Between, ...] = ()
    sides: tuple[Side, ...] = ()
    jaw: Jaw | None = None
    morphs: tuple[Morph, ...] = ()
    remarks: tuple[str, ...] = ()

    @cached_property
    def triangles(self) -> np.ndarray:
        """(F', 3): the faces, each quad cut along its first diagonal."""
        return triangulate(self.faces)

    @cached_property
    def triangle_part(self) -> np.ndarray:
        """(F') index into part_names for each triangle."""
        return np.concatenate([self.face_part, self.face_part[self.faces[:, 3] >= 0]])

    @cached_property
    def sha256(self) -> str:
        """The hex digest of all the numbers and names that say how it deforms: the model's own name for itself."""
        digest = hashlib.sha256()
        for array in (self.neutral, self.faces, self.uv, self.uv_faces, self.face_part, self.identity, self.shapes,
                      *(eye.vertices for eye in self.eyes),
                      *(eye.pivot for eye in self.eyes if eye.pivot is not None)):
            digest.update(str((array.shape, array.dtype.str)).encode())
            digest.update(np.ascontiguousarray(array).tobytes())
        digest.update(repr((self.part_names, self.identity_names, self.shape_names,
                            [(eye.yaw, eye.pitch) for eye in self.eyes])).encode())
        for step in self.between:
            digest.update(repr((step.of, step.weight)).encode() + np.ascontiguousarray(step.offsets).tobytes())
        return digest.hexdigest()


def triangulate(faces: np.ndarray) -> np.ndarray:
    """(F, 4) quads with -1 in triangles -> (F', 3): first every face's first triangle, then the quads' second ones."""
    quads = faces[faces[:, 3] >= 0]
    return np.concatenate([faces[:, :3], quads[:, [0, 2, 3]]])


def deform(model: FaceModel, weights: np.ndarray, identity: np.ndarray | None = None,
           gaze: np.ndarray | None = None) -> np.ndarray:
    """The model's vertices in its own space, for one frame.

    Args:
        model: the face.
        weights: (K).
        identity: (I) standard deviations; None is the mean face.
        gaze: (2, 2) yaw and pitch in radians of the left and the right eye; None looks straight ahead. Positive yaw
            turns to the face's own left (+x), positive pitch looks up.

    Returns:
        (V, 3) metres.
    """
    vertices = model.neutral.astype(np.float64).copy()  # (V, 3)
    if identity is not None and len(identity):
        vertices += np.tensordot(identity, model.identity, 1)
    if gaze is not None:
        for eye, (yaw, pitch) in zip(model.eyes, gaze, strict=True):
            ball, centre = vertices[eye.vertices], eye.centre(vertices)
            vertices[eye.vertices] = (ball - centre) @ gaze_rotation(yaw, pitch).T + centre
    vertices += np.tensordot(weights, model.shapes, 1)
    for name in dict.fromkeys(step.of for step in model.between):
        index = model.shape_names.index(name)
        weight = float(weights[index])
        if 0 < weight < 1:
            steps = [(step.weight, step.offsets) for step in model.between if step.of == name]
            vertices += offsets_at(weight, model.shapes[index], steps) - weight * model.shapes[index]
    return vertices


def offsets_at(weight: float, full: np.ndarray, steps: Sequence[tuple[float, np.ndarray]]) -> np.ndarray:
    """(V, 3): a shape's offsets at a weight of 0..1, on straight lines from rest through its in-betweens to full.

    Args:
        weight: of the shape.
        full: (V, 3) its offsets at 1.
        steps: weight and (V, 3) offsets of each in-between, in any order.
    """
    knots = [(0.0, np.zeros_like(full)), *sorted(steps, key=lambda step: step[0]), (1.0, full)]
    place = next(place for place in range(1, len(knots)) if weight <= knots[place][0])
    (low, before), (high, after) = knots[place - 1], knots[place]
    return before + (weight - low) / (high - low) * (after - before)


def gaze_rotation(yaw: float, pitch: float) -> np.ndarray:
    """(3, 3): turns +z (straight ahead) to the looking direction: first pitch about x, then yaw about y."""
    cy, sy, cp, sp = np.cos(yaw), np.sin(yaw), np.cos(pitch), np.sin(pitch)
    about_y = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    about_x = np.array([[1, 0, 0], [0, cp, -sp], [0, sp, cp]])  # pitch up: z goes to +y
    return about_y @ about_x.T
