"""The report as a user gets it: beside a solve, and by `mien report`."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from app import solving
from app.cli import main
from app.progress import Lines
from app.report import making
from app.request import Request
from capture.shoot import open_shoot
from capture.video import frames, probe
from tests.app.command import error_of, mien_here
from tests.app.pages import sound
from tests.clips import write_clip
from tests.closed import close

PAGE = "T001.report.html"


@pytest.fixture
def solved(demo: Path, tmp_path: Path) -> Path:
    """The demo's shoot, to be changed."""
    shoot = tmp_path / "shoot"
    shutil.copytree(demo, shoot)
    return shoot


def test_every_solve_has_its_report(demo: Path) -> None:
    page = (demo / "solved" / PAGE).read_bytes()
    read = sound(page)
    words = " ".join(read.words.split())
    assert "48 frames at 30 a second (1.6 s) from 10:00:00:00 · 3 cameras: camA, camB, camC" in words
    for shape in ("eyeBlinkLeft", "mouthPucker", "head yaw"):
        assert shape in words
    pictures = [image for image in read.all("img") if image["src"].startswith("data:image/jpeg")]
    moments, rest = divmod(len(pictures), 2 * 3)  # before and after, in each camera
    assert rest == 0
    assert 5 <= moments <= 10
    assert read.data["frames"] == 48
    assert len(read.data["curves"]) == 52 + 10
    steps = json.loads((demo / "solved" / "T001.mien.json").read_text())["steps"]
    assert all(step["key"] in words for step in steps.values())
    assert "export fbx" in words
    assert " MiB" in words
    assert "version of mien" in words
    assert "brought in step by timecode" in words
    assert "left cheek" in words


def test_a_report_tells_nothing_of_where_it_was_made(demo: Path) -> None:
    text = (demo / "solved" / PAGE).read_text()
    assert str(demo) not in text
    assert str(Path.home()) + "/" not in text
    assert "/tmp/" not in text


def test_but_for_what_the_steps_took_a_report_is_always_the_same(solved: Path) -> None:
    pages = []
    for _ in range(2):
        shutil.rmtree(solved / "takes" / "T001" / ".mien" / "took", ignore_errors=True)
        mien_here("report", solved / "takes" / "T001", "--force")
        pages.append((solved / "solved" / PAGE).read_bytes())
    assert pages[0] == pages[1]


def test_a_shoot_gets_a_page_of_its_own(solved: Path) -> None:
    before = (solved / "solved" / PAGE).stat().st_mtime_ns
    (solved / "takes" / "T002").mkdir()
    shutil.copy(solved / "takes" / "T001" / "camA.mp4", solved / "takes" / "T002")
    (solved / "takes" / "T003").mkdir()
    (solved / "takes" / "T003" / "camA.mp4").touch()
    (solved / "takes" / "T004").mkdir()
    mien_here("solve", solved / "takes" / "T003", check=3)
    solving.conclude(open_shoot(solved).takes, [], Request("mien"), Lines())  # as a batch ends
    assert "1 of 4 takes are solved" in (solved / "solved" / "report.html").read_text()
    (solved / "solved" / "report.html").unlink()
    ended = mien_here("report", solved)
    assert ended.stdout.strip() == str(solved / "solved" / "report.html")
    assert (solved / "solved" / PAGE).stat().st_mtime_ns == before, "what is current is left alone"
    page = (solved / "solved" / "report.html").read_bytes()
    read = sound(page)
    words = " ".join(read.words.split())
    assert "1 of 4 takes are solved" in words
    assert "T002" in words
    assert "1 not solved yet. T002." in words
    assert [link["href"] for link in read.all("a")] == [PAGE]
    assert len(read.all("img")) == 1
    assert str(solved) not in page.decode()


