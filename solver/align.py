"""A take that was solved from landmarks is aligned to its own pictures: look, step, look again."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from capture.camera import Rig
from solver.appearance import REFERENCE_FRAMES, Film, Spots, evidence, footing
from solver.face_model import FaceModel
from solver.fit import Stage, minimise
from solver.landmarks import Landmarks
from solver.problem import Problem, State

STAGE = Stage("appearance", frozenset({"pose", "weights", "gaze"}), None, 6)
"""The person stays as the landmarks have it: see solver/appearance.py."""


def align(problem: Problem, state: State, film: Film, looks: int, landmarks: Landmarks, frames: np.ndarray, rig: Rig,
          model: FaceModel, spots: Spots, tick: Callable[[int], None]) -> tuple[Problem, State]:
    """The problem with what its pictures say, and the state that fits it.

    Args:
        problem: of the T' frames.
        state: what the landmarks gave.
        film: the take's pictures, of the cameras in the landmarks' order.
        looks: how many times the pictures are compared; each costs a pass through the take.
        landmarks: (C, T, N).
        frames: (T') which frames of the take these are.
        rig: the cameras, with the focal lengths that were found.
        model: the face.
        spots: on its skin.
        tick: called with how many pictures were done, `pictures(looks, T', C)` in all.
    """
    base = footing(film, landmarks, frames, rig, state, spots, tick)
    for _ in range(looks):
        problem = replace(problem, appearance=None)  # what a long take's pictures said fills a quarter of a gigabyte
        problem = replace(problem, appearance=evidence(film, frames, base, state, model, tick))
        state = minimise(problem, state, STAGE, lambda iteration: None)
    return problem, state


def pictures(looks: int, frames: int, cameras: int) -> int:
    """How many pictures are looked at."""
    return (REFERENCE_FRAMES + looks * frames) * cameras
