"""Cameras from the performance itself: one bundle adjustment with the face model as the moving target.

The unknowns are those of a solve (head poses, weights, gaze, identity) and also how the cameras stand and their focal
lengths. For the camera's own motion no derivative is needed: moving a camera by a rigid motion of the world looks, to
it, as if the head had moved the other way, so its columns are those of the head's pose times a 6 by 6 matrix.
The face's size in the model's prior fixes the scale first; the distance between the eyes then fixes it as stated.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
import torch
from torch import Tensor

from capture.board_faults import middle
from capture.camera import WORLD_FROM_LONE_CAMERA, Camera, Rig
from capture.errors import RigError
from solver.arrow import border_covariance
from solver.embedding import EYE_POINTS, Embedding
from solver.energy import TERMS, costs, landmarks, residual_px, stepped
from solver.face_model import FaceModel
from solver.face_poses import FEWEST_TOGETHER, face_poses, relative
from solver.fit import Stage, newton_step, unknowns
from solver.geometry import rotation_exp, skew
from solver.landmarks import Landmarks
from solver.problem import GAZE, POSE, Cameras, Normal, Priors, Problem, State
from solver.solve import problem_of

FOCAL_SIGMA = 0.35
"""Standard deviation of the logarithm of a guessed focal length,"""

STATED_SIGMA = 0.03
"""and of one that the file's metadata states: stabilisation crops the picture."""

ALIKE = 0.01
"""The same of how cameras of one picture size differ: most stages have several of one kind. A face seen from different
sides says less of each (13 to 16 %): at 0.03 they came out up to a tenth apart, and directions worse on five shoots of
five."""

INTEROCULAR_M = 0.063
"""Between the pupils of adults, and"""

INTEROCULAR_SIGMA_M = 0.0038
"""its standard deviation (Dodgson, "Variation and extrema of human interpupillary distance", 2004);"""

MEASURED_SIGMA_M = 0.001
"""that of a ruler."""

MOST_FRAMES = 24

ENOUGH = 1e-6
"""An adjustment ends when an iteration lowers the energy by less than this share."""

PRIORS = Priors(robust=0.7)
"""Detectors err by view, together in all frames: far residuals are bias, and must pull less than in a solve."""

WORST_PX = 12.0
"""RMS residual over 1000 px of focal length above which the cameras do not see one face at one moment."""

STAGES = (Stage("cameras", frozenset({"pose"}), None, 8),
          Stage("all", frozenset({"pose", "weights", "gaze", "identity", "focal"}), None, 50))


@dataclass(frozen=True)
class FaceCalibration:
    """Cameras found from a face. C cameras.

    Attributes:
        rig: the world is the first camera's own space turned to Y up, as of a board.
        frames: moments that were used.
        residual_px: (C) RMS distance in px between landmarks and the model.
        focal_sigma: (C) standard deviation of the focal lengths, as a share of them.
        direction_sigma: (C) radians; 0 for the first camera.
        interocular_m: what the scale follows from; NaN where the model has no eyes to measure.
        scale_sigma: standard deviation of the face's size, and of all lengths by it, as a share of them.
        warnings: sentences for the user.
    """

    rig: Rig
    frames: int
    residual_px: np.ndarray
    focal_sigma: np.ndarray
    direction_sigma: np.ndarray
    interocular_m: float
    scale_sigma: float
    warnings: tuple[str, ...]


