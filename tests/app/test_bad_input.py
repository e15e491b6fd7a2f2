"""What a user does wrong: a sentence that names the file and the cure, the right exit code, nothing left behind."""

import errno
import io
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from app.batch import Batch
from app.cli import main
from app.progress import JsonLines
from app.request import FAILED, Outcome, Request
from capture.camera import Camera, Rig, lone_camera, save_rig
from capture.match import TakeClips, take_frames
from capture.shoot import Take
from capture.video import Frame
from tests.app.command import error_of, mien_here
from tests.clips import numbered, write_clip
from tests.material import shared


def solve_fails(out: Path, *arguments: str | Path, code: int) -> str:
    """Nothing is left but landmarks, what finding them took, the clips' hashes, and the record of why it failed."""
    ended = mien_here("solve", *arguments, "--out", out, check=code)
    assert [path for path in out.rglob("*") if path.is_file() and path.name != "failed.json"
            and not path.name.startswith(("detect.", "detect ", "clip."))] == []
    said = error_of(ended)
    assert all(json.loads(path.read_text())["error"] in said for path in out.rglob("failed.json"))
    return said


def test_missing_file(tmp_path: Path) -> None:
    said = solve_fails(tmp_path / "out", tmp_path / "none.mp4", code=3)
    assert "none.mp4" in said


def test_empty_file(tmp_path: Path) -> None:
    clip = tmp_path / "empty.mp4"
    clip.touch()
    assert "empty.mp4" in solve_fails(tmp_path / "out", clip, code=3)


def test_text_named_mp4(tmp_path: Path) -> None:
    clip = tmp_path / "notes.mp4"
    clip.write_text("not a film, but a note about one\n" * 50)
    assert "notes.mp4" in solve_fails(tmp_path / "out", clip, code=3)


@pytest.mark.parametrize("flags", ["faststart", ""])
def test_clip_cut_off(tmp_path: Path, flags: str) -> None:
    whole = write_clip(tmp_path / "whole.mp4", numbered(60), container_options={"movflags": flags} if flags else {})
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(whole.read_bytes()[:whole.stat().st_size * 6 // 10])
    said = solve_fails(tmp_path / "out", cut, code=3)
    assert "cut.mp4" in said
    assert "again" in said


def test_sound_alone(tmp_path: Path) -> None:
    import av

    clip = tmp_path / "voice.mp4"
    with av.open(str(clip), "w") as container:
        stream = container.add_stream("aac", rate=48000)
        stream.layout = "mono"
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 48000), np.float32), format="fltp", layout="mono")
        frame.rate = 48000
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    assert "voice.mp4" in solve_fails(tmp_path / "out", clip, code=3)


def test_no_face(tmp_path: Path) -> None:
    ended = mien_here("solve", shared("footage", "no_face_cartoon.mp4"), "--out", tmp_path / "out", check=1)
    assert "no camera saw a face in any of its 95 frames" in error_of(ended)
    assert list((tmp_path / "out").glob("*.*")) == [tmp_path / "out" / ".mien"]


def two_cameras(folder: Path, second_size: tuple[int, int] = (192, 64)) -> Path:
    take = folder / "take"
    take.mkdir()
    write_clip(take / "camA.mp4", numbered(12))
    write_clip(take / "camB.mp4", numbered(12, second_size), 30)
    return take


def rig_for(path: Path, *names: str) -> Path:
    save_rig(Rig(tuple(Camera(name, (192, 64), lone_camera("", (192, 64), 300.0).matrix,
                              translation=np.array([0.0, 0.0, 0.7])) for name in names)), path)
    return path


def test_cameras_of_a_size_that_the_rig_does_not_have(tmp_path: Path) -> None:
    take = two_cameras(tmp_path, second_size=(208, 64))
    said = solve_fails(tmp_path / "out", take, "--rig", rig_for(tmp_path / "rig.toml", "camA", "camB"), code=3)
    assert "camB" in said
    assert "208" in said


