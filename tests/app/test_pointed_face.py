"""A person says which of several faces is the actor's: heard by the detection, in its keys, and refused where wrong."""

import os
import re
import socket
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from app import actor_look, detection, pointed_face
from app.corrections import LOCK_NAME, load_layer, save_layer
from app.detectors import Landmarker
from app.preparing import Options, Prepared, prepare
from capture.errors import DataError
from capture.shoot import find_takes
from capture.video import frames, probe
from solver.corrections import Layer
from solver.detect import Footage, Report, Track
from solver.network_glance import GlanceDetector
from tests.app.command import error_of, mien_here
from tests.clips import write_clip
from tests.material import shared

FRAMES = 26
SMALLER = (500.0, 160.0)


class Asked:
    """A detector that keeps what it is asked to look at."""

    scheme, key = "asked", "asked-1"

    def __init__(self) -> None:
        self.footage: list[Footage] = []

    def detect(self, footage: Footage, report: Report) -> Track:
        self.footage.append(footage)
        return Track(np.zeros((footage.count, 1, 2)), np.ones((footage.count, 1)), np.ones((footage.count, 1), bool))


@pytest.fixture(scope="module")
def filmed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A take of one camera with two faces, the larger one to the left."""
    picture = cv2.cvtColor(cv2.imread(str(shared("footage", "astronaut.png"))), cv2.COLOR_BGR2RGB)[:280, 100:380]
    frame = np.full((320, 640, 3), 90, np.uint8)
    frame[20:300, 10:290] = picture
    frame[40:280, 380:620] = cv2.resize(picture, (240, 240), interpolation=cv2.INTER_AREA)
    folder = tmp_path_factory.mktemp("two") / "T001"
    folder.mkdir()
    write_clip(folder / "camA.mp4", np.repeat(frame[None], FRAMES, axis=0), Fraction(30))
    return folder


@pytest.fixture
def take(filmed: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "T001"
    folder.mkdir()
    (folder / "camA.mp4").hardlink_to(filmed / "camA.mp4")
    return folder


def say(take: Path, frame: int, place: tuple[float, float], camera: str = "camA") -> None:
    save_layer(Layer(faces={(camera, frame): place}), take / "corrections.json")


def ready(take: Path, start: str | None = None) -> Prepared:
    return prepare(find_takes(take)[0], Options(None, None, "", ("json",), "standard", start, None, False), print)


def found(prepared: Prepared) -> tuple[list[Footage], str]:
    """What a detector is asked, and under which key it is kept."""
    detector = Asked()
    _, keys = detection.detect(prepared, Landmarker(detector, lambda rgb: None), False, lambda *_: None)
    return detector.footage, keys["detect camA"]


def test_the_word_reaches_every_part_and_changes_the_key(take: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(detection, "PART_FRAMES", 8)
    monkeypatch.setattr(detection, "WARM_UP", 3)
    asked, unsaid = found(ready(take))
    assert len(asked) == 4
    assert all(footage.actor is None for footage in asked)
    say(take, 17, SMALLER)
    asked, said = found(ready(take))
    assert said != unsaid
    assert [len(footage.actor.side) for footage in asked] == [8, 11, 11, 5]
    for footage in asked:
        np.testing.assert_allclose(footage.actor.centre, [SMALLER] * footage.count, atol=25)
    looked = [0]
    monkeypatch.setattr(pointed_face, "sightings", lambda *_: looked.append(1))
    (take / ".mien" / "detect.camA.npz").unlink()
    assert found(ready(take))[1] == said  # what the first part has found serves the others, and later runs
    assert looked == [0]
    (take / "corrections.json").unlink()
    assert found(ready(take))[1] == unsaid


def test_all_parts_of_a_clip_follow_the_same_face(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One face is there all the while and goes away from the camera; in the last part another one is the larger."""
    monkeypatch.setattr(detection, "PART_FRAMES", 16)
    monkeypatch.setattr(detection, "WARM_UP", 2)
    picture = cv2.cvtColor(cv2.imread(str(shared("footage", "astronaut.png"))), cv2.COLOR_BGR2RGB)[:280, 100:380]
    pictures = np.full((30, 320, 640, 3), 90, np.uint8)
    for frame, shown in enumerate(pictures):
        for side, left in ((280 - 2 * frame, 10), (200 + 3 * frame, 330))[:1 + (frame > 9)]:
            shown[10:10 + side, left:left + side] = cv2.resize(picture, (side, side), interpolation=cv2.INTER_AREA)
    take = tmp_path / "T001"
    take.mkdir()
    write_clip(take / "camA.mp4", pictures, Fraction(30))
    found, _ = detection.detect(ready(take), Landmarker(GlanceDetector(), lambda rgb: None), False, lambda *_: None)
    assert found.found.all()
    assert found.xy[..., 0].max() < 320


