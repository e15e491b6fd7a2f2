"""A camera that lost the face, or followed something else, is told by the others where to look."""

from pathlib import Path

import numpy as np
import pytest

from app.detection import kept
from app.places import Places
from capture.arrays import load_arrays, save_arrays
from exporters.to_json import read
from tests.app.command import mien_here
from tests.app.shoots import shoot_of

OPTIONS = ("--end", "10", "--format", "json")
LOST, ASTRAY = slice(2, 5), slice(6, 8)


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
    assert after["seen"].all()
    for frames in (LOST, ASTRAY):
        apart = np.linalg.norm(after["xy"][frames] - before[frames], axis=2)
        assert np.median(apart) < 1.0
    np.testing.assert_array_equal(after["xy"][0], before[0])
    key = read(work / "solve.json").steps["detect camC"]
    assert kept(Places(shoot / "solved", work), "camC", key)["seen"].all()


def test_what_no_longer_holds_is_taken_away(spoilt: tuple[Path, np.ndarray]) -> None:
    shoot, _ = spoilt
    work = shoot / "takes" / "T001" / ".mien"
    said = mien_here("solve", shoot, *OPTIONS, "--force").stderr
    assert "followed something else" not in said
    assert not list(work.glob("*.again.npz"))
