import dataclasses

import numpy as np
import pytest
from scipy.optimize import lsq_linear

from capture.errors import DataError
from exporters.transfer import transfer
from tests.synthetic import made_performance, small_face

SOURCE = small_face(0)
PERFORMANCE = made_performance(SOURCE, 12)


def test_a_rig_onto_itself_changes_nothing():
    moved, fit = transfer(PERFORMANCE, SOURCE, SOURCE)
    np.testing.assert_allclose(moved.weights, PERFORMANCE.weights, atol=2e-3)
    assert fit.worst < 2e-6


def test_shuffled_and_scaled_shapes_are_found_again():
    order = np.random.default_rng(3).permutation(52)
    target = dataclasses.replace(
        SOURCE, name="other", neutral=2 * SOURCE.neutral, shapes=4 * SOURCE.shapes[order],
        shape_names=tuple(f"s{index}" for index in order))
    moved, fit = transfer(PERFORMANCE, SOURCE, target)
    assert moved.shape_names == target.shape_names
    assert moved.model_name == "other"
    np.testing.assert_allclose(moved.weights, PERFORMANCE.weights[:, order] / 2, atol=2e-3)
    np.testing.assert_allclose(moved.sigma, PERFORMANCE.sigma[:, order] / 2, rtol=0.05)
    assert fit.rms < 2e-6


def test_the_answer_is_the_bounded_least_squares_one():
    target = small_face(9)
    moved, fit = transfer(PERFORMANCE, SOURCE, target)
    a, b = (model.shapes.reshape(52, -1).T.astype(float) for model in (SOURCE, target))
    assert moved.weights.min() >= 0
    assert moved.weights.max() <= 1
    errors = []
    for frame in range(12):
        best = lsq_linear(b, a @ PERFORMANCE.weights[frame], (0, 1), tol=1e-12)
        error = np.linalg.norm(b @ moved.weights[frame] - a @ PERFORMANCE.weights[frame])
        assert error <= np.sqrt(2 * best.cost) * 1.001
        errors.append(error)
    assert fit.rms == pytest.approx(np.sqrt((np.array(errors) ** 2).mean() / len(SOURCE.neutral)), rel=1e-6)
    assert fit.worst_frame == np.argmax(errors)
    assert fit.worst == pytest.approx(max(errors) / np.sqrt(len(SOURCE.neutral)), rel=1e-6)


def test_meshes_that_do_not_correspond_are_refused():
    short = dataclasses.replace(SOURCE, neutral=SOURCE.neutral[:-1], shapes=SOURCE.shapes[:, :-1])
    with pytest.raises(DataError, match="198 vertices of 'small' are not the 197"):
        transfer(PERFORMANCE, SOURCE, short)
    with pytest.raises(DataError, match="was not solved on"):
        transfer(PERFORMANCE, dataclasses.replace(SOURCE, shape_names=SOURCE.shape_names[::-1]), SOURCE)