def test_a_rig_that_lacks_a_camera(tmp_path: Path) -> None:
    said = solve_fails(tmp_path / "out", two_cameras(tmp_path), "--rig", rig_for(tmp_path / "rig.toml", "camA"), code=3)
    assert "camB" in said


def test_a_rig_with_a_matrix_of_the_wrong_shape(tmp_path: Path) -> None:
    rig = rig_for(tmp_path / "rig.toml", "camA", "camB")
    text = rig.read_text().splitlines()
    text[3] = "matrix = [[300.0, 0.0], [0.0, 300.0]]"
    rig.write_text("\n".join(text))
    said = solve_fails(tmp_path / "out", two_cameras(tmp_path), "--rig", rig, code=3)
    assert "rig.toml" in said
    assert "3 by 3" in said


def test_several_cameras_without_a_rig(tmp_path: Path) -> None:
    assert "mien calibrate" in solve_fails(tmp_path / "out", two_cameras(tmp_path), code=3)


def test_an_output_folder_that_may_not_be_written(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    if os.getuid() != 0:
        pytest.skip("needs root, to become somebody who may not write")
    locked = tmp_path / "locked"
    locked.mkdir(mode=0o555)
    import app.solving  # noqa: F401 — while it may still be read: the checkout may be closed to others

    os.seteuid(65534)
    try:
        code = main(["solve", str(shared("footage", "smile_man.mp4")), "--out", str(locked / "out")])
    finally:
        os.seteuid(0)
    assert code == 1
    said = capfd.readouterr().err
    assert f"{locked / 'out'} cannot be written: no permission to write there" in said
    assert list(locked.iterdir()) == []


def test_a_full_disk(tmp_path: Path) -> None:
    if os.getuid() != 0 or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(tmp_path)],
                                          capture_output=True, check=False).returncode:
        pytest.skip("needs the right to mount a small file system")
    try:
        ended = mien_here("solve", shared("footage", "smile_man.mp4"), "--out", tmp_path / "out", check=1)
        assert "the disk is full" in error_of(ended)
        assert list((tmp_path / "out").rglob("*.part")) == []
        assert list((tmp_path / "out").glob("*.fbx")) == []
    finally:
        subprocess.run(["umount", str(tmp_path)], check=True)


@pytest.mark.parametrize("name", ["detect.camA.npz", "solve.json", "T001.csv", "T001.fbx", "done.json"])
def test_a_disk_that_fills_midway(demo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """From that file on nothing can be written any more: one sentence, nothing half-written, and it goes on later."""
    take, out = tmp_path / "T001", tmp_path / "out"
    shutil.copytree(demo / "takes" / "T001", take, ignore=shutil.ignore_patterns(".mien"))
    arguments = ("solve", take, "--rig", demo / "rig.toml", "--out", out, "--end", "4", "--preset", "draft",
                 "--format", "json,csv,fbx")
    full, real = [False], os.fsync

    def fsync(handle: int) -> None:
        full[0] = full[0] or f".{name}." in os.readlink(f"/proc/self/fd/{handle}")
        if full[0] and os.readlink(f"/proc/self/fd/{handle}").startswith(str(out)):
            raise OSError(errno.ENOSPC, "No space left on device")
        real(handle)

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fsync)
        said = error_of(mien_here(*arguments, check=1))
    assert full[0]
    assert f"{name} cannot be written: the disk is full; free some space and run the same command again" in said
    assert [path for path in out.rglob("*") if path.name.endswith(".part") or path.name == "lock.json"] == []
    again = mien_here(*arguments, "--events")
    steps = {event["step"] for event in map(json.loads, again.stdout.splitlines()) if event["event"] == "progress"}
    assert ("solve" in steps) == (name in ("detect.camA.npz", "solve.json")), "what was finished is not done again"


