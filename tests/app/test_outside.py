"""A shoot from a stranger, or a slip of the hand: nothing outside of the shoot is touched, no clip is overwritten."""

import contextlib
import errno
import os
import shutil
import tempfile
from pathlib import Path

import pytest

from app.actor_pack import pack, unpack
from app.places import places
from capture.errors import OutputError
from capture.files import replacing, write_bytes
from capture.shoot import find_takes
from tests.app.command import error_of, mien_here
from tests.clips import numbered, write_clip
from tests.fuzz.corpus import actor_files


def contents(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() if path.is_file() else b"" for path in folder.rglob("*")}


def test_a_shoot_whose_takes_and_results_lead_elsewhere(tmp_path: Path) -> None:
    """Neither solving nor asking how it stands reads or writes there; what there is to say is said in the shoot."""
    elsewhere, shoot = tmp_path / "elsewhere", tmp_path / "shoot"
    elsewhere.mkdir()
    write_clip(elsewhere / "camA.mp4", numbered(3))
    (shoot / "takes").mkdir(parents=True)
    (shoot / "takes" / "T001").symlink_to(elsewhere)
    before = contents(elsewhere)
    said = error_of(mien_here("solve", shoot, check=3))
    assert f"{shoot / 'takes/T001'} is a link that leads out of {shoot}" in said
    assert "leads out of" in mien_here("status", shoot).stdout
    assert contents(elsewhere) == before
    assert places(find_takes(shoot)[0], None).work == shoot / "solved" / ".mien" / "T001"
    (shoot / "takes" / "T001").unlink()
    shutil.copytree(elsewhere, shoot / "takes" / "T001")
    shutil.rmtree(shoot / "solved")
    (shoot / "solved").symlink_to(elsewhere)
    for command in ("solve", "status", "inspect", "report"):
        assert "leads out of" in mien_here(command, shoot, check=3).stderr
    assert contents(elsewhere) == before


def test_profiles_that_lead_elsewhere_are_neither_written_nor_read(tmp_path: Path) -> None:
    anna, elsewhere, shoot = tmp_path / "anna", tmp_path / "elsewhere", tmp_path / "shoot"
    for folder in (anna, elsewhere / "anna", shoot / "actors"):
        folder.mkdir(parents=True)
    for name, data in actor_files().items():
        (anna / name).write_bytes(data)
    packed = pack(anna, tmp_path / "anna.mienactor")
    for link, target in ((shoot / "actors" / "anna", elsewhere / "anna"), (shoot / "actors", elsewhere)):
        if link.is_dir():
            link.rmdir()
        link.symlink_to(target)
        before = contents(elsewhere)
        for words in (("unpack", packed), ("list",), ("show", "anna"), ("pack", "anna", "--out", tmp_path / "b")):
            assert "leads out of" in error_of(mien_here("actor", *words, "--in", shoot, check=3))
        assert contents(elsewhere) == before
        link.unlink()


def test_a_profile_is_not_called_damaged_where_temporary_files_have_no_room(tmp_path: Path, monkeypatch) -> None:
    for name, data in actor_files().items():
        (tmp_path / name).write_bytes(data)
    packed = pack(tmp_path, tmp_path / "anna.mienactor")

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(shutil, "copyfileobj", full)
    with pytest.raises(OutputError, match="the disk is full"):
        unpack(packed, tmp_path / "actors", False)
    monkeypatch.setattr(tempfile, "TemporaryDirectory", full)
    with pytest.raises(OutputError, match="TMPDIR"):
        unpack(packed, tmp_path / "actors", False)
    assert not (tmp_path / "actors").exists()


def test_a_result_that_is_a_link_to_a_clip_leaves_the_clip_alone(demo: Path, tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "camA.mp4", numbered(3))
    before = clip.read_bytes()
    shutil.copyfile(demo / "solved" / "T001.mien.json", tmp_path / "T001.mien.json")
    (tmp_path / "T001.csv").symlink_to(clip)
    (tmp_path / "T001.glb").hardlink_to(clip)
    mien_here("export", tmp_path / "T001.mien.json", "--format", "csv,glb")
    assert clip.read_bytes() == before
    assert not (tmp_path / "T001.csv").is_symlink()
    assert (tmp_path / "T001.glb").read_bytes()[:4] == b"glTF"


def test_a_clip_is_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "takes" / "T001").mkdir(parents=True)
    clip = write_clip(tmp_path / "takes" / "T001" / "camA.mp4", numbered(3))
    before = clip.read_bytes()
    with pytest.raises(OutputError, match="is a clip, which mien never overwrites"):
        write_bytes(clip, b"something")
    assert "holds takes that `mien demo` has not filmed" in error_of(mien_here("demo", tmp_path, check=2))
    assert clip.read_bytes() == before


def test_a_file_has_its_final_name_only_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.fbx"
    write_bytes(path, b"old")
    with contextlib.suppress(RuntimeError), replacing(path) as file:
        file.write(b"half")
        file.flush()
        beside = sorted(other.suffix for other in tmp_path.iterdir())
        raise RuntimeError
    assert beside == [".fbx", ".part"]
    assert contents(tmp_path) == {path: b"old"}


def test_what_was_half_written_a_day_ago_goes_when_the_file_is_written_anew(tmp_path: Path) -> None:
    names = (".a.fbx.killed00.part", ".a.fbx.running0.part", ".b.fbx.killed00.part", ".a.fbx.of Friday.old.part")
    for name in names:
        (tmp_path / name).write_bytes(b"half")
    for name in (names[0], *names[2:]):
        os.utime(tmp_path / name, (1e9, 1e9))
    write_bytes(tmp_path / "a.fbx", b"new")
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([*names[1:], "a.fbx"])
