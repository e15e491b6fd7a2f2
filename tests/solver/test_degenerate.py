"""What no face can be solved from: refused or flagged, never a curve that looks as good as any."""

from dataclasses import replace

import numpy as np
import pytest

from capture.camera import Rig, load_rig, save_rig
from capture.errors import FaceError, RigError
from solver.detect import Track, stack
from solver.face_model import FaceModel
from solver.landmarks import Landmarks
from solver.performance import Performance
from tests.solver.test_solve import around, everywhere, made, seen_by, solve

RIG = around([0, -35])
NO_NUMBERS = (np.nan, np.inf, -np.inf, 1e300)


@pytest.fixture(scope="module")
def good() -> tuple[FaceModel, Performance, Landmarks]:
    model, truth = made(frames=4, kept=6)
    return model, truth, seen_by(model, everywhere(model), truth, RIG, 0.3)


def error(found: Performance, truth: Performance) -> float:
    return float(np.sqrt(np.mean((found.weights - truth.weights) ** 2)))


def doubted(found: Performance) -> bool:
    return all(flags == ("doubtful",) for flags in found.flags)


@pytest.mark.parametrize("value", NO_NUMBERS)
def test_what_is_no_number_was_not_seen(good: tuple[FaceModel, Performance, Landmarks], value: float) -> None:
    """A point, a claim about a point, and all of a camera in a frame: the rest is solved as if these were not there."""
    model, truth, landmarks = good
    xy, sigma = landmarks.xy.copy(), landmarks.sigma.copy()
    xy[0, 1, 5], xy[1, 2], sigma[0, 3, :4] = value, value, value
    found, _ = solve(model, replace(landmarks, xy=xy, sigma=sigma), RIG)
    assert found.seen.tolist() == [1, 1, 0.5, 1]
    assert error(found, truth) < error(solve(model, landmarks, RIG)[0], truth) + 0.03


def test_what_a_detector_says_that_is_no_number_is_gone_before_any_step_sees_it() -> None:
    xy, good = np.random.default_rng(0).uniform(0, 400, (3, 20, 2)), np.ones((3, 20))
    xy[0, 3], sigma = np.nan, good * 0.5
    sigma[1, 4], sigma[2] = 0.0, np.inf
    kept = stack(["camA"], [Track(xy, sigma, good > 0)], "made").seen
    assert kept.sum(axis=2).tolist() == [[19, 19, 0]]


def on_a_line(xy: np.ndarray) -> np.ndarray:
    return np.broadcast_to(np.linspace([100, 200], [400, 250], xy.shape[2]), xy.shape)


def in_one_place(xy: np.ndarray) -> np.ndarray:
    return np.full(xy.shape, 200.0)


def half_a_pixel_about_a_line(xy: np.ndarray) -> np.ndarray:
    return on_a_line(xy) + np.random.default_rng(0).normal(0, 0.5, xy.shape)


@pytest.mark.parametrize("change", [on_a_line, in_one_place, half_a_pixel_about_a_line])
def test_points_that_are_no_face_are_refused(good: tuple[FaceModel, Performance, Landmarks], change: object) -> None:
    model, _, landmarks = good
    with pytest.raises(FaceError, match="no camera saw a face in any of its 4 frames"):
        solve(model, replace(landmarks, xy=change(landmarks.xy)), RIG)


def test_two_cameras_in_one_place_say_what_one_says(good: tuple[FaceModel, Performance, Landmarks]) -> None:
    model, truth, _ = good
    both, one = around([0, 0]), around([0])
    found, _ = solve(model, seen_by(model, everywhere(model), truth, both, 0.3), both)
    alone, _ = solve(model, seen_by(model, everywhere(model), truth, one, 0.3), one)
    assert error(found, truth) < 1.1 * error(alone, truth)
    assert found.flags == ((),) * 4


@pytest.mark.parametrize("rig", [around([0, 0]), around([0, -15]), around([-35, 0])],
                         ids=["in one place", "20 degrees off", "cameras swapped"])
def test_a_rig_that_is_not_the_footages_is_flagged(good: tuple[FaceModel, Performance, Landmarks], rig: Rig) -> None:
    model, _, landmarks = good
    assert doubted(solve(model, landmarks, rig)[0])


def test_cameras_behind_the_face_upside_down_pictures_and_noise_are_flagged(
        good: tuple[FaceModel, Performance, Landmarks]) -> None:
    model, _, landmarks = good
    behind = Rig(tuple(replace(camera, translation=-camera.translation) for camera in RIG.cameras))
    assert doubted(solve(model, landmarks, behind)[0])
    assert doubted(solve(model, replace(landmarks, xy=[640, 480] - landmarks.xy), RIG)[0])
    noise = np.random.default_rng(0).uniform(0, 480, landmarks.xy.shape)
    assert doubted(solve(model, replace(landmarks, xy=noise), RIG)[0])


def test_cameras_that_hang_upside_down_are_as_good_as_any(good: tuple[FaceModel, Performance, Landmarks]) -> None:
    model, truth, landmarks = good
    turn = np.diag([-1.0, -1.0, 1.0])
    hung = Rig(tuple(replace(camera, rotation=turn @ camera.rotation, translation=turn @ camera.translation)
                     for camera in RIG.cameras))
    found, _ = solve(model, seen_by(model, everywhere(model), truth, hung, 0.3), hung)
    assert found.flags == ((),) * 4
    assert error(found, truth) < error(solve(model, landmarks, RIG)[0], truth) + 0.02


def test_a_face_20_px_wide_is_flagged(good: tuple[FaceModel, Performance, Landmarks]) -> None:
    model, truth, _ = good
    far = Rig(tuple(replace(camera, translation=np.array([0.0, 0.0, 7.0])) for camera in RIG.cameras))
    landmarks = seen_by(model, everywhere(model), truth, far, 0.1)
    assert 15 < np.ptp(landmarks.xy[0, 0, :, 0]) < 25
    assert doubted(solve(model, landmarks, far)[0])


@pytest.mark.parametrize("scale", [1e250, 1e-250])
def test_a_camera_that_cannot_be_ends_in_a_sentence(good: tuple[FaceModel, Performance, Landmarks],
                                                    scale: float) -> None:
    model, _, landmarks = good
    rig = Rig(tuple(replace(camera, matrix=camera.matrix * [[scale, 1, 1], [1, scale, 1], [1, 1, 1]])
                    for camera in RIG.cameras))
    with pytest.raises(FaceError, match=r"no face fits what the cameras saw; .* whether rig\.toml belongs"):
        solve(model, landmarks, rig)


@pytest.mark.parametrize(("name", "value", "says"), [
    ("matrix", np.diag([1e250, 1e250, 1.0]), "no camera has"), ("matrix", np.diag([1e-3, 1e-3, 1.0]), "no camera has"),
    ("translation", np.array([0.0, 0.0, 1e200]), "farther away than any camera"),
    ("translation", np.array([0.0, 0.0, np.nan]), "not")])
def test_such_a_camera_is_refused_when_its_rig_is_read(tmp_path: object, name: str, value: np.ndarray,
                                                       says: str) -> None:
    save_rig(Rig((replace(RIG.cameras[0], **{name: value}),)), tmp_path / "rig.toml")
    with pytest.raises(RigError, match=says):
        load_rig(tmp_path / "rig.toml")
