"""Whether an actor's profile is of the person whom a take shows, by what the landmarks say."""

import warnings
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
import torch

from capture.camera import Rig
from solver.correct import KEY_SIGMA
from solver.embedding import Embedding
from solver.face_model import FaceModel
from solver.fit import fit
from solver.landmarks import Landmarks
from solver.network_file import SCHEME
from solver.performance import Performance
from solver.points import DTYPE
from solver.problem import Pins
from solver.reading import Reading
from solver.residuals import landmark_errors
from solver.solve import PRESETS, TakeFacts, problem_of, solve_take

LOOKS = 16
"""Frames that are looked at."""
OTHER = 1.25
"""Another person's profile fits a face so many times worse than the face's own identity does. Measured on path-traced
faces: the own profile 0.97 to 1.06, an average face 1.15, another actor's 1.46."""

BLURRED = 0.0112
"""Spread of a landmark over the face's height from which on a picture says too little of a person. Measured: sharp
faces of 190 to 350 px 0.007, of 78 px 0.009 to 0.010; a face of 340 px blurred by 3 px 0.008 (its landmarks are still
right), by 8 px 0.012."""

@dataclass(frozen=True)
class Case:
    """What is known of a take: landmarks (C, T, N), cameras, whether their lens is a guess, what was read."""

    landmarks: Landmarks
    rig: Rig
    lone: bool
    frame_rate: Fraction
    reading: Reading | None = None

    def of(self, frames: np.ndarray) -> "Case":
        """The same of some frames alone."""
        landmarks, reading = self.landmarks, self.reading
        return replace(self, landmarks=replace(landmarks, xy=landmarks.xy[:, frames], sigma=landmarks.sigma[:, frames],
                                               seen=landmarks.seen[:, frames]),
                       reading=reading and replace(reading, weights=reading.weights[frames],
                                                   sigma=reading.sigma[frames]))


@dataclass(frozen=True)
class Stance:
    """How a head stands beside where its landmarks put it, in the head's own axes: turn (3, 3), shift (3) metres."""

    turn: np.ndarray
    shift: np.ndarray


@dataclass(frozen=True)
class Face:
    """What a take may be solved with: a model, where the landmarks lie on it, and an identity or None to look for it.
    `stance` is what landmarks that err alike in all frames do to the head; None where nobody knows that."""

    model: FaceModel
    embedding: Embedding
    identity: np.ndarray | None = None
    stance: Stance | None = None


def without_blurred(landmarks: Landmarks) -> Landmarks:
    """The landmarks with those frames unseen that no camera shows sharply, by what the network says of its own points.

    Other detectors do not say how sure they are of each point; theirs are left as they are.
    """
    if landmarks.scheme != SCHEME:
        return landmarks
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # of frames that nobody saw
        height = np.nanmax(landmarks.xy[..., 1], axis=2) - np.nanmin(landmarks.xy[..., 1], axis=2)  # (C, T)
        sigma = np.nanmedian(np.where(landmarks.seen, landmarks.sigma, np.nan), axis=2)
        best = np.nanmin(sigma / height, axis=0)  # (T)
    return replace(landmarks, seen=landmarks.seen & ~(best > BLURRED)[:, None])


def solved(case: Case, face: Face, preset: str = "draft") -> tuple[Performance, Rig]:
    """A quick solve of a case."""
    facts = TakeFacts("", "", case.frame_rate, "00:00:00:00", {})
    return solve_take(case.landmarks, case.rig, case.lone, face.model, face.embedding, facts, lambda done, total: None,
                      PRESETS[preset], reading=case.reading, known=face.identity)


def identity_around(case: Case, face: Face, weights: np.ndarray, known: np.ndarray) -> np.ndarray:
    """(I) who a case shows, where weights (T, K) are as said wherever `known` (T, K): what is known to be expression is
    not taken for the person."""
    frames = np.flatnonzero(case.landmarks.found.any(axis=0))
    problem, start = problem_of(case.landmarks, case.rig, case.lone, face.model, face.embedding, case.frame_rate,
                                frames, reading=case.reading)
    pins = Pins(torch.tensor(weights[frames], dtype=DTYPE),
                torch.tensor(np.where(known[frames], KEY_SIGMA**-2, 0.0), dtype=DTYPE),
                torch.zeros(problem.precision.shape, dtype=torch.bool))
    return fit(replace(problem, pins=pins), start, lambda done, total: None).identity.numpy()


def misfit(case: Case, own: Face, anybody: Face) -> float:
    """How many times worse a profile explains a take's landmarks than an identity that is looked for anew."""
    seen = np.flatnonzero(case.landmarks.found.any(axis=0))
    if len(seen) == 0:
        return 1.0
    part = case.of(seen[np.unique(np.linspace(0, len(seen) - 1, LOOKS).round().astype(int))])
    first, second = (solved(part, face)[0].residual_px for face in (own, anybody))
    return float(np.nanmedian(first) / max(np.nanmedian(second), 1e-9))


def foretold(case: Case, face: Face, fold: int) -> np.ndarray:
    """(T) px: how far landmarks that the solve did not fit lie from where it says that they are, root mean square.

    Every other landmark is hidden, `fold` says which: a face that is made to fit what it sees foretells the rest badly,
    one that is known foretells it well. Where the case has a reading, that saw all of them.
    """
    hidden = np.arange(case.landmarks.seen.shape[2]) % 2 == fold
    # Without a place, they do not pass for points behind a hand.
    landmarks = replace(case.landmarks, seen=case.landmarks.seen & ~hidden,
                        xy=np.where(hidden[:, None], np.nan, case.landmarks.xy))
    performance, used = solved(replace(case, landmarks=landmarks), face)
    off = landmark_errors(performance, face.model, face.embedding, used, case.landmarks)[:, :, hidden]  # (C, T, H)
    known = np.isfinite(off)
    squared = np.where(known, off, 0.0) ** 2
    count = known.sum(axis=(0, 2))
    return np.sqrt(np.divide(squared.sum(axis=(0, 2)), count, out=np.full(len(count), np.nan), where=count > 0))
