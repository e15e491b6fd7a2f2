import dataclasses
import tomllib
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

import app
from capture.errors import DataError, OutputError
from exporters.scene import VERSION, make_scene
from solver.face_model import deform
from tests.synthetic import EYE_CENTRES, made_performance, small_face

MODEL = small_face()
PERFORMANCE = made_performance(MODEL)


def test_the_identity_is_baked_into_the_neutral():
    scene = make_scene(MODEL, PERFORMANCE)
    for frame in (0, 7):
        weights, gaze = PERFORMANCE.weights[frame], PERFORMANCE.gaze[frame]
        expected = deform(MODEL, weights, PERFORMANCE.identity, gaze)
        np.testing.assert_allclose(deform(scene.model, weights, None, gaze), expected, atol=1e-12)
    assert scene.model.identity.shape == (0, len(MODEL.neutral), 3)
    assert scene.take == "T001"


def test_eye_centres_follow_the_identity():
    scene = make_scene(MODEL, dataclasses.replace(PERFORMANCE, identity=np.zeros(4)))
    np.testing.assert_allclose(scene.eye_centres, EYE_CENTRES, atol=1e-7)
    assert np.abs(make_scene(MODEL, PERFORMANCE).eye_centres - EYE_CENTRES).max() > 1e-5
    blind = dataclasses.replace(MODEL, eyes=())
    assert make_scene(blind, PERFORMANCE).eye_centres.shape == (0, 3)


def test_times_are_exact_at_the_last_frame():
    slow = made_performance(MODEL, 2000, rate=Fraction(30000, 1001))
    assert make_scene(MODEL, slow).times[-1] == 1999 * 1001 / 30000


def test_another_models_performance_is_refused():
    other = dataclasses.replace(MODEL, shape_names=(*MODEL.shape_names[:-1], "whistle"))
    with pytest.raises(DataError, match="'tongueOut' is in only one"):
        make_scene(other, PERFORMANCE)
    with pytest.raises(DataError, match="another order"):
        make_scene(dataclasses.replace(MODEL, shape_names=MODEL.shape_names[::-1]), PERFORMANCE)
    with pytest.raises(DataError, match="3 identity modes"):
        make_scene(MODEL, dataclasses.replace(PERFORMANCE, identity=np.zeros(3)))


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e39, -2e6])
def test_a_weight_that_no_face_has_is_refused_by_shape_and_frame(value):
    weights = PERFORMANCE.weights.copy()
    weights[5, MODEL.shape_names.index("jawOpen")] = value
    with pytest.raises(OutputError, match="jawOpen in frame 5"):
        make_scene(MODEL, dataclasses.replace(PERFORMANCE, weights=weights))


@pytest.mark.parametrize("value", [np.nan, 1e300])
@pytest.mark.parametrize("name", ["head_rotation", "head_translation", "gaze", "sigma", "seen", "identity"])
def test_any_other_number_that_no_face_has_is_refused(name, value):
    table = getattr(PERFORMANCE, name).copy()
    table[3] = value
    with pytest.raises(OutputError, match="identity" if name == "identity" else "in frame 3"):
        make_scene(MODEL, dataclasses.replace(PERFORMANCE, **{name: table}))


def test_a_quaternion_that_is_no_rotation_is_refused():
    rotation = PERFORMANCE.head_rotation.copy()
    rotation[4] = 0.0
    with pytest.raises(OutputError, match="frame 4 is a quaternion of length 0"):
        make_scene(MODEL, dataclasses.replace(PERFORMANCE, head_rotation=rotation))


def test_no_frames_are_refused():
    with pytest.raises(OutputError, match="no frames"):
        make_scene(MODEL, made_performance(MODEL, 0))


def test_the_version_is_the_programs():
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]
    assert VERSION == project["version"] == app.__version__