def test_a_take_that_may_not_be_looked_into_does_not_stop_the_shoots_page(
        solved: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    closed = solved / "takes" / "A000"
    closed.mkdir()
    close(monkeypatch, closed)
    assert main(["report", str(solved)]) == 0
    assert capsys.readouterr().out.strip() == str(solved / "solved" / "report.html")
    page = (solved / "solved" / "report.html").read_text()
    assert "A000" in page
    assert "take.toml cannot be read (Permission denied)" in page


def test_a_result_alone_says_what_is_not_there(demo: Path, tmp_path: Path) -> None:
    shutil.copy(demo / "solved" / "T001.mien.json", tmp_path)
    ended = mien_here("report", tmp_path / "T001.mien.json")
    assert ended.stdout.strip() == str(tmp_path / PAGE)
    read = sound((tmp_path / PAGE).read_bytes())
    words = " ".join(read.words.split())
    assert "There are no pictures" in words
    assert "There are no residuals by camera and region" in words
    assert "There are no pictures" in ended.stderr
    assert str(tmp_path) not in words
    assert read.data["frames"] == 48


def test_a_result_finds_its_footage_and_artefacts(solved: Path) -> None:
    (solved / "solved" / PAGE).unlink()
    mien_here("report", solved / "solved" / "T001.mien.json")
    words = sound((solved / "solved" / PAGE).read_bytes()).words
    assert "Not in this report" not in words
    assert " px off, usually " in words


def test_footage_that_is_gone_leaves_the_rest(solved: Path) -> None:
    for clip in (solved / "takes" / "T001").glob("*.mp4"):
        clip.write_bytes(b"")
    mien_here("report", solved / "solved" / "T001.mien.json", "--force")
    words = sound((solved / "solved" / PAGE).read_bytes()).words
    assert "There are no pictures, for the footage cannot be read" in words
    assert " px off, usually " in words


def test_artefacts_of_another_solve_are_not_believed(solved: Path) -> None:
    path = solved / "takes" / "T001" / ".mien" / "detect.camB.npz"
    path.write_bytes(path.read_bytes()[:-100])
    mien_here("report", solved, "--force")
    words = sound((solved / "solved" / PAGE).read_bytes()).words
    assert "the landmarks of camB that the solve began from are gone" in words
    assert "the residual is" in words or "about as well as elsewhere" in words


@pytest.mark.parametrize("damage", [b"", b"{", b'{"format": "mien.performance"'])
def test_a_damaged_result(damage: bytes, demo: Path, tmp_path: Path) -> None:
    path = tmp_path / "T001.mien.json"
    path.write_bytes(damage)
    ended = mien_here("report", path, check=3)
    assert str(path) in error_of(ended)
    assert list(tmp_path.iterdir()) == [path]


def test_nothing_was_solved(demo: Path, tmp_path: Path) -> None:
    take = tmp_path / "clip"
    take.mkdir()
    shutil.copy(demo / "takes" / "T001" / "camA.mp4", take)
    assert "holds no solved take; run `mien solve" in error_of(mien_here("report", take, check=3))
    assert "does not exist" in error_of(mien_here("report", tmp_path / "absent", check=3))


def test_a_place_that_cannot_be_written(solved: Path) -> None:
    (solved / "solved" / PAGE).unlink()
    (solved / "solved" / PAGE).mkdir()
    ended = mien_here("report", solved / "takes" / "T001", check=1)
    assert "cannot be written: a folder stands where the file should go" in error_of(ended)


@pytest.mark.parametrize("fault", [ValueError("of ours"), MemoryError()])
def test_a_report_that_fails_does_not_lose_the_solve(fault: Exception, demo: Path, tmp_path: Path,
                                                     monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> bytes:
        raise fault

    monkeypatch.setattr(making, "take_page", broken)
    command = ("solve", demo / "takes" / "T001", "--out", tmp_path, "--format", "json", "--end", "4")
    ended = mien_here(*command)
    assert "the take is solved, but making its report failed" in ended.stderr
    assert (tmp_path / "T001.mien.json").is_file()
    assert not (tmp_path / PAGE).exists()
    monkeypatch.undo()
    assert "T001: solve" not in mien_here(*command).stdout
    assert sound((tmp_path / PAGE).read_bytes()).data["frames"] == 4
    (tmp_path / PAGE).unlink()
    mien_here("report", demo / "takes" / "T001", "--out", tmp_path)
    assert sound((tmp_path / PAGE).read_bytes()).data["frames"] == 4


def test_a_take_with_hardly_a_face(demo: Path, tmp_path: Path) -> None:
    """One frame of the demo's face between grey pictures: the rest is held, and the report says so."""
    face = next(frames(probe(demo / "takes" / "T001" / "camA.mp4"))).rgb
    grey = np.full_like(face, 120)
    clip = tmp_path / "hardly.mp4"
    write_clip(clip, np.stack([grey] * 8 + [face] * 2 + [grey] * 10))
    mien_here("solve", clip, "--out", tmp_path / "out", "--format", "json")
    words = " ".join(sound((tmp_path / "out" / "hardly.report.html").read_bytes()).words.split())
    assert "Most of this take has no face in view: 18 of 20 frames are held or interpolated." in words
    assert "no face found" in words
