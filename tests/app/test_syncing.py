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
