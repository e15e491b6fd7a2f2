"""How far a solved performance is from a known one: per shape, over the take, and in the head's motion."""

from dataclasses import dataclass

import numpy as np
from scipy.spatial.transform import Rotation

from capture.errors import DataError
from solver.performance import Performance

ACTIVE = 0.05
"""A shape is active when its true curve spans at least this much."""


@dataclass(frozen=True)
class Accuracy:
    """Errors against the truth.

    Attributes:
        shape_names: (K) the shapes that both know.
        active: (K) whether the truth uses the shape.
        correlation: (K) Pearson's r of the curves; NaN where the truth is flat, 0 where only the answer is.
        rmse: (K) root mean square error of the weights.
        zero_rmse: (K) what answering zero would score.
        head_degrees, head_metres: root mean square errors of the head's rotation and position.
        gaze_degrees: mean angle between true and found looking direction.
    """

    shape_names: tuple[str, ...]
    active: np.ndarray
    correlation: np.ndarray
    rmse: np.ndarray
    zero_rmse: np.ndarray
    head_degrees: float
    head_metres: float
    gaze_degrees: float

    @property
    def mean_correlation(self) -> float:
        return float(np.nanmean(self.correlation[self.active]))

    @property
    def mean_rmse(self) -> float:
        return float(self.rmse[self.active].mean())

    @property
    def mean_zero_rmse(self) -> float:
        return float(self.zero_rmse[self.active].mean())


def compare(found: Performance, truth: Performance) -> Accuracy:
    """Compare two performances of the same frames, shape by shape, by name.

    Raises:
        DataError: they have other numbers of frames or no shape in common.
    """
    if found.frames != truth.frames:
        raise DataError(f"{found.take} has {found.frames} frames and the truth has {truth.frames}; "
                        "compare the same range")
    names = tuple(name for name in truth.shape_names if name in found.shape_names)
    if not names:
        raise DataError(f"{found.take} and the truth have no shape name in common; solve with the truth's model")
    true = truth.weights[:, [truth.shape_names.index(name) for name in names]]  # (T, K)
    answer = found.weights[:, [found.shape_names.index(name) for name in names]]
    turn = Rotation.from_quat(found.head_rotation) * Rotation.from_quat(truth.head_rotation).inv()
    return Accuracy(
        names, np.ptp(true, axis=0) > ACTIVE, correlations(answer, true), np.sqrt(((answer - true) ** 2).mean(axis=0)),
        np.sqrt((true**2).mean(axis=0)), float(np.degrees(np.sqrt((turn.magnitude() ** 2).mean()))),
        float(np.sqrt(((found.head_translation - truth.head_translation) ** 2).sum(axis=1).mean())),
        float(np.degrees(gaze_error(found.gaze, truth.gaze).mean())))


def correlations(answer: np.ndarray, true: np.ndarray) -> np.ndarray:
    """Pearson's r of each column: (T, K), (T, K) -> (K); NaN where the truth is flat, 0 where only the answer is."""
    a, b = answer - answer.mean(axis=0), true - true.mean(axis=0)
    size = np.sqrt((a**2).sum(axis=0) * (b**2).sum(axis=0))
    r = np.divide((a * b).sum(axis=0), size, out=np.zeros(true.shape[1]), where=size > 1e-12)
    return np.where(np.ptp(true, axis=0) > 1e-9, r, np.nan)


def gaze_error(found: np.ndarray, true: np.ndarray) -> np.ndarray:
    """(T, 2) radians between looking directions given as (T, 2, 2) yaw and pitch."""
    def direction(gaze: np.ndarray) -> np.ndarray:
        yaw, pitch = gaze[..., 0], gaze[..., 1]
        return np.stack([np.sin(yaw) * np.cos(pitch), np.sin(pitch), np.cos(yaw) * np.cos(pitch)], axis=-1)

    return np.arccos(np.clip((direction(found) * direction(true)).sum(axis=-1), -1.0, 1.0))


def table(accuracy: Accuracy) -> str:
    """A plain table: one line per active shape, then the sums."""
    lines = [f"{'shape':<22}{'r':>7}{'RMSE':>8}{'zero':>8}"]
    for index, name in enumerate(accuracy.shape_names):
        if accuracy.active[index]:
            lines.append(f"{name:<22}{accuracy.correlation[index]:>7.2f}{accuracy.rmse[index]:>8.3f}"
                         f"{accuracy.zero_rmse[index]:>8.3f}")
    lines.append(f"{'mean of ' + str(int(accuracy.active.sum())) + ' active':<22}{accuracy.mean_correlation:>7.2f}"
                 f"{accuracy.mean_rmse:>8.3f}{accuracy.mean_zero_rmse:>8.3f}")
    lines.append(f"head {accuracy.head_degrees:.2f} degrees, {accuracy.head_metres * 1000:.1f} mm; "
                 f"gaze {accuracy.gaze_degrees:.1f} degrees")
    return "\n".join(lines)
