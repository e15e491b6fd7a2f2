import dataclasses
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation, Slerp

from exporters.cleanup import dead_zone, reduce_keys, resample, smooth
from tests.synthetic import made_performance, small_face

MODEL = small_face()
BLINK, CLOSE, SMILE = (MODEL.shape_names.index(name) for name in ("eyeBlinkLeft", "mouthClose", "mouthSmileLeft"))


def with_curve(index, curve, noise=0.0, rate=30):
    performance = made_performance(MODEL, len(curve), rate)
    weights = performance.weights.copy()
    weights[:, index] = curve + np.random.default_rng(0).normal(0, noise, len(curve)) if noise else curve
    return dataclasses.replace(performance, weights=weights, sigma=np.full_like(weights, max(noise, 0.01)))


def blink(length=90, at=(20, 60)):
    """Two blinks as filmed at 30 frames a second: closed within two frames, open within four."""
    curve = np.zeros(length)
    for start in at:
        curve[start:start + 7] = [0.5, 1.0, 1.0, 0.7, 0.4, 0.2, 0.05]
    return curve


def test_smoothing_takes_the_jitter_and_leaves_blinks_and_plosives():
    for index in (BLINK, CLOSE):
        noisy = with_curve(index, blink(), noise=0.02)
        out, change = smooth(noisy, 0.1)
        curve, before = out.weights[:, index], noisy.weights[:, index]
        rest = np.r_[0:17, 30:57, 70:90]
        assert curve[rest].std() < 0.5 * before[rest].std()
        assert abs(curve[21:23] - 1.0).max() < 0.04
        assert abs(curve[61:63] - 1.0).max() < 0.04
        assert np.abs(curve - blink()).max() < 0.12
        assert 0.0 < change.largest < 0.15


def test_a_gaussian_of_the_same_width_would_have_lost_the_blink():
    """What the filter is for: the test above means nothing if plain smoothing passes it too."""
    kernel = np.exp(-0.5 * (np.arange(-9, 10) / 3.0) ** 2)
    plain = np.convolve(blink(), kernel / kernel.sum(), "same")
    assert plain[21:23].max() < 0.7


def test_smoothing_neither_lags_nor_moves_a_straight_line():
    line = np.linspace(0.1, 0.9, 60)
    out, change = smooth(with_curve(SMILE, line), 0.1)
    np.testing.assert_allclose(out.weights[10:50, SMILE], line[10:50], atol=1e-9)
    assert change.largest > 0


def test_the_dead_zone_takes_small_weights_and_keeps_rest_and_full():
    performance = with_curve(SMILE, np.array([0.0, 0.03, 0.05, 0.2, 1.0]))
    out, change = dead_zone(performance, 0.05)
    np.testing.assert_allclose(out.weights[:, SMILE], [0, 0, 0, 0.15 / 0.95, 1.0], atol=1e-12)
    assert change.largest == pytest.approx(np.abs(out.weights - performance.weights).max())
    assert change.shape in MODEL.shape_names


def test_the_change_names_its_place():
    performance = dataclasses.replace(with_curve(SMILE, np.zeros(9)), weights=np.zeros((9, 52)))
    performance.weights[4, CLOSE] = 0.04
    _, change = dead_zone(performance, 0.1)
    assert (change.largest, change.shape, change.frame) == (0.04, "mouthClose", 4)


@pytest.mark.parametrize(("old", "new", "frames", "label"), [
    (30, Fraction(60), 59, "10:00:00:00"), (60, Fraction(30), 15, "10:00:00:00"),
    (30, Fraction(24), 24, "10:00:00:00"), (Fraction(30000, 1001), Fraction(25), 25, "10:00:00:00")])
def test_resampling_keeps_the_motion(old, new, frames, label):
    performance = made_performance(MODEL, 30, old)
    out, change = resample(performance, new)
    assert out.frames == frames
    assert out.frame_rate == new
    assert out.start_timecode == label
    assert len(out.flags) == frames
    old_times, new_times = np.arange(30) / float(old), np.arange(frames) / float(new)
    for index in (BLINK, SMILE):
        expected = np.interp(new_times, old_times, performance.weights[:, index])
        np.testing.assert_allclose(out.weights[:, index], expected)
    turn = Slerp(old_times, Rotation.from_quat(performance.head_rotation))(np.minimum(new_times, old_times[-1]))
    assert (turn * Rotation.from_quat(out.head_rotation).inv()).magnitude().max() < 1e-9
    if new == 60:
        assert change.largest < 1e-12
    else:
        assert change.largest > 0


def test_timecode_labels_are_scaled():
    performance = dataclasses.replace(made_performance(MODEL, 9, Fraction(30000, 1001)), start_timecode="01:02:03;14")
    assert resample(performance, Fraction(60000, 1001))[0].start_timecode == "01:02:03;28"
    assert resample(performance, Fraction(24))[0].start_timecode == "01:02:03:11"


def test_resampling_a_single_frame_keeps_it():
    performance = made_performance(MODEL, 1)
    out, _ = resample(performance, Fraction(60))
    np.testing.assert_array_equal(out.weights, performance.weights)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=60), st.sampled_from([0.0, 1e-3, 0.05]))
def test_reduced_keys_miss_no_frame_by_more_than_the_tolerance(values, tolerance):
    curve = np.array(values)
    keys = reduce_keys(curve, tolerance)
    assert keys[0] == 0
    assert keys[-1] == len(curve) - 1
    assert (np.diff(keys) > 0).all()
    error = np.interp(np.arange(len(curve)), keys, curve[keys]) - curve
    assert np.abs(error).max() <= tolerance + 1e-9


def test_reduced_keys_are_few():
    curve = np.concatenate([np.zeros(50), np.linspace(0, 1, 20), np.ones(50), np.linspace(1, 0, 20)])
    assert len(reduce_keys(curve, 1e-3)) <= 8
    assert len(reduce_keys(np.zeros(1000), 0.0)) == 2
