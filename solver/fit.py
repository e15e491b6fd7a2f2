"""The solve: landmarks of all cameras over a whole take -> identity, head motion, bounded weights, gaze.

A table of stages says what is free in each; the one loop below is Gauss-Newton with Levenberg's damping and an active
set for the bounds (Bertsekas 1982, projected Newton methods).
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from solver.arrow import Arrow, frame_variances, solve
from solver.energy import costs, stepped
from solver.geometry import rotation_exp, rotation_log
from solver.problem import GAZE, POSE, Normal, Pins, Problem, Read, State

Report = Callable[[int, int], None]
SOME_FRAMES = 96


@dataclass(frozen=True)
class Stage:
    """What one stage frees, over which frames, and for at most how many iterations.

    `frames` is how many, spread over the take: enough to know the person by; None for all. The stage ends when an
    iteration lowers the energy by less than the share `enough`.
    """

    name: str
    free: frozenset[str]
    frames: int | None
    iterations: int
    enough: float = 1e-5


def stages(person: int, performance: int, some: int = SOME_FRAMES, head: int = 3, enough: float = 1e-5
           ) -> tuple[Stage, ...]:
    """The table, with the most iterations for each stage, how many frames tell the person, and what share of the energy
    the last iteration still gains."""
    table = (
        # Both only make ready for the next: heads settled to the last bit, or poses and weights that are solved again,
        # would cost seconds a take and change weights by less than 0.001 (root mean square).
        Stage("head", frozenset({"pose"}), some, head),
        Stage("person", frozenset({"pose", "weights", "gaze", "identity", "focal"}), some, person, 1e-4),
        Stage("performance", frozenset({"pose", "weights", "gaze"}), None, performance, enough),
    )
    return tuple(stage for stage in table if stage.iterations)


STAGES = stages(person=40, performance=25)
PERSON = frozenset({"identity", "focal"})
"""What all frames share."""


def fit(problem: Problem, start: State, report: Report, table: tuple[Stage, ...] = STAGES) -> State:
    """Run the table's stages over the take, from `start` (rough head poses are enough)."""
    total, done = sum(stage.iterations for stage in table), 0
    state = start
    for stage in table:
        chosen = _chosen_frames(problem, stage)
        part = _part(problem, chosen)

        def progress(iteration: int, before: int = done) -> None:
            report(before + iteration, total)

        local = minimise(part, _frames_of(state, chosen), stage, progress)
        state = _spread(state, local, chosen)
        done += stage.iterations
        report(done, total)
    return state


def minimise(problem: Problem, state: State, stage: Stage, progress: Callable[[int], None]) -> State:
    """The loop: linearise, solve for the free unknowns, step, keep the step if the energy fell."""
    if not stage.free & PERSON:
        known, alone = _of_a_known_person(problem, state)
        alone = _minimised(known, alone, stage, progress)
        return replace(alone, identity=state.identity, log_focal=state.log_focal)
    return _minimised(problem, state, stage, progress)


def _minimised(problem: Problem, state: State, stage: Stage, progress: Callable[[int], None]) -> State:
    free, shared_free = unknowns(problem, state, stage)
    damping = 1e-4
    for iteration in range(stage.iterations):
        progress(iteration)
        normal, energy = _linearised(problem, state)
        while damping < 1e8:
            candidate = stepped(state, *newton_step(normal, state, free, shared_free, damping))
            lowered = energy - sum(costs(problem, candidate).values())
            if lowered > 0:
                break
            damping *= 10
        else:
            return state
        del normal  # before the next is made: it is the largest thing that a long take needs
        state, damping = candidate, max(damping / 10, 1e-9)
        if lowered < stage.enough * (energy - lowered):
            break
    return state


def _linearised(problem: Problem, state: State) -> tuple[Normal, float]:
    """The normal equations near a state, and its energy."""
    normal = Normal.zeros(len(state.weights), POSE + state.weights.shape[1] + GAZE,
                          len(state.identity) + len(state.log_focal), state.weights)
    return normal, sum(costs(problem, state, normal).values())


def _of_a_known_person(problem: Problem, state: State) -> tuple[Problem, State]:
    """The same with the person's face as the mean face and the focal lengths as the guess: no identity is left, and
    with it most of what the frames would share."""
    points, cameras = problem.points, problem.cameras
    matrix = cameras.matrix.clone()
    matrix[:, :2, :2] *= state.log_focal.exp()[:, None, None]
    points = replace(points, neutral=points.neutral + points.identity @ state.identity,
                     identity=points.identity[..., :0],
                     eye_centre=points.eye_centre + points.eye_centre_identity @ state.identity,
                     eye_centre_identity=points.eye_centre_identity[..., :0])
    return (replace(problem, points=points, cameras=replace(cameras, matrix=matrix)),
            replace(state, identity=state.identity[:0], log_focal=torch.zeros_like(state.log_focal)))


