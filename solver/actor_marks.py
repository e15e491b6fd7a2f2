"""Who an actor is by landmarks that a person put right in a frame in which the face is at rest.

A detector errs by some mm on a face, alike in all of its frames; no number of frames tells that, and the resting face
that is found takes part of it over. A hand errs too, but not alike from landmark to landmark.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import torch
from scipy.spatial.transform import Rotation

from solver.actor_fit import Case, Face, Stance
from solver.corrections import Grip
from solver.energy import residual_px
from solver.fit import STAGES, fit
from solver.landmarks import Landmarks
from solver.neutral import at_rest
from solver.performance import Performance
from solver.points import DTYPE
from solver.problem import Priors, Problem, State
from solver.solve import problem_of

MARK = 0.004
"""How sure a person is of where a landmark is, over the face's height: a px of a face of 250."""
PERSON = 1.0
"""The spread among people as it is; `Priors` takes a quarter of it for a detector's errors."""


@dataclass(frozen=True)
class Marked:
    """What marks say: identity (I), how the head stands beside where the detector's landmarks put it, and how far the
    marks lie off the face that fits them over its height: their median, and the farthest with its camera and point."""

    identity: np.ndarray
    stance: Stance
    off: float
    farthest: float
    where: tuple[str, int]


def placed(marks: Mapping[Grip, tuple[float, float]], landmarks: Landmarks) -> Mapping[Grip, tuple[float, float]]:
    """The marks that have a place among landmarks (C, 1, N): in a camera that saw the face, of a point there is."""
    return {(camera, point, frame): place for (camera, point, frame), place in marks.items()
            if camera in landmarks.cameras and point < landmarks.seen.shape[2]
            and landmarks.found[landmarks.cameras.index(camera), 0]}


def marked(alone: Case, anybody: Face, marks: Mapping[Grip, tuple[float, float]]) -> Marked:
    """Whom a case of one frame shows by marks there that have a place; landmarks that nobody touched count as they were
    found."""
    landmarks, put = alone.landmarks, np.zeros(alone.landmarks.seen.shape, bool)
    xy = landmarks.xy.copy()
    for (camera, point, _), place in marks.items():
        if anybody.embedding.known[point]:
            row = landmarks.cameras.index(camera)
            xy[row, 0, point], put[row, 0, point] = place, True
    there = landmarks.seen | put
    height = np.array([np.ptp(xy[camera, 0, row[0], 1]) if row.any() else np.nan for camera, row in enumerate(there)])
    problem, start = _resting(replace(alone, landmarks=replace(landmarks, xy=xy, seen=there)), anybody)
    sure = torch.tensor(np.nan_to_num((MARK * height) ** -2.0), dtype=DTYPE)[:, None, None]
    problem = replace(problem, precision=torch.where(torch.tensor(put), sure, problem.precision),
                      pins=replace(problem.pins, trusted=torch.tensor(put)))  # none of them is an outlier
    told = fit(problem, start, lambda done, total: None)
    found, start = _resting(alone, anybody)
    known = tuple(replace(stage, free=stage.free - {"identity"}) for stage in STAGES)
    base = fit(found, replace(start, identity=told.identity), lambda done, total: None, known)
    off = residual_px(problem, told).numpy() / height[:, None, None]
    off = np.where(put, off, np.nan)
    camera, _, point = np.unravel_index(np.nanargmax(off), off.shape)
    return Marked(told.identity.numpy(), _between(base, told), float(np.nanmedian(off)), float(np.nanmax(off)),
                  (landmarks.cameras[camera], int(point)))


def stood(performance: Performance, stance: Stance | None) -> Performance:
    """The performance with the head as it stands."""
    if stance is None:
        return performance
    rotation = Rotation.from_quat(performance.head_rotation)
    return replace(performance, head_rotation=(rotation * Rotation.from_matrix(stance.turn)).as_quat(),
                   head_translation=performance.head_translation + rotation.apply(stance.shift))


def _resting(case: Case, face: Face) -> tuple[Problem, State]:
    problem, start = problem_of(case.landmarks, case.rig, case.lone, face.model, face.embedding, case.frame_rate,
                                np.array([0]), Priors(person=PERSON))
    return at_rest(problem, 0, face.model.shape_names), start


def _between(base: State, told: State) -> Stance:
    back = base.rotation[0].mT
    return Stance((back @ told.rotation[0]).numpy(), (back @ (told.translation[0] - base.translation[0])).numpy())
