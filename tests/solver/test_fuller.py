"""Curves that a reading left flat are stretched, what is plainly seen is not, and lips stay as near as they were."""

import numpy as np
import pytest

from solver.face_model import CORRECTIVES
from solver.fuller import DOUBT, SHORT_OF, fuller

NAMES = ("browInnerUp", "jawOpen", "mouthClose", "mouthSmileLeft", "eyeLookDownLeft", "somebodysOwn")
FRAMES, SIGMA = 60, 0.05


def curves(least: float, most: float) -> np.ndarray:
    return np.tile(np.linspace(least, most, FRAMES)[:, None], len(NAMES))


def fuller_by(weights: np.ndarray, sigma: float = SIGMA) -> np.ndarray:
    return fuller(weights, np.full(weights.shape, sigma), NAMES, 30.0)


def test_what_landmarks_hardly_show_is_stretched_and_what_they_show_is_not() -> None:
    weights = curves(0.0, 0.6)
    after = fuller_by(weights, sigma=0.0)
    np.testing.assert_allclose(after[:, 0], np.clip(SHORT_OF["brow"] * weights[:, 0], 0, 1))
    np.testing.assert_allclose(after[:, 4], SHORT_OF["eyeLook"] * weights[:, 4])
    np.testing.assert_array_equal(after[:, [3, 5]], weights[:, [3, 5]])
    half = fuller(weights, np.zeros(weights.shape), NAMES, 30.0, flat=0.5)
    np.testing.assert_allclose(half, (after + weights) / 2)


def test_a_mouth_that_is_closed_more_has_an_open_jaw_behind_it() -> None:
    weights = curves(0.0, 0.6)
    after = fuller_by(weights, sigma=0.0)
    upon, base = (NAMES.index(name) for name in CORRECTIVES[0])
    np.testing.assert_allclose(after[:, base] - weights[:, base], after[:, upon] - weights[:, upon])


def test_a_weights_least_is_taken_away_as_far_as_it_may_be_an_error() -> None:
    weights = curves(0.02, 0.6)
    after = fuller_by(weights)
    assert after[:, 3].min() < 0.001  # a smile that never ends by 0.02, known to 0.05
    assert after[:, 4].min() == pytest.approx(SHORT_OF["eyeLook"] * 0.02)
    held = fuller_by(curves(0.5, 0.9))
    np.testing.assert_allclose(held[:, 3], curves(0.5, 0.9)[:, 3] - DOUBT * SIGMA)


def test_a_moment_does_not_tell_a_weights_least() -> None:
    weights = curves(0.02, 0.6)[:12]
    np.testing.assert_array_equal(fuller_by(weights)[:, 3], weights[:, 3])


def test_weights_stay_weights() -> None:
    after = fuller_by(np.random.default_rng(0).random((FRAMES, len(NAMES))))
    assert after.min() >= 0.0
    assert after.max() <= 1.0
