"""From landmarks to a performance: sets the problem up, fits it, and says what it is worth."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction

import cv2
import numpy as np
import torch
from scipy.spatial.transform import Rotation, Slerp
from torch import Tensor

from capture.camera import Rig, undistort
from capture.errors import FaceError
from solver.align import align, pictures
from solver.appearance import Film, skin_spots
from solver.doubt import doubtful
from solver.embedding import Embedding
from solver.energy import residual_px
from solver.face_model import CORRECTIVES, FaceModel
from solver.face_poses import in_world, pose_of
from solver.facing import Poses, facing
from solver.fit import STAGES, Stage, fit, stages, weight_sigma
from solver.fuller import fuller
from solver.gaze import gaze_from_weights
from solver.hidden import carried_over, gaze_carried_over, hidden_shapes, unseen_share
from solver.landmarks import FEWEST, Landmarks, sound
from solver.lids import lids_shut
from solver.lips import lips_met
from solver.neutral import at_rest
from solver.performance import HIDDEN, UNKNOWN, Performance
from solver.points import DTYPE, shown_points
from solver.problem import Cameras, Priors, Problem, Read, State
from solver.reading import Reading
from solver.settle import LEAST_LEFT, MOST_GAZE, settled

INDEPENDENT = 0.3
"""Share of a landmark that counts: 478 points of one network err together, so they say less than 478 free ones."""
WARY = 1.163
"""What a landmark's sigma is multiplied by: a detector errs alike in frames that look alike, so that a solve must
believe each less than its sigma says."""
READ_TOO = 0.5
"""Share of that which is left where a reading of the same landmarks counts beside them."""
CONTOUR = 3.0
"""How much less is known of where a contour point lies, because it slides with the view."""


@dataclass(frozen=True)
class Preset:
    """How hard the solve tries.

    Attributes:
        table: the stages of the fit to landmarks.
        looks: how often the pictures are looked at again.
        quick: every short cut is taken that weights hardly feel: landmarks come from a quick look at each frame
            (`network_glance`), one in ONE_IN of them is compared, and the fit starts from what was read off them.
    """

    table: tuple[Stage, ...]
    looks: int
    quick: bool = False


PRESETS = {"draft": Preset(stages(person=4, performance=2, some=16, head=0, enough=1e-4), 0, quick=True),
           "standard": Preset(STAGES, 2), "final": Preset(stages(person=120, performance=80), 4)}
"""Each stage stops earlier where nothing more is gained."""
ONE_IN = 4
"""Landmarks of a detector err together, so that a quarter of them, each counted four times, says nearly as much: the
mesh's numbers run to and fro over the face, so every fourth lies everywhere. On the landmarks of the whole detector the
mean RMSE was 0.085 on actor1 with all and with a quarter, 0.087 and 0.088 on actor2."""


@dataclass(frozen=True)
class TakeFacts:
    """What goes into the performance unchanged."""

    take: str
    actor: str
    frame_rate: Fraction
    start_timecode: str
    steps: dict[str, str]


def solve_take(landmarks: Landmarks, rig: Rig, lone: bool, model: FaceModel, embedding: Embedding, facts: TakeFacts,
               report: Callable[[int, int], None], preset: Preset = PRESETS["standard"], priors: Priors | None = None,
               reading: Reading | None = None, known: np.ndarray | None = None,
               film: Film | None = None, neutral: int | None = None) -> tuple[Performance, Rig]:
    """Fit the model to a take.

    Args:
        landmarks: (C, T, N).
        rig: the cameras, in the landmarks' order.
        lone: there is no rig: the one camera's focal length is a guess, to be found.
        model: the face.
        embedding: where the landmarks lie on it.
        facts: names and times to hand through.
        report: progress.
        preset: how hard to try.
        priors: beliefs, the defaults where None.
        reading: what was read off the landmarks of the T frames.
        known: (I) the actor's identity, which then is not looked for.
        film: the take's pictures; None where only the landmarks are there.
        neutral: the frame in which a person says that the actor's face is at rest.

    Returns:
        The performance, and the rig with the focal length that was used.

    Raises:
        FaceError: no camera saw the face in any frame, or in the neutral one, or what the cameras saw is no face.
    """
    torch.set_num_threads(1)  # sums in another order would give other last bits: the same take, the same bytes
    landmarks = sound(landmarks)
    try:
        performance, used = _solved(landmarks, rig, lone, model, embedding, facts, report, preset, priors, reading,
                                    known, film, neutral)
    except (torch.linalg.LinAlgError, cv2.error) as error:
        raise _hopeless(facts.take) from error
    numbers = (performance.weights, performance.head_rotation, performance.head_translation, performance.gaze,
               performance.identity, performance.sigma)
    if not all(np.isfinite(part).all() for part in numbers):
        raise _hopeless(facts.take)
    return performance, used


def _hopeless(take: str) -> FaceError:
    return FaceError(f"{take}: no face fits what the cameras saw; look at the landmarks, and at whether rig.toml "
                     "belongs to these clips")


def _solved(landmarks: Landmarks, rig: Rig, lone: bool, model: FaceModel, embedding: Embedding, facts: TakeFacts,
            report: Callable[[int, int], None], preset: Preset, priors: Priors | None, reading: Reading | None,
            known: np.ndarray | None, film: Film | None, neutral: int | None) -> tuple[Performance, Rig]:
    seen_frames = np.flatnonzero(landmarks.found.any(axis=0))
    if len(seen_frames) == 0:
        raise FaceError(f"{facts.take}: no camera saw a face in any of its {landmarks.seen.shape[1]} frames; "
                        "check the clips, or choose other frames with --start and --end")
    problem, start = problem_of(landmarks, rig, lone, model, embedding, facts.frame_rate, seen_frames, priors,
                                reading, ONE_IN if preset.quick else 1)
    if preset.quick and problem.read is not None:
        known_shapes = problem.read.precision > 0
        start = replace(start, weights=torch.where(known_shapes, problem.read.weights, start.weights))
    if neutral is not None:
        if neutral not in seen_frames:
            raise FaceError(f"{facts.take}: no camera saw a face in frame {neutral}, which was named as the neutral "
                            "one; name a frame in which the face is at rest and in sight")
        problem = at_rest(problem, int(np.searchsorted(seen_frames, neutral)), model.shape_names)
    table = preset.table
    if known is not None:
        start = replace(start, identity=torch.tensor(known, dtype=DTYPE))
        table = tuple(replace(stage, free=stage.free - {"identity"}) for stage in table)
    spots = skin_spots(model, embedding) if film and preset.looks else None
    looked = pictures(preset.looks, len(seen_frames), len(rig.cameras)) if spots else 0
    progress = _Progress(report, looked)
    state = fit(problem, start, progress.fitted, table)
    used = _with_focal(rig, state.log_focal.numpy())
    if spots:
        problem, state = align(problem, state, film, preset.looks, landmarks, seen_frames, used, model, spots,
                               progress.looked)
    rate, who = float(facts.frame_rate), (state.identity.numpy(), model, embedding)
    state, sigma = _settled(state, weight_sigma(problem, state), rate)
    weights = state.weights.numpy()
    if reading is not None and reading.flat:
        weights = fuller(weights, sigma.numpy(), model.shape_names, rate, reading.flat)
    weights = lids_shut(lips_met(weights, sigma.numpy(), *who, rate), *who, seen_frames, rate)
    poses = Poses(state.rotation.numpy(), state.translation.numpy())
    hidden = hidden_shapes(unseen_share(landmarks, seen_frames, model, embedding, used, poses), seen_frames,
                           rate)
    weights = carried_over(weights, hidden, seen_frames, model.shape_names).clip(0.0, 1.0)
    gaze = gaze_carried_over(state.gaze.numpy(), hidden, seen_frames, model.shape_names)
    sigma[torch.from_numpy(hidden)] = UNKNOWN
    state = with_gaze(replace(state, weights=torch.from_numpy(weights), gaze=torch.from_numpy(gaze)), problem, model)
    residual = residual_px(problem, state).numpy()
    return _performance(landmarks, model, facts, state, sigma, residual, seen_frames, hidden.any(axis=1)), used


def _settled(state: State, sigma: Tensor, frames_per_second: float) -> tuple[State, Tensor]:
    """The state without its curves' shake, and the standard deviations (T, K) of weights that have lost it."""
    weights, gone = settled(state.weights.numpy(), frames_per_second)
    gaze, _ = settled(state.gaze.flatten(1).numpy(), frames_per_second, MOST_GAZE)
    # What is left of a weight's variance is not less than what smoothing leaves of noise alone.
    left = torch.maximum(sigma.square() - torch.from_numpy(gone), sigma.square() * LEAST_LEFT)
    return replace(state, weights=torch.from_numpy(weights.clip(0.0, 1.0)),
                   gaze=torch.from_numpy(gaze).reshape(-1, 2, 2)), left.sqrt()


