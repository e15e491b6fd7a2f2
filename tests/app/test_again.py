"""A camera that lost the face, or followed something else, is told by the others where to look."""

import contextlib
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from app import again
from app.detection import kept
from app.places import Places
from capture.arrays import load_arrays, save_arrays
from capture.camera import Rig, lone_camera
from exporters.to_json import read
from solver.detect import Track
from solver.landmarks import Landmarks
from tests.app.command import mien_here
from tests.app.shoots import shoot_of

OPTIONS = ("--end", "10", "--format", "json")
LOST, ASTRAY = slice(2, 5), slice(6, 8)
SEEN = 0.99
"""Share of a found face's landmarks that are seen: a few on its outline may pass for hidden."""


@pytest.fixture(scope="module")
def spoilt(demo: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, np.ndarray]:
    """A take that was solved, and then told that camC lost the face in some frames and followed another thing in
    others; and where camC's landmarks had been found."""
    shoot = shoot_of(demo, tmp_path_factory.mktemp("spoilt"), ["T001"])
    mien_here("solve", shoot, *OPTIONS)
    path = shoot / "takes" / "T001" / ".mien" / "detect.camC.npz"
    arrays = load_arrays(path)
    xy = arrays["xy"].copy()
    arrays["xy"][LOST], arrays["sigma"][LOST], arrays["seen"][LOST] = np.nan, np.inf, False
    arrays["xy"][ASTRAY] = 0.4 * arrays["xy"][ASTRAY] + 20.0
    arrays["sigma"][ASTRAY] *= 8
    save_arrays(path, arrays)
    for name in ("done.json", "solve.json"):
        (path.parent / name).unlink()
    return shoot, xy


def test_the_face_is_found_where_the_others_see_it(spoilt: tuple[Path, np.ndarray]) -> None:
    shoot, before = spoilt
    said = mien_here("solve", shoot, *OPTIONS).stderr
    assert "camC followed something else than the face that the other cameras see in 2 of 10 frames" in said
    assert "camC shows the face in 3 frames more, where the other cameras say that it is" in said
    assert "saw no face" not in said
    work = shoot / "takes" / "T001" / ".mien"
    assert sorted(path.name for path in work.glob("*.again.npz")) == ["detect.camC.again.npz"]
    after = load_arrays(work / "detect.camC.again.npz")
    assert after["seen"].mean(axis=1).min() > SEEN
    for frames in (LOST, ASTRAY):
        apart = np.linalg.norm(after["xy"][frames] - before[frames], axis=2)
        assert np.median(apart) < 1.0
    np.testing.assert_array_equal(after["xy"][0], before[0])
    key = read(work / "solve.json").steps["detect camC"]
    assert kept(Places(shoot / "solved", work), "camC", key, len(after["seen"]))["seen"].mean(axis=1).min() > SEEN


def test_what_no_longer_holds_is_taken_away(spoilt: tuple[Path, np.ndarray]) -> None:
    shoot, _ = spoilt
    work = shoot / "takes" / "T001" / ".mien"
    said = mien_here("solve", shoot, *OPTIONS, "--force").stderr
    assert "followed something else" not in said
    assert not list(work.glob("*.again.npz"))


class Guide:
    """A detector that finds nothing where it is told to look."""

    scheme, key, margin = "two", "guide-1", 1.5

    def detect(self, *_: object) -> Track:
        raise AssertionError

    def again(self, pictures: object, squares: object, total: int, report: object) -> Track:
        return Track(np.full((total, 2, 2), np.nan), np.full((total, 2), np.inf), np.zeros((total, 2), bool))


def test_cameras_that_ran_at_another_time_are_looked_at_again(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the others say of a camera hangs on when their pictures were taken."""
    wrong = np.array([[False] * 4, [True] + [False] * 3])
    monkeypatch.setattr(again, "seen_by_others", lambda *_: SimpleNamespace(squares=[{}, {}], wrong=wrong))
    found = Landmarks(("camA", "camB"), "two", np.zeros((2, 4, 2, 2)), np.ones((2, 4, 2)), np.ones((2, 4, 2), bool))
    landmarker = SimpleNamespace(detector=Guide(), embedding=lambda model: None)
    rig = Rig(tuple(lone_camera(name, (64, 64), 50.0) for name in found.cameras))

    def key(late: np.ndarray | None) -> str:
        ready = SimpleNamespace(late=late, where=Places(tmp_path, tmp_path), pictures=lambda *_: iter(()),
                                contents=[SimpleNamespace(steady=contextlib.nullcontext)] * 2)
        keys = {"detect camA": "a", "detect camB": "b"}
        return again.looked_again(ready, found, keys, rig, landmarker, SimpleNamespace(sha256="m"), False,
                                  lambda *_: None, lambda text: None)[1]["detect camB"]

    later = np.array([[0.0] * 4, [0.4] * 4])
    assert key(None) == key(0 * later)
    assert len({key(None), key(later), key(later / 2)}) == 3
