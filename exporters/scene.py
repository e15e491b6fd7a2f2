"""A scene: what every exporter writes, in one neutral form."""

import dataclasses
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from capture.errors import DataError, OutputError
from exporters.joint import Joint
from exporters.rotations import gaze_quaternions
from solver.face_model import FaceModel
from solver.performance import Performance

EYES = ("EyeLeft", "EyeRight")
"""What the eyes' nodes are called in every format."""

LARGEST = 1e6
"""No weight, metre or radian of a face is near it; what is written or sent has to fit a float of 32 bits."""

GENERATOR = "mien"
VERSION = "0.1.0"


@dataclass(frozen=True)
class Scene:
    """A face and its performance, in metres and radians, Y up.

    Attributes:
        take: the clip's name in the target program.
        model: the head, with the actor's identity already in its neutral (its identity basis is empty).
        performance: weights, head motion and gaze, one row a frame.
        eye_centres: (2, 3) metres, in the head; (0, 3) where the eyes cannot turn.
        jaw: the jaw's joint, where it is turned instead of moved by shapes.
    """

    take: str
    model: FaceModel
    performance: Performance
    eye_centres: np.ndarray
    jaw: Joint | None = None

    def __post_init__(self) -> None:
        check_numbers(self.performance)  # so that no writer ever meets what it could not write

    @property
    def frame_rate(self) -> Fraction:
        return self.performance.frame_rate

    @property
    def times(self) -> np.ndarray:
        """(T) seconds, each from its own frame number: nothing is accumulated."""
        rate = self.frame_rate
        return np.arange(self.performance.frames) * rate.denominator / rate.numerator

    @property
    def eye_turns(self) -> dict[str, np.ndarray]:
        """Name of an eye's node -> (T, 4) quaternions, head_from_eye; none where the eyes cannot turn."""
        return {name: gaze_quaternions(self.performance.gaze[:, side])
                for side, name in enumerate(EYES[:len(self.eye_centres)])}


def make_scene(model: FaceModel, performance: Performance) -> Scene:
    """Put a performance on the face it was solved with, the actor's identity baked into the neutral.

    Raises:
        DataError: the performance belongs to another model.
        OutputError: a number in it is not finite or no face's, so no program could use it; the message names shape and
            frame.
    """
    check_fits(model, performance)
    check_numbers(performance)
    neutral = model.neutral.astype(np.float64)  # (V, 3)
    if len(performance.identity):
        # One mode after another: a matrix product adds in an order that depends on the processor.
        for weight, mode in zip(performance.identity.tolist(), model.identity, strict=True):
            neutral = neutral + weight * mode.astype(np.float64)
    baked = dataclasses.replace(model, neutral=neutral, identity=np.zeros((0, len(neutral), 3)), identity_names=())
    centres = np.array([eye.centre(neutral) for eye in model.eyes]).reshape(-1, 3)
    return Scene(performance.take, baked, performance, centres)


def bare_scene(performance: Performance) -> Scene:
    """Curves for a rig whose mesh is not at hand: a triangle of a millimetre that carries the shapes and stays still.

    Raises:
        OutputError: a number is not finite.
    """
    shapes = np.zeros((len(performance.shape_names), 3, 3))
    triangle, none = np.array([[0, 1, 2, -1]]), np.full((1, 4), -1)
    model = FaceModel(
        name=performance.model_name, neutral=np.array([[0, 0, 0], [0.001, 0, 0], [0, 0.001, 0]]), faces=triangle,
        uv=np.zeros((0, 2)), uv_faces=none, part_names=("carrier",), face_part=np.zeros(1, int),
        identity=np.zeros((0, 3, 3)), identity_names=(), shape_names=performance.shape_names, shapes=shapes, eyes=(),
        albedo=np.full((1, 3), 0.5))
    return make_scene(model, dataclasses.replace(performance, identity=np.zeros(0)))


def check_fits(model: FaceModel, performance: Performance) -> None:
    """Raise DataError unless the performance's shapes and identity are this model's."""
    where = f"take {performance.take!r} was solved on the model {performance.model_name!r}"
    cure = f"give that model with --model, or solve the take again on {model.name!r}"
    if performance.shape_names != model.shape_names:
        odd = sorted(set(performance.shape_names) ^ set(model.shape_names))
        what = f"the shape {odd[0]!r} is in only one of the two" if odd else "their shapes have another order"
        raise DataError(f"{where} and does not fit {model.name!r}: {what}; {cure}")
    if len(performance.identity) not in (0, len(model.identity)):
        raise DataError(f"{where} with {len(performance.identity)} identity modes, and {model.name!r} has "
                        f"{len(model.identity)}; {cure}")


def check_numbers(performance: Performance) -> None:
    """Raise OutputError for no frames, a value that is not finite or that no face has, or a quaternion that is no
    rotation."""
    where = f"take {performance.take!r} cannot be written"
    cure = "solve the take again"
    if performance.frames == 0:
        raise OutputError(f"{where}: it has no frames; {cure}")
    for name, table in (("weight", performance.weights), ("sigma", performance.sigma)):
        bad = _bad(table)
        if len(bad):
            frame, shape = bad[0]
            raise OutputError(f"{where}: the {name} of {performance.shape_names[shape]} in frame {frame} is "
                              f"{table[frame, shape]}, not a number that a face has; {cure}")
    for name, table in (("head's rotation", performance.head_rotation), ("gaze", performance.gaze),
                        ("head's translation", performance.head_translation), ("share of cameras", performance.seen)):
        bad = _bad(table)
        if len(bad):
            raise OutputError(f"{where}: the {name} in frame {bad[0][0]} is {table[tuple(bad[0])]}, "
                              f"not a number that a face has; {cure}")
    if len(_bad(performance.identity)) or np.isinf(performance.residual_px).any():
        raise OutputError(f"{where}: its identity or its residual is no number that a face has; {cure}")
    length = np.linalg.norm(performance.head_rotation, axis=1)
    if (bad := np.flatnonzero(np.abs(length - 1.0) > 1e-3)).size:
        raise OutputError(f"{where}: the head's rotation in frame {bad[0]} is a quaternion of length "
                          f"{length[bad[0]]:.3g}, not 1; {cure}")


def _bad(table: np.ndarray) -> np.ndarray:
    """Where it has a value that is not finite, or beyond any face's."""
    return np.argwhere(~(np.abs(table) <= LARGEST))