@dataclass
class _Progress:
    """Counts the fit's iterations and then the pictures that are looked at as one row."""

    report: Callable[[int, int], None]
    pictures: int
    iterations: int = 0
    seen: int = 0

    def fitted(self, done: int, total: int) -> None:
        self.iterations = total
        self.report(done, total + self.pictures)

    def looked(self, count: int) -> None:
        self.seen += count
        self.report(self.iterations + self.seen, self.iterations + self.pictures)


def problem_of(landmarks: Landmarks, rig: Rig, lone: bool, model: FaceModel, embedding: Embedding,
               frame_rate: Fraction, frames: np.ndarray, priors: Priors | None = None,
               reading: Reading | None = None, one_in: int = 1) -> tuple[Problem, State]:
    """What is known in some frames (T'), in each of which a camera saw the face, and where a fit may start from.

    Other arguments as for `solve_take`; one landmark in `one_in` is compared, and counts for all of these, unless too
    few would be left. Frames that nobody saw are not solved, but filled in from their neighbours.
    """
    fewer = landmarks.every(one_in)
    if (fewer.seen.sum(axis=2)[landmarks.found] >= FEWEST).all():
        landmarks, embedding = fewer, embedding.every(one_in)
    else:
        one_in = 1
    used = landmarks.seen[:, frames] & embedding.known  # (C, T', N)
    undistorted = np.empty((*used.shape, 2))
    for index, camera in enumerate(rig.cameras):
        undistorted[index] = undistort(camera, landmarks.xy[index][frames])
    poses = _rough_poses(model, embedding, rig, undistorted, used)
    precision = one_in * _precision(landmarks, frames, used, model, embedding, rig, poses)
    seconds = np.diff(frames) / float(frame_rate)
    read = _read(reading, model, frames)
    if read:
        precision *= READ_TOO
        # What a network reads off points that it cannot see is a guess of the whole face's.
        known = 1.0 - unseen_share(landmarks, frames, model, embedding, rig, poses)
        read = replace(read, precision=read.precision * torch.from_numpy(known**2))
    np.nan_to_num(undistorted, copy=False)
    problem = Problem(shown_points(model, embedding), cameras_of(rig, lone),
                      torch.from_numpy(undistorted), torch.from_numpy(precision),
                      torch.tensor(seconds * 30.0, dtype=DTYPE), _lids(model), _correctives(model),
                      priors or Priors(), None, read)
    count, shapes = len(frames), len(model.shape_names)
    start = State(torch.tensor(poses.rotation, dtype=DTYPE), torch.tensor(poses.translation, dtype=DTYPE),
                  torch.zeros(count, shapes, dtype=DTYPE), torch.zeros(count, 2, 2, dtype=DTYPE),
                  torch.zeros(len(model.identity), dtype=DTYPE), torch.zeros(len(rig.cameras), dtype=DTYPE))
    return problem, start


