"""Corrections: what an animator says of a take, kept apart from any solve.

Frames are the take's. A key says what a shape's weight is in one frame, a drag where a landmark is in one camera's
picture. Both say how the solve erred there, and it errs alike in the frames around: between keys the error is a cubic
Hermite spline, beside a lone one it fades out over REACH frames. So a curve keeps the actor's own motion, and what was
corrected stays so when the take is solved again.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

REACH = 10
"""Frames over which a lone correction fades out: a third of a second at 30 frames a second, about one blink."""

NAMED = 5
"""Of what has no place in a solve so many are named."""
CORRECTED = "corrected"
"""The flag of a performance's frame of which a person said something."""


@dataclass(frozen=True, order=True)
class Key:
    """A weight in one frame. Slopes are the corrected curve's, in weight per frame; None chooses a smooth one."""

    frame: int
    value: float
    slope_in: float | None = None
    slope_out: float | None = None


Spot = tuple[str, int]
"""A key's place: shape and frame."""
Grip = tuple[str, int, int]
"""A drag's place: camera, landmark and frame."""
Sight = tuple[str, int]
"""Where a face was pointed at: camera, and frame of that camera's own clip, which no clock shifts."""


@dataclass(frozen=True)
class Layer:
    """All corrections of a take.

    Attributes:
        keys: shape -> its keys by rising frame; a shape without keys is absent.
        right: frames that the animator marked as right.
        drags: where the animator put landmarks: grip -> x, y in px of the upright picture.
        scheme: which landmarks the drags number; "" where there are none.
        held: the drags that a person put right one by one; the others followed one of these.
        faces: where among several faces the actor's is: sight -> x, y in px of the upright picture.
        begins: camera -> the take's frames from its clip's begin to the take's first when this was said; clocks that
            are mended later move it. Empty where that is not known. It is no matter of equality.
        turns: camera -> degrees clockwise by which its pictures were turned when this was said, where they were. No
            matter of equality either.
    """

    keys: Mapping[str, tuple[Key, ...]] = field(default_factory=dict)
    right: frozenset[int] = frozenset()
    drags: Mapping[Grip, tuple[float, float]] = field(default_factory=dict)
    scheme: str = ""
    faces: Mapping[Sight, tuple[float, float]] = field(default_factory=dict)
    begins: Mapping[str, int] = field(default_factory=dict, compare=False)
    held: frozenset[Grip] = frozenset()
    turns: Mapping[str, int] = field(default_factory=dict, compare=False)

    def __bool__(self) -> bool:
        return bool(self.keys or self.right or self.drags or self.faces)

    def key(self, spot: Spot) -> Key | None:
        return next((key for key in self.keys.get(spot[0], ()) if key.frame == spot[1]), None)

    def spots(self) -> frozenset[Spot]:
        return frozenset((shape, key.frame) for shape, keys in self.keys.items() for key in keys)

    def pointed(self, sight: Sight, place: tuple[float, float]) -> "Layer":
        """The layer with the actor's face at a place of a picture."""
        return replace(self, faces=dict(sorted({**self.faces, sight: place}.items())))

    def frames(self) -> frozenset[int]:
        """The frames whose solve anything was said of; a face that was pointed at speaks of the whole take's."""
        return self.right | {frame for _, frame in self.spots()} | {frame for _, _, frame in self.drags}

    def of_person(self, neutral: int | None) -> Mapping[Grip, tuple[float, float]]:
        """The landmarks that were put right in the frame that was named as the neutral one, if any was. There the face
        is at rest, so they say who the actor is: those that are `held`, and no others."""
        return {grip: place for grip, place in self.drags.items() if grip[2] == neutral and grip in self.held}

    def of_face(self, neutral: int | None) -> "Layer":
        """All else: what the face does."""
        return replace(self, drags={grip: place for grip, place in self.drags.items() if grip[2] != neutral})

    def within(self, other: "Layer") -> bool:
        """Whether all that this layer says of the solve stands in the other, too."""
        return (self.right <= other.right and self.drags.items() <= other.drags.items()
                and (self.scheme == other.scheme or not self.drags)
                and all(set(keys) <= set(other.keys.get(shape, ())) for shape, keys in self.keys.items()))


