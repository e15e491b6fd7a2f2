"""The solve on truth by construction: made landmarks of a known face, with known noise."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation

from capture.camera import Camera, Rig, lone_camera, project
from capture.errors import FaceError
from solver import fit
from solver.embedding import Embedding
from solver.energy import TERMS
from solver.face_model import FaceModel, deform
from solver.gaze import gaze_from_weights
from solver.landmarks import Landmarks
from solver.performance import Performance
from solver.points import DTYPE
from solver.problem import GAZE, POSE, Normal, Priors, State
from solver.reading import Reading
from solver.residuals import measured_share, prior_sigma
from solver.solve import (
    INDEPENDENT,
    ONE_IN,
    PRESETS,
    STAGES,
    WARY,
    TakeFacts,
    problem_of,
    solve_take,
)
from tests.synthetic import made_performance, small_face

FACTS = TakeFacts("T001", "anna", Fraction(30), "10:00:00:00", {"solve": "k"})
FLAT = Priors(weight=50.0, sparsity=0.0, weight_step=50.0, gaze_step=50.0, rotation_step=50.0, translation_step=50.0,
              gaze_lids=50.0, gaze=50.0, robust=1e3)
"""Beliefs so weak that only the landmarks speak."""


def everywhere(model: FaceModel) -> Embedding:
    """A landmark in the middle of every triangle that faces forward, eyeballs included."""
    corners = model.neutral[model.triangles]
    normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    triangle = np.flatnonzero(normal[:, 2] > 0)
    count = len(triangle)
    return Embedding("made", triangle, np.full((count, 3), 1 / 3), np.zeros(count), np.zeros(count, bool),
                     np.ones(count, bool))


def around(yaws: list[float], size: tuple[int, int] = (640, 480), focal: float = 900.0) -> Rig:
    return Rig(tuple(
        Camera(f"cam{index}", size, lone_camera("", size, focal).matrix,
               rotation=np.diag([1.0, -1.0, -1.0]) @ Rotation.from_euler("y", -yaw, degrees=True).as_matrix(),
               translation=np.array([0.0, 0.0, 0.7])) for index, yaw in enumerate(yaws)))


def few_shapes(model: FaceModel, kept: tuple[str, ...]) -> FaceModel:
    chosen = [model.shape_names.index(name) for name in kept]
    return replace(model, shape_names=kept, shapes=model.shapes[chosen])


def seen_by(model: FaceModel, embedding: Embedding, truth: Performance, rig: Rig, noise_px: float,
            seed: int = 0) -> Landmarks:
    """The truth's landmarks in every camera, with Gaussian noise."""
    points = []
    for frame in range(truth.frames):
        in_head = embedding.points(model, deform(model, truth.weights[frame], truth.identity, truth.gaze[frame]))
        turn = Rotation.from_quat(truth.head_rotation[frame]).as_matrix()
        points.append(in_head @ turn.T + truth.head_translation[frame])
    xy = np.stack([project(camera, np.array(points)) for camera in rig.cameras])  # (C, T, N, 2)
    xy += np.random.default_rng(seed).normal(0, noise_px, xy.shape)
    shape = xy.shape[:3]
    return Landmarks(rig.names, "made", xy, np.full(shape, max(noise_px, 0.05)), np.ones(shape, bool))


def made(frames: int = 12, kept: int = 16) -> tuple[FaceModel, Performance]:
    model = small_face()
    model = few_shapes(model, model.shape_names[:kept])
    truth = made_performance(model, frames)
    truth = replace(truth, head_translation=truth.head_translation - [0.01, -0.02, -0.6],
                    gaze=(truth.weights @ gaze_from_weights(model).T).reshape(frames, 2, 2))
    return model, truth


def solve(model: FaceModel, landmarks: Landmarks, rig: Rig, priors: Priors | None = None, lone: bool = False,
          embedding: Embedding | None = None) -> tuple[Performance, Rig]:
    return solve_take(landmarks, rig, lone, model, embedding or everywhere(model), FACTS, lambda done, total: None,
                      priors=priors)


