"""What the solve minimises: one function per term, each adding its share to the normal equations.

The energy is a negative log posterior, so every weight is one over a variance that can be argued about. Each term is
`term(problem, state, normal) -> cost`; with `normal` None it only costs.
"""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from solver.arrow import SEGMENT
from solver.gaze import FARTHEST
from solver.geometry import project, rotation_exp, rotation_log, skew
from solver.points import MovedPoints, move
from solver.problem import GAZE, POSE, Normal, Pins, Problem, Read, State

HELD = 8 * 478
"""Points whose Jacobians are held at once: about 10 MB, which stay in reach of the processor."""
NEVER = 1e8
"""A squared error, in variances, that no landmark reaches."""


def landmarks(problem: Problem, state: State, normal: Normal | None) -> float:
    """Robust distance between where the points appear and where they were found, in every camera (Cauchy's loss)."""
    total, count = 0.0, len(problem.observed)
    for part in _chunks(problem, state):
        moved = move(problem.points, state.weights[part], state.gaze[part], state.identity)
        in_world = moved.position @ state.rotation[part].mT + state.translation[part, None]  # (T, N, 3)
        frames, points = moved.position.shape[:2]
        stiffness = in_world.new_zeros(frames, points, 3, 3)  # half the Hessian by where a point is, in the head's axes
        pull = in_world.new_zeros(frames, points, 3, 1 + count)  # towards where it was found; by each log focal length
        for camera in range(count):
            precision = problem.precision[camera, part]
            if not precision.any():
                continue
            rotation = problem.cameras.rotation[camera]
            matrix = _matrix(problem, state, camera)
            pixels, by_camera_point = project(in_world @ rotation.mT + problem.cameras.translation[camera], matrix)
            residual = torch.where(precision.unsqueeze(-1) > 0, problem.observed[camera, part] - pixels, 0.0)
            squared = precision * residual.square().sum(-1)  # (T, N)
            scale = _outlying(problem, camera, part)
            total += (scale * torch.log1p(squared / scale)).sum().item()
            if normal is None:
                continue
            counted = (precision / (1 + squared / scale)).unsqueeze(-1)  # (T, N, 1)
            by_head = by_camera_point @ (rotation @ state.rotation[part]).unsqueeze(1)  # (T, N, 2, 3)
            by_focal = pixels - matrix[:2, 2]  # (T, N, 2)
            stiffness += by_head.mT @ (counted.unsqueeze(-1) * by_head)
            sides = counted.unsqueeze(-1) * torch.stack([residual, by_focal], -1)  # (T, N, 2, 2)
            pull[..., [0, 1 + camera]] += by_head.mT @ sides
            at = camera - count  # the focal lengths come last
            normal.corner[at, at] += (counted * by_focal.square()).sum()
            normal.border_side[at] += (counted * by_focal * residual).sum()
        if normal is not None:
            _accumulate(normal, problem, state, part, moved, stiffness, pull)
    return total


def weight_prior(problem: Problem, state: State, normal: Normal | None) -> float:
    """Small and few weights, where nothing was read: a Gaussian, and a cost that grows linearly (the weights are not
    negative)."""
    unread = torch.ones_like(state.weights) if problem.read is None else (problem.read.precision == 0).to(state.weights)
    precision, sparsity = problem.priors.weight**-2 * unread, problem.priors.sparsity * unread  # (T, K)
    if normal is not None:
        columns = slice(POSE, POSE + state.weights.shape[1])
        normal.diagonal[:, columns, columns].diagonal(dim1=1, dim2=2).add_(precision)
        normal.frames_side[:, columns] -= precision * state.weights + sparsity / 2
    return (precision * state.weights.square() + sparsity * state.weights).sum().item()


def pins(problem: Problem, state: State, normal: Normal | None) -> float:
    """Weights are what a person says that they are."""
    return _pulled(problem.pins, state, normal)


def reading(problem: Problem, state: State, normal: Normal | None) -> float:
    """Weights are near what was read off the landmarks: what human faces do, where the points leave it open."""
    return _pulled(problem.read, state, normal)


def appearance(problem: Problem, state: State, normal: Normal | None) -> float:
    """Skin looks as it does in the other frames (solver/appearance.py linearises that)."""
    seen = problem.appearance
    if seen is None:
        return 0.0
    away = torch.cat([rotation_log(state.rotation @ seen.at.rotation.mT), state.translation - seen.at.translation,
                      state.weights - seen.at.weights], 1)  # (T, D')
    answer = (seen.information @ away.to(seen.information).unsqueeze(-1)).squeeze(-1).to(away)
    if normal is not None:
        size = away.shape[1]
        for start in range(0, len(away), SEGMENT):  # at once, a long take's would be widened in half a gigabyte
            part = slice(start, start + SEGMENT)
            normal.diagonal[part, :size, :size] += seen.information[part]
        normal.frames_side[:, :size] += seen.side - answer
    return (seen.cost.sum() + (away * (answer - 2 * seen.side)).sum()).item()


