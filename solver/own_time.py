"""Cameras without genlock: each landmark where it stood at the take's moment, not in the camera's nearest picture.

A camera's nearest frame is up to half a frame early or late, which at a blink's speed is several px. Between two frames
a landmark is taken to move along the cubic that passes through both with the velocities that their neighbours give
(Catmull and Rom, 1974).
"""

from dataclasses import replace

import numpy as np

from solver.landmarks import Landmarks

LEAST = 0.01
"""Share of a frame below which a camera counts as in step: there its landmarks stay as they were found."""

FARTHEST = 1.6
"""Frames apart up to which two pictures are neighbours; farther ones have a gap between them."""


def at_moments(landmarks: Landmarks, late: np.ndarray) -> Landmarks:
    """The landmarks (C, T, N) at the take's own moments.

    Args:
        late: (C, T) frames by which each camera's picture was taken after the take's moment; within half a frame but
            where a camera dropped frames.

    A landmark that was not seen in both pictures around a moment stays where the nearest one shows it.
    """
    if in_step(late):
        return landmarks
    xy = landmarks.xy.copy()
    for camera, behind in enumerate(late):
        if (np.abs(behind) > LEAST).any():
            xy[camera] = _moved(landmarks.xy[camera], landmarks.seen[camera], behind)
    return replace(landmarks, xy=xy)


def in_step(late: np.ndarray) -> bool:
    """Whether all pictures (C, T) show the take's moments."""
    return not (np.abs(late) > LEAST).any()


def _moved(xy: np.ndarray, seen: np.ndarray, late: np.ndarray) -> np.ndarray:
    """(T, N, 2) px where seen (T, N), taken at t + late[t] frames -> the same at t."""
    moments = np.arange(len(late)) + late
    first = np.concatenate([[True], np.diff(moments) > 0.25])  # a picture that stands for several moments counts once
    times, points = moments[first], np.where(seen[first, :, None], xy[first], np.nan)  # (P), (P, N, 2)
    if len(times) < 2:
        return xy
    wanted = np.arange(len(late), dtype=np.float64)
    left = np.clip(np.searchsorted(times, wanted, side="right") - 1, 0, len(times) - 2)
    right = left + 1
    gap = times[right] - times[left]
    part = np.clip((wanted - times[left]) / gap, 0.0, 1.0)[:, None, None]
    speed = _speeds(times, points)
    here, there, length = points[left], points[right], gap[:, None, None]
    # Hermite's four cubics: two for the places, two for the velocities.
    moved = ((1 + 2 * part) * (1 - part) ** 2 * here + part * (1 - part) ** 2 * length * speed[left]
             + part ** 2 * (3 - 2 * part) * there - part ** 2 * (1 - part) * length * speed[right])
    known = np.isfinite(moved).all(axis=2) & seen & (gap < FARTHEST)[:, None]
    known &= ((wanted >= times[0]) & (wanted <= times[-1]))[:, None]
    return np.where(known[..., None], moved, xy)


def _speeds(times: np.ndarray, points: np.ndarray) -> np.ndarray:
    """(P, N, 2) px a frame: between the neighbours where both are near, else towards the one that is."""
    steps = np.diff(points, axis=0) / np.diff(times)[:, None, None]
    steps[np.diff(times) > FARTHEST] = np.nan
    before, after = np.concatenate([steps[:1], steps]), np.concatenate([steps, steps[-1:]])
    both = np.where(np.isfinite(before) & np.isfinite(after), (before + after) / 2, np.nan)
    return np.where(np.isfinite(both), both, np.where(np.isfinite(before), before, after))
