"""Which bytes a clip has is remembered, and never wrongly."""

import os
import shutil
import time
from pathlib import Path

import pytest

import app.contents
from app.contents import content
from capture.errors import ChangedError, ClipError
from capture.files import sha256

LONG_AGO = 1_700_000_000


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    path = tmp_path / "camA.mp4"
    path.write_bytes(b"a" * 1000)
    return path


@pytest.fixture
def hashes(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The files that were read."""
    read = []
    monkeypatch.setattr(app.contents, "sha256", lambda path: read.append(path) or sha256(path))
    return read


@pytest.fixture
def settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """A clock that runs an hour ahead: every file lies still long enough."""
    real = time.time
    monkeypatch.setattr(app.contents.time, "time", lambda: real() + 3600)


def test_a_settled_clip_is_read_once(clip: Path, tmp_path: Path, hashes: list[Path], settled: None) -> None:
    first = content(clip, tmp_path / "work")
    assert first.key == sha256(clip)
    assert content(clip, tmp_path / "work") == first
    assert hashes == [clip]


def test_a_fresh_clip_is_not_trusted(clip: Path, tmp_path: Path, hashes: list[Path]) -> None:
    content(clip, tmp_path / "work")
    content(clip, tmp_path / "work")
    assert hashes == [clip, clip]


def test_a_clock_a_day_behind_the_disk_s_only_costs_a_second_look(clip: Path, tmp_path: Path, hashes: list[Path],
                                                                   monkeypatch: pytest.MonkeyPatch) -> None:
    """A clip from a machine whose clock is ahead: it seems to be of tomorrow, and is never trusted unread."""
    real = time.time
    monkeypatch.setattr(app.contents.time, "time", lambda: real() - 86400)
    for data in (b"a" * 1000, b"b" * 1000):
        clip.write_bytes(data)
        assert content(clip, tmp_path / "work").key == sha256(clip)
    assert hashes == [clip, clip]


@pytest.mark.parametrize("way", ["in place", "replaced"])
def test_a_change_of_same_size_and_date_is_seen(clip: Path, tmp_path: Path, way: str, settled: None) -> None:
    os.utime(clip, (LONG_AGO, LONG_AGO))
    before = content(clip, tmp_path / "work")
    if way == "in place":
        clip.write_bytes(b"b" * 1000)
    else:
        other = tmp_path / "other"
        other.write_bytes(b"b" * 1000)
        shutil.move(other, clip)
    os.utime(clip, (LONG_AGO, LONG_AGO))
    after = content(clip, tmp_path / "work")
    assert after.key == sha256(clip)
    assert after.key != before.key


def test_a_damaged_memory_is_no_memory(clip: Path, tmp_path: Path, settled: None) -> None:
    content(clip, tmp_path)
    for text in ("", "{}", "[]", '{"key": "x", "state": 3}'):
        (tmp_path / "clip.camA.mp4.json").write_text(text)
        assert content(clip, tmp_path).key == sha256(clip)


def test_work_on_a_clip_that_changes_fails(clip: Path) -> None:
    def change() -> None:
        with content(clip).steady():
            clip.write_bytes(b"c" * 999)

    with pytest.raises(ChangedError, match=r"camA\.mp4 changes while it is read"):
        change()


def test_what_fails_by_the_change_is_told_as_the_change(clip: Path) -> None:
    def change() -> None:
        with content(clip).steady():
            clip.write_bytes(b"c" * 999)
            raise ClipError("damaged")

    with pytest.raises(ChangedError):
        change()


def test_a_touched_clip_is_the_same_clip(clip: Path) -> None:
    with content(clip).steady():
        os.utime(clip)


def test_pictures_count_with_their_names(tmp_path: Path) -> None:
    folder = tmp_path / "camA"
    folder.mkdir()
    (folder / "0001.png").write_bytes(b"1")
    first = content(folder).key
    (folder / "0001.png").rename(folder / "0002.png")
    assert content(folder).key != first


def test_a_clip_that_is_gone(tmp_path: Path) -> None:
    with pytest.raises(ClipError, match="still there"):
        content(tmp_path / "none.mp4")