def calibrate_from_face(seen: Landmarks, lenses: Sequence[Camera], stated: Sequence[bool], model: FaceModel,
                        embedding: Embedding, frame_rate: Fraction, interocular_m: float | None = None,
                        report: Callable[[int, int], None] = lambda done, total: None) -> FaceCalibration:
    """Find how the cameras stand, and their focal lengths, from landmarks of one face in all of them.

    Args:
        seen: (C, T, N), on one clock.
        lenses: C cameras whose lens is the first guess; their poses are not looked at.
        stated: (C) whether a focal length is known from the file rather than guessed.
        interocular_m: the actor's own distance between the pupils, where it was measured.

    Raises:
        RigError: the cameras do not see the face together often enough, or not as one face at one moment.
    """
    torch.set_num_threads(1)  # the same take, the same bytes: see solve_take
    poses = face_poses(seen, lenses, model, embedding)
    rig = _rough_rig(poses, lenses)
    together = np.flatnonzero(np.isfinite(poses[:, :, 0, 0]).sum(axis=0) >= 2)
    frames = together[np.unique(np.linspace(0, len(together) - 1, min(len(together), MOST_FRAMES)).round().astype(int))]
    priors = replace(PRIORS, focal=STATED_SIGMA if all(stated) else FOCAL_SIGMA)
    problem, state = problem_of(seen, rig, False, model, embedding, frame_rate, frames, priors)
    problem = replace(problem, cameras=replace(problem.cameras, free_focal=(True,) * len(lenses)))
    kinds = _kinds(lenses, stated)
    done, total = 0, sum(stage.iterations for stage in STAGES)
    for stage in STAGES:
        problem, state = _adjust(problem, state, stage, kinds, lambda at, before=done: report(before + at, total))
        done += stage.iterations
        report(done, total)
    residual = np.sqrt(np.nanmean(residual_px(problem, state).numpy() ** 2, axis=(1, 2)))  # (C)
    # A detector errs by view, together in all frames: of all of them we know no more than one frame tells.
    focal_sigma, direction_sigma = (sigma * math.sqrt(len(frames)) for sigma in _uncertainty(problem, state, kinds))
    measured = interocular(model, embedding, state.identity.numpy())
    wanted = interocular_m if interocular_m is not None else INTEROCULAR_M
    scale = 1.0 if math.isnan(measured) else wanted / measured
    cameras = []
    for index, lens in enumerate(lenses):
        matrix = lens.matrix.copy()
        matrix[:2, :2] *= float(state.log_focal[index].exp())
        cameras.append(replace(lens, matrix=matrix, rotation=problem.cameras.rotation[index].numpy(),
                               translation=scale * problem.cameras.translation[index].numpy(),
                               error_px=float(residual[index])))
        if residual[index] > WORST_PX * matrix[0, 0] / 1000:
            raise RigError(f"{lens.name} and the other cameras do not see one face at one moment: its landmarks lie "
                           f"{residual[index]:.0f} px from where the others put them; run `mien sync`, check for a "
                           "mirrored clip, or film a board and run `mien calibrate`")
    sigma_m = INTEROCULAR_SIGMA_M if interocular_m is None else MEASURED_SIGMA_M
    turn = float(np.degrees(max(_reach(poses[index, :, :3, :3]) for index in range(len(lenses)))))
    warnings = () if turn > 8 else (
        f"the head turned by {turn:.0f} degrees only; cameras are found better from a take in which it turns more",)
    return FaceCalibration(Rig(tuple(cameras)), len(frames), residual, focal_sigma, direction_sigma,
                           math.nan if math.isnan(measured) else wanted, sigma_m / wanted, warnings)


def interocular(model: FaceModel, embedding: Embedding, identity: np.ndarray) -> float:
    """Metres between the eyes of a person: of the eyeballs' centres, else of the irises' landmarks; NaN without."""
    face = model.neutral + np.tensordot(identity, model.identity, 1) if len(identity) else model.neutral
    if len(model.eyes) == 2:
        left, right = (eye.centre(face) for eye in model.eyes)
        return float(np.linalg.norm(left - right))
    eyes = list(EYE_POINTS.get(embedding.scheme, ()))
    if not eyes or not embedding.known[eyes].all():
        return math.nan
    points = embedding.points(model, face)[eyes]
    left = points[:, 0] > points[:, 0].mean()
    return float(np.linalg.norm(points[left].mean(axis=0) - points[~left].mean(axis=0)))


def _rough_rig(poses: np.ndarray, lenses: Sequence[Camera]) -> Rig:
    """How the cameras stand by the mean face's pose in each, in the first one's space turned to Y up."""
    known = {0: np.eye(4)}
    while len(known) < len(lenses):
        pairs = [(len(relative(poses, there, new)[1]), -there, -new) for there in known
                 for new in range(len(lenses)) if new not in known]
        count, there, new = max(pairs)
        if count < FEWEST_TOGETHER:
            raise RigError(f"{lenses[-new].name} sees the face in {count} frames together with {lenses[-there].name} "
                           f"and no more with others, but {FEWEST_TOGETHER} are needed; film the face where both see "
                           "it, or film a board and run `mien calibrate`")
        known[-new] = middle(relative(poses, -there, -new)[0]) @ known[-there]
    return Rig(tuple(replace(lens, rotation=known[index][:3, :3] @ WORLD_FROM_LONE_CAMERA.T,
                             translation=known[index][:3, 3]) for index, lens in enumerate(lenses)))


def _kinds(lenses: Sequence[Camera], stated: Sequence[bool]) -> Tensor:
    """(C, C) precision that ties the logarithms of the focal lengths of guessed cameras of one picture size."""
    tie = torch.zeros(len(lenses), len(lenses), dtype=torch.float64)
    for size in {lens.size for lens in lenses}:
        alike = torch.tensor([lens.size == size and not known for lens, known in zip(lenses, stated, strict=True)])
        member = alike.to(tie)
        count = member.sum()
        if count > 1:
            tie += (torch.diag(member) - torch.outer(member, member) / count) / ALIKE**2
    return tie


