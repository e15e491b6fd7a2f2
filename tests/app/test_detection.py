"""Detection in parts: what comes out hangs on the footage alone, whoever did which part, in whatever order."""

import random
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from app import artefacts, detection
from app.detectors import Landmarker, landmarker_named
from app.places import Places
from app.preparing import Options, Prepared, prepare
from app.timings import recorded
from capture.arrays import load_arrays, save_arrays
from capture.shoot import find_takes
from capture.sync import Clock, Timeline, save_timeline
from solver.detect import Footage, Report, Track
from tests.clips import numbered, read_number, write_clip
from tests.material import shared

FRAMES = 40


class Follower:
    """A detector whose answer hangs on all frames since it began, and which loses what it knew bit by bit."""

    scheme, key = "follower", "follower-1"

    def __init__(self) -> None:
        self.asked: list[int] = []

    def detect(self, footage: Footage, report: Report) -> Track:
        state, rows = 1000.0, []
        for index, picture in enumerate(footage.pictures()):
            number = read_number(picture)
            self.asked.append(number)
            state = state / 2 + number
            rows.append([[number, state]])
            report(index + 1, footage.count)
        return Track(np.array(rows), np.ones((len(rows), 1)), np.ones((len(rows), 1), bool))


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return write_clip(tmp_path / "camA.mp4", numbered(FRAMES), Fraction(30), options={"g": "12"})


@pytest.fixture(autouse=True)
def short_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(detection, "PART_FRAMES", 8)
    monkeypatch.setattr(detection, "WARM_UP", 3)


def ready(clip: Path, out: Path, start: str | None = None, end: str | None = None) -> Prepared:
    return prepare(find_takes(clip)[0], Options(out, None, "", ("json",), "standard", start, end, False), print)


def landmarker(detector: Follower) -> Landmarker:
    return Landmarker(detector, lambda rgb: None)


def artefact(prepared: Prepared) -> bytes:
    return prepared.where.landmarks("camA").read_bytes()


def test_parts_done_in_any_order_give_the_bytes_of_one_run(clip: Path, tmp_path: Path) -> None:
    whole = ready(clip, tmp_path / "whole", "5")
    told: list[tuple[str, int, int]] = []
    landmarks, keys = detection.detect(whole, landmarker(Follower()), False, lambda *event: told.append(event))
    assert landmarks.xy[0, :, 0, 0].tolist() == list(range(5, FRAMES))
    assert told[-1] == ("detect camA", FRAMES - 5, FRAMES - 5)
    assert [done for _, done, _ in told] == sorted(done for _, done, _ in told)
    assert not whole.where.parts("camA").exists()
    took = {record.step: record for record in recorded(whole.where.work)}
    assert took["detect camA"].key == keys["detect camA"]

    spread = ready(clip, tmp_path / "spread", "5")
    left = list(detection.missing(spread, Follower.key))
    assert [(part.first, part.stop, part.warm) for part in left] \
        == [(5, 13, 5), (13, 21, 10), (21, 29, 18), (29, 37, 26), (37, 40, 34)]
    random.Random(3).shuffle(left)
    for part in left[:-1]:
        detector = Follower()
        detection.detect_part(ready(clip, tmp_path / "spread", "5"), part, landmarker(detector), False, lambda *_: None)
        assert detector.asked == list(range(part.warm, part.stop))
    assert detection.missing(spread, Follower.key) == (left[-1],)
    last = Follower()
    detection.detect(spread, landmarker(last), False, lambda *_: None)
    assert last.asked == list(range(left[-1].warm, left[-1].stop))  # only what was left
    assert artefact(spread) == artefact(whole)
    assert detection.missing(spread, Follower.key) == ()