def test_perfect_landmarks_give_the_truth_back() -> None:
    model, truth = made()
    rig = around([0, -35, 35])
    found, _ = solve(model, seen_by(model, everywhere(model), truth, rig, 0.0), rig, FLAT)
    assert np.abs(found.weights - truth.weights).max() < 0.02
    turn = Rotation.from_quat(found.head_rotation) * Rotation.from_quat(truth.head_rotation).inv()
    assert np.degrees(turn.magnitude()).max() < 0.1
    assert np.abs(found.head_translation - truth.head_translation).max() < 2e-4
    assert found.residual_px.max() < 0.2


def test_a_draft_takes_short_cuts_and_comes_near(monkeypatch: pytest.MonkeyPatch) -> None:
    """A quarter of the landmarks, which count for all, and the fit starts from what was read; where that is too few to
    place a face by, all are taken."""
    model, truth = made(frames=30)
    rig, embedding = around([0, -35, 35]), everywhere(model)
    landmarks = seen_by(model, embedding, truth, rig, 0.3)
    reading = Reading(model.shape_names, truth.weights.round(1), np.full(truth.weights.shape, 0.2))
    started = []
    monkeypatch.setattr("solver.solve.fit", lambda problem, start, *rest: started.append((problem, start)) or fit.fit(
        problem, start, *rest))

    def off(preset: str, seen: Landmarks) -> float:
        found, _ = solve_take(seen, rig, False, model, embedding, FACTS, lambda done, total: None, PRESETS[preset],
                              reading=reading)
        return float(np.sqrt(np.square(found.weights - truth.weights).mean()))

    assert off("draft", landmarks) < 2.5 * off("standard", landmarks) < 0.05  # of free noise a quarter keeps twice
    (draft, near), (whole, zero) = started
    assert draft.observed.shape[2] == -(-whole.observed.shape[2] // ONE_IN)
    assert float(draft.precision.sum() / whole.precision.sum()) == pytest.approx(1, abs=0.2)
    np.testing.assert_array_equal(near.weights, reading.weights)
    assert not zero.weights.any()
    few = np.zeros_like(landmarks.seen)
    few[:, :, 1::8] = True
    off("draft", replace(landmarks, seen=few))
    assert started[-1][0].observed.shape[2] == whole.observed.shape[2]


def test_frames_between_those_that_told_the_person_start_from_both() -> None:
    """Else a fit that stops early leaves a spike in each of these frames."""
    def state(weights: list[float], degrees: list[float]) -> State:
        column = torch.tensor(weights, dtype=DTYPE)[:, None]
        turned = torch.from_numpy(Rotation.from_rotvec(np.outer(np.radians(degrees), [0, 1, 0])).as_matrix())
        ahead = turned @ torch.tensor([0.0, 0.0, 1.0], dtype=DTYPE)
        return State(turned, column * ahead, column, column[:, :, None].expand(-1, 2, 2),
                     torch.zeros(2, dtype=DTYPE), torch.zeros(1, dtype=DTYPE))

    own = state([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7], [0, 10, 20, 30, 40, 50, 60])
    found = fit._spread(own, state([0.3, 0.4, 1.0], [0, 40, 60]), torch.tensor([0, 4, 6]))
    steps = [0.3, 0.325, 0.35, 0.375, 0.4, 0.7, 1.0]
    np.testing.assert_allclose(found.weights[:, 0], steps, atol=1e-12)
    np.testing.assert_allclose(found.gaze[:, 1, 0], steps, atol=1e-12)
    np.testing.assert_allclose(found.rotation, own.rotation, atol=1e-12)
    np.testing.assert_allclose(torch.linalg.vector_norm(found.translation, dim=1), steps, atol=1e-12)
    nodded = fit._spread(own, state([0.1, 0.5, 0.7], [2, 46, 66]), torch.tensor([0, 4, 6]))
    turns = Rotation.from_matrix(nodded.rotation.numpy()).as_euler("yxz", degrees=True)
    np.testing.assert_allclose(turns, [[yaw, 0, 0] for yaw in (2, 13, 24, 35, 46, 56, 66)], atol=1e-9)


def test_eight_cameras() -> None:
    model, truth = made()
    rig = around([-60, -40, -20, 0, 10, 25, 40, 60])
    landmarks = seen_by(model, everywhere(model), truth, rig, 0.5)
    found, _ = solve(model, landmarks, rig, FLAT)
    one = around([0])
    alone, _ = solve(model, seen_by(model, everywhere(model), truth, one, 0.5), one, FLAT)
    assert np.abs(found.weights - truth.weights).mean() < 0.6 * np.abs(alone.weights - truth.weights).mean()
    assert np.abs(found.head_translation - truth.head_translation).max() < 5e-4


def test_error_bars_tell_the_error() -> None:
    """With noise of known size most weights lie within two of their own standard deviations, and not all within one."""
    model, truth = made(frames=24)
    truth = replace(truth, weights=0.2 + 0.6 * truth.weights)  # clear of the bounds, which make errors one-sided
    rig = around([0, -35, 35])
    landmarks = seen_by(model, everywhere(model), truth, rig, 0.5)
    # every landmark is independent here, which the solver does not assume of a network's
    found, _ = solve(model, replace(landmarks, sigma=landmarks.sigma * np.sqrt(INDEPENDENT) / WARY), rig, FLAT)
    share = np.abs(found.weights - truth.weights) / found.sigma
    # 0.68 and 0.95 by theory; a little more, because points that face away count for less than they could.
    assert 0.62 < (share < 1).mean() < 0.78
    assert 0.93 < (share < 2).mean() < 0.99


def cramer_rao(model: FaceModel, truth: Performance, rig: Rig, noise_px: float) -> np.ndarray:
    """(T, K): the least standard deviation that an unbiased guess of each weight can have, person unknown: from the
    inverse of all landmarks' information at the truth."""
    landmarks = seen_by(model, everywhere(model), truth, rig, 0.0)
    frames, shapes, modes = *truth.weights.shape, len(truth.identity)
    problem, start = problem_of(landmarks, rig, False, model, everywhere(model), Fraction(30), np.arange(frames), FLAT)
    problem = replace(problem, precision=torch.full_like(problem.precision, noise_px**-2))
    there = replace(start, rotation=torch.tensor(Rotation.from_quat(truth.head_rotation).as_matrix()),
                    translation=torch.tensor(truth.head_translation), weights=torch.tensor(truth.weights),
                    gaze=torch.tensor(truth.gaze), identity=torch.tensor(truth.identity))
    own = POSE + shapes + GAZE
    normal = Normal.zeros(frames, own, modes + len(rig.cameras), there.weights)
    TERMS["landmarks"](problem, there, normal)
    information = torch.block_diag(*normal.diagonal, normal.corner[:modes, :modes])
    border = normal.border[:, :, :modes].flatten(0, 1)  # (T D, I)
    information[:frames * own, frames * own:], information[frames * own:, :frames * own] = border, border.mT
    variance = torch.linalg.pinv(information, hermitian=True).diagonal()[:frames * own]
    return variance.reshape(frames, own)[:, POSE:-GAZE].clamp_min(0).sqrt().numpy()


@pytest.mark.parametrize("noise_px", [0.1, 0.5])
def test_no_unbiased_guess_could_be_much_better(noise_px: float) -> None:
    """The error stays below 1.15 times the Cramer-Rao bound, and the error bars tell how large it is."""
    model, truth = made(frames=24)
    truth = replace(truth, weights=0.2 + 0.6 * truth.weights)
    rig = around([0, -35, 35])
    landmarks = seen_by(model, everywhere(model), truth, rig, noise_px)
    found, _ = solve(model, replace(landmarks, sigma=landmarks.sigma * np.sqrt(INDEPENDENT) / WARY), rig, FLAT)
    apart = found.weights - truth.weights
    bound = np.sqrt((cramer_rao(model, truth, rig, noise_px) ** 2).mean())
    assert 0.5 * bound < np.sqrt((apart**2).mean()) < 1.15 * bound
    share = np.abs(apart) / found.sigma
    assert 0.63 < (share < 1).mean() < 0.80
    assert 0.90 < (share < 2).mean() < 0.99


def test_a_lone_camera_finds_its_focal_length() -> None:
    model, truth = made(frames=20)
    truth = replace(truth, identity=np.zeros_like(truth.identity))
    rig = around([0], focal=800.0)
    landmarks = seen_by(model, everywhere(model), truth, rig, 0.0)
    guess = Rig((lone_camera("cam0", (640, 480), 1000.0),))
    _, used = solve(model, landmarks, guess, lone=True)
    assert used.cameras[0].matrix[0, 0] == pytest.approx(800.0, rel=0.08)


def test_unseen_frames_are_filled_and_flagged() -> None:
    model, truth = made(frames=12)
    rig = around([0, 30])
    landmarks = seen_by(model, everywhere(model), truth, rig, 0.1)
    seen = landmarks.seen.copy()
    seen[:, [0, 5, 6, 11]] = False
    seen[0, 3] = False  # one camera alone is enough
    found, _ = solve(model, replace(landmarks, seen=seen, xy=np.where(seen[..., None], landmarks.xy, np.nan)), rig)
    assert [flags for flags in found.flags if flags] == [("unseen", "held"), ("unseen", "interpolated"),
                                                         ("unseen", "interpolated"), ("unseen", "held")]
    np.testing.assert_allclose(found.weights[0], found.weights[1])
    np.testing.assert_allclose(found.weights[5], found.weights[4] * 2 / 3 + found.weights[7] / 3, atol=2e-6)
    assert np.isnan(found.residual_px[[0, 5, 6, 11]]).all()
    assert (found.sigma[5] == 1.0).all()
    assert found.seen.tolist() == [0, 1, 1, 0.5, 1, 0, 0, 1, 1, 1, 1, 0]


def test_of_a_tongue_nothing_is_claimed() -> None:
    """No landmark lies on it. What it does to the lips must not be taken for it, and its 0 is as unsure as can be."""
    model = small_face()
    model = few_shapes(model, (*model.shape_names[:6], "tongueOut"))
    truth = made_performance(model, 12)
    truth = replace(truth, head_translation=truth.head_translation - [0.01, -0.02, -0.6])
    rig = around([0, -35, 35])
    found, _ = solve(model, seen_by(model, everywhere(model), truth, rig, 0.2), rig)
    assert truth.weights[:, -1].max() > 0.3
    assert found.weights[:, -1].max() < 1e-6
    middle = found.sigma[5]
    assert middle[-1] == pytest.approx(prior_sigma(30.0), rel=0.1)
    assert middle[:-1].max() < 0.5 * middle[-1]
    assert measured_share(found)[-1] < 0.1


def test_an_empty_take_is_refused() -> None:
    model, truth = made(frames=3)
    rig = around([0])
    landmarks = seen_by(model, everywhere(model), truth, rig, 0.1)
    with pytest.raises(FaceError, match="no camera saw a face in any of its 3 frames"):
        solve(model, replace(landmarks, seen=np.zeros_like(landmarks.seen)), rig)


def test_wild_points_do_not_spoil_the_frame() -> None:
    model, truth = made(frames=8)
    rig = around([0, -35, 35])
    landmarks = seen_by(model, everywhere(model), truth, rig, 0.3)
    xy = landmarks.xy.copy()
    wild = np.random.default_rng(3).random(xy.shape[:3]) < 0.04
    xy[wild] += 60.0
    clean, _ = solve(model, landmarks, rig)
    found, _ = solve(model, replace(landmarks, xy=xy), rig)
    assert np.abs(found.weights - clean.weights).mean() < 0.02


def test_the_same_take_gives_the_same_numbers() -> None:
    model, truth = made(frames=5)
    rig = around([0, 30])
    landmarks = seen_by(model, everywhere(model), truth, rig, 0.3)
    first, _ = solve(model, landmarks, rig)
    second, _ = solve(model, landmarks, rig)
    for name in ("weights", "head_rotation", "head_translation", "gaze", "identity", "sigma", "residual_px"):
        np.testing.assert_array_equal(getattr(first, name), getattr(second, name))


def test_a_known_person_is_solved_as_one_who_is_merely_not_free() -> None:
    """Nothing that all frames share is reckoned where nothing of it is free: it must not change the result."""
    model, truth = made(frames=14)
    rig = around([0, 30])
    landmarks = seen_by(model, everywhere(model), truth, rig, 0.3)
    problem, start = problem_of(landmarks, rig, True, model, everywhere(model), Fraction(30), np.arange(14))
    start = replace(start, identity=torch.tensor(truth.identity), log_focal=torch.tensor([0.02, -0.03], dtype=DTYPE))
    stage = STAGES[-1]
    slim = fit.minimise(problem, start, stage, lambda done: None)
    whole = fit._minimised(problem, start, stage, lambda done: None)
    for name in ("weights", "rotation", "translation", "gaze", "identity", "log_focal"):
        torch.testing.assert_close(getattr(slim, name), getattr(whole, name), rtol=0, atol=1e-9)
    assert (slim.weights - start.weights).abs().max() > 0.1