def _read(reading: Reading | None, model: FaceModel, frames: np.ndarray) -> Read | None:
    if reading is None:
        return None
    weights, precision = reading.of(model.shape_names, frames)
    return Read(torch.tensor(weights, dtype=DTYPE), torch.tensor(precision, dtype=DTYPE)) if precision.any() else None


def with_gaze(state: State, problem: Problem, model: FaceModel) -> State:
    """The state; where the model has no eyes its gaze is what the eyeLook weights say."""
    return state if model.eyes else replace(state, gaze=(state.weights @ problem.lids.mT).reshape(-1, 2, 2))


def _lids(model: FaceModel) -> Tensor:
    return torch.tensor(gaze_from_weights(model), dtype=DTYPE)


def _correctives(model: FaceModel) -> Tensor:
    names = model.shape_names
    pairs = [[names.index(name) for name in pair] for pair in CORRECTIVES if set(pair) <= set(names)]
    return torch.tensor(pairs, dtype=torch.long).reshape(-1, 2)


def cameras_of(rig: Rig, lone: bool) -> Cameras:
    """The cameras as the energy takes them; a lone one's focal length is free."""
    def stack(name: str) -> Tensor:
        return torch.tensor(np.stack([getattr(camera, name) for camera in rig.cameras]), dtype=DTYPE)

    return Cameras(stack("rotation"), stack("translation"), stack("matrix"), (lone,) * len(rig.cameras))


def _rough_poses(model: FaceModel, embedding: Embedding, rig: Rig, xy: np.ndarray, used: np.ndarray) -> Poses:
    """The mean face placed in each frame by the camera that it faces most."""
    points = embedding.points(model, model.neutral)  # (N, 3)
    rotation, translation = np.zeros((used.shape[1], 3, 3)), np.zeros((used.shape[1], 3))
    for frame in range(used.shape[1]):
        placed = []
        for index in np.flatnonzero(used[:, frame].any(axis=1)):
            chosen = used[index, frame] & ~embedding.contour
            pose = pose_of(points[chosen], xy[index, frame, chosen], rig.cameras[index].matrix)
            if pose is None:
                raise torch.linalg.LinAlgError("the mean face can be put nowhere")
            placed.append((pose[2, 2], index, pose))
        _, index, pose = min(placed, key=lambda item: item[0])  # the face's +z towards the camera
        pose = in_world(pose, rig.cameras[index])
        rotation[frame], translation[frame] = pose[:3, :3], pose[:3, 3]
    return Poses(rotation, translation)


