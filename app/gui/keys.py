"""Keys on curves: a layer of corrections that lies over a solve without changing it.

A key says what a shape's weight shall be in one frame. Between keys the difference to the solve is a cubic Hermite
spline; a key without a neighbour fades out over REACH frames on either side. So a curve keeps the actor's own motion,
and a key stays right when the take is solved again.
"""

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np

REACH = 10
"""Frames over which a lone key fades out: a third of a second at 30 frames a second, about one blink."""


@dataclass(frozen=True, order=True)
class Key:
    """A weight in one frame. Slopes are the corrected curve's, in weight per frame; None chooses a smooth one."""

    frame: int
    value: float
    slope_in: float | None = None
    slope_out: float | None = None


Spot = tuple[str, int]
"""A key's place: shape and frame."""


@dataclass(frozen=True)
class Layer:
    """All corrections of a take.

    Attributes:
        keys: shape -> its keys by rising frame; a shape without keys is absent.
        right: frames that the animator marked as right.
    """

    keys: Mapping[str, tuple[Key, ...]] = field(default_factory=dict)
    right: frozenset[int] = frozenset()

    def key(self, spot: Spot) -> Key | None:
        return next((key for key in self.keys.get(spot[0], ()) if key.frame == spot[1]), None)

    def spots(self) -> frozenset[Spot]:
        return frozenset((shape, key.frame) for shape, keys in self.keys.items() for key in keys)


def corrected(layer: Layer, weights: np.ndarray, shape_names: tuple[str, ...]) -> np.ndarray:
    """The solve's weights (T, K) under the layer. A weight stays within 0..1, or within what the solve itself used."""
    out = weights.copy()
    for column, name in enumerate(shape_names):
        keys = layer.keys.get(name)
        if keys and len(weights):
            out[:, column] = corrected_curve(keys, weights[:, column])
    return out


def corrected_curve(keys: tuple[Key, ...], solved: np.ndarray) -> np.ndarray:
    """One curve (T) under its keys."""
    low, high = min(0.0, float(solved.min())), max(1.0, float(solved.max()))
    return np.clip(solved + offset(keys, solved), low, high)


def offset(keys: tuple[Key, ...], solved: np.ndarray) -> np.ndarray:
    """(T) what the keys add to a solved curve (T)."""
    frames = np.arange(len(solved))
    keys = tuple(key for key in keys if 0 <= key.frame < len(solved))
    if not keys:
        return np.zeros(len(solved))
    steepness = np.gradient(solved) if len(solved) > 1 else np.zeros(1)
    places, values, into, out_of = _anchors(keys, solved, steepness)
    auto = _smooth_slopes(places, values)
    into = np.where(np.isnan(into), auto, into)
    out_of = np.where(np.isnan(out_of), auto, out_of)
    left = np.clip(np.searchsorted(places, frames, side="right") - 1, 0, len(places) - 2)
    span = places[left + 1] - places[left]
    u = (frames - places[left]) / span
    spline = ((2 * u**3 - 3 * u**2 + 1) * values[left] + (u**3 - 2 * u**2 + u) * span * out_of[left]
              + (3 * u**2 - 2 * u**3) * values[left + 1] + (u**3 - u**2) * span * into[left + 1])
    return np.where((frames < places[0]) | (frames > places[-1]), 0.0, spline)


def with_keys(layer: Layer, shape: str, keys: Iterable[Key]) -> Layer:
    """The layer with these keys on a shape; one that stood in the same frame goes."""
    by_frame = {key.frame: key for key in layer.keys.get(shape, ())} | {key.frame: key for key in keys}
    return _replaced(layer, {shape: by_frame.values()})


def deleted(layer: Layer, spots: Iterable[Spot]) -> Layer:
    """The layer without those keys."""
    gone = set(spots)
    return _replaced(layer, {shape: [key for key in layer.keys.get(shape, ()) if (shape, key.frame) not in gone]
                             for shape in {shape for shape, _ in gone}})


def moved(layer: Layer, spots: frozenset[Spot], frames: int, value: float, last: int) -> tuple[Layer, frozenset[Spot]]:
    """Those keys moved together, stopped as a group at frames 0 and `last`; and their new spots."""
    if not spots:
        return layer, spots
    numbers = [frame for _, frame in spots]
    frames = max(-min(numbers), min(frames, last - max(numbers)))
    return _changed(layer, spots, lambda key: dataclasses.replace(key, frame=key.frame + frames,
                                                                  value=_within(key.value + value)))


def scaled(layer: Layer, spots: frozenset[Spot], factor: float, pivot: float) -> Layer:
    """Those keys' values, scaled about a value."""
    return _changed(layer, spots, lambda key: dataclasses.replace(
        key, value=_within(pivot + (key.value - pivot) * factor),
        slope_in=None if key.slope_in is None else key.slope_in * factor,
        slope_out=None if key.slope_out is None else key.slope_out * factor))[0]


def sloped(layer: Layer, spots: frozenset[Spot], slope_in: float | None, slope_out: float | None) -> Layer:
    """Those keys with other tangents."""
    return _changed(layer, spots, lambda key: dataclasses.replace(key, slope_in=slope_in, slope_out=slope_out))[0]