def _adjust(problem: Problem, state: State, stage: Stage, tie: Tensor, progress: Callable[[int], None],
            ) -> tuple[Problem, State]:
    """Levenberg's damped Gauss-Newton over the frames' unknowns, the shared ones and the cameras but the first."""
    shared = len(state.identity) + len(tie)
    free, shared_free = unknowns(problem, state, stage)
    shared_free = torch.cat([shared_free, torch.arange(shared + POSE, shared + POSE * len(tie))])
    damping, energy = 1e-4, _energy(problem, state, tie)
    for iteration in range(stage.iterations):
        progress(iteration)
        normal = _linearised(problem, state, tie)
        while damping < 1e8:
            frames_step, step = newton_step(normal, state, free, shared_free, damping)
            there = replace(problem, cameras=_moved(problem.cameras, step[shared:]))
            candidate = stepped(state, frames_step, step[:shared])
            lowered = energy - _energy(there, candidate, tie)
            if lowered > 0:
                break
            damping *= 10
        else:
            break
        problem, state, energy, damping = there, candidate, energy - lowered, max(damping / 10, 1e-9)
        if lowered < ENOUGH * energy:
            break
    return problem, state


def _energy(problem: Problem, state: State, tie: Tensor) -> float:
    return sum(costs(problem, state).values()) + float(state.log_focal @ tie @ state.log_focal)


def _linearised(problem: Problem, state: State, tie: Tensor) -> Normal:
    """The solve's normal equations, the cameras' motions (C * 6) added to what all frames share."""
    frames, shapes = state.weights.shape
    modes, count = len(state.identity), len(tie)
    shared = modes + count
    whole = Normal.zeros(frames, POSE + shapes + GAZE, shared + POSE * count, state.weights)
    solves = Normal(whole.diagonal, whole.off, whole.border[..., :shared], whole.corner[:shared, :shared],
                    whole.frames_side, whole.border_side[:shared])  # views: the terms add to the whole
    pose_by_world = torch.eye(POSE, dtype=state.weights.dtype).repeat(frames, 1, 1)  # (T, 6, 6)
    pose_by_world[:, 3:, :3] = -skew(state.translation)  # a turn about the world's origin also shifts the head
    for camera in range(count):
        only = (torch.arange(count) == camera)[:, None, None]
        own = Normal.zeros(frames, POSE + shapes + GAZE, shared, state.weights)
        landmarks(replace(problem, precision=torch.where(only, problem.precision, 0.0)), state, own)
        for name in ("diagonal", "border", "corner", "frames_side", "border_side"):
            getattr(solves, name).add_(getattr(own, name))
        at = slice(shared + POSE * camera, shared + POSE * (camera + 1))
        whole.border[:, :, at] = own.diagonal[:, :, :POSE] @ pose_by_world
        crossed = torch.einsum("tab,tag->bg", pose_by_world, own.border[:, :POSE])
        whole.corner[at, :shared], whole.corner[:shared, at] = crossed, crossed.mT
        whole.corner[at, at] = (pose_by_world.mT @ own.diagonal[:, :POSE, :POSE] @ pose_by_world).sum(dim=0)
        whole.border_side[at] = torch.einsum("tab,ta->b", pose_by_world, own.frames_side[:, :POSE])
    for name, term in TERMS.items():
        if name != "landmarks":
            term(problem, state, solves)
    solves.corner[modes:, modes:] += tie
    solves.border_side[modes:] -= tie @ state.log_focal
    return whole


def _moved(cameras: Cameras, step: Tensor) -> Cameras:
    """The cameras with the world before each moved by a step (C * 6): rotation vector, metres."""
    turn, shift = step.reshape(-1, 2, 3).unbind(1)
    return replace(cameras, rotation=cameras.rotation @ rotation_exp(turn),
                   translation=cameras.translation + (cameras.rotation @ shift.unsqueeze(-1)).squeeze(-1))


def _uncertainty(problem: Problem, state: State, tie: Tensor) -> tuple[np.ndarray, np.ndarray]:
    """(C) standard deviations of the focal lengths, as shares, and (C) of the cameras' directions, radians."""
    modes, count = len(state.identity), len(tie)
    normal = _linearised(problem, state, tie)
    fixed = torch.arange(modes + count, modes + count + POSE)  # the first camera holds the world
    normal.border[..., fixed] = 0.0
    normal.corner[fixed, :], normal.corner[:, fixed] = 0.0, 0.0
    normal.corner[fixed, fixed] = 1e12
    normal.diagonal.diagonal(dim1=1, dim2=2).add_(1e-9)
    sigma = border_covariance(normal.arrow()).diagonal().clamp_min(0).sqrt().numpy()
    turns = sigma[modes + count:].reshape(count, POSE)[:, :3]
    return sigma[modes:modes + count], np.where(np.arange(count) > 0, np.linalg.norm(turns, axis=1), 0.0)


def _reach(turns: np.ndarray) -> float:
    """Radians between the two poses of a head, (T, 3, 3) with NaN, that differ most from its middle one."""
    known = turns[np.isfinite(turns[:, 0, 0])]
    if len(known) < 2:
        return 0.0
    traces = np.einsum("tij,ij->t", known, known[len(known) // 2])
    return 2 * float(np.arccos(np.clip((traces.min() - 1) / 2, -1, 1)))