def _precision(landmarks: Landmarks, seen_frames: np.ndarray, used: np.ndarray, model: FaceModel,
               embedding: Embedding, rig: Rig, poses: Poses) -> np.ndarray:
    """(C, T, N) one over px^2: the detector's spread and that of where the landmark lies on the model, for points that
    face the camera; on the far side of the face a detector only guesses."""
    on_surface = embedding.spread_m * np.where(embedding.contour, CONTOUR, 1.0)  # (N)
    out = np.zeros(used.shape)
    for index, part, counts, distance in facing(model, embedding, rig, poses):
        px_per_metre = rig.cameras[index].matrix[0, 0] / distance
        with np.errstate(invalid="ignore", divide="ignore", over="ignore"):  # what was not seen may say anything
            unsure = WARY * landmarks.sigma[index, seen_frames[part]]
            variance = unsure ** 2 + (px_per_metre * on_surface) ** 2
            out[index, part] = np.where(used[index, part], INDEPENDENT * counts / variance, 0.0)
    return out


def _performance(landmarks: Landmarks, model: FaceModel, facts: TakeFacts, state: State, sigma: Tensor,
                 residual: np.ndarray, seen_frames: np.ndarray, hidden: np.ndarray) -> Performance:
    frames = landmarks.seen.shape[1]
    every = np.arange(frames)
    rotations = Rotation.from_matrix(state.rotation.numpy())
    if len(seen_frames) > 1:
        inside = np.clip(every, seen_frames[0], seen_frames[-1])
        rotations = Slerp(seen_frames, rotations)(inside)
    else:
        rotations = Rotation.concatenate([rotations] * frames)

    def filled(values: np.ndarray) -> np.ndarray:  # (T', ...) -> (T, ...), linear between, held outside
        flat = values.reshape(len(values), -1)
        columns = [np.interp(every, seen_frames, column) for column in flat.T]
        return np.stack(columns, axis=1).reshape(frames, *values.shape[1:])

    unseen = ~np.isin(every, seen_frames)
    per_frame = np.full(frames, np.nan)
    per_frame[seen_frames] = np.sqrt(np.nanmean(residual**2, axis=(0, 2)))
    spread = filled(sigma.numpy())
    spread[unseen] = UNKNOWN
    far = doubtful(landmarks, per_frame)
    covered = np.isin(every, seen_frames[hidden])
    flags = tuple(_flags(frame, unseen[frame], seen_frames, far[frame], covered[frame]) for frame in every)
    quaternion = rotations.as_quat()
    quaternion = _continuous(quaternion)
    return Performance(
        take=facts.take, actor=facts.actor, model_name=model.name, model_sha256=model.sha256,
        frame_rate=facts.frame_rate, start_timecode=facts.start_timecode, cameras=landmarks.cameras,
        shape_names=model.shape_names, weights=filled(state.weights.numpy()).round(6),
        head_rotation=quaternion.round(9), head_translation=filled(state.translation.numpy()).round(7),
        gaze=filled(state.gaze.numpy()).round(6), identity=state.identity.numpy().round(6), sigma=spread.round(6),
        residual_px=per_frame.round(4), seen=landmarks.found.mean(axis=0), flags=flags, steps=dict(facts.steps))


def _flags(frame: int, unseen: bool, seen_frames: np.ndarray, far: bool, hidden: bool) -> tuple[str, ...]:
    if unseen:
        return "unseen", "interpolated" if seen_frames[0] < frame < seen_frames[-1] else "held"
    return (*(("doubtful",) if far else ()), *((HIDDEN,) if hidden else ()))


def _continuous(quaternion: np.ndarray) -> np.ndarray:
    """Flip signs so that neighbouring quaternions lie on one half: curves must not jump."""
    dots = (quaternion[1:] * quaternion[:-1]).sum(axis=1)
    signs = np.cumprod(np.where(dots < 0, -1.0, 1.0))
    return quaternion * np.concatenate([[1.0], signs])[:, None]


def _with_focal(rig: Rig, log_focal: np.ndarray) -> Rig:
    cameras = []
    for camera, change in zip(rig.cameras, log_focal, strict=True):
        matrix = camera.matrix.copy()
        matrix[:2, :2] *= np.exp(change)
        cameras.append(replace(camera, matrix=matrix))
    return Rig(tuple(cameras))
