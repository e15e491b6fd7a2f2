"""`mien proxy`, as a user calls it."""

import collections
import shutil

import pytest

from app import proxies
from app.cli import main
from app.proxies import known_proxies
from capture.match import probe_take
from capture.shoot import find_takes
from capture.video import frames
from tests.clips import numbered, read_number, write_clip


@pytest.fixture
def take(tmp_path):
    """A take of two cameras."""
    folder = tmp_path / "T001"
    folder.mkdir()
    pictures = numbered(12, (192, 64)).repeat(2, axis=1).repeat(2, axis=2)
    for name in ("camA", "camA.b"):  # one name begins as the other does
        write_clip(folder / f"{name}.mp4", pictures, options={"g": "12"})
    return folder


def made(take) -> dict[str, int]:
    return {path.name: path.stat().st_mtime_ns for path in (take / ".mien").glob("proxy.*.mov")}


def test_proxies_are_made_once_and_show_the_clips_frames(take, monkeypatch):
    monkeypatch.setattr("app.contents.SETTLED_SECONDS", -1.0)
    assert main(["proxy", str(take), "--gently"]) == 0
    first = made(take)
    assert len(first) == 2
    assert main(["proxy", str(take)]) == 0
    assert made(take) == first
    found = find_takes(take)[0]
    known = known_proxies(found, probe_take(found))
    assert [read_number(frame.rgb) for frame in frames(known[1])] == list(range(12))
    write_clip(take / "camA.mp4", numbered(9, (384, 128)))
    assert known_proxies(found, probe_take(found)) == (None, known[1]), "nothing is taken for another clip's"
    assert main(["proxy", str(take)]) == 0
    assert len(made(take)) == 2, "the old one is gone"
    assert set(made(take)) & set(first) == {name for name in first if name.startswith("proxy.camA.b.")}


def test_a_broken_clip_costs_its_own_take_alone(take, capsys):
    other = take.parent / "T002"
    shutil.copytree(take, other)
    (other / "camA.mp4").write_bytes(b"torn")
    assert main(["proxy", str(other), str(take)]) == 1
    assert "camA.mp4" in capsys.readouterr().err
    assert len(made(take)) == 2


def test_a_disk_that_is_nearly_full_is_left_alone(take, capsys, monkeypatch):
    usage = collections.namedtuple("usage", "total used free")(10, 10, 1000)
    monkeypatch.setattr(proxies.shutil, "disk_usage", lambda _: usage)
    assert main(["proxy", str(take)]) == 1
    assert "free some space, or go on without" in capsys.readouterr().err
    assert made(take) == {}


def test_a_folder_that_cannot_be_written_is_a_sentence(take, capsys):
    (take / ".mien").write_text("in the way")
    assert main(["proxy", str(take)]) == 1
    assert "cannot be written" in capsys.readouterr().err


def test_a_path_that_is_nothing(tmp_path, capsys):
    assert main(["proxy", str(tmp_path / "none")]) == 3
    assert "does not exist" in capsys.readouterr().err
