"""What the solve knows and what it looks for: the nouns of the energy.

Unknowns of a frame, in this order: 3 head rotation (left increment, radians), 3 head translation (metres), K weights,
4 gaze angles (left yaw, left pitch, right yaw, right pitch). Unknowns that all frames share: I identity, C logarithms
of the focal lengths.
"""

import math
from dataclasses import dataclass

from torch import Tensor

from solver.arrow import Arrow
from solver.points import SurfacePoints

POSE = 6
GAZE = 4


@dataclass(frozen=True)
class Priors:
    """What is believed before a picture is seen. Standard deviations; steps are per frame at 30 frames a second."""

    weight: float = 0.35
    sparsity: float = 0.3  # cost of a weight of 1, in nats: a face uses few shapes at once
    # A detector errs on one person alike in all frames: many frames are not so many looks at who it is. A quarter of
    # the spread among people stands for that; with 1 the identity came out farther from the truth than the mean face.
    person: float = 0.25
    # Of the logarithm. Lenses differ from the guess by a quarter; what landmarks that err alike in all frames say of
    # it is off by a fifth, however many frames there are. Half of the spread among lenses stands for that.
    focal: float = 0.12
    gaze_lids: float = 0.07  # between an eyeball's turn and what eyeLook weights say of it, in weights
    gaze: float = math.radians(28.0)
    corrective: float = 0.1  # by how much a corrective may exceed the weight of the shape that it corrects
    rotation_step: float = math.radians(4.0)
    translation_step: float = 0.01
    weight_step: float = 0.4
    gaze_step: float = math.radians(15.0)
    robust: float = 1.5  # landmarks off by more than this many standard deviations lose their pull (Cauchy)


@dataclass(frozen=True)
class Cameras:
    """rotation (C, 3, 3), translation (C, 3) metres, camera_from_world; matrix (C, 3, 3) px; free_focal (C)."""

    rotation: Tensor
    translation: Tensor
    matrix: Tensor
    free_focal: tuple[bool, ...]


@dataclass(frozen=True)
class Pins:
    """What a person says beside what was detected.

    Attributes:
        weights: (T, K) what the weights are; anything where precision is 0.
        precision: (T, K) one over variance; 0 where nothing was said.
        trusted: (C, T, N) landmarks that a person put where they are: no error of theirs is an outlier.
    """

    weights: Tensor
    precision: Tensor
    trusted: Tensor


@dataclass(frozen=True)
class Read:
    """What was read off the landmarks: weights (T, K), and precision (T, K) one over variance, 0 where nothing was."""

    weights: Tensor
    precision: Tensor


@dataclass(frozen=True)
class Appearance:
    """What the pictures themselves say near a state, as a quadratic form in each frame's D' = 6 + K unknowns (head
    and weights): `cost - 2 side . d + d . information d`, d away from `at`.

    Attributes:
        at: the state of the T frames near which it holds.
        information: (T, D', D') float32.
        side: (T, D').
        cost: (T).
    """

    at: "State"
    information: Tensor
    side: Tensor
    cost: Tensor


@dataclass(frozen=True)
class Problem:
    """Everything that is known.

    Attributes:
        points: N points of the model.
        cameras: C.
        observed: (C, T, N, 2) px without lens distortion; anything where precision is 0.
        precision: (C, T, N) one over variance, per px^2; 0 where not seen.
        gap: (T - 1) time between the frames, in frames at 30 a second.
        lids: (4, K) how much each eyeLook weight says of each gaze angle, radians.
        correctives: (Q, 2) index of a shape that only has a meaning upon another, and of that other.
        priors: the beliefs.
        pins: what a person says; None where nobody said anything.
        read: what was read off the landmarks; None where nothing reads this model's shapes.
        appearance: what the pictures say; None where only landmarks are compared.
    """

    points: SurfacePoints
    cameras: Cameras
    observed: Tensor
    precision: Tensor
    gap: Tensor
    lids: Tensor
    correctives: Tensor
    priors: Priors
    pins: Pins | None = None
    read: Read | None = None
    appearance: Appearance | None = None


@dataclass(frozen=True)
class State:
    """The unknowns: rotation (T, 3, 3) and translation (T, 3) world_from_head, weights (T, K), gaze (T, 2, 2),
    identity (I), log_focal (C) relative to the cameras' matrices."""

    rotation: Tensor
    translation: Tensor
    weights: Tensor
    gaze: Tensor
    identity: Tensor
    log_focal: Tensor


@dataclass
class Normal:
    """Normal equations under construction: half the Hessian and minus half the gradient of the energy."""

    diagonal: Tensor  # (T, D, D)
    off: Tensor  # (T - 1, D)
    border: Tensor  # (T, D, G)
    corner: Tensor  # (G, G)
    frames_side: Tensor  # (T, D)
    border_side: Tensor  # (G)

    @classmethod
    def zeros(cls, frames: int, unknowns: int, shared: int, like: Tensor) -> "Normal":
        return cls(like.new_zeros(frames, unknowns, unknowns), like.new_zeros(max(frames - 1, 0), unknowns),
                   like.new_zeros(frames, unknowns, shared), like.new_zeros(shared, shared),
                   like.new_zeros(frames, unknowns), like.new_zeros(shared))

    def arrow(self) -> Arrow:
        return Arrow(self.diagonal, self.off, self.border, self.corner)