def moved(layer: Layer, begins: Mapping[str, int]) -> tuple[Layer, Mapping[str, int]]:
    """The layer for a take whose first frame shows other frames of the clips than when it was said: each drag stays
    with its camera's picture, and all else goes as most of the cameras do. What is before the take's first frame goes.

    Args:
        layer: what was said.
        begins: as `Layer.begins`, now.

    Returns:
        The layer, and camera -> frames by which it moved, of those that did.
    """
    shifts, most = _shifts(layer, begins)
    if not any(shifts.values()):
        return replace(layer, begins=begins), {}
    keys = {shape: kept for shape, table in layer.keys.items()
            if (kept := tuple(replace(key, frame=key.frame + most) for key in table if key.frame + most >= 0))}
    placed = {grip: (grip[0], grip[1], grip[2] + shifts.get(grip[0], most)) for grip in layer.drags}
    drags = {placed[grip]: place for grip, place in layer.drags.items() if placed[grip][2] >= 0}
    return replace(layer, keys=keys, right=frozenset(frame + most for frame in layer.right if frame + most >= 0),
                   drags=drags, scheme=layer.scheme if drags else "", begins=begins,
                   held=frozenset(placed[grip] for grip in layer.held & layer.drags.keys()) & drags.keys()), \
        {camera: shift for camera, shift in shifts.items() if shift}


def moved_rest(layer: Layer, begins: Mapping[str, int], frame: int) -> int:
    """The frame at rest, named in a take as it was when the layer was said, in the take as it begins now: it goes with
    the landmarks that were put right in it. Where there are none, or it was named since, it stays."""
    after, _ = moved(layer, begins)
    return frame + _shifts(layer, begins)[1] if len(layer.of_person(frame)) > len(after.of_person(frame)) else frame


def _shifts(layer: Layer, begins: Mapping[str, int]) -> tuple[Mapping[str, int], int]:
    shifts = {camera: layer.begins[camera] - now for camera, now in begins.items() if camera in layer.begins}
    alike = Counter(shifts.values())
    # Of as many cameras the first counts, by name: so that clocks that go back take everything back.
    return shifts, shifts[min(shifts, key=lambda camera: (-alike[shifts[camera]], camera))] if shifts else 0


def heard(layer: Layer, shape_names: Collection[str], cameras: Collection[str], scheme: str, points: int, frames: int,
          ) -> tuple[Layer, tuple[str, ...]]:
    """What a solve can go around, and a sentence for each kind of correction that it has no place for.

    Args:
        layer: all that was said of the take.
        shape_names: of the solve.
        cameras: of the take.
        scheme: whose landmarks the solve has.
        points: how many these are.
        frames: of the whole take.
    """
    left = []

    def without(kind: str, names: Iterable[object], reason: str) -> None:
        if named := sorted(set(names)):
            more = f" and {len(named) - NAMED} more" if len(named) > NAMED else ""
            left.append(f"{kind} {', '.join(map(str, named[:NAMED]))}{more} {reason}: left out")

    late = [frame for frame in layer.frames() if frame >= frames]
    without("corrections in frame", late, f"are beyond the take's {frames}")
    without("keys of", layer.keys.keys() - set(shape_names), "are of shapes that this model has not")
    if layer.drags and layer.scheme != scheme:
        left.append(f"landmarks were dragged among {layer.scheme}'s, and this solve has {scheme}'s: these drags are "
                    "left out")
    else:
        without("landmarks dragged in", {camera for camera, _, _ in layer.drags} - set(cameras),
                "are in no camera of the take (where a clip was renamed, rename it in corrections.json, too)")
        without("dragged landmarks", {point for _, point, _ in layer.drags if point >= points},
                f"are none of {scheme}'s {points}")
    keys = {shape: kept for shape, table in layer.keys.items() if shape in shape_names
            and (kept := tuple(key for key in table if key.frame < frames))}
    drags = {grip: place for grip, place in layer.drags.items()
             if layer.scheme == scheme and grip[0] in cameras and grip[1] < points and grip[2] < frames}
    return replace(layer, keys=keys, right=frozenset(frame for frame in layer.right if frame < frames), drags=drags,
                   scheme=layer.scheme if drags else ""), tuple(left)


