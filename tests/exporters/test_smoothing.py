"""Smoothing keeps blinks and plosives whatever the rate and however unsure the solve, and keeps to its regions."""

import dataclasses

import numpy as np
import pytest

from exporters.smoothing import REGIONS, region_of, smoothed
from solver.face_model import ARKIT
from tests.synthetic import made_performance, small_face

MODEL = small_face()


def bump(times, centre, closing, opening):
    """0 to 1 to 0: a blink or closed lips, seconds."""
    before, after = (times - centre + closing) / closing, (centre + opening - times) / opening
    ramp = np.clip(np.minimum(before, after), 0, 1)
    return ramp * ramp * (3 - 2 * ramp)


@pytest.mark.parametrize("rate", [24, 30, 60, 120])
@pytest.mark.parametrize("sigma", [0.0, 0.02, 0.2])
@pytest.mark.parametrize(("closing", "opening"), [(0.07, 0.15), (0.05, 0.06)], ids=["blink", "plosive"])
@pytest.mark.parametrize("seconds", [0.05, 0.15])
def test_peaks_lose_less_than_two_percent(rate, sigma, closing, opening, seconds):
    times = np.arange(3 * rate) / rate
    random = np.random.default_rng(0)
    curve = sum(bump(times, centre, closing, opening) for centre in (0.51, 1.27, 2.2))
    dip = 0.6 - 0.6 * curve  # the jaw that shuts for a plosive
    performance = made_performance(MODEL, len(times), rate)
    weights = np.zeros_like(performance.weights)
    weights[:, ARKIT.index("eyeBlinkLeft")] = weights[:, ARKIT.index("mouthClose")] = curve
    weights[:, ARKIT.index("jawOpen")] = dip
    weights[:, ARKIT.index("browInnerUp")] = 0.3 + random.normal(0, 0.01, len(times))
    out = smoothed(dataclasses.replace(performance, weights=weights, sigma=np.full_like(weights, sigma)), seconds)
    for name, before in (("eyeBlinkLeft", curve), ("mouthClose", curve), ("jawOpen", 0.6 - dip)):
        after = out.weights[:, ARKIT.index(name)] if name != "jawOpen" else 0.6 - out.weights[:, ARKIT.index(name)]
        for centre in (0.51, 1.27, 2.2):
            near = np.abs(times - centre) < 0.1
            assert after[near].max() >= 0.98 * before[near].max()
    if seconds * rate > 3:
        brow = ARKIT.index("browInnerUp")
        assert out.weights[:, brow].std() < 0.75 * weights[:, brow].std()


def test_each_region_has_its_own_width():
    performance = made_performance(MODEL, 60)
    noisy = performance.weights + np.random.default_rng(0).normal(0, 0.01, performance.weights.shape)
    performance = dataclasses.replace(performance, weights=noisy)
    out = smoothed(performance, {"brows": 0.1})
    for index, name in enumerate(ARKIT):
        changed = np.abs(out.weights[:, index] - noisy[:, index]).max() > 0
        assert changed == name.startswith("brow")


def test_every_arkit_shape_has_a_region():
    assert {region_of(name) for name in ARKIT} == set(REGIONS)
    assert region_of("CTRL_expressions_mouthLeft") == "mouth"
    assert region_of("whistle") == ""
