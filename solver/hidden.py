"""Shapes that no camera shows, because a hand or another thing is before what they move: they are not invented.

Where a side of the face is hidden and its counterpart is not, the hidden shape goes as the other side's does; where
both are, a shape goes straight from where it was seen last to where it is seen next, as whole faces do that no camera
sees. Both begin and end where the shape was seen, so that no curve jumps.
"""

import re

import numpy as np
from scipy.ndimage import binary_dilation

from capture.camera import Rig
from solver.detect import runs
from solver.embedding import Embedding
from solver.face_model import FaceModel
from solver.facing import Poses, facing
from solver.landmarks import Landmarks
from solver.neutral import LOOKS
from solver.points import shown_points
from solver.shape_names import other_side

HIDES = 0.25
"""A shape is hidden where so much of what it moves is, by the squares of how far it moves it."""
BY_OTHER = 0.5
"""How much of a hidden point is lost whose counterpart on the face's other side is seen: faces are nearly even."""
GROWN_SECONDS = 0.1
"""So long before and after, what comes before the face is a blur, and edges of it pass for the face's."""
WHOLE = ("jawLeft", "jawRight", "mouthLeft", "mouthRight")
"""Shapes whose names tell a direction, not a side."""
ANGLES = ("yawLeft", "pitchLeft", "yawRight", "pitchRight")
"""The eyes' angles, named as shapes are; both eyes' yaw goes to the same side."""


def unseen_share(landmarks: Landmarks, frames: np.ndarray, model: FaceModel, embedding: Embedding, rig: Rig,
                 poses: Poses) -> np.ndarray:
    """How much of what each shape moves the cameras would show and do not, for something is before it: (T', K), 0 to 1.

    Args:
        landmarks: of N points.
        frames: (T') which of theirs.
        model: the face.
        embedding: where the landmarks lie on it.
        rig: the cameras.
        poses: where the face is in these frames.
    """
    found, seen = landmarks.found, landmarks.seen
    if (seen.all(axis=2) == found)[:, frames].all():
        return np.zeros((len(frames), len(model.shape_names)))
    shown, all_of_it = np.zeros((2, len(frames), seen.shape[2]))
    for index, part, counts, _ in facing(model, embedding, rig, poses):
        at = index, frames[part]
        there = found[at][:, None] & np.isfinite(landmarks.xy[at]).all(axis=-1)
        shown[part] = np.maximum(shown[part], counts * seen[at])  # one camera that shows it is enough
        all_of_it[part] = np.maximum(all_of_it[part], counts * there)
    lost = np.divide(all_of_it - shown, all_of_it, out=np.zeros_like(shown), where=all_of_it > 0)
    lost *= BY_OTHER + (1 - BY_OTHER) * lost[:, embedding.partners(model)]
    moves = shown_points(model, embedding).shapes.square().sum(dim=1).numpy()  # (N, K) square metres
    return lost @ moves / np.maximum(moves.sum(axis=0), 1e-12)


def hidden_shapes(share: np.ndarray, frames: np.ndarray, frames_per_second: float) -> np.ndarray:
    """(T', K) bool: which shapes are hidden, of `unseen_share` in the take's frames (T')."""
    grown = round(GROWN_SECONDS * frames_per_second)
    rows = frames - frames[0]
    every = np.zeros((rows[-1] + 1, share.shape[1]), bool)  # frames without a face part what is before them from after
    every[rows] = share > HIDES
    return binary_dilation(every, np.ones((2 * grown + 1, 1), bool))[rows]


def carried_over(weights: np.ndarray, hidden: np.ndarray, frames: np.ndarray, names: tuple[str, ...]) -> np.ndarray:
    """Weights (T', K) without what was made of hidden shapes; some may come to lie beyond 0 and 1.

    Args:
        weights: as solved.
        hidden: (T', K) bool.
        frames: (T') the take's frames that these are.
        names: (K) of the shapes.
    """
    out = weights.copy()
    order = {name: column for column, name in enumerate(names)}
    for column in np.flatnonzero(hidden.any(axis=0)):
        other = order.get(counterpart(names[column]))
        for run in runs(hidden[:, column]):
            helped = other is not None and not hidden[run, other].any()
            beside = weights[:, other] if helped else np.zeros(len(weights))
            ends = [row for row in (run.start - 1, run.stop) if 0 <= row < len(weights)]
            apart = np.interp(frames[run], frames[ends], (weights[:, column] - beside)[ends]) if ends else 0.0
            out[run, column] = beside[run] + apart
    return out


def gaze_carried_over(gaze: np.ndarray, hidden: np.ndarray, frames: np.ndarray, names: tuple[str, ...]) -> np.ndarray:
    """The same for the eyes, (T', 2, 2) radians: each is hidden where one of its looks is."""
    looks = [[name.startswith(LOOKS) and name.endswith(side) for name in names] for side in ("Left", "Right")]
    away = np.repeat(np.stack([hidden[:, look].any(axis=1) for look in looks], axis=1), 2, axis=1)  # (T', 4)
    return carried_over(gaze.reshape(-1, 4), away, frames, ANGLES).reshape(gaze.shape)


def counterpart(name: str) -> str:
    """The same shape on the face's other side, of a look to one side the other eye's look there; "" where there is
    none: a jaw that goes left says nothing of one that goes right."""
    other = other_side(name)
    if other is None or name in WHOLE:
        return ""
    if name.startswith(LOOKS):
        return re.sub(r"In(?=Left|Right)|Out(?=Left|Right)", lambda way: "Out" if way[0] == "In" else "In", other)
    return other
