"""Curve clean-up: what an animator asks of solved curves before they go into a program.

Each function gives the new performance and the largest change that it made to a weight, so that nothing is lost
silently.
"""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from capture import timecode
from exporters.exact import arc_tangent, interpolate, sine_cosine
from exporters.rotations import continuous
from exporters.smoothing import smoothed
from solver.performance import Performance


@dataclass(frozen=True)
class Change:
    """The largest change of a weight: by how much, of which shape, in which frame of the original."""

    largest: float
    shape: str
    frame: int


def dead_zone(performance: Performance, width: float) -> tuple[Performance, Change]:
    """Weights below `width` become 0; the rest is stretched so that 1 stays 1 and no step appears."""
    weights = np.maximum(performance.weights - width, 0.0) / (1.0 - width)
    return dataclasses.replace(performance, weights=weights), _change(performance, weights)


def smooth(performance: Performance, seconds: float | Mapping[str, float]) -> tuple[Performance, Change]:
    """Take the jitter out and leave what is fast on purpose; see `smoothing.smoothed`."""
    out = smoothed(performance, seconds)
    return out, _change(performance, out.weights)


def resample(performance: Performance, rate: Fraction) -> tuple[Performance, Change]:
    """The same motion at another frame rate: weights, gaze and places straight between frames, turns along the sphere.

    What has no between (flags, residual, share of cameras) comes from the nearest frame. The timecode keeps its hours,
    minutes and seconds. The change is what the old frames would read in the new curves.
    """
    old = np.arange(performance.frames) / float(performance.frame_rate)
    frames = int((performance.frames - 1) * rate / performance.frame_rate) + 1
    new = np.arange(frames) / float(rate)
    position = np.minimum(new * float(performance.frame_rate), performance.frames - 1)
    nearest = np.round(position).astype(int)

    def between(table: np.ndarray) -> np.ndarray:
        flat = table.reshape(len(table), -1)
        columns = [interpolate(new, old, column) for column in flat.T]
        return np.stack(columns, axis=-1).reshape(frames, *table.shape[1:]) if columns else np.zeros((frames, 0))

    out = dataclasses.replace(
        performance, frame_rate=rate, start_timecode=_relabel(performance, rate), weights=between(performance.weights),
        head_rotation=_slerp(performance.head_rotation, position),
        head_translation=between(performance.head_translation), gaze=between(performance.gaze),
        sigma=between(performance.sigma), residual_px=performance.residual_px[nearest],
        seen=performance.seen[nearest], flags=tuple(performance.flags[index] for index in nearest))
    back = np.stack([interpolate(old, new, column) for column in out.weights.T], axis=-1)
    return out, _change(performance, back)


def reduce_keys(values: np.ndarray, tolerance: float) -> np.ndarray:
    """Which frames of a curve (T) must stay keys, so that straight lines between them miss no frame by more than
    `tolerance`: their numbers, the first and the last among them.

    From each key a cone of slopes that still pass every later frame within the tolerance is narrowed; when the next
    frame falls out of it, the frame before becomes the next key.
    """
    curve = values.tolist()
    keys, low, high = [0], -np.inf, np.inf
    for frame in range(1, len(curve)):
        start = keys[-1]
        slope = (curve[frame] - curve[start]) / (frame - start)
        if not low <= slope <= high:
            keys.append(frame - 1)
            start, low, high = frame - 1, -np.inf, np.inf
        span = frame - start
        low = max(low, (curve[frame] - tolerance - curve[start]) / span)
        high = min(high, (curve[frame] + tolerance - curve[start]) / span)
    if len(curve) > 1:
        keys.append(len(curve) - 1)
    return np.array(keys)


def fewer_keys(performance: Performance, tolerance: float) -> Change:
    """The largest error of a weight that leaving out keys causes where they are left out."""
    frames = np.arange(performance.frames)
    kept = performance.weights.copy()
    for column in kept.T:
        keys = reduce_keys(column, tolerance)
        column[:] = interpolate(frames, keys, column[keys])
    return _change(performance, kept)


def _relabel(performance: Performance, rate: Fraction) -> str:
    timecode.parse(performance.start_timecode, performance.frame_rate)  # refuses what is no timecode
    clock, mark, frame = performance.start_timecode[:8], performance.start_timecode[8], performance.start_timecode[9:]
    there = int(frame) * timecode.nominal_rate(rate) // timecode.nominal_rate(performance.frame_rate)
    return str(timecode.parse(f"{clock}{mark if timecode.can_drop(rate) else ':'}{there:02d}", rate))


def _slerp(quaternions: np.ndarray, position: np.ndarray) -> np.ndarray:
    """Rotations (T, 4) at fractional frames (N) -> (N, 4)."""
    turns = continuous(quaternions)
    first = np.minimum(np.floor(position).astype(int), len(turns) - 1)
    second = np.minimum(first + 1, len(turns) - 1)
    share = (position - first)[:, None]
    a, b = turns[first], turns[second]
    cosine = np.clip((a * b).sum(axis=1, keepdims=True), -1.0, 1.0)
    angle = arc_tangent(np.sqrt(1.0 - cosine * cosine), cosine)
    sine = sine_cosine(angle)[0]
    straight = sine < 1e-8
    safe = np.where(straight, 1.0, sine)
    along = np.where(straight, (1 - share) * a + share * b,
                     (sine_cosine((1 - share) * angle)[0] * a + sine_cosine(share * angle)[0] * b) / safe)
    return along / np.linalg.norm(along, axis=1, keepdims=True)


def _change(performance: Performance, weights: np.ndarray) -> Change:
    difference = np.abs(weights - performance.weights)
    if not difference.size:
        return Change(0.0, "", 0)
    frame, shape = np.unravel_index(difference.argmax(), difference.shape)
    return Change(float(difference[frame, shape]), performance.shape_names[shape], int(frame))
