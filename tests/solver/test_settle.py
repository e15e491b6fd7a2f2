"""Noise is smoothed away and nothing else is."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter1d

from solver.settle import MOST, settled

TIME = np.arange(400) / 30


def shaken(curve: np.ndarray, noise: float, seed: int = 0) -> np.ndarray:
    return curve + np.random.default_rng(seed).normal(0, noise, curve.shape)


def test_a_still_face_stands_still() -> None:
    found, gone = settled(shaken(np.full((400, 20), 0.4), 0.008), 30.0)
    assert found.std(axis=0).max() < 0.004
    assert np.abs(found.mean(axis=0) - 0.4).max() < 0.002
    assert 0.008**2 - gone.mean() == pytest.approx(((found - 0.4) ** 2).mean(), rel=0.4)


def test_single_frames_and_slow_wander_of_a_still_face_are_its_noise() -> None:
    """What a detector leaves of a sensor's noise: large in a squinting lid, wandering, four times its spread at times;
    the same beside a curve's true motion stays."""
    wander = 0.004 * np.sin(2.0 * TIME[:90])[:, None]
    curves = shaken(0.4 + wander, 0.014, 3)
    curves[[20, 60]] += 0.05
    assert curves.std(axis=0).max() > 0.014
    assert settled(curves, 30.0)[0].std(axis=0).max() < 0.004
    moving = curves + np.clip(TIME[:90, None] - 1.0, 0, 0.5)
    found = settled(moving, 30.0)[0]
    assert np.abs(found - (moving - curves + 0.4))[10:].max() < 0.06
    assert found[-20:].mean() - found[:20].mean() == pytest.approx(0.5, abs=0.02)


def test_what_landmarks_that_were_stilled_wander_is_noise_too() -> None:
    """Noise that was smoothed once shows no second differences to tell it by."""
    noise = gaussian_filter1d(np.random.default_rng(5).normal(0, 1, (400, 20)), 3.0, axis=0)
    curves = 0.4 + 0.006 * noise / noise.std(axis=0)
    assert settled(curves, 30.0)[0].std(axis=0).max() < 0.004
    raised = curves + 0.05 * np.clip(TIME[:, None] - 6.0, 0, 1)
    found = settled(raised, 30.0)[0]
    assert found[-100:].mean() - found[:100].mean() == pytest.approx(0.05, abs=0.003)


@pytest.mark.parametrize("rate", [24.0, 30.0, 60.0])
def test_blinks_and_plosives_keep_their_height_and_their_frame(rate: float) -> None:
    """A blink of a tenth of a second, and a pressing of the lips of two thirds of one, at every speed of the film."""
    time = np.arange(int(8 * rate)) / rate
    curve = sum(height * np.exp(-0.5 * ((time - at) / width) ** 2)
                for at, height, width in ((1.5, 0.9, 0.035), (3.0, 0.25, 0.04), (4.5, 0.5, 0.1), (6.5, 0.2, 0.05)))
    noisy = shaken(np.stack([curve], 1), 0.006)
    found, gone = settled(noisy, rate)
    for at in (1.5, 3.0, 4.5, 6.5):
        near = slice(int((at - 0.2) * rate), int((at + 0.2) * rate))
        assert found[near].max() > 0.95 * noisy[near].max()
        assert gone[near].min() < 0.05 * gone.max()  # of a peak's noise nothing is taken
        assert found[near].argmax() == noisy[near].argmax()


def test_a_slow_drift_is_left_as_it_is_and_makes_no_stairs() -> None:
    slow = np.stack([0.3 + 0.2 * np.sin(0.8 * TIME), 0.04 * TIME], axis=1)
    np.testing.assert_allclose(settled(slow, 30.0)[0], slow, atol=1e-3)
    found, _ = settled(shaken(slow, 0.005), 30.0)
    steps, true = np.diff(found, axis=0), np.diff(slow, axis=0)
    assert np.abs(steps - true).std() < 0.3 * np.abs(np.diff(shaken(slow, 0.005), axis=0) - true).std()


def test_no_value_moves_far() -> None:
    wild = np.random.default_rng(1).random((300, 8))
    assert np.abs(settled(wild, 30.0)[0] - wild).max() < 0.6 * MOST


def test_short_takes_stay_as_they_are() -> None:
    few = np.random.default_rng(2).random((4, 3))
    np.testing.assert_array_equal(settled(few, 30.0)[0], few)