def test_a_damaged_part_and_one_of_other_frames_are_found_again(clip: Path, tmp_path: Path) -> None:
    prepared = ready(clip, tmp_path / "out")
    for part in detection.parts(prepared, 0):
        detection.detect_part(prepared, part, landmarker(Follower()), False, lambda *_: None)
    damaged = prepared.where.part("camA", 8)
    damaged.write_bytes(damaged.read_bytes()[:-40])
    shorter = ready(clip, tmp_path / "out", end="37")  # its last part is another one
    detector = Follower()
    detection.detect(shorter, landmarker(detector), False, lambda *_: None)
    assert detector.asked == [*range(5, 16), *range(29, 37)]


@pytest.mark.parametrize("poison", [
    lambda arrays: arrays.pop("xy"), lambda arrays: arrays.update(xy=arrays["xy"][:-1]),
    lambda arrays: arrays.update(seen=arrays["seen"].ravel()), lambda arrays: arrays.update(sigma=np.array(1.0)),
    lambda arrays: arrays.update(sigma=arrays["sigma"].astype("U8")),
    lambda arrays: arrays.update(xy=np.concatenate([arrays["xy"]] * 2, axis=1)),
    lambda arrays: arrays.update(xy=arrays["xy"].astype(complex))])
def test_landmarks_that_others_wrote_under_the_right_key_are_found_again(clip: Path, tmp_path: Path, poison) -> None:
    prepared = ready(clip, tmp_path / "out")
    detection.detect(prepared, landmarker(Follower()), False, lambda *_: None)
    whole, path = artefact(prepared), prepared.where.landmarks("camA")
    arrays = load_arrays(path)
    poison(arrays)
    save_arrays(path, arrays)
    detector = Follower()
    detection.detect(prepared, landmarker(detector), False, lambda *_: None)
    assert detector.asked
    assert artefact(prepared) == whole

    part = detection.parts(prepared, 0)[0]
    detection.detect_part(prepared, part, landmarker(Follower()), False, lambda *_: None)
    arrays = load_arrays(prepared.where.part("camA", part.first))
    poison(arrays)
    save_arrays(prepared.where.part("camA", part.first), arrays)
    path.unlink()
    detection.detect(prepared, landmarker(Follower()), False, lambda *_: None)
    assert artefact(prepared) == whole


