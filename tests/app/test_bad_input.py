"""What a user does wrong: a sentence that names the file and the cure, the right exit code, nothing left behind."""

import os
import subprocess
from pathlib import Path

import numpy as np
import pytest

from app.cli import main
from capture.camera import Camera, Rig, lone_camera, save_rig
from tests.app.command import error_of, mien_here
from tests.clips import numbered, write_clip
from tests.material import shared


def solve_fails(out: Path, *arguments: str | Path, code: int) -> str:
    ended = mien_here("solve", *arguments, "--out", out, check=code)
    assert [path for path in out.rglob("*") if path.is_file() and not path.name.startswith("detect.")] == []
    return error_of(ended)


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


def two_cameras(folder: Path, second_size: tuple[int, int] = (192, 64), second_rate: int = 30) -> Path:
    take = folder / "take"
    take.mkdir()
    write_clip(take / "camA.mp4", numbered(12))
    write_clip(take / "camB.mp4", numbered(12, second_size), second_rate)
    return take


def rig_for(path: Path, *names: str) -> Path:
    save_rig(Rig(tuple(Camera(name, (192, 64), lone_camera("", (192, 64), 300.0).matrix,
                              translation=np.array([0.0, 0.0, 0.7])) for name in names)), path)
    return path


def test_cameras_of_different_rates(tmp_path: Path) -> None:
    take = two_cameras(tmp_path, second_rate=25)
    said = solve_fails(tmp_path / "out", take, "--rig", rig_for(tmp_path / "rig.toml", "camA", "camB"), code=3)
    assert "camA.mp4" in said
    assert "camB.mp4" in said


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
    assert "rig.toml" in solve_fails(tmp_path / "out", two_cameras(tmp_path), code=3)


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
