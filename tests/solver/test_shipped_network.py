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
    paths = (network_file.shipped_path(), network_file.shipped_parts())
    assert sum(path.stat().st_size for path in paths) < 10_000_000
    for path in paths:
        with np.load(path) as archive:
            about = bytes(archive["about"]).decode()
        assert all(word in about for word in ("recipe", "seed", "history"))
    assert paths[0].with_suffix(".md").exists()


def test_its_points_are_known_on_the_head_that_it_learnt(ict):
    """Whatever the parts of that head are called: else the solve would look for the points anew, and less well."""
    assert network_file.geometry_key(ict) == network_file.DEFINED_ON


def test_a_shut_eye_is_seen_shut():
    """In a real blink the second look brings the lids' margins together; the first leaves a gap of a third more."""
    clip = probe(shared("footage", "smile_man.mp4"))
    pictures = [frame.rgb for frame in frames(clip, 22, 33)]
    shut = opening(tracked(NetworkDetector(), pictures).xy).min()
    first = opening(tracked(NetworkDetector(network_file.shipped_path()), pictures).xy).min()
    assert shut < 0.12
    assert shut < 0.85 * first


def opening(points: np.ndarray) -> np.ndarray:
    """(T, 478, 2) px -> (T): how far the right eye's lids are apart, as a share of its width."""
    upper, lower = points[:, [160, 159, 158]].mean(axis=1), points[:, [144, 145, 153]].mean(axis=1)
    return np.linalg.norm(upper - lower, axis=1) / np.linalg.norm(points[:, 33] - points[:, 133], axis=1)


def test_deep_and_grey_pictures_show_the_same_face(detector, man):
    plain = detector.find(man[0]).points
    deep = detector.find(man[0].astype(np.uint16) * 257).points
    assert np.allclose(plain, deep)
    grey = detector.find(man[0].mean(axis=2).astype(np.uint8)).points
    assert np.median(np.linalg.norm(plain - grey, axis=1)) < 0.02 * np.ptp(plain[:, 1])


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