def _pulled(towards: Pins | Read | None, state: State, normal: Normal | None) -> float:
    if towards is None:
        return 0.0
    apart = towards.weights - state.weights  # (T, K)
    if normal is not None:
        columns = slice(POSE, POSE + state.weights.shape[1])
        normal.diagonal[:, columns, columns].diagonal(dim1=1, dim2=2).add_(towards.precision)
        normal.frames_side[:, columns] += towards.precision * apart
    return (towards.precision * apart.square()).sum().item()


def person_prior(problem: Problem, state: State, normal: Normal | None) -> float:
    """A person is not far from the mean, and a focal length is near its guess."""
    precision = torch.cat([torch.full_like(state.identity, problem.priors.person**-2),
                           torch.full_like(state.log_focal, problem.priors.focal**-2)])
    shared = torch.cat([state.identity, state.log_focal])
    if normal is not None:
        normal.corner.diagonal().add_(precision)
        normal.border_side -= precision * shared
    return (precision * shared.square()).sum().item()


def gaze_prior(problem: Problem, state: State, normal: Normal | None) -> float:
    """Eyes look ahead unless seen otherwise, and the lids' eyeLook weights go with the eyeballs."""
    gaze = state.gaze.flatten(1)  # (T, 4)
    ahead = problem.priors.gaze**-2
    tied = problem.lids.any(dim=1)  # (4) only where the model has such shapes
    largest = problem.lids.abs().amax(dim=1).clamp_min(1e-9)  # (4) radians for a weight of 1
    together = torch.where(tied, (problem.priors.gaze_lids * largest) ** -2, 0.0)  # (4)
    residual = gaze - state.weights @ problem.lids.mT  # (T, 4)
    if normal is not None:
        jacobian = torch.cat([gaze.new_zeros(GAZE, POSE), -problem.lids,
                              torch.eye(GAZE, dtype=gaze.dtype, device=gaze.device)], 1)  # (4, D)
        normal.diagonal += jacobian.mT @ (together.unsqueeze(-1) * jacobian)
        normal.diagonal[:, -GAZE:, -GAZE:].diagonal(dim1=1, dim2=2).add_(ahead)
        normal.frames_side -= (together * residual) @ jacobian
        normal.frames_side[:, -GAZE:] -= ahead * gaze
    return (ahead * gaze.square().sum() + (together * residual.square()).sum()).item()


def corrective_prior(problem: Problem, state: State, normal: Normal | None) -> float:
    """A corrective does not go beyond what it corrects: mouthClose closes lips that the jaw has opened, no further."""
    corrective, driver = problem.correctives.unbind(1)  # (Q)
    excess = (state.weights[:, corrective] - state.weights[:, driver]).clamp_min(0)  # (T, Q)
    precision = problem.priors.corrective**-2
    if normal is not None:
        for (upper, lower), over in zip((POSE + problem.correctives).tolist(), excess.unbind(1), strict=True):
            active = precision * (over > 0).to(over)  # (T)
            normal.diagonal[:, upper, upper] += active
            normal.diagonal[:, lower, lower] += active
            normal.diagonal[:, upper, lower] -= active
            normal.diagonal[:, lower, upper] -= active
            normal.frames_side[:, upper] -= precision * over
            normal.frames_side[:, lower] += precision * over
    return (precision * excess.square()).sum().item()


def steadiness(problem: Problem, state: State, normal: Normal | None) -> float:
    """Neighbouring frames are alike: first differences, over the time between them (a random walk)."""
    if len(state.weights) < 2:
        return 0.0
    priors = problem.priors
    sigma = torch.cat([state.weights.new_full((3,), priors.rotation_step),
                       state.weights.new_full((3,), priors.translation_step),
                       state.weights.new_full((state.weights.shape[1],), priors.weight_step),
                       state.weights.new_full((GAZE,), priors.gaze_step)])  # (D)
    precision = 1 / (sigma.square() * problem.gap.unsqueeze(-1))  # (T - 1, D)
    step = torch.cat([rotation_log(state.rotation[1:] @ state.rotation[:-1].mT), state.translation.diff(dim=0),
                      state.weights.diff(dim=0), state.gaze.flatten(1).diff(dim=0)], 1)  # (T - 1, D)
    if normal is not None:
        # For small steps the rotation between two frames changes by the difference of their increments.
        normal.diagonal[:-1].diagonal(dim1=1, dim2=2).add_(precision)
        normal.diagonal[1:].diagonal(dim1=1, dim2=2).add_(precision)
        normal.off -= precision
        normal.frames_side[:-1] += precision * step
        normal.frames_side[1:] -= precision * step
    return (precision * step.square()).sum().item()


TERMS: dict[str, Callable[[Problem, State, Normal | None], float]] = {
    "landmarks": landmarks, "weights": weight_prior, "pins": pins, "reading": reading, "appearance": appearance,
    "person": person_prior, "gaze": gaze_prior, "correctives": corrective_prior, "steadiness": steadiness,
}


def costs(problem: Problem, state: State, normal: Normal | None = None) -> dict[str, float]:
    """Each term's cost, adding to `normal` where one is given."""
    return {name: term(problem, state, normal) for name, term in TERMS.items()}