def newton_step(normal: Normal, state: State, free: Tensor, shared_free: Tensor,
                 damping: float) -> tuple[Tensor, Tensor]:
    """(T, D) and (G): the damped step in the free unknowns, zero elsewhere.

    A weight that stands at a bound and is pushed against it is held there for this step.
    """
    weights = slice(POSE, POSE + state.weights.shape[1])
    move = torch.zeros_like(normal.frames_side)  # (T, D)
    move[:, free] = 1.0
    push = normal.frames_side[:, weights]
    move[:, weights] *= ~(((state.weights <= 0) & (push <= 0)) | ((state.weights >= 1) & (push >= 0)))
    border = normal.border[:, :, shared_free] * move.unsqueeze(-1)
    corner = normal.corner[shared_free][:, shared_free]
    corner = corner + torch.diag(damping * corner.diagonal() + 1e-12)
    system = Arrow(normal.diagonal, normal.off * move[1:] * move[:-1], border, corner, move, damping)
    frames_step, shared = solve(system, normal.frames_side * move, normal.border_side[shared_free])
    shared_step = torch.zeros_like(normal.border_side)
    shared_step[shared_free] = shared
    return frames_step, shared_step


def unknowns(problem: Problem, state: State, stage: Stage) -> tuple[Tensor, Tensor]:
    """Indices of the free unknowns of a frame, and of the shared ones."""
    shapes, modes = state.weights.shape[1], len(state.identity)
    columns = []
    if "pose" in stage.free:
        columns += range(POSE)
    if "weights" in stage.free:
        columns += range(POSE, POSE + shapes)
    if "gaze" in stage.free and len(problem.points.eye_centre):
        columns += range(POSE + shapes, POSE + shapes + GAZE)
    shared = list(range(modes)) if "identity" in stage.free else []
    if "focal" in stage.free:
        shared += [modes + index for index, free in enumerate(problem.cameras.free_focal) if free]
    return torch.tensor(columns, dtype=torch.long), torch.tensor(shared, dtype=torch.long)


def _chosen_frames(problem: Problem, stage: Stage) -> Tensor | None:
    """Their numbers, frames of which a person says something among them; None for all."""
    count = problem.observed.shape[1]
    if stage.frames is None or count <= stage.frames:
        return None
    spread = torch.linspace(0, count - 1, stage.frames).round().long()
    if problem.pins is None:
        return spread
    return torch.cat([spread, problem.pins.precision.any(dim=1).nonzero()[:, 0]]).unique()


def _part(problem: Problem, chosen: Tensor | None) -> Problem:
    """The problem of the chosen frames alone; the time between them adds up."""
    if chosen is None:  # a copy would double the largest things that a long take holds
        return problem
    time = torch.cat([problem.gap.new_zeros(1), problem.gap.cumsum(0)])
    read = problem.read and Read(problem.read.weights[chosen], problem.read.precision[chosen])
    pins = problem.pins and Pins(problem.pins.weights[chosen], problem.pins.precision[chosen],
                                 problem.pins.trusted[:, chosen])
    return replace(problem, observed=problem.observed[:, chosen], precision=problem.precision[:, chosen],
                   gap=time[chosen].diff(), pins=pins, read=read)


def _frames_of(state: State, chosen: Tensor | None) -> State:
    if chosen is None:
        return state
    return replace(state, rotation=state.rotation[chosen], translation=state.translation[chosen],
                   weights=state.weights[chosen], gaze=state.gaze[chosen])


def _spread(state: State, local: State, chosen: Tensor | None) -> State:
    """Put the chosen frames back; in the others changes what changed in those before and after them: weights, gaze, and
    how the head stands, as itself sees it."""
    if chosen is None:
        return local
    every = torch.arange(len(state.weights))
    after = torch.searchsorted(chosen, every).clamp(1, len(chosen) - 1)
    before = after - 1
    share = ((every - chosen[before]) / (chosen[after] - chosen[before])).to(state.weights).clamp(0, 1)

    def between(change: Tensor) -> Tensor:
        flat = change.flatten(1)
        return torch.lerp(flat[before], flat[after], share[:, None]).reshape(-1, *change.shape[1:])

    turned, back = rotation_log(state.rotation[chosen].mT @ local.rotation), state.rotation[chosen].mT
    moved = (back @ (local.translation - state.translation[chosen])[..., None])[..., 0]
    return State(state.rotation @ rotation_exp(between(turned)),
                 state.translation + (state.rotation @ between(moved)[..., None])[..., 0],
                 (state.weights + between(local.weights - state.weights[chosen])).clamp(0, 1),
                 state.gaze + between(local.gaze - state.gaze[chosen]), local.identity, local.log_focal)


def weight_sigma(problem: Problem, state: State) -> Tensor:
    """(T, K): the standard deviation of each weight by the energy's own curvature, the person held fixed."""
    system = _linearised(*_of_a_known_person(problem, state))[0].arrow()
    return frame_variances(system)[:, POSE:POSE + state.weights.shape[1]].clamp_min(0).sqrt()
