from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest

from capture.errors import ModelError
from capture.video import frames, probe
from solver import network_file
from solver.crop import Roi, roi_of_points
from solver.detect import Footage, Whereabouts
from solver.mediapipe_runtime import MediapipeDetector
from solver.network_actor import Sightings
from solver.network_detector import BATCH, NetworkDetector
from solver.network_glance import GlanceDetector
from solver.network_mirror import MIRRORED, unmirror
from tests.material import shared

SIZE = (420, 400)
"""Width and height of the made footage."""


@pytest.fixture(scope="module")
def weights(tmp_path_factory) -> Path:
    """A network that has learnt nothing yet: its points are MediaPipe's."""
    path = tmp_path_factory.mktemp("net") / "untrained.npz"
    network_file.save_difference(network_file.fresh(), {}, path)
    return path


@pytest.fixture(scope="module", params=[NetworkDetector, GlanceDetector])
def detector(request, weights) -> NetworkDetector:
    """The whole one, and a draft's."""
    return request.param(weights)


@pytest.fixture(scope="module")
def photo() -> np.ndarray:
    picture = cv2.cvtColor(cv2.imread(str(shared("footage", "astronaut.png"))), cv2.COLOR_BGR2RGB)
    return cv2.resize(picture[:280, 100:380], (240, 240), interpolation=cv2.INTER_AREA)


def film(photo: np.ndarray, places: list[tuple[int, int] | None]) -> Footage:
    """The photo at a place in each frame; None shows none."""

    def pictures() -> Iterator[np.ndarray]:
        for place in places:
            frame = np.full((SIZE[1], SIZE[0], 3), 90, np.uint8)
            if place is not None:
                x, y = place
                frame[y:y + 240, x:x + 240] = photo
            yield frame

    return Footage(SIZE, Fraction(30), len(places), pictures)


def test_a_moving_face_is_followed(detector, photo):
    places = [(10 + 8 * frame, 30 + 5 * frame) for frame in range(BATCH + 4)]
    done = []
    track = detector.detect(film(photo, places), lambda *progress: done.append(progress))
    assert track.seen.all()
    assert done[-1] == (len(places), len(places))
    in_photo = track.xy - np.array(places)[:, None]
    spread = np.linalg.norm(in_photo - in_photo.mean(axis=0), axis=2)
    assert np.median(spread) < 0.25
    assert spread.max() < 3
    assert (track.sigma > 0).all()


def test_a_glance_follows_a_head_that_starts_with_a_jerk(weights, photo):
    """Between two keys it goes half its width, where the first network still sees a face that is not there."""
    places = [(10 + 12 * max(frame - 3, 0), 60) for frame in range(17)]
    track = GlanceDetector(weights).detect(film(photo, places), lambda done, total: None)
    assert track.seen.all()
    in_photo = (track.xy - np.array(places)[:, None]).mean(axis=1)
    assert np.abs(in_photo - in_photo.mean(axis=0)).max() < 1


def test_a_glance_at_a_still_face_does_not_wander(photo):
    """Seen through a square that follows the noise, the means of eight frames each wandered by 0.1 px."""
    still = next(film(photo, [(80, 60)]).pictures())

    def pictures() -> Iterator[np.ndarray]:
        noise = np.random.default_rng(4)
        for _ in range(48):
            yield (still + noise.normal(0, 5, still.shape)).clip(0, 255).astype(np.uint8)

    track = GlanceDetector().detect(Footage(SIZE, Fraction(30), 48, pictures), lambda done, total: None)
    means = track.xy.reshape(6, 8, -1, 2).mean(axis=1)
    assert np.median(means.std(axis=0)) < 0.06


def test_points_lie_where_the_reference_puts_them(detector, photo):
    from solver.mediapipe_runtime import find_face

    footage = film(photo, [(60, 70)])
    track = detector.detect(footage, lambda done, total: None)
    reference = find_face(next(footage.pictures()))
    off = track.xy[0] - reference
    side = roi_of_points(reference, 1.0).side
    # Another margin and a filtered crop: the same face, not the same numbers.
    assert np.median(np.linalg.norm(off, axis=1)) < 0.015 * side
    assert np.abs(off.mean(axis=0)).max() < 0.01 * side


def test_without_a_face_nothing_is_seen_and_a_face_that_comes_back_is_found(detector, photo):
    places = [None, *((20 + 4 * frame, 30) for frame in range(5)), None, None, (150, 120), (150, 122)]
    track = detector.detect(film(photo, places), lambda done, total: None)
    assert track.seen.all(axis=1).tolist() == [place is not None for place in places]
    assert not track.seen[[0, 6, 7]].any()
    assert np.isnan(track.xy[[0, 6, 7]]).all()
    moved = (track.xy[8] - track.xy[5]).mean(axis=0)
    assert moved == pytest.approx([114, 90], abs=2)


