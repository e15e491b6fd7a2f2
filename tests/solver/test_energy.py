"""Each term's derivative against finite differences of its cost, and the geometry below it."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation

from capture.camera import Camera, lone_camera
from capture.camera import project as project_with_opencv
from solver.energy import TERMS, stepped
from solver.geometry import gaze_rotation, project, rotation_exp, rotation_log
from solver.points import SurfacePoints, move
from solver.problem import GAZE, POSE, Appearance, Cameras, Normal, Pins, Priors, Problem, Read, State

F64 = torch.float64
FRAMES, POINTS, SHAPES, MODES, CAMERAS = 4, 12, 5, 3, 2


def made(seed: int = 0) -> tuple[Problem, State]:
    """A small problem with noise everywhere, so that no derivative is zero by luck."""
    generator = torch.Generator().manual_seed(seed)

    def draw(*shape: int, scale: float = 1.0) -> torch.Tensor:
        return scale * torch.randn(*shape, generator=generator, dtype=F64)

    eye = torch.full((POINTS,), -1)
    eye[:2], eye[2:4] = 0, 1
    points = SurfacePoints(draw(POINTS, 3, scale=0.05), draw(POINTS, 3, MODES, scale=0.003),
                           draw(POINTS, 3, SHAPES, scale=0.01), eye, draw(2, 3, scale=0.03),
                           draw(2, 3, MODES, scale=0.002))
    turns = rotation_exp(draw(CAMERAS, 3, scale=0.2))
    flip = torch.diag(torch.tensor([1.0, -1.0, -1.0], dtype=F64))
    matrix = torch.tensor([[900.0, 0.0, 320.0], [0.0, 910.0, 240.0], [0.0, 0.0, 1.0]], dtype=F64)
    cameras = Cameras(flip @ turns, torch.tensor([[0.0, 0.0, 0.7]] * CAMERAS, dtype=F64), matrix.repeat(CAMERAS, 1, 1),
                      (True, True))
    precision = torch.rand(CAMERAS, FRAMES, POINTS, generator=generator, dtype=F64)
    precision[0, 1] = 0.0  # a camera that saw nothing in a frame
    pins = Pins(torch.rand(FRAMES, SHAPES, generator=generator, dtype=F64),
                torch.rand(FRAMES, SHAPES, generator=generator, dtype=F64),
                torch.rand(CAMERAS, FRAMES, POINTS, generator=generator, dtype=F64) < 0.3)
    read = Read(torch.rand(FRAMES, SHAPES, generator=generator, dtype=F64),
                torch.rand(FRAMES, SHAPES, generator=generator, dtype=F64))
    read.precision[2] = 0.0  # a frame of which nothing was read
    problem = Problem(points, cameras, 320 + draw(CAMERAS, FRAMES, POINTS, 2, scale=40.0), precision,
                      torch.tensor([1.0, 2.0, 1.0], dtype=F64), draw(4, SHAPES, scale=0.3),
                      torch.tensor([[0, 1], [3, 2]]), Priors(), pins, read)
    state = State(rotation_exp(draw(FRAMES, 3, scale=0.3)), draw(FRAMES, 3, scale=0.02),
                  torch.rand(FRAMES, SHAPES, generator=generator, dtype=F64) * 0.6 + 0.2,
                  draw(FRAMES, 2, 2, scale=0.2), draw(MODES), draw(CAMERAS, scale=0.1))
    near = replace(state, rotation=rotation_exp(draw(FRAMES, 3, scale=1e-4)) @ state.rotation,  # exact for small turns
                   translation=draw(FRAMES, 3, scale=0.02), weights=draw(FRAMES, SHAPES))
    factor = draw(FRAMES, POSE + SHAPES, POSE + SHAPES)
    problem = replace(problem, appearance=Appearance(near, factor @ factor.mT, draw(FRAMES, POSE + SHAPES),
                                                     torch.rand(FRAMES, generator=generator, dtype=F64)))
    return problem, state


@pytest.mark.parametrize("name", sorted(TERMS))
def test_gradient(name: str) -> None:
    problem, state = made()
    if name == "steadiness":  # its rotations are exact for small steps only, as its comment says
        state = State(rotation_exp(0.002 * rotation_log(state.rotation)), *[getattr(state, field) for field in
                      ("translation", "weights", "gaze", "identity", "log_focal")])
    unknowns, shared = POSE + SHAPES + GAZE, MODES + CAMERAS
    normal = Normal.zeros(FRAMES, unknowns, shared, state.weights)
    TERMS[name](problem, state, normal)
    analytic = -2 * torch.cat([normal.frames_side.flatten(), normal.border_side])
    step = 1e-6
    numeric = torch.zeros_like(analytic)
    for index in range(len(numeric)):
        values = []
        for sign in (1, -1):
            change = torch.zeros_like(numeric)
            change[index] = sign * step
            moved = stepped(state, change[:FRAMES * unknowns].reshape(FRAMES, unknowns), change[FRAMES * unknowns:])
            values.append(TERMS[name](problem, moved, None))
        numeric[index] = (values[0] - values[1]) / (2 * step)
    scale = numeric.abs().max().item()
    assert scale > 0
    torch.testing.assert_close(analytic, numeric, rtol=2e-4, atol=2e-5 * scale)


def test_curvature_of_the_landmarks() -> None:
    """Where every point lies where it was found, the matrix is how the gradient changes, shared unknowns included."""
    problem, state = made()
    problem = replace(problem, observed=torch.stack([_pixels(problem, state, camera) for camera in range(CAMERAS)]))
    unknowns, shared = POSE + SHAPES + GAZE, MODES + CAMERAS

    def linearised(at: State) -> Normal:
        normal = Normal.zeros(FRAMES, unknowns, shared, state.weights)
        TERMS["landmarks"](problem, at, normal)
        return normal

    normal, step = linearised(state), 1e-6
    frames = torch.arange(FRAMES)
    for index in range(unknowns + shared):
        sides = []
        for sign in (1, -1):
            local, common = torch.zeros(FRAMES, unknowns, dtype=F64), torch.zeros(shared, dtype=F64)
            (local[:, index] if index < unknowns else common[index - unknowns]).fill_(sign * step)
            moved = linearised(stepped(state, local, common))
            sides.append((moved.frames_side, moved.border_side))
        by_local, by_shared = ((sides[1][0] - sides[0][0]) / (2 * step), (sides[1][1] - sides[0][1]) / (2 * step))
        expected = (normal.diagonal[frames, :, index], normal.border[:, index].sum(dim=0)) if index < unknowns else (
            normal.border[:, :, index - unknowns], normal.corner[:, index - unknowns])
        scale = max(expected[0].abs().max().item(), expected[1].abs().max().item())
        torch.testing.assert_close(by_local, expected[0], rtol=1e-4, atol=1e-5 * scale)
        torch.testing.assert_close(by_shared, expected[1], rtol=1e-4, atol=1e-5 * scale)


def _pixels(problem: Problem, state: State, camera: int) -> torch.Tensor:
    in_head = move(problem.points, state.weights, state.gaze, state.identity).position
    in_world = in_head @ state.rotation.mT + state.translation[:, None]
    matrix = problem.cameras.matrix[camera].clone()
    matrix[:2, :2] *= state.log_focal[camera].exp()
    return project(in_world @ problem.cameras.rotation[camera].mT + problem.cameras.translation[camera], matrix)[0]


def test_the_steps_keep_weights_within_bounds() -> None:
    _, state = made()
    unknowns = POSE + SHAPES + GAZE
    for push in (50.0, -50.0):
        moved = stepped(state, torch.full((FRAMES, unknowns), push, dtype=F64), torch.zeros(MODES + CAMERAS, dtype=F64))
        assert (moved.weights == (1.0 if push > 0 else 0.0)).all()


def test_rotations_agree_with_scipy() -> None:
    vectors = np.random.default_rng(0).normal(size=(50, 3))
    vectors[0] = 0.0
    vectors[1] *= 1e-9
    matrices = rotation_exp(torch.tensor(vectors))
    np.testing.assert_allclose(matrices, Rotation.from_rotvec(vectors).as_matrix(), atol=1e-12)
    np.testing.assert_allclose(rotation_log(matrices), Rotation.from_matrix(matrices).as_rotvec(), atol=1e-9)


def test_projection_agrees_with_opencv() -> None:
    camera = lone_camera("a", (640, 480), 700.0)
    camera = Camera("a", camera.size, camera.matrix, rotation=Rotation.from_euler("xyz", [0.2, 3.0, 0.1]).as_matrix(),
                    translation=np.array([0.02, -0.03, 0.9]))
    points = np.random.default_rng(1).normal(scale=0.1, size=(20, 3))
    in_camera = torch.tensor(points @ camera.rotation.T + camera.translation)
    pixels, _ = project(in_camera, torch.tensor(camera.matrix))
    np.testing.assert_allclose(pixels, project_with_opencv(camera, points), atol=1e-6)


def test_gaze_turns_where_the_names_say() -> None:
    ahead = torch.tensor([0.0, 0.0, 1.0], dtype=F64)
    left, _, _ = gaze_rotation(torch.tensor([math.radians(30), 0.0], dtype=F64))
    up, _, _ = gaze_rotation(torch.tensor([0.0, math.radians(30)], dtype=F64))
    torch.testing.assert_close(left @ ahead, torch.tensor([0.5, 0.0, math.sqrt(0.75)], dtype=F64))
    torch.testing.assert_close(up @ ahead, torch.tensor([0.0, 0.5, math.sqrt(0.75)], dtype=F64))

def test_a_long_take_s_pictures_are_not_widened_at_once() -> None:
    """They are half a gigabyte in 18,000 frames: what is made beside them to add them up stays a fraction of that."""
    problem, state = made()
    frames, shapes = 2048, 40
    weights = torch.zeros(frames, shapes, dtype=F64)
    state = replace(state, rotation=torch.eye(3, dtype=F64).expand(frames, 3, 3),
                    translation=torch.zeros(frames, 3, dtype=F64), weights=weights)
    size = POSE + shapes
    information = torch.ones(frames, size, size)
    problem = replace(problem, appearance=Appearance(state, information, torch.zeros(frames, size, dtype=F64),
                                                     torch.zeros(frames, dtype=F64)))
    normal = Normal.zeros(frames, size + GAZE, 0, weights)
    with torch.profiler.profile(profile_memory=True) as profile:
        TERMS["appearance"](problem, state, normal)
    assert (normal.diagonal[:, :size, :size] == 1).all()
    largest = max(event.cpu_memory_usage for event in profile.events())
    assert 0 < largest < information.numel() * 8 / 4
