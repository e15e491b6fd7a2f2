"""The face at rest: which frame of a take shows it, and what it says of who the actor is.

Nobody needs to name one: the prior of few and small weights and the reading of the whole take find the face that the
others depart from. Where the actor never comes to rest, or rests with a brow up, a person knows better.
"""

from dataclasses import replace

import numpy as np
import torch
from scipy.ndimage import uniform_filter1d

from solver.performance import Performance
from solver.problem import Pins, Problem

SIGMA = 0.03
"""How sure a person is that every weight is 0 in a frame at rest."""
LOOKS = "eyeLook"
"""Shapes that go with the gaze: an actor at rest looks anywhere."""
STILL_SECONDS = 0.3


def at_rest(problem: Problem, frame: int, shape_names: tuple[str, ...]) -> Problem:
    """The problem with the face known to be at rest in one of its frames, but for the gaze: what was read there does
    not count beside what a person says."""
    counted = torch.tensor([not name.startswith(LOOKS) for name in shape_names])
    weights = torch.zeros(problem.observed.shape[1], len(shape_names), dtype=problem.observed.dtype)
    precision = torch.zeros_like(weights)
    precision[frame, counted] = SIGMA**-2
    read = problem.read
    if read is not None:
        left = read.precision.clone()
        left[frame, counted] = 0.0
        read = replace(read, precision=left)
    pins = Pins(weights, precision, torch.zeros_like(problem.precision, dtype=torch.bool))
    return replace(problem, pins=pins, read=read)


def rest_frame(performance: Performance) -> int:
    """The frame around which the weights, but for the gaze's, are least: the take's stillest and most central face."""
    counted = np.array([not name.startswith(LOOKS) for name in performance.shape_names], dtype=bool)
    weights = performance.weights[:, counted]
    moved = np.abs(np.diff(weights, axis=0, prepend=weights[:1])).sum(axis=1)  # (T)
    about = max(1, round(STILL_SECONDS * float(performance.frame_rate)))
    total = weights.sum(axis=1) + uniform_filter1d(moved, about, mode="nearest")
    return int(np.where(performance.seen > 0, total, np.inf).argmin())