def test_a_choice_among_several_faces_is_told_until_a_person_makes_it(take: Path) -> None:
    landmarker = Landmarker(GlanceDetector(), lambda rgb: None)

    def chosen() -> tuple[str, ...]:
        detection.detect(prepared := ready(take), landmarker, False, lambda *_: None)
        return detection.of_several_faces(prepared)

    assert chosen() == ("camA",)
    assert chosen() == ("camA",), "a run that finds all of it done says so, too"
    say(take, 17, SMALLER)
    assert not chosen()


def test_a_choice_among_one_is_none(filmed: Path, tmp_path: Path) -> None:
    write_clip(tmp_path / "camA.mp4", np.array([frame.rgb[:, :310] for frame in frames(probe(filmed / "camA.mp4"))]),
               Fraction(30))
    prepared = ready(tmp_path / "camA.mp4")
    detection.detect(prepared, Landmarker(GlanceDetector(), lambda rgb: None), False, lambda *_: None)
    assert not detection.of_several_faces(prepared)


def test_the_actors_own_landmarks_are_kept_beside_it(take: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else each would write over the other's file, and both were found anew each time."""
    say(take, 17, SMALLER)
    prepared, landmarker = ready(take), Landmarker(Asked(), lambda rgb: None)
    landmarks, keys = detection.detect(prepared, landmarker, False, lambda *_: None)
    monkeypatch.setattr(actor_look, "OwnLook", lambda layers: None)
    monkeypatch.setattr(actor_look, "moved_in", lambda look, xy, *_: xy)
    taught = SimpleNamespace(key="k", layers=None)
    actor_look.own_landmarks(prepared, landmarks, keys, taught, False, lambda *_: None)
    monkeypatch.setattr(pointed_face, "sightings", lambda *_: pytest.fail("looked for again"))
    (take / ".mien" / "detect.camA.npz").unlink()
    detection.detect(prepared, landmarker, False, lambda *_: None)


def test_frames_of_the_clip_are_meant_whatever_part_of_it_is_wanted(take: Path) -> None:
    say(take, 3, SMALLER)
    (footage,), _ = found(ready(take, "20"))
    np.testing.assert_allclose(footage.actor.centre, [SMALLER] * 6, atol=25)


@pytest.mark.parametrize(("frame", "place", "camera", "words"), [
    (FRAMES, SMALLER, "camA", "frame 26 of camA, which has 26 frames"),
    (2, (700.0, 10.0), "camA", "at 700, 10 in frame 2 of camA, which has 26 frames of 640x320 px"),
    (2, (335.0, 10.0), "camA", "at 335, 10 in frame 2 of camA, and no face is to be found there"),
    (2, SMALLER, "camX", "face is in camX, and T001 has camA")])
def test_a_word_that_cannot_be_is_refused(take: Path, frame: int, place: tuple[float, float], camera: str, words: str
                                          ) -> None:
    say(take, frame, place, camera)
    with pytest.raises(DataError, match=rf"corrections\.json.*{re.escape(words)}"):
        found(ready(take))


def test_the_command_says_so_too_and_leaves_nothing(take: Path, tmp_path: Path) -> None:
    say(take, FRAMES, SMALLER)
    out = tmp_path / "out"
    assert "which has 26 frames" in error_of(mien_here("solve", take, "--out", out, "--corrections", "none", check=3))
    assert not list(out.glob("T001*"))


def test_the_command_says_it_prints_it_and_takes_it_back(take: Path) -> None:
    said = mien_here("face", take, "--frame", "7", "--at", "500,160").stdout
    assert "in frame 7 of camA the actor's face is at 500, 160" in said
    assert load_layer(take / "corrections.json") == Layer(faces={("camA", 7): SMALLER})
    assert mien_here("face", take).stdout == said
    assert "nobody pointed" in mien_here("face", take, "--forget").stdout
    assert load_layer(take / "corrections.json") == Layer()


def test_the_command_refuses_while_a_window_has_the_take_open(take: Path) -> None:
    lock = take / ".mien" / LOCK_NAME
    lock.parent.mkdir()
    lock.write_text(f"{os.getpid()}\nmien\n{socket.gethostname()}\n")
    ended = mien_here("face", take, "--frame", "7", "--at", "500,160", check=1)
    assert "close it there" in ended.stderr
    assert not (take / "corrections.json").exists()
    lock.write_text(f"999999999\nmien\n{socket.gethostname()}\n")  # its window crashed
    mien_here("face", take, "--frame", "7", "--at", "500,160")


@pytest.mark.parametrize(("words", "code", "complaint"), [
    (["--at", "340,10"], 3, "no face is to be found at 340, 10 in frame 0"),
    (["--at", "500,160", "--frame", "26"], 3, "which has 26 frames of 640x320 px"),
    (["--at", "nan,160"], 3, "which has 26 frames"),
    (["--at", "500,160", "--camera", "camB"], 2, "no camera 'camB'"), (["--at", "500"], 2, "no place in a picture")])
def test_the_command_refuses_what_is_no_face(take: Path, words: list[str], code: int, complaint: str) -> None:
    ended = mien_here("face", take, *words, check=code)
    assert complaint in ended.stderr
    assert not (take / "corrections.json").exists()
