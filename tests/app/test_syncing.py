"""`mien sync` over a shoot."""

from pathlib import Path

from tests.app.command import mien_here
from tests.clips import numbered, write_clip


def test_a_take_of_one_camera_holds_up_no_other(tmp_path: Path) -> None:
    for take, cameras in (("T001", ("camA",)), ("T002", ("camA", "camB"))):
        (tmp_path / "takes" / take).mkdir(parents=True)
        for camera in cameras:
            write_clip(tmp_path / "takes" / take / f"{camera}.mp4", numbered(12), timecode="10:00:00:00")
    ended = mien_here("sync", tmp_path)
    assert "T002: by timecode" in ended.stdout
    assert "T001: has one camera alone" in ended.stderr
    assert [path.parent.name for path in tmp_path.rglob("sync.toml")] == ["T002"]
    assert "T001 has one camera alone; give" in mien_here("sync", tmp_path / "takes" / "T001", check=2).stderr


def test_a_take_that_cannot_be_brought_into_step_holds_up_no_other(tmp_path: Path) -> None:
    for take in ("T001", "T002"):
        (tmp_path / "takes" / take).mkdir(parents=True)
        for camera in ("camA", "camB"):
            write_clip(tmp_path / "takes" / take / f"{camera}.mp4", numbered(12), timecode="10:00:00:00")
    (tmp_path / "takes" / "T001" / "camB.mp4").write_bytes(b"no clip")
    ended = mien_here("sync", tmp_path, check=1)
    assert "T002: by timecode" in ended.stdout
    assert "T001: failed: " in ended.stderr
    assert "camB.mp4" in ended.stderr
    assert [path.parent.name for path in tmp_path.rglob("sync.toml")] == ["T002"]