def test_at_a_border_a_real_face_does_not_jump(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Our network on filmed speech: with a border the points are where they are without, to a small part of a pixel."""
    monkeypatch.setattr(detection, "WARM_UP", 16)
    monkeypatch.setattr(detection, "PART_FRAMES", 32)
    prepared = ready(shared("footage", "expressions_woman_640x360.mp4"), tmp_path, end="34")
    tools = landmarker_named("mien", "cpu")
    without = tools.detector.detect(prepared.footage(0, 0, 34), lambda *_: None).xy[32:]
    part = detection.parts(prepared, 0)[1]
    apart = np.linalg.norm(detection.detect_part(prepared, part, tools, False, lambda *_: None).xy - without, axis=2)
    assert (part.warm, part.first, part.stop) == (16, 32, 34)
    assert 0 < apart.mean() < 0.15  # (2, 478) px; the face is 250 px high
    assert apart.max() < 1.0


def test_how_films_look_is_read_alone_and_is_unknown_where_an_older_mien_found_the_landmarks(tmp_path: Path) -> None:
    where, look = Places(tmp_path, tmp_path / "work"), np.full((4, 8), 0.5, np.float32)
    points = {"xy": np.zeros((4, 1, 2)), "sigma": np.ones((4, 1)), "seen": np.ones((4, 1), bool)}
    artefacts.save(where.landmarks("old"), "old", points)
    artefacts.save(where.landmarks("new"), "new", points | {"film": look})
    artefacts.save(where.landmarks("more"), "before", points | {"film": look * 2})
    artefacts.save(where.again("more"), "after", points | {"film": look})
    found = detection.film_looks(where, ("old", "new", "more", "none"), {
        "detect old": "old", "detect new": "new", "detect more": "after", "detect none": "gone"}, 4)
    assert list(found) == ["new", "more"]
    assert all(np.array_equal(film, look) for film in found.values())


def late_by(tmp_path: Path, start: str | None = None, end: str | None = None) -> Prepared:
    """camB's first picture is of camA's frame 10, its last one of frame 29."""
    folder = tmp_path / "T001"
    folder.mkdir(exist_ok=True)
    for name, count in (("camA", FRAMES), ("camB", 20)):
        write_clip(folder / f"{name}.mp4", numbered(count), Fraction(30), options={"g": "12"})
    save_timeline(Timeline((Clock("camA", 0.0), Clock("camB", 10 / 30)), "by hand"), folder / "sync.toml")
    return ready(folder, tmp_path / "out", start, end)


def test_a_camera_that_is_not_there_is_asked_of_nothing_and_sees_nothing(tmp_path: Path) -> None:
    prepared = late_by(tmp_path)
    assert detection.span(prepared, 1) == (10, 30)
    assert [(part.first, part.stop, part.warm) for part in detection.parts(prepared, 1)] \
        == [(10, 18, 10), (18, 26, 15), (26, 30, 23)]
    detector = Follower()
    found, keys = detection.detect(prepared, landmarker(detector), False, lambda *_: None)
    assert list(keys) == ["detect camA", "detect camB"]
    assert np.isfinite(found.xy[:, :, 0, 0]).tolist() == [[True] * 40, [False] * 10 + [True] * 20 + [False] * 10]
    assert found.xy[1, 10:30, 0, 0].tolist() == list(range(20))
    assert np.isnan(found.xy[1, :10]).all()
    assert detection.missing(prepared, Follower.key) == ()
    same, _ = detection.detect(prepared, landmarker(Follower()), False, lambda *_: None)
    assert np.array_equal(same.xy, found.xy, equal_nan=True), "as they stand on disk"
    moved = detection.on_take_clock(found, prepared)
    assert np.array_equal(moved.xy, found.xy, equal_nan=True)
    assert detection.clock_key(prepared) == {}, "it is in step where it is there"


def test_a_camera_that_is_there_in_none_of_the_wanted_frames_sees_nothing(tmp_path: Path) -> None:
    prepared = late_by(tmp_path, end="8")
    found, _ = detection.detect(prepared, landmarker(Follower()), False, lambda *_: None)
    assert np.isfinite(found.xy[:, :, 0, 0]).tolist() == [[True] * 8, [False] * 8]
    assert detection.kept(prepared.where, "camB", detection.detect_key(prepared, 1, Follower.key), 8) is not None
    assert set(detection.film_looks(prepared.where, ("camB",), {"detect camB": detection.detect_key(
        prepared, 1, Follower.key)}, 8)) == {"camB"}
    first = late_by(tmp_path, start="32")
    found, _ = detection.detect(first, landmarker(Follower()), False, lambda *_: None)
    assert np.isfinite(found.xy[:, :, 0, 0]).tolist() == [[True] * 8, [False] * 8]


def test_parts_of_a_late_camera_done_by_others_give_the_bytes_of_one_run(tmp_path: Path) -> None:
    prepared = late_by(tmp_path)
    detection.detect(prepared, landmarker(Follower()), False, lambda *_: None)
    whole = prepared.where.landmarks("camB").read_bytes()
    prepared.where.landmarks("camB").unlink()
    for part in reversed(detection.missing(prepared, Follower.key)):
        assert part.name == "camB"
        detection.detect_part(prepared, part, landmarker(Follower()), False, lambda *_: None)
    last = Follower()
    detection.detect(prepared, landmarker(last), False, lambda *_: None)
    assert last.asked == []
    assert prepared.where.landmarks("camB").read_bytes() == whole


def test_force_looks_anew_for_the_face_of_a_late_camera_too_and_once(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    forced = []
    monkeypatch.setattr(detection, "kept_sightings", lambda *given: forced.append(given[-2]) or SimpleNamespace(
        during=lambda *_: None))
    prepared = late_by(tmp_path)
    for camera in range(2):
        for part in detection.parts(prepared, camera):
            detection._footage(prepared, part, True, lambda: None).longest()
    assert forced == [True, False, False, False, False, True, False, False]
