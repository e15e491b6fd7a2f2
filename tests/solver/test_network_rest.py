import numpy as np
import pytest

from solver import network_rest
from solver.network_rest import REACH, rest


def face(frames: int, noise: float, seed: int = 0) -> np.ndarray:
    """Points (T, 60, 2) of a still face of 330 px with noise in px."""
    random = np.random.default_rng(seed)
    points = random.uniform(0, 330, (60, 2))
    points[:2] = (0, 0), (330, 330)
    return points + random.normal(0, noise, (frames, 60, 2))


def test_a_still_face_is_stiller():
    found = face(60, 0.12)
    stilled = found.copy()
    rest(stilled)
    assert np.median(stilled.std(axis=0)) < 0.45 * np.median(found.std(axis=0))
    assert abs(stilled.mean() - found.mean()) < 0.01


def test_what_moves_stays():
    """A lid of 15 px keeps its depth within 0.2 px; a corner that jumps and one that drifts steadily keep all."""
    found = face(60, 0.0)
    found[20:31, 5, 1] += [3, 9, 14, 15, 15, 15, 14, 10, 6, 3, 1]
    found[40:, 7, 0] += 8.0
    found[:, 9, 0] += 0.3 * np.arange(60)
    stilled = found.copy()
    rest(stilled)
    moved = np.abs(stilled - found)
    assert moved[18:33, 5].max() < 0.35
    assert moved[22:27, 5].max() < 0.2, "its depth"
    assert moved[:, 7].max() < 0.01
    assert moved[REACH:-REACH, 9].max() < 1e-9


@pytest.mark.parametrize("frames", [1, 2, REACH, 40, 41])
def test_in_chunks_it_is_the_same(frames, monkeypatch):
    found = face(frames, 0.3)
    whole, parts = found.copy(), found.copy()
    rest(whole)
    monkeypatch.setattr(network_rest, "CHUNK", 10)
    rest(parts)
    np.testing.assert_array_equal(whole, parts)
