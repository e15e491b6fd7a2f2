"""Cameras without genlock: each landmark where it stood at the take's moment, not in the camera's nearest picture.

A camera's nearest frame is up to half a frame early or late, which at a blink's speed is several px. Between its frames
a landmark is taken to move along the smoothest curve through them all, a cubic spline: it misses the height of a blink
of two and a half frames by 2 % at most; a curve through two frames and their neighbours alone does by 5 %.
"""

import itertools
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from scipy.interpolate import CubicSpline

from solver.landmarks import Landmarks

LEAST = 0.01
"""Share of a frame below which a camera counts as in step: there its landmarks stay as they were found."""

FARTHEST = 1.6
"""Frames of the camera apart up to which two pictures are neighbours; farther ones have a gap between them."""


def at_moments(landmarks: Landmarks, late: np.ndarray) -> Landmarks:
    """The landmarks (C, T, N) at the take's own moments.

    Args:
        late: (C, T) frames by which each camera's picture was taken after the take's moment; within half a frame but
            where a camera dropped frames. NaN where it has no picture, before it begins or after it stops.

    A landmark that was not seen in both pictures around a moment stays where the nearest one shows it.
    """
    if in_step(late):
        return landmarks
    xy = landmarks.xy.copy()
    for camera, behind in enumerate(late):
        if (np.abs(behind) > LEAST).any():
            there = np.isfinite(behind)
            xy[camera, there] = _moved(landmarks.xy[camera, there], landmarks.seen[camera, there], behind[there])
    return replace(landmarks, xy=xy)


def in_step(late: np.ndarray) -> bool:
    """Whether all pictures (C, T) show the take's moments."""
    return not (np.abs(late) > LEAST).any()


def _moved(xy: np.ndarray, seen: np.ndarray, late: np.ndarray) -> np.ndarray:
    """(T, N, 2) px where seen (T, N), taken at t + late[t] frames -> the same at t."""
    moments = np.arange(len(late)) + late
    first = np.concatenate([[True], np.diff(moments) > 0.25])  # a picture that stands for several moments counts once
    times, rows = moments[first], np.flatnonzero(first)  # (P)
    wanted, out = np.arange(len(late), dtype=np.float64), xy.copy()
    # A face is mostly seen whole or not at all: landmarks that are seen in the same pictures share their curves.
    patterns, member = np.unique(seen[rows], axis=1, return_inverse=True)  # (P, G), (N)
    for group, known in enumerate(patterns.T):
        points = np.flatnonzero(member.ravel() == group)
        for run in _runs(known, times):
            inside = (wanted >= times[run][0]) & (wanted <= times[run][-1]) & seen[:, points[0]]
            out[np.ix_(inside, points)] = CubicSpline(times[run], xy[np.ix_(rows[run], points)])(wanted[inside])
    return out


def _runs(known: np.ndarray, times: np.ndarray) -> Iterator[slice]:
    """The stretches of pictures (P), two at least, in which a landmark is seen without a gap."""
    usual = max(np.round(np.median(np.diff(times))), 1.0) if len(times) > 1 else 1.0  # of a slower camera, several
    broken = np.flatnonzero(~(known[:-1] & known[1:] & (np.diff(times) < usual * FARTHEST))) + 1
    for start, stop in itertools.pairwise([0, *broken.tolist(), len(known)]):
        if stop - start > 1:
            yield slice(start, stop)