def stepped(state: State, frames_step: Tensor, shared_step: Tensor) -> State:
    """The state after a step (T, D), (G), weights kept within 0..1 and gaze within what eyes can do."""
    shapes, modes = state.weights.shape[1], len(state.identity)
    rotation, translation, weights, gaze = frames_step.split([3, 3, shapes, GAZE], dim=1)
    return State(rotation_exp(rotation) @ state.rotation, state.translation + translation,
                 (state.weights + weights).clamp(0.0, 1.0),
                 (state.gaze + gaze.reshape(-1, 2, 2)).clamp(-FARTHEST, FARTHEST),
                 state.identity + shared_step[:modes], state.log_focal + shared_step[modes:])


def residual_px(problem: Problem, state: State) -> Tensor:
    """(C, T, N) distance in px between each landmark and its point; NaN where it was not seen."""
    out = torch.full_like(problem.precision, torch.nan)
    for part in _chunks(problem, state):
        moved = move(problem.points, state.weights[part], state.gaze[part], state.identity).position
        in_world = moved @ state.rotation[part].mT + state.translation[part, None]
        for camera, precision in enumerate(problem.precision[:, part]):
            in_camera = in_world @ problem.cameras.rotation[camera].mT + problem.cameras.translation[camera]
            pixels, _ = project(in_camera, _matrix(problem, state, camera))
            distance = torch.linalg.vector_norm(pixels - problem.observed[camera, part], dim=-1)
            out[camera, part] = torch.where(precision > 0, distance, torch.nan)
    return out


def _chunks(problem: Problem, state: State) -> Iterator[slice]:
    """The frames, a few at a time."""
    count = max(HELD // len(problem.points.neutral), 1)
    return (slice(start, start + count) for start in range(0, len(state.weights), count))


def _outlying(problem: Problem, camera: int, part: slice) -> Tensor:
    """(T, N) or a scalar: the squared error, in variances, from which a landmark loses its pull."""
    scale = problem.observed.new_tensor(problem.priors.robust**2)
    return scale if problem.pins is None else torch.where(problem.pins.trusted[camera, part], NEVER, scale)


def _matrix(problem: Problem, state: State, camera: int) -> Tensor:
    matrix = problem.cameras.matrix[camera].clone()
    matrix[:2, :2] = matrix[:2, :2] * state.log_focal[camera].exp()
    return matrix


def _accumulate(normal: Normal, problem: Problem, state: State, part: slice, moved: MovedPoints, stiffness: Tensor,
                pull: Tensor) -> None:
    """Add what the points of some frames say: from where they are to the unknowns that put them there.

    All cameras speak of the same points, so what they say is summed up before, as `stiffness` (T, N, 3, 3) and
    `pull` (T, N, 3, 1 + C), and the large products are made once.
    """
    frames, points = moved.position.shape[:2]
    modes, unknowns = len(state.identity), normal.diagonal.shape[-1]
    head_from_world = state.rotation[part].mT.unsqueeze(1)  # (T, 1, 3, 3)
    by_local = torch.cat([-skew(moved.position) @ head_from_world, head_from_world.expand(frames, points, 3, 3),
                          moved.by_weights.expand(frames, -1, -1, -1), moved.by_gaze], -1)  # (T, N, 3, D)
    rows = by_local.reshape(frames, -1, unknowns)  # (T, 3 N, D)
    stiff_rows = (stiffness @ by_local).reshape(frames, -1, unknowns)
    pull_rows = pull.reshape(frames, -1, pull.shape[-1])  # (T, 3 N, 1 + C)
    normal.diagonal[part] += rows.mT @ stiff_rows
    local = rows.mT @ pull_rows  # (T, D, 1 + C)
    normal.frames_side[part] += local[..., 0]
    normal.border[part, :, modes:] += local[..., 1:]
    if modes:
        by_identity = moved.by_identity.reshape(frames, -1, modes)  # (T, 3 N, I)
        normal.border[part, :, :modes] += stiff_rows.mT @ by_identity
        shared = (by_identity.mT @ pull_rows).sum(dim=0)  # (I, 1 + C)
        normal.border_side[:modes] += shared[:, 0]
        normal.corner[:modes, modes:] += shared[:, 1:]
        normal.corner[modes:, :modes] += shared[:, 1:].mT
        still = problem.points.eye < 0  # what identity does to these points is the same in all frames
        normal.corner[:modes, :modes] += _squared(problem.points.identity[still], stiffness[:, still].sum(dim=0))
        normal.corner[:modes, :modes] += _squared(moved.by_identity[:, ~still], stiffness[:, ~still])


def _squared(by_shared: Tensor, stiffness: Tensor) -> Tensor:
    """The sum of J' S J over points (and frames): J (..., 3, G), S (..., 3, 3) -> (G, G)."""
    columns = by_shared.shape[-1]
    return by_shared.reshape(-1, columns).mT @ (stiffness @ by_shared).reshape(-1, columns)
