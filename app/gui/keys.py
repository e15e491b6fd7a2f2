"""What can be done to corrections: each function gives a new layer."""

import dataclasses
from collections.abc import Iterable, Mapping

import numpy as np

from solver.corrections import Grip, Key, Layer, Spot
from solver.shape_names import other_side


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


def dragged(layer: Layer, drags: Mapping[Grip, tuple[float, float]], scheme: str, held: Grip | None = None) -> Layer:
    """The layer with these landmarks put elsewhere: the one that was held, and what followed it. Drags of another set
    of landmarks go: they name other points."""
    kept = layer.drags if layer.scheme == scheme else {}
    return dataclasses.replace(layer, drags=dict(sorted((dict(kept) | dict(drags)).items())), scheme=scheme,
                               held=(layer.held & kept.keys()) | ({held} if held is not None else set()))


def undragged(layer: Layer, camera: str, frame: int) -> Layer:
    """The layer with that camera's landmarks where they were found in that frame."""
    drags = {grip: place for grip, place in layer.drags.items() if (grip[0], grip[2]) != (camera, frame)}
    return dataclasses.replace(layer, drags=drags, scheme=layer.scheme if drags else "",
                               held=layer.held & drags.keys())


def pinned(layer: Layer, frame: int, shape_names: tuple[str, ...], weights: np.ndarray) -> Layer:
    """The layer with every shape keyed in a frame: those that have no key there get what they show, weights (K)."""
    for shape, weight in zip(shape_names, weights, strict=True):
        layer = with_keys(layer, shape, [layer.key((shape, frame)) or Key(frame, float(weight))])
    return layer


def without_locked(layer: Layer, before: Layer, locked: frozenset[str]) -> Layer:
    """The layer, in which locked shapes have the keys that they had before."""
    table = {shape: table for shape, table in layer.keys.items() if shape not in locked}
    table |= {shape: table for shape, table in before.keys.items() if shape in locked}
    return dataclasses.replace(layer, keys={shape: table[shape] for shape in sorted(table)})


def marked(layer: Layer, frame: int, right: bool) -> Layer:
    """The layer with a frame marked as right, or no longer."""
    return dataclasses.replace(layer, right=layer.right | {frame} if right else layer.right - {frame})


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
