"""The curves of a take as a report shows them: every shape, head and gaze, drawn small and packed to be enlarged."""

from dataclasses import dataclass

import numpy as np

from app.report.drawing import band, buckets, means, packed
from app.report.words import USED
from exporters.rotations import yaw_pitch_roll
from solver.performance import Performance
from solver.residuals import measured_share

GROUPS = (("Eyes", ("eye",)), ("Brows", ("brow",)), ("Cheeks and nose", ("cheek", "nose")), ("Jaw", ("jaw",)),
          ("Mouth", ("mouth",)), ("Tongue", ("tongue",)))
OTHERS, HEAD = "Others", "Head and gaze"
SMALL = 24_000
"""Points of all the small drawings together, at most."""
LARGE = 1_200_000
"""Bytes of all the enlarged curves together, at most: then a page of 18,000 frames has every frame of 60 curves."""
SIGMAS = 400
CHOSEN = 3


@dataclass(frozen=True)
class Curve:
    """One curve: values (T), sigma (T) or None, its unit (" deg"), the range it is drawn in, and how much of it the
    pictures tell (None where that is not known)."""

    name: str
    group: str
    unit: str
    values: np.ndarray
    sigma: np.ndarray | None
    low: float
    high: float
    told: float | None

    @property
    def moves(self) -> bool:
        span = float(np.ptp(self.values)) if len(self.values) else 0.0
        return span > (USED if not self.unit else 0.02 * (self.high - self.low))


def curves_of(performance: Performance) -> tuple[Curve, ...]:
    """All curves of a take, its shapes in their own order."""
    told = measured_share(performance)
    out = []
    for column, name in enumerate(performance.shape_names):
        values = performance.weights[:, column]
        out.append(Curve(name, _group(name), "", values, performance.sigma[:, column],
                         min(0.0, float(values.min())), max(1.0, float(values.max())),
                         float(told[column]) if np.isfinite(told[column]) else None))
    head = np.degrees(np.unwrap(yaw_pitch_roll(performance.head_rotation), axis=0))
    place = 1000.0 * performance.head_translation
    gaze = np.degrees(performance.gaze.reshape(-1, 4))
    for names, table, unit in ((("head yaw", "head pitch", "head roll"), head, "°"),
                               (("head x", "head y", "head z"), place, " mm"),
                               (("left eye yaw", "left eye pitch", "right eye yaw", "right eye pitch"), gaze, "°")):
        for name, values in zip(names, table.T, strict=True):
            low, high = float(values.min()), float(values.max())
            room = max(0.05 * (high - low), 1.0)
            out.append(Curve(name, HEAD, unit, values, None, low - room, high + room, None))
    return tuple(out)


def groups_of(curves: tuple[Curve, ...]) -> list[dict[str, object]]:
    """The list: groups of curves, each with its small drawing."""
    columns = int(np.clip(SMALL // max(len(curves), 1), 40, 240))
    groups = []
    for name in (*(name for name, _ in GROUPS), OTHERS, HEAD):
        rows = [_row(index, curve, columns) for index, curve in enumerate(curves) if curve.group == name]
        if rows:
            groups.append({"name": name, "curves": rows if name == HEAD else _pairs_first(rows)})
    return groups


def data_of(curves: tuple[Curve, ...], rate: float) -> dict[str, object]:
    """What the script needs to enlarge the curves: the least and largest of runs of frames, of single frames where
    they fit."""
    frames = len(curves[0].values) if curves else 0
    count = frames if frames * len(curves) <= LARGE else LARGE // (2 * len(curves))
    rows = []
    for curve in curves:
        low, high = buckets(curve.values, count)
        row = {"name": curve.name, "unit": curve.unit, "from": curve.low, "to": curve.high,
               "low": packed(low, curve.low, curve.high)}
        if low is not high:
            row["high"] = packed(high, curve.low, curve.high)
        if curve.sigma is not None and curve.sigma.any():
            row["sigma"] = packed(buckets(curve.sigma, SIGMAS)[1], 0.0, 1.0)
        rows.append(row)
    liveliest = sorted(range(len(curves)), key=lambda index: (curves[index].unit != "",
                                                              -float(np.std(curves[index].values)), index))
    return {"frames": frames, "rate": rate, "curves": rows, "chosen": liveliest[:CHOSEN]}


def _row(index: int, curve: Curve, columns: int) -> dict[str, object]:
    low, high = buckets(curve.values, columns)
    sigma = None
    if curve.sigma is not None and curve.sigma.any():
        spread = buckets(curve.sigma, columns)[1]
        sigma = band(low - spread, high + spread, curve.high, 24.0, curve.low)
    told, middle = curve.told, means(curve.values, columns)
    digits = 2 if not curve.unit else 0
    return {"index": index, "name": curve.name, "width": max(len(low) - 1, 1), "sigma": sigma,
            "range_path": band(low, high, curve.high, 24.0, curve.low) if low is not high else "",
            "path": band(middle, middle, curve.high, 24.0, curve.low), "moves": "yes" if curve.moves else "no",
            "range": f"{curve.values.min():.{digits}f} … {curve.values.max():.{digits}f}{curve.unit}",
            "told": None if told is None else round(told, 2), "told_percent": "" if told is None else f"{told:.0%}"}


def _pairs_first(rows: list[dict[str, object]]) -> list[dict[str, object]]:
    """Left beside right, and then what has no sides."""
    names = {row["name"]: row for row in rows}
    pairs = [(row, names[row["name"].removesuffix("Left") + "Right"]) for row in rows
             if row["name"].endswith("Left") and row["name"].removesuffix("Left") + "Right" in names]
    paired = [row for pair in pairs for row in pair]
    return paired + [row for row in rows if row not in paired]


def _group(name: str) -> str:
    return next((group for group, beginnings in GROUPS if name.startswith(beginnings)), OTHERS)
