"""Solving again around corrections: the frames near them, and those that look alike.

The frames near in time are solved again around what was said; frames of the same expression elsewhere in the take take
over the error that was found, because a detector errs alike where a face looks alike. The person, the cameras and all
frames of other expressions stay as the solve found them from the footage; so a correction is quick, and what was right
elsewhere stays so.
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import torch
from scipy.spatial.transform import Rotation

from capture.camera import Rig
from solver.corrections import CORRECTED, Layer, corrected, spline
from solver.embedding import Embedding
from solver.energy import costs, residual_px
from solver.face_model import FaceModel
from solver.fit import Stage, minimise, weight_sigma
from solver.landmarks import Landmarks
from solver.likeness import carried, influence, likeness
from solver.performance import Performance
from solver.points import DTYPE
from solver.problem import GAZE, POSE, Appearance, Normal, Pins, Problem, State
from solver.reading import Reading
from solver.solve import cameras_of, problem_of, with_gaze

KEY_SIGMA = 0.002
"""How sure a person is of a weight."""
UNSAID_SIGMA = 0.05
"""How sure a person is of the weights beside one that was keyed. In the demo a key that contradicts the pictures moved
another shape by up to 0.96 without this, and by 0.4 with it; after five keys that say the truth the surface was as near
to the truth in their frames, within 0.15 mm."""
DRAG_PX = 0.1
"""How sure a person is of where a landmark is: a drag must win against all the landmarks around it, which err alike."""
TRUSTED = 0.25
"""Nearness to a drag from which on its landmark is no outlier, and seen."""
MARGIN = 6
"""Frames beside those that may change, which hold their ends to the rest of the take."""
STAGE = Stage("corrections", frozenset({"pose", "weights", "gaze"}), None, 40)


def solve_around(layer: Layer, base: Performance, first: int, landmarks: Landmarks, rig: Rig, used: Rig,
                 model: FaceModel, embedding: Embedding, reading: Reading | None, steps: dict[str, str],
                 report: Callable[[int, int], None]) -> Performance:
    """A solve with its frames near corrections solved again.

    Args:
        layer: the corrections.
        base: the solve of T frames, without corrections.
        first: the take's frame that is its first.
        landmarks: (C, T, N) that it was solved from.
        rig: the cameras that it was solved with.
        used: the same with the focal length that was found.
        model: the face.
        embedding: where the landmarks lie on it.
        reading: what was read off the landmarks as they were found.
        steps: what the performance says of how it came about.
        report: progress.
    """
    torch.set_num_threads(1)
    moved, near_drag = _dragged(layer, landmarks, base.weights, first)
    target, near_key = _keyed(layer, base, first)
    here = [frame - first for frame in sorted(layer.frames()) if 0 <= frame - first < base.frames]
    in_time = influence(here, base.weights)[0] > 0
    near = in_time & (near_key > 0).any(axis=1) | (near_drag > 0).any(axis=(0, 2))  # (T)
    seen = landmarks.found.any(axis=0)
    chosen = np.flatnonzero(_widened(near) & seen)
    # Where no camera saw the keys stand, and elsewhere in the take what they say of its error.
    weights, gaze, sigma = target.copy(), base.gaze.copy(), base.sigma.copy()
    rotation, translation = base.head_rotation.copy(), base.head_translation.copy()
    residual = base.residual_px.copy()
    if len(chosen):
        problem, state = _around(chosen, base, moved, rig, used, model, embedding, reading)
        found, _ = _around(chosen, base, landmarks, rig, used, model, embedding, reading)
        held = _held(found, state)
        problem = replace(_corrected(problem, target, near, near_key, near_drag, chosen, embedding), appearance=held)
        state = with_gaze(minimise(problem, state, STAGE, lambda done: report(done, STAGE.iterations)), problem, model)
        inside = near[chosen]
        frames = chosen[inside]
        turn = Rotation.from_matrix(state.rotation[inside].numpy()).as_quat()
        flip = np.where((turn * base.head_rotation[frames]).sum(axis=1) < 0, -1.0, 1.0)
        rotation[frames] = (turn * flip[:, None]).round(9)
        translation[frames] = state.translation[inside].numpy().round(7)
        weights[frames] = state.weights[inside].numpy()
        gaze[frames] = state.gaze[inside].numpy().round(6)
        sigma[frames] = weight_sigma(problem, state)[inside].numpy().round(6)
        apart = residual_px(problem, state).numpy()[:, inside]
        residual[frames] = np.sqrt(np.nanmean(apart**2, axis=(0, 2))).round(4)
    said = {frame - first for frame in layer.frames()}
    flags = tuple((*(word for word in words if frame + first not in layer.right), CORRECTED) if frame in said else words
                  for frame, words in enumerate(base.flags))
    return replace(base, weights=weights.round(6), head_rotation=rotation, head_translation=translation, gaze=gaze,
                   sigma=sigma, residual_px=residual, flags=flags, steps=steps)


def _keyed(layer: Layer, base: Performance, first: int) -> tuple[np.ndarray, np.ndarray]:
    """(T, K) the weights as the keys would have them, and how far each is under the keys' influence.

    Of a shape whose keys have tangents the animator has drawn the curve in time; any other's error is carried to
    frames that look alike, by regression on the keys' frames.
    """
    target, near = base.weights.copy(), np.zeros(base.weights.shape)
    wanted = corrected(layer, base.weights, base.shape_names, first)
    low, high = np.minimum(base.weights.min(axis=0), 0.0), np.maximum(base.weights.max(axis=0), 1.0)
    for column, name in enumerate(base.shape_names):
        keys = [key for key in layer.keys.get(name, ()) if 0 <= key.frame - first < base.frames]
        frames = [key.frame - first for key in keys]
        if any(key.slope_in is not None or key.slope_out is not None for key in keys):
            by_time, near[:, column] = influence(frames, base.weights)
            share = near[:, column] / np.maximum(by_time, 1e-9)
            target[:, column] += share * (wanted[:, column] - target[:, column])
        elif keys:
            alike = likeness(frames, base.weights)  # (T, F)
            errors = np.array([key.value for key in keys]) - base.weights[frames, column]
            target[:, column] = np.clip(base.weights[:, column] + carried(alike, errors, frames), low[column],
                                        high[column])
            target[frames, column] = [key.value for key in keys]
            near[:, column] = alike.max(axis=1)
    return target, near


def _dragged(layer: Layer, landmarks: Landmarks, weights: np.ndarray, first: int) -> tuple[Landmarks, np.ndarray]:
    """The landmarks as they would have been found if they erred as little as in the frames where they were dragged;
    and (C, T, N) how near a drag each is. One behind a hand counts where somebody said where it is."""
    near = np.zeros(landmarks.seen.shape)
    if not layer.drags or layer.scheme != landmarks.scheme:
        return landmarks, near
    xy, seen, count = landmarks.xy.copy(), landmarks.seen.copy(), near.shape[1]
    tracks: dict[tuple[int, int], dict[int, tuple[float, float]]] = {}
    for (camera, point, frame), place in sorted(layer.drags.items()):
        if camera in landmarks.cameras and point < near.shape[2] and 0 <= frame - first < count:
            tracks.setdefault((landmarks.cameras.index(camera), point), {})[frame - first] = place
    for (camera, point), places in tracks.items():
        found = landmarks.found[camera] & np.isfinite(landmarks.xy[camera, :, point]).all(axis=1)
        errors = {frame: np.subtract(place, landmarks.xy[camera, frame, point]) for frame, place in places.items()
                  if found[frame]}
        by_time, by_both = influence(errors, weights)
        for axis in (0, 1):
            erred = spline([(frame, error[axis], np.nan, np.nan) for frame, error in errors.items()], count)
            xy[camera, :, point, axis] += erred * by_both / np.maximum(by_time, 1e-9)
        near[camera, :, point] = np.where(found, by_both, 0.0)
        seen[camera, :, point] |= near[camera, :, point] >= TRUSTED
    return replace(landmarks, xy=xy, seen=seen), near


def _around(chosen: np.ndarray, base: Performance, landmarks: Landmarks, rig: Rig, used: Rig, model: FaceModel,
            embedding: Embedding, reading: Reading | None) -> tuple[Problem, State]:
    """The problem of the chosen frames, and the state that `base` has there."""
    problem, start = problem_of(landmarks, rig, False, model, embedding, base.frame_rate, chosen,
                                reading=reading)
    identity = base.identity if len(base.identity) else np.zeros(len(model.identity))
    state = replace(start, rotation=torch.tensor(Rotation.from_quat(base.head_rotation[chosen]).as_matrix(),
                                                 dtype=DTYPE),
                    translation=torch.tensor(base.head_translation[chosen], dtype=DTYPE),
                    weights=torch.tensor(base.weights[chosen], dtype=DTYPE),
                    gaze=torch.tensor(base.gaze[chosen], dtype=DTYPE), identity=torch.tensor(identity, dtype=DTYPE))
    return replace(problem, cameras=cameras_of(used, False)), state


def _held(found: Problem, state: State) -> Appearance:
    """A force that holds the base where it is: the pictures had their say in it, beyond the landmarks, and only what a
    person corrects shall move it."""
    unknowns = POSE + state.weights.shape[1]
    normal = Normal.zeros(len(state.weights), unknowns + GAZE, len(state.identity) + len(state.log_focal),
                          state.weights)
    costs(found, state, normal)
    return Appearance(state, torch.zeros(len(state.weights), unknowns, unknowns, dtype=torch.float32),
                      -normal.frames_side[:, :unknowns], torch.zeros(len(state.weights), dtype=DTYPE))


def _corrected(problem: Problem, target: np.ndarray, near: np.ndarray, near_key: np.ndarray, near_drag: np.ndarray,
               chosen: np.ndarray, embedding: Embedding) -> Problem:
    """With what the person says: drags, keys, and that the frames around stay what they are."""
    close = torch.tensor(near_drag[:, chosen] * embedding.known, dtype=DTYPE)
    precision = (1 - close) * problem.precision + close * DRAG_PX**-2
    # Shapes that a key does not name were seen beside it. Free, they would undo in the pictures what it says where it
    # contradicts them: a chin is pushed up for a jaw that was opened. A drag says how the pictures erred: they follow.
    sure = np.where(near_drag[:, chosen].any(axis=(0, 2)), 0.0, UNSAID_SIGMA**-2)[:, None]
    # The frames at the ends stay what they are, and the others join them through the steadiness of a face.
    firmness = np.where(near[chosen, None], np.maximum(near_key[chosen] * KEY_SIGMA**-2, sure), KEY_SIGMA**-2)
    pins = Pins(torch.tensor(target[chosen], dtype=DTYPE), torch.tensor(firmness, dtype=DTYPE), close >= TRUSTED)
    return replace(problem, precision=precision, pins=pins)


def _widened(near: np.ndarray) -> np.ndarray:
    """(T) bool, with MARGIN frames more on each side."""
    return np.convolve(near, np.ones(2 * MARGIN + 1))[MARGIN:MARGIN + len(near)] > 0