def corrected(layer: Layer, weights: np.ndarray, shape_names: tuple[str, ...], first: int = 0) -> np.ndarray:
    """A solve's weights (T, K), from the take's frame `first` on, under the layer's keys. A weight stays within 0..1,
    or within what the solve itself used."""
    out = weights.copy()
    for column, name in enumerate(shape_names):
        keys = layer.keys.get(name)
        if keys and len(weights):
            out[:, column] = corrected_curve(keys, weights[:, column], first)
    return out


def corrected_curve(keys: tuple[Key, ...], solved: np.ndarray, first: int = 0) -> np.ndarray:
    """One curve (T) under its keys."""
    low, high = min(0.0, float(solved.min())), max(1.0, float(solved.max()))
    return np.clip(solved + offset(keys, solved, first), low, high)


def offset(keys: tuple[Key, ...], solved: np.ndarray, first: int = 0) -> np.ndarray:
    """(T) what the keys add to a solved curve (T)."""
    steepness = np.gradient(solved) if len(solved) > 1 else np.zeros(len(solved))
    rows = []
    for key in keys:
        at = key.frame - first
        if 0 <= at < len(solved):
            rows.append((at, key.value - solved[at], *(np.nan if slope is None else slope - steepness[at]
                                                       for slope in (key.slope_in, key.slope_out))))
    return spline(rows, len(solved))


def spline(rows: Iterable[tuple[float, float, float, float]], count: int) -> np.ndarray:
    """(count) the curve through (place, value, slope in, slope out), rising in place, that fades out where nothing is
    near. A slope that is NaN is chosen so that the curve never overshoots."""
    rows = _faded(list(rows))
    if not rows:
        return np.zeros(count)
    places, values, into, out_of = (np.array(column, dtype=float) for column in zip(*rows, strict=True))
    auto = _smooth_slopes(places, values)
    into = np.where(np.isnan(into), auto, into)
    out_of = np.where(np.isnan(out_of), auto, out_of)
    frames = np.arange(count)
    left = np.clip(np.searchsorted(places, frames, side="right") - 1, 0, len(places) - 2)
    span = places[left + 1] - places[left]
    u = (frames - places[left]) / span
    curve = ((2 * u**3 - 3 * u**2 + 1) * values[left] + (u**3 - 2 * u**2 + u) * span * out_of[left]
             + (3 * u**2 - 2 * u**3) * values[left + 1] + (u**3 - u**2) * span * into[left + 1])
    return np.where((frames < places[0]) | (frames > places[-1]), 0.0, curve)


def _faded(rows: list[tuple[float, float, float, float]]) -> list[tuple[float, float, float, float]]:
    """With zeros put in where a correction has faded out before the next one begins."""
    out = []
    for index, row in enumerate(rows):
        before = rows[index - 1][0] if index else -np.inf
        after = rows[index + 1][0] if index + 1 < len(rows) else np.inf
        if row[0] - before > 2 * REACH:
            out.append((row[0] - REACH, 0.0, 0.0, 0.0))
        out.append(row)
        if after - row[0] > 2 * REACH:
            out.append((row[0] + REACH, 0.0, 0.0, 0.0))
    return out


def _smooth_slopes(places: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Slopes that never overshoot: level at a peak, else the harmonic mean of both sides (Fritsch and Butland 1984)."""
    secants = np.diff(values) / np.diff(places)
    before, after = np.concatenate([[0.0], secants]), np.concatenate([secants, [0.0]])
    agree = before * after > 0
    total = np.where(agree, before + after, 1.0)
    return np.where(agree, 2 * before * after / total, 0.0)
