"""The smaller commands, as a user calls them."""

import argparse
import json
import shutil
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from app import bench
from app.accuracy import compare, correlations, gaze_error
from app.cli import FORMATS, build_parser, main
from app.inspection import take_report
from capture.camera import load_rig
from capture.shoot import find_takes
from exporters import FORMATS as WRITTEN
from exporters.to_json import read
from solver.model_import import names_file
from tests.app.command import mien_here
from tests.clips import numbered, read_number, write_clip
from tests.material import shared
from tests.synthetic import made_performance, small_face


def commands() -> dict[str, argparse.ArgumentParser]:
    actions = [action for action in build_parser()._actions if isinstance(action, argparse._SubParsersAction)]
    return actions[0].choices


@pytest.mark.parametrize("name", sorted(commands()))
def test_every_command_shows_an_example(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([name, "--help"]) == 0
    assert f"example: mien {name}" in " ".join(capsys.readouterr().out.split())


def test_every_example_parses() -> None:
    for name, parser in commands().items():
        example = parser.epilog.removeprefix("example: mien ").split()
        assert build_parser().parse_args(example).run is not None, name


@pytest.mark.parametrize("option", ["--debug", "--events"])
def test_options_for_all_commands_count_before_and_after_the_command(option: str) -> None:
    for arguments in ([option, "inspect", "x"], ["inspect", option, "x"], [option]):
        assert vars(build_parser().parse_args(arguments))[option[2:]] is True
    assert vars(build_parser().parse_args(["inspect", "x"]))[option[2:]] is False


def test_the_formats_of_the_command_are_those_that_are_written() -> None:
    assert set(FORMATS) == set(WRITTEN)


def test_inspect_a_shoot(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inspect", str(shared("truth", "actor1"))]) == 0
    said = capsys.readouterr().out
    assert "T001: 3 cameras, calibrated by rig.toml" in said
    assert "camA" in said
    assert "480x640  48 frames at 30" in said
    assert "focal length 1120 px" in said


def test_what_timecodes_bring_in_step_is_in_step_for_inspect_and_for_the_peer_of_a_bench(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_clip(tmp_path / "camA.mp4", numbered(30), 30, timecode="10:00:00:00")
    write_clip(tmp_path / "camB.mp4", numbered(30), 30, timecode="10:00:00:20")
    take, = find_takes(tmp_path)
    assert [warning for warning in take_report(take)["warnings"] if "different timecodes" in warning] == []
    monkeypatch.setattr(bench, "face_landmarker", lambda task, pictures, rate: (
        ("number",), np.array([[read_number(picture)] for picture in pictures])))

    def shown(first: int) -> dict[str, list[int]]:
        return {camera: found[:, 0].tolist() for camera, _, found in bench._peer(take, tmp_path, first, 10)}

    assert shown(20) == {"camA": [*range(20, 30)], "camB": [*range(10)]}
    assert shown(15) == {"camA": [*range(15, 25)], "camB": [*[0] * 5, *range(5)]}, "0 where it has no picture"
    assert shown(0) == {"camA": [*range(10)]}


def test_inspect_tells_the_lens_that_a_lone_camera_is_given(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copy(shared("truth", "actor2") / "takes" / "T001" / "camA.mp4", tmp_path)  # 480x640
    assert main(["inspect", str(tmp_path)]) == 0
    said = capsys.readouterr().out
    assert "note: no rig.toml: a solve finds the lens from the face" in said
    assert "focal length" not in said
    (tmp_path / "take.toml").write_text("focal_35mm = 54.0\n")
    assert main(["inspect", str(tmp_path)]) == 0
    said = capsys.readouterr().out
    assert "focal length 960 px" in said
    assert "no rig.toml" not in said


def test_inspect_tells_faults(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "camA.mp4").write_text("no film")
    assert main(["inspect", str(tmp_path), "--events"]) == 3
    take = json.loads(capsys.readouterr().out)["takes"][0]
    assert take["clips"] == []
    assert "camA.mp4" in take["faults"][0]


def test_models(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["model", "add", str(shared("models", "ICT-FaceKit-master.zip")), "--name", "ict"]) == 0
    said = capsys.readouterr().out
    assert "  browInnerUp_L + browInnerUp_R  stands for  browInnerUp\n" in said
    assert "ARKit's that no shape stands for: tongueOut" in said
    assert f"can be changed in {names_file('ict')}" in said
    assert "cheekPuff is the sum of cheekPuff_L and cheekPuff_R" in said
    assert main(["model", "list"]) == 0
    said = capsys.readouterr().out
    assert "mien: " in said
    assert "52 of ARKit's 52 shapes" in said
    assert "ict: 26719 vertices, 51 of ARKit's 52 shapes" in said
    assert main(["model", "show", "ict"]) == 0
    assert "it lacks: tongueOut" in capsys.readouterr().out
    assert main(["model", "check", "mien", "--out", str(tmp_path)]) == 0
    said = capsys.readouterr().out
    assert "478 of 478 landmarks lie on the model" in said
    assert (tmp_path / "mien.check.png").stat().st_size > 10_000
    rows = (tmp_path / "mien.check.csv").read_text().splitlines()
    assert rows[0].startswith("landmark,found,slides,spread_mm,")
    assert len(rows) == 1 + 478
    assert sum(row.split(",")[2] == "1" for row in rows[1:]) == int(said.split(" of them slide")[0].split()[-1])


def test_doctor_says_that_the_cache_cannot_be_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                                                   capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a file").write_text("no cache can be kept below it")
    monkeypatch.setenv("MIEN_CACHE", str(tmp_path / "a file" / "cache"))
    assert main(["doctor"]) == 1
    line, = (line for line in capsys.readouterr().out.splitlines() if line.startswith("NO "))
    assert line.split()[1] == "cache"
    assert "name another folder in the environment variable MIEN_CACHE" in line


def test_doctor(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor"]) == 0
    said = capsys.readouterr().out
    assert "mediapipe                0.10.21" in said
    assert "draws without a display" in said


def test_calibrate(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rig = tmp_path / "rig.toml"
    assert main(["calibrate", str(shared("truth", "actor1")), "--out", str(rig)]) == 0
    assert "camB" in capsys.readouterr().out
    for camera in load_rig(rig).cameras:
        assert camera.matrix[0, 0] == pytest.approx(1120.0, rel=0.003)
    assert main(["calibrate", str(shared("truth", "actor1")), "--out", str(rig)]) == 3
    assert "--force" in capsys.readouterr().err


def test_export_again(demo: Path, tmp_path: Path) -> None:
    mien_here("export", demo / "solved" / "T001.mien.json", "--out", tmp_path, "--format", "csv,usd")
    assert (tmp_path / "T001.csv").read_bytes() == (demo / "solved" / "T001.csv").read_bytes()
    assert (tmp_path / "T001.usdc").stat().st_size > 100_000


def test_export_refuses_another_model(demo: Path, tmp_path: Path) -> None:
    ended = mien_here("export", demo / "solved" / "T001.mien.json", "--out", tmp_path, "--model",
                 shared("models", "ICT-FaceKit-master.zip"), check=3)
    assert "--model" in ended.stderr


def test_a_performance_compared_with_itself_is_perfect() -> None:
    truth = made_performance(small_face(), 20)
    same = compare(truth, truth)
    assert same.mean_correlation == pytest.approx(1.0)
    assert same.mean_rmse == 0.0
    assert same.head_degrees == pytest.approx(0.0, abs=1e-5)
    assert same.gaze_degrees == pytest.approx(0.0, abs=1e-5)


def test_correlation_of_a_flat_answer_is_zero() -> None:
    true = np.stack([np.linspace(0, 1, 9), np.zeros(9)], axis=1)
    r = correlations(np.zeros((9, 2)), true)
    assert r[0] == 0.0
    assert np.isnan(r[1])


def test_gaze_error_is_an_angle() -> None:
    ahead = np.zeros((1, 2, 2))
    aside = ahead.copy()
    aside[..., 0] = 0.2
    np.testing.assert_allclose(gaze_error(ahead, aside), 0.2, atol=1e-9)


def test_the_performance_reads_back(demo: Path) -> None:
    performance = read(demo / "solved" / "T001.mien.json")
    assert performance.start_timecode == "10:00:00:00"
    assert performance.cameras == ("camA", "camB", "camC")
    assert len(performance.steps) == 4  # three detections and the solve


def test_what_is_not_there_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["actor", "list", "--in", str(tmp_path / "nope")]) == 3
    assert "nope is not a folder" in capsys.readouterr().err
    (tmp_path / "0001.tif").write_bytes(b"")
    assert main(["solve", str(tmp_path)]) == 3
    assert "numbered PNG, JPEG or EXR pictures" in capsys.readouterr().err


def test_programs_are_told_the_end_of_what_failed_before_it_began(tmp_path: Path, capsys: pytest.CaptureFixture[str]
                                                                 ) -> None:
    for words, code in ((["proxy", str(tmp_path / "nope")], 3), (["solve", str(tmp_path), "--camera", "camA"], 2)):
        assert main([*words, "--events"]) == code
        assert json.loads(capsys.readouterr().out) == {"event": "end", "exit_code": code, "done": 0, "failed": 0}


def test_inspect_tells_settings_and_how_long_a_clip_with_dropped_frames_is(
        tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_clip(tmp_path / "camA.mp4", numbered(80), times=[Fraction(at + 40 * (at >= 20), 30) for at in range(80)])
    (tmp_path / "take.toml").write_text("frame_rate = 29.97\n")
    assert main(["inspect", str(tmp_path), "--events"]) == 0
    take, = json.loads(capsys.readouterr().out.splitlines()[0])["takes"]
    assert take["settings"] == {"frame_rate": "30000/1001"}
    assert take["clips"][0]["seconds"] == 4
