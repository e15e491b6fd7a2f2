"""The weights that ship: whole, small, and no worse on real faces than the network that they grew from."""

from collections.abc import Iterator
from fractions import Fraction

import numpy as np
import pytest

from capture.video import frames, probe
from solver import network_file
from solver.detect import Footage, Track
from solver.mediapipe_runtime import MediapipeDetector
from solver.network_detector import NetworkDetector
from tests.material import shared

COUNT = 10


def footage(pictures: list[np.ndarray]) -> Footage:
    height, width = pictures[0].shape[:2]

    def again() -> Iterator[np.ndarray]:
        return iter(pictures)

    return Footage((width, height), Fraction(30), len(pictures), again)


def tracked(detector: object, pictures: list[np.ndarray]) -> Track:
    return detector.detect(footage(pictures), lambda done, total: None)


@pytest.fixture(scope="module")
def detector() -> NetworkDetector:
    return NetworkDetector()


@pytest.fixture(scope="module")
def man() -> list[np.ndarray]:
    clip = probe(shared("footage", "smile_man.mp4"))
    return [frame.rgb for frame in frames(clip, 0, COUNT)]


def test_the_file_is_small_and_says_what_made_it():
    path = network_file.shipped_path()
    assert path.stat().st_size < 10_000_000
    with np.load(path) as archive:
        about = bytes(archive["about"]).decode()
    assert all(word in about for word in ("recipe", "seed", "history"))
    assert path.with_suffix(".md").exists()


def test_real_faces_are_found_where_mediapipe_finds_them(detector, man):
    own, reference = tracked(detector, man), tracked(MediapipeDetector(), man)
    assert own.seen.all()
    height = np.ptp(reference.xy[:, :, 1], axis=1).mean()
    off = np.linalg.norm(own.xy - reference.xy, axis=2)
    assert np.median(off) < 0.02 * height
    assert np.percentile(off, 95) < 0.07 * height


def test_noise_shakes_the_points_less_than_mediapipes(detector, man):
    random = np.random.default_rng(0)
    noisy = [np.clip(man[0] + random.normal(0, 5, man[0].shape), 0, 255).astype(np.uint8) for _ in range(COUNT)]
    own, reference = (np.median(tracked(one, noisy).xy.std(axis=0)) for one in (detector, MediapipeDetector()))
    assert own < 0.8 * reference
