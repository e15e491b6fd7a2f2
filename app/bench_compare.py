"""Which of two answers to the same frames is better: paired, per region of the face, with bootstrap intervals."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.spatial.transform import Rotation

from app.accuracy import gaze_error
from app.bench_intervals import UNSURE, Interval, intervals
from capture.errors import DataError
from solver.performance import Performance
from solver.residuals import HALVES, REGIONS, Residuals

ALL = "all"


@dataclass(frozen=True)
class Errors:
    """What one side errs in every frame.

    Attributes:
        names: (R) of the rows, such as "left brow"; the first is ALL.
        units: (R) of each row's figures.
        squared: (T, R) squared errors; NaN in frames that say nothing.
    """

    names: tuple[str, ...]
    units: tuple[str, ...]
    squared: np.ndarray


@dataclass(frozen=True)
class Row:
    """A row of the comparison: root mean square errors of A and B, and by how much B's is above A's."""

    name: str
    unit: str
    a: float
    b: float
    difference: Interval

    @property
    def verdict(self) -> str:
        return self.difference.against_zero()


def from_truth(found: Performance, truth: Performance) -> Errors:
    """Errors of weights by region, of the head and of the gaze.

    Raises:
        DataError: other frames, or no shape in common.
    """
    if found.frames != truth.frames:
        raise DataError(f"{found.take} has {found.frames} frames and the truth has {truth.frames}; "
                        "compare the same range")
    names = [name for name in truth.shape_names if name in found.shape_names]
    if not names:
        raise DataError(f"{found.take} and the truth have no shape name in common; use the truth's model")
    off = np.stack([found.weights[:, found.shape_names.index(name)] - truth.weights[:, truth.shape_names.index(name)]
                    for name in names], axis=1) ** 2  # (T, K)
    rows = {ALL: off.mean(axis=1)}
    for region in dict.fromkeys(map(region_of, names)):
        rows[region] = off[:, [region_of(name) == region for name in names]].mean(axis=1)
    units = ["weight"] * len(rows)
    turn = Rotation.from_quat(found.head_rotation) * Rotation.from_quat(truth.head_rotation).inv()
    rows["head turn"] = np.degrees(turn.magnitude()) ** 2
    rows["head place"] = ((found.head_translation - truth.head_translation) ** 2).sum(axis=1) * 1e6
    rows["gaze"] = (np.degrees(gaze_error(found.gaze, truth.gaze)) ** 2).mean(axis=1)
    return Errors(tuple(rows), (*units, "degrees", "mm", "degrees"), np.stack(list(rows.values()), axis=1))


def from_landmarks(found: Performance, apart: Residuals | None) -> Errors:
    """Where no truth is: how far the solved face lies from the landmarks that it was solved from, as seen in all
    cameras. It says how well an answer agrees with itself, not that it is right."""
    if apart is None:
        return Errors((ALL,), ("px",), found.residual_px[:, None] ** 2)
    with np.errstate(invalid="ignore"):
        parts = [_mean(apart.overall[..., None].astype(float) ** 2), _mean(apart.rms.astype(float) ** 2)]
    squared = np.concatenate(parts, axis=1)
    return Errors((ALL, *apart.regions), ("px",) * squared.shape[1], squared)


def joined(parts: Sequence[Errors]) -> Errors:
    """Several takes' errors as one."""
    return Errors(parts[0].names, parts[0].units, np.concatenate([part.squared for part in parts]))


def compared(a: Errors, b: Errors, rate: float) -> list[Row]:
    """Both sides, row by row, on the frames that both answer.

    Raises:
        DataError: they have other frames.
    """
    if len(a.squared) != len(b.squared):
        raise DataError(f"A has {len(a.squared)} frames and B has {len(b.squared)}; compare the same range")
    names = [name for name in a.names if name in b.names]
    first = a.squared[:, [a.names.index(name) for name in names]]
    second = b.squared[:, [b.names.index(name) for name in names]]
    both = np.isfinite(first) & np.isfinite(second)
    first, second = np.where(both, first, np.nan), np.where(both, second, np.nan)

    def differences(chosen: np.ndarray) -> np.ndarray:
        return _root(second[chosen]) - _root(first[chosen])

    found = intervals(len(first), rate, differences)
    return [Row(name, a.units[a.names.index(name)], float(_root(first)[place]), float(_root(second)[place]),
                found[place]) for place, name in enumerate(names)]


def lines(rows: Sequence[Row], a: str, b: str) -> list[str]:
    """A table, and the verdict in words."""
    out = [f"{'root mean square error':<24}{'unit':<9}{'A':>9}{'B':>9}{'B - A':>10}  {'95 %':<20}B is"]
    out += [f"{row.name:<24}{row.unit:<9}{row.a:>9.4f}{row.b:>9.4f}{row.difference.value:>+10.4f}  "
            f"{f'{row.difference.low:+.4f}..{row.difference.high:+.4f}':<20}{row.verdict}" for row in rows]
    whole = rows[0]
    if whole.verdict == UNSURE:
        said = f"cannot tell {b} from {a}: the difference may as well be chance"
    else:
        said = f"{b} is {whole.verdict} than {a}: {whole.a:.4f} became {whole.b:.4f}"
    return [*out, said]


def region_of(shape: str) -> str:
    """The region of the face that a shape moves, as the reports name them."""
    for name, (beginnings, _) in REGIONS.items():
        if shape.startswith(beginnings):
            side = next((side for side in ("Left", "Right") if name in HALVES and shape.endswith(side)), "")
            return f"{side.lower()} {name}".strip()
    return "other"


def _mean(squared: np.ndarray) -> np.ndarray:
    """The mean over the first axis of what is known; NaN where nothing is."""
    known = np.isfinite(squared)
    count = known.sum(axis=0)
    total = np.where(known, squared, 0.0).sum(axis=0)
    return np.divide(total, count, out=np.full(count.shape, np.nan), where=count > 0)


def _root(squared: np.ndarray) -> np.ndarray:
    """(T, R) -> (R): the root of the mean over the frames that say something."""
    return np.sqrt(_mean(squared))
