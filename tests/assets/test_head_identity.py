"""How people differ, in the built-in head."""

import numpy as np
import pytest

import assets
from assets.make_head import head as build
from assets.make_head.identity import ONE_SIDED
from assets.make_head.lids import RADIUS
from assets.make_head.skin import EYE_RINGS
from solver.face_model import ARKIT, FaceModel, deform
from solver.model_file import load_model

WANTED = ("head_width", "head_length", "jaw_width", "chin_forward", "nose_length", "nose_width", "eye_distance",
          "eye_opening", "upper_lip_height", "lower_lip_height", "mouth_width", "brow_ridge", "cheekbone")


@pytest.fixture(scope="module")
def model() -> FaceModel:
    return load_model(assets.path("head.npz"))


@pytest.fixture(scope="module")
def head() -> build.Head:
    return build.build()


def people(model: FaceModel, count: int) -> np.ndarray:
    return np.random.default_rng(11).normal(size=(count, len(model.identity_names)))


def test_modes_are_many_named_and_independent(model):
    assert len(model.identity_names) >= 20
    assert set(WANTED) <= set(model.identity_names)
    flat = model.identity.reshape(len(model.identity), -1).astype(np.float64)
    flat /= np.linalg.norm(flat, axis=1, keepdims=True)
    assert np.linalg.svd(flat, compute_uv=False)[-1] > 0.1  # 1 were all at right angles, 0 one made of others
    assert (np.abs(flat @ flat.T) - np.eye(len(flat))).max() < 0.9


@pytest.mark.parametrize(("name", "mm"), [
    ("head_width", 6.0), ("head_length", 7.5), ("face_width", 6.0), ("jaw_width", 7.0), ("nose_width", 2.9),
    ("eye_distance", 3.6), ("mouth_width", 3.6)])
def test_one_standard_deviation_is_the_published_one(model, name, mm):
    """The widest pair of opposite vertices (the whole length for head_length) grows by the measure's deviation."""
    mode = model.identity[model.identity_names.index(name)] * 1e3
    found = -mode[:, 2].min() if name == "head_length" else 2 * mode[:, 0].max()
    assert found == pytest.approx(mm, rel=0.25)


@pytest.mark.parametrize(("name", "axis", "mm"), [
    ("face_height", 1, 6.5), ("nose_length", 1, 2.9), ("chin_height", 1, 3.5), ("nose_forward", 2, 2.0),
    ("upper_lip_height", 1, 1.5), ("lower_lip_height", 1, 1.7), ("mouth_height", 1, 2.2), ("ear_size", 1, 4.0)])
def test_one_standard_deviation_is_the_published_one_in_height_and_depth(model, name, axis, mm):
    """The whole length grows by the measure's deviation."""
    mode = model.identity[model.identity_names.index(name)] * 1e3
    found = np.ptp(np.append(mode[:, axis], 0.0))
    assert found == pytest.approx(mm, rel=0.25)


@pytest.mark.parametrize("name", list(ONE_SIDED))
def test_a_face_can_be_asymmetric_by_less_than_three_millimetres(model, head, name):
    """Farkas and Cheung 1981: left and right differ by 3 mm on average."""
    mode = model.identity[model.identity_names.index(name)] * 1e3
    apart = np.linalg.norm(mode - mode[head.twin] * [-1, 1, 1], axis=1)
    assert 1.0 < apart.max() < 4.0
    middle = np.abs(model.neutral[:, 0]) < 1e-7
    assert np.abs(mode[middle, 1:]).max() == 0  # the middle of the face is shared by both sides


def test_eyeballs_stay_round_and_behind_their_lids(model, head):
    """At rest all of the lids is clear of the eyeball; while they turn over it, their outside is."""
    outside, all_of_it = head.skin.eye[EYE_RINGS - 3:EYE_RINGS + 1], head.skin.eye[EYE_RINGS - 3:]
    for identity in people(model, 30):
        for shape, lids in ((None, all_of_it), ("eyeBlinkLeft", outside), ("eyeLookDownLeft", outside)):
            weights = np.array([float(name == shape) for name in ARKIT])
            points = deform(model, weights, identity) * 1e3
            ball = points[model.eyes[0].vertices]
            distance = np.linalg.norm(ball - ball.mean(0), axis=1)
            np.testing.assert_allclose(distance, RADIUS, atol=0.03)  # eyeballs hardly differ among adults
            assert np.linalg.norm(points[np.unique(lids)] - ball.mean(0), axis=1).min() > RADIUS


def test_people_keep_their_surface(model):
    """Of random heads hardly a triangle turns over."""
    triangles = model.triangles

    def normals(points: np.ndarray) -> np.ndarray:
        return np.cross(points[triangles[:, 1]] - points[triangles[:, 0]],
                        points[triangles[:, 2]] - points[triangles[:, 0]])

    straight = normals(model.neutral.astype(np.float64))
    over = [((normals(deform(model, np.zeros(len(ARKIT)), identity)) * straight).sum(1) < 0).mean()
            for identity in people(model, 30)]
    assert max(over) < 0.001