def test_a_full_disk_ends_a_batch(tmp_path: Path) -> None:
    """No take after it could go well, so none is begun, and it is said how many."""
    takes = [Take(name, tmp_path / name, ()) for name in ("a", "b", "c")]
    tell = JsonLines(io.StringIO())
    batch = Batch(takes, Request("mien"), 1, None, tell)
    first = batch.work.next(0)
    batch._ended(first, Outcome("a", FAILED, "a.fbx cannot be written: the disk is full", 1, full=True))
    assert batch.work.left == 0
    assert [outcome.take for outcome in batch.outcomes] == ["a"]
    assert "2 takes were not begun" in tell.stream.getvalue()


def test_a_clip_replaced_during_the_solve(demo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is noticed, and nothing that was seen in either clip stands under the other one's key."""
    take, out = tmp_path / "T001", tmp_path / "out"
    shutil.copytree(demo / "takes" / "T001", take, ignore=shutil.ignore_patterns(".mien"))
    clip, real, calls = take / "camB.mp4", take_frames, []

    def frames(clips: TakeClips, camera: int, start: int, stop: int) -> Iterator[Frame]:
        for frame in real(clips, camera, start, stop):
            if camera == 1 and not calls:
                calls.append(frame)
                other = tmp_path / "other.mp4"
                other.write_bytes(clip.read_bytes() + b"\0\0\0\x08free")  # other bytes, the same pictures
                os.replace(other, clip)
            yield frame

    arguments = ("solve", take, "--rig", demo / "rig.toml", "--out", out, "--end", "4", "--preset", "draft",
                 "--format", "json")
    with monkeypatch.context() as patch:
        patch.setattr("app.preparing.take_frames", frames)
        assert "camB.mp4 changes while it is read" in error_of(mien_here(*arguments, check=3))
    assert not (out / ".mien" / "T001" / "detect.camB.npz").exists()
    assert list(out.rglob("parts/camB/*.npz")) == []
    mien_here(*arguments)
    changed = (out / "T001.mien.json").read_bytes()
    shutil.rmtree(out)
    mien_here(*arguments)
    assert (out / "T001.mien.json").read_bytes() == changed


def test_a_take_that_is_done_is_not_read_again(demo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not a byte of the footage; and a clip replaced by one of the same size and date is noticed all the same."""
    take, out = tmp_path / "T001", tmp_path / "out"
    shutil.copytree(demo / "takes" / "T001", take, ignore=shutil.ignore_patterns(".mien"))
    arguments = ("solve", take, "--rig", demo / "rig.toml", "--out", out, "--end", "4", "--preset", "draft",
                 "--format", "json")
    first = mien_here(*arguments)
    with monkeypatch.context() as patch:
        patch.setattr("av.open", None)
        patch.setattr("app.contents.sha256", None)
        assert mien_here(*arguments).stderr.splitlines()[-3:] == first.stderr.splitlines()[-3:]
    before = (out / "T001.mien.json").read_bytes()
    clip = take / "camA.mp4"
    dates = (clip.stat().st_atime_ns, clip.stat().st_mtime_ns)
    data = bytearray(clip.read_bytes())
    data[len(data) // 2] ^= 255
    clip.write_bytes(data)
    os.utime(clip, ns=dates)
    mien_here(*arguments, check=None)
    assert not (out / "T001.mien.json").exists() or (out / "T001.mien.json").read_bytes() != before


@pytest.mark.parametrize(("arguments", "said"), [
    (["solve"], "PATH"),
    (["solve", "x", "--format", "gif"], "gif"),
    (["solve", "x", "--jobs", "0"], "0"),
    (["frobnicate"], "frobnicate"),
])
def test_wrong_usage(arguments: list[str], said: str) -> None:
    ended = mien_here(*arguments, check=2)
    assert said in ended.stderr


def test_a_range_outside_the_take(tmp_path: Path) -> None:
    clip = shared("footage", "smile_man.mp4")
    ended = mien_here("solve", clip, "--out", tmp_path, "--start", "70", "--end", "90", check=2)
    assert "take of 72" in error_of(ended)


def test_an_unknown_model(tmp_path: Path) -> None:
    ended = mien_here("solve", shared("footage", "smile_man.mp4"), "--out", tmp_path, "--model", "nobody", check=3)
    assert "nobody" in ended.stderr
