"""Curve clean-up: what an animator asks of solved curves before they go into a program.

Each function gives the new performance and the largest change that it made to a weight, so that nothing is lost
silently.
"""

import dataclasses
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from capture import timecode
from exporters.rotations import continuous
from solver.performance import Performance

REACH = 3.0
"""How many of its own widths a smoothing window reaches."""

LEAST_SIGMA = 0.005
"""Noise that is assumed where a performance knows none."""


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


def smooth(performance: Performance, seconds: float, edge: float = 3.0) -> tuple[Performance, Change]:
    """Take the jitter out and leave what is fast on purpose: blinks, closures of the lips.

    A bilateral filter (Tomasi and Manduchi 1998) along time: a neighbour counts less the farther it is in time (a
    Gaussian of `seconds`) and the farther its weight is from this one's in units of `edge` times the weight's own
    sigma. What rises above its uncertainty is an event, and stays. The window is symmetric: nothing lags.
    """
    rate = float(performance.frame_rate)
    weights = performance.weights
    noise = edge * np.maximum(performance.sigma, LEAST_SIGMA)  # (T, K)
    total, share = weights.copy(), np.ones_like(weights)
    for offset in range(1, min(int(REACH * seconds * rate), len(weights) - 1) + 1):
        near = np.exp(-0.5 * (offset / (seconds * rate)) ** 2)
        early, late = weights[:-offset], weights[offset:]
        forward = near * np.exp(-0.5 * ((late - early) / noise[:-offset]) ** 2)  # what a frame takes from a later one
        backward = near * np.exp(-0.5 * ((late - early) / noise[offset:]) ** 2)
        total[:-offset] += forward * late
        share[:-offset] += forward
        total[offset:] += backward * early
        share[offset:] += backward
    out = total / share
    return dataclasses.replace(performance, weights=out), _change(performance, out)


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
        columns = [np.interp(new, old, column) for column in flat.T]
        return np.stack(columns, axis=-1).reshape(frames, *table.shape[1:]) if columns else np.zeros((frames, 0))

    out = dataclasses.replace(
        performance, frame_rate=rate, start_timecode=_relabel(performance, rate), weights=between(performance.weights),
        head_rotation=_slerp(performance.head_rotation, position),
        head_translation=between(performance.head_translation), gaze=between(performance.gaze),
        sigma=between(performance.sigma), residual_px=performance.residual_px[nearest],
        seen=performance.seen[nearest], flags=tuple(performance.flags[index] for index in nearest))
    back = np.stack([np.interp(old, new, column) for column in out.weights.T], axis=-1)
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
    angle = np.arccos(np.clip((a * b).sum(axis=1, keepdims=True), -1.0, 1.0))
    sine = np.sin(angle)
    straight = sine < 1e-8
    safe = np.where(straight, 1.0, sine)
    along = np.where(straight, (1 - share) * a + share * b,
                     (np.sin((1 - share) * angle) * a + np.sin(share * angle) * b) / safe)
    return along / np.linalg.norm(along, axis=1, keepdims=True)


def _change(performance: Performance, weights: np.ndarray) -> Change:
    difference = np.abs(weights - performance.weights)
    if not difference.size:
        return Change(0.0, "", 0)
    frame, shape = np.unravel_index(difference.argmax(), difference.shape)
    return Change(float(difference[frame, shape]), performance.shape_names[shape], int(frame))