def two_faces(photo: np.ndarray, side: int, left: range, right: range, actor: Whereabouts | None = None) -> Footage:
    """A larger face on the left in some frames, the photo as it is on the right in others."""
    larger, top = cv2.resize(photo, (side, side)), (320 - side) // 2
    count = max(left.stop, right.stop)

    def pictures() -> Iterator[np.ndarray]:
        for index in range(count):
            frame = np.full((320, 640, 3), 90, np.uint8)
            if index in left:
                frame[top:top + side, 10:10 + side] = larger
            if index in right:
                frame[40:280, 380:620] = photo
            yield frame

    return Footage((640, 320), Fraction(30), count, pictures, actor)


def test_of_two_faces_the_one_that_stays_is_the_actors(detector, photo):
    """Somebody nearer, and so larger, is in the picture at first, and leaves."""
    footage = two_faces(photo, 300, range(3), range(26))
    track = detector.detect(footage, lambda done, total: None)
    assert track.seen.all()
    assert track.xy[..., 0].min() > 370
    # A single picture knows nothing of before and after: there the largest counts.
    assert detector.find(next(footage.pictures())).points[:, 0].max() < 320


def test_of_two_faces_the_one_that_was_pointed_at_is_followed(detector, photo):
    """The larger one stays from the first frame to the last, and is alone in the first ones; no frame shows it."""
    where = Sightings([12], [Roi((490.0, 170.0), 230.0)]).during(range(22), 12)
    footage = two_faces(photo, 280, range(22), range(4, 22), where)
    track = detector.detect(footage, lambda done, total: None)
    assert track.seen.all(axis=1).tolist() == [False] * 4 + [True] * 18
    assert np.nanmin(track.xy[..., 0]) > 370
    mediapipes = MediapipeDetector().detect(footage, lambda done, total: None)
    assert mediapipes.seen[4:].all()
    assert np.nanmin(mediapipes.xy[..., 0]) > 370


def test_a_half_hidden_face_is_found_where_it_was_and_a_fist_is_none():
    """Filmed by four cameras: a face comes in over the upper edge, an arm goes before it, a hand holds a board."""
    folder = shared("multicam", "caliscope", "post_optimization", "calibration", "extrinsic")
    ours, mediapipes, detector = [], [], NetworkDetector()
    for camera in range(4):
        clip = probe(folder / f"cam_{camera}.mp4")
        pictures = [frame.rgb for frame in frames(clip)]
        footage = Footage((1280, 720), Fraction(30), len(pictures), lambda pictures=pictures: iter(pictures))
        ours.append(detector.detect(footage, lambda done, total: None).seen.any(axis=1))
        mediapipes.append(MediapipeDetector().detect(footage, lambda done, total: None).seen.any(axis=1))
    assert sum(map(sum, ours)) >= sum(map(sum, mediapipes)) > 160
    assert ours[0][12:16].all()
    assert ours[0][41:44].all()
    assert not ours[0][:10].any()
    assert not ours[1][43:].any()


def test_footage_without_frames_and_a_tiny_picture_give_no_face(detector):
    empty = detector.detect(Footage((9, 9), Fraction(30), 0, lambda: iter(())), lambda done, total: None)
    assert empty.xy.shape == (0, 478, 2)
    assert detector.find(np.zeros((1, 1, 3), np.uint8)) is None
    assert detector.find(np.zeros((40, 300), np.uint16)) is None


def test_mirrored_answers_are_turned_back(detector, photo):
    assert (MIRRORED[MIRRORED] == np.arange(478)).all()
    assert [MIRRORED[index] for index in (1, 33, 61, 70, 468)] == [1, 263, 291, 300, 473]
    plain = detector.find(photo).points
    mirrored = detector.find(np.ascontiguousarray(photo[:, ::-1])).points
    back = mirrored[MIRRORED] * [-1, 1] + [len(photo) - 1, 0]
    assert np.median(np.linalg.norm(back - plain, axis=1)) < 1.5
    points, sigma = unmirror(np.full((1, 478, 2), 10.0), np.arange(478.0)[None])
    assert (points == [182, 10]).all()
    assert sigma[0, 33] == 263


def test_the_key_names_the_weights(detector, weights, tmp_path):
    assert type(detector)(weights).key == detector.key
    network = network_file.fresh()
    network.base.mesh_out.bias.data[0] += 1
    other = tmp_path / "other.npz"
    network_file.save_difference(network, {}, other)
    assert type(detector)(other).key != detector.key
    assert NetworkDetector(weights).key != GlanceDetector(weights).key


def test_missing_weights_are_told(monkeypatch, tmp_path):
    with pytest.raises(ModelError, match="cannot be read"):
        NetworkDetector(tmp_path / "none.npz")
    monkeypatch.setattr(network_file, "shipped_path", lambda: None)
    with pytest.raises(ModelError, match="ships no trained landmark network"):
        NetworkDetector()