def smoothed(layer: Layer, spots: frozenset[Spot]) -> Layer:
    """Each of those keys goes half way to the mean of its neighbours on the same shape, with a smooth tangent."""
    tables = {}
    for shape in {shape for shape, _ in spots}:
        keys = layer.keys.get(shape, ())
        values = np.array([key.value for key in keys])
        padded = np.pad(values, 1, mode="edge")
        soft = (padded[:-2] + 2 * values + padded[2:]) / 4
        tables[shape] = [Key(key.frame, float(value)) if (shape, key.frame) in spots else key
                         for key, value in zip(keys, soft, strict=True)]
    return _replaced(layer, tables)


def other_side(shape: str) -> str | None:
    """The shape of the face's other side: mouthSmileLeft -> mouthSmileRight; None for a shape of both sides."""
    for side, other in (("Left", "Right"), ("Right", "Left"), ("_L", "_R"), ("_R", "_L")):
        if shape.endswith(side):
            return shape.removesuffix(side) + other
    return None


def mirrored(layer: Layer, spots: frozenset[Spot], shape_names: tuple[str, ...]) -> tuple[Layer, frozenset[Spot]]:
    """Copies of those keys on the face's other side; and where they are."""
    placed = set()
    for shape in sorted({shape for shape, _ in spots}):
        other = other_side(shape)
        if other in shape_names:
            keys = [key for key in layer.keys.get(shape, ()) if (shape, key.frame) in spots]
            layer = with_keys(layer, other, keys)
            placed |= {(other, key.frame) for key in keys}
    return layer, frozenset(placed)


def copied(layer: Layer, spots: frozenset[Spot]) -> dict[str, tuple[Key, ...]]:
    """Those keys, counted from the first one's frame."""
    first = min((frame for _, frame in spots), default=0)
    return {shape: tuple(dataclasses.replace(key, frame=key.frame - first) for key in layer.keys.get(shape, ())
                         if (shape, key.frame) in spots) for shape in sorted({shape for shape, _ in spots})}


def pasted(layer: Layer, clipboard: Mapping[str, tuple[Key, ...]], at: int, last: int,
           ) -> tuple[Layer, frozenset[Spot]]:
    """The copied keys from frame `at` on, as far as the take goes; and where they are."""
    placed = set()
    for shape, keys in clipboard.items():
        keys = [dataclasses.replace(key, frame=key.frame + at) for key in keys if key.frame + at <= last]
        layer = with_keys(layer, shape, keys)
        placed |= {(shape, key.frame) for key in keys}
    return layer, frozenset(placed)


def marked(layer: Layer, frame: int, right: bool) -> Layer:
    """The layer with a frame marked as right, or no longer."""
    return dataclasses.replace(layer, right=layer.right | {frame} if right else layer.right - {frame})


def _anchors(keys: tuple[Key, ...], solved: np.ndarray, steepness: np.ndarray) -> tuple[np.ndarray, ...]:
    """Frames, offsets and slopes (NaN: choose) of the spline: the keys, and zeros where they have faded out."""
    rows: list[tuple[float, float, float, float]] = []
    for index, key in enumerate(keys):
        before = keys[index - 1].frame if index else -np.inf
        after = keys[index + 1].frame if index + 1 < len(keys) else np.inf
        slopes = [np.nan if slope is None else slope - steepness[key.frame] for slope in (key.slope_in, key.slope_out)]
        if key.frame - before > 2 * REACH:
            rows.append((key.frame - REACH, 0.0, 0.0, 0.0))
        rows.append((key.frame, key.value - solved[key.frame], *slopes))
        if after - key.frame > 2 * REACH:
            rows.append((key.frame + REACH, 0.0, 0.0, 0.0))
    return tuple(np.array(column, dtype=float) for column in zip(*rows, strict=True))


def _smooth_slopes(places: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Slopes that never overshoot: level at a peak, else the harmonic mean of both sides (Fritsch and Butland 1984)."""
    secants = np.diff(values) / np.diff(places)
    before, after = np.concatenate([[0.0], secants]), np.concatenate([secants, [0.0]])
    agree = before * after > 0
    total = np.where(agree, before + after, 1.0)
    return np.where(agree, 2 * before * after / total, 0.0)


def _changed(layer: Layer, spots: frozenset[Spot], change) -> tuple[Layer, frozenset[Spot]]:
    tables, placed = {}, set()
    for shape in {shape for shape, _ in spots}:
        keys = layer.keys.get(shape, ())
        kept = {key.frame: key for key in keys if (shape, key.frame) not in spots}
        new = {key.frame: key for key in (change(key) for key in keys if (shape, key.frame) in spots)}
        tables[shape] = (kept | new).values()
        placed |= {(shape, frame) for frame in new}
    return _replaced(layer, tables), frozenset(placed)


def _replaced(layer: Layer, tables: Mapping[str, Iterable[Key]]) -> Layer:
    keys = dict(layer.keys)
    for shape, table in tables.items():
        keys[shape] = tuple(sorted(table, key=lambda key: key.frame))
    return dataclasses.replace(layer, keys={shape: keys[shape] for shape in sorted(keys) if keys[shape]})


def _within(value: float) -> float:
    return min(1.0, max(0.0, value))
