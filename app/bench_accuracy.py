"""Weights against a known truth, shape by shape, of mien and of its peer, with bootstrap intervals."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.spatial.transform import Rotation

from app.accuracy import ACTIVE, correlations, gaze_error
from app.bench_intervals import Interval, intervals
from capture.errors import DataError
from solver.performance import Performance


@dataclass(frozen=True)
class Column:
    """Who answered, and the answers (T, K) in the truth's columns; NaN where it has no such shape."""

    name: str
    weights: np.ndarray


@dataclass(frozen=True)
class Scores:
    """Of one column: correlation and RMSE of each of K' shapes, then the means over them."""

    name: str
    r: tuple[Interval, ...]
    rmse: tuple[Interval, ...]
    mean_r: Interval
    mean_rmse: Interval


def column(name: str, found: Performance, truth: Performance) -> Column:
    """A performance in the truth's columns.

    Raises:
        DataError: it has another number of frames, or none of the shapes.
    """
    return _column(name, found.shape_names, found.weights, truth)


def scored(name: str, shapes: Sequence[str], scores: np.ndarray, truth: Performance) -> Column:
    """Scores (T, K') of named shapes in the truth's columns.

    Raises:
        DataError: as `column`.
    """
    return _column(name, tuple(shapes), scores, truth)


def _column(name: str, shapes: tuple[str, ...], weights: np.ndarray, truth: Performance) -> Column:
    if len(weights) != truth.frames:
        raise DataError(f"{name} has {len(weights)} frames and the truth has {truth.frames}; compare the same range")
    if not set(shapes) & set(truth.shape_names):
        raise DataError(f"{name} and the truth have no shape name in common; use the truth's model")
    out = np.zeros((truth.frames, len(truth.shape_names)))
    for place, shape in enumerate(truth.shape_names):
        if shape in shapes:
            out[:, place] = weights[:, shapes.index(shape)]
    return Column(name, out)


def active_shapes(truth: Performance) -> np.ndarray:
    """(K') columns of the shapes that the truth uses."""
    return np.flatnonzero(np.ptp(truth.weights, axis=0) > ACTIVE)


def scores(column: Column, truth: Performance) -> Scores:
    """How right a column is on the active shapes."""
    active = active_shapes(truth)
    true, found, count = truth.weights[:, active], column.weights[:, active], len(active)

    def figures(chosen: np.ndarray) -> np.ndarray:
        r = correlations(found[chosen], true[chosen])
        rmse = np.sqrt(((found[chosen] - true[chosen]) ** 2).mean(axis=0))
        return np.concatenate([r, rmse, [np.nanmean(r), rmse.mean()]])

    found_intervals = intervals(truth.frames, float(truth.frame_rate), figures)
    return Scores(column.name, tuple(found_intervals[:count]), tuple(found_intervals[count:2 * count]),
                  *found_intervals[2 * count:])


def table(truth: Performance, columns: Sequence[Scores]) -> list[str]:
    """Side by side, a line for each active shape, then the means: of each column r and RMSE with 95 % intervals."""
    active = active_shapes(truth)
    zero = np.sqrt((truth.weights[:, active] ** 2).mean(axis=0))
    width = 36
    lines = [f"{'':<21}" + "".join(f"{one.name:^{width}}" for one in columns) + f"{'zero':>7}",
             f"{'shape':<21}" + f"{'r':>6}{'95 %':>10}{'RMSE':>8}{'95 %':>12}" * len(columns) + f"{'RMSE':>7}"]
    for place, index in enumerate(active):
        lines.append(f"{truth.shape_names[index]:<21}"
                     + "".join(_cell(one.r[place], one.rmse[place]) for one in columns) + f"{zero[place]:>7.3f}")
    lines.append(f"{f'mean of {len(active)}':<21}" + "".join(_cell(one.mean_r, one.mean_rmse) for one in columns)
                 + f"{zero.mean():>7.3f}")
    return lines


def _cell(r: Interval, rmse: Interval) -> str:
    return (f"{r.value:>6.2f} {r.low:>5.2f}..{r.high:<4.2f}"
            f"{rmse.value:>6.3f} {rmse.low:.3f}..{rmse.high:.3f}").ljust(36)


def pose_lines(found: Performance, truth: Performance, surface: tuple[float, float] | None) -> list[str]:
    """Head, gaze and surface in words."""
    turn = Rotation.from_quat(found.head_rotation) * Rotation.from_quat(truth.head_rotation).inv()
    apart = ((found.head_translation - truth.head_translation) ** 2).sum(axis=1) * 1e6
    angle = np.degrees(turn.magnitude()) ** 2
    gaze = np.degrees(gaze_error(found.gaze, truth.gaze)).mean(axis=1)
    degrees, millimetres, looking = intervals(truth.frames, float(truth.frame_rate), lambda chosen: np.array(
        [np.sqrt(angle[chosen].mean()), np.sqrt(apart[chosen].mean()), gaze[chosen].mean()]))
    return [f"head {_plain(degrees)} degrees and {_plain(millimetres)} mm (root mean square), "
            f"gaze {_plain(looking)} degrees (mean)"
            + ("" if surface is None else f", posed face surface {surface[0]:.2f} mm (same vertices) and "
               f"{surface[1]:.2f} mm (to the true surface; means)")]


def _plain(figure: Interval) -> str:
    return f"{figure.value:.2f} ({figure.low:.2f}..{figure.high:.2f})"
