"""The main job as a user runs it, on rendered and on real footage."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from app import pipeline
from app.accuracy import compare
from app.artefacts import load, save
from app.bench_truth import read_truth
from app.places import Places
from capture.camera import Rig, lone_camera
from capture.errors import Cancelled
from exporters.to_json import read
from tests.app.command import ROOT, environment, mien, mien_here
from tests.material import ict_model, shared
from tests.synthetic import made_performance, small_face

TIMED = ("T001.report.html",)
"""Says what the steps took, so it may differ from run to run; tests/app/test_report.py looks at it."""


def test_the_demo_finds_its_truth(demo: Path) -> None:
    accuracy = compare(read(demo / "solved" / "T001.mien.json"), read(demo / "truth.mien.json"))
    assert accuracy.mean_rmse < 0.85 * accuracy.mean_zero_rmse
    assert accuracy.mean_correlation > 0.6
    assert accuracy.head_degrees < 4.0
    said = (demo / "said.txt").read_text()
    assert "jawOpen" in said
    assert "RMSE" in said


def test_the_demo_again_does_nothing_twice_and_gives_the_same_bytes(demo: Path) -> None:
    results = sorted((demo / "solved").glob("T001.*"))
    assert [path.name for path in results] == ["T001.csv", "T001.fbx", "T001.glb", "T001.mien.json",
                                               "T001.report.html", "T001.usdc"]
    before = {path.name: path.read_bytes() for path in results}
    take = demo / "takes" / "T001"
    settings = ("--actor", "built-in", "--format", "json,csv,glb,fbx,usd")
    ended = mien("solve", take, *settings, "--events")
    steps = {event["step"] for event in map(json.loads, ended.stdout.splitlines()) if event["event"] == "progress"}
    assert steps == {"export"}  # it looks at the files, and leaves them
    mien("solve", take, "--out", demo / "again", *settings)
    for name, data in before.items():
        assert (demo / "again" / name).read_bytes() == data or name in TIMED, name


@pytest.mark.parametrize("seed", range(3))
def test_a_killed_run_ends_with_the_same_bytes(demo: Path, tmp_path: Path, seed: int) -> None:
    """SIGKILL at random moments until one run gets through: the results are those of a run that was never killed."""
    draw = random.Random(seed)
    command = [sys.executable, "-m", "app.cli", "solve", str(demo / "takes" / "T001"), "--out", str(tmp_path), "--rig",
               str(demo / "rig.toml"), "--actor", "built-in", "--format", "json,csv,glb,fbx,usd"]
    for _ in range(3):
        process = subprocess.Popen(command, cwd=ROOT, env=environment(), stderr=subprocess.DEVNULL)
        time.sleep(draw.uniform(1.5, 9.0))
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert not [path for path in tmp_path.glob("T001.*") if path.name not in TIMED and path.read_bytes() !=
                    (demo / "solved" / path.name).read_bytes()], "a result that is there must be whole"
    subprocess.run(command, cwd=ROOT, env=environment(), check=True, capture_output=True)
    for path in sorted((demo / "solved").glob("T001.*")):
        assert (tmp_path / path.name).read_bytes() == path.read_bytes() or path.name in TIMED, path.name


def test_a_changed_setting_runs_just_what_it_should(demo: Path, tmp_path: Path) -> None:
    def steps(*more: str) -> set[str]:
        ended = mien_here("solve", demo / "takes" / "T001", "--out", tmp_path, "--rig", demo / "rig.toml",
                          "--format", "json", "--end", "6", "--events", *more)
        events = [json.loads(line) for line in ended.stdout.splitlines()]
        preset = more[1] if more else "standard"
        assert events[0]["text"].startswith(f"{preset}: about 0.")
        assert events[0]["text"].endswith("s of a processor core for each frame of 3 cameras")
        return {event["step"].split()[0] for event in events if event["event"] == "progress"}

    assert steps() == {"detect", "solve", "export", "report"}
    assert steps("--preset", "draft") == {"detect", "solve", "export", "report"}
    assert steps("--preset", "draft") == {"export"}
    assert steps("--preset", "draft", "--neutral", "0") == {"solve", "export", "report"}
    assert read(tmp_path / "T001.mien.json").weights[0].max() < 0.1
    assert "frame 0, as named" in (tmp_path / ".mien" / "T001" / "settings.json").read_text()
    assert steps("--preset", "draft", "--force") == {"detect", "solve", "export", "report"}


def test_damaged_artefacts_are_made_again(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    save(path, "key", {"x": np.arange(5)})
    shapes = {"x": ("i", ("T",))}
    assert load(path, "key", shapes)["x"].tolist() == [0, 1, 2, 3, 4]
    assert load(path, "other", shapes) is None
    path.write_bytes(path.read_bytes()[:-30])
    assert load(path, "key", shapes) is None


def test_a_run_that_ends_between_a_rig_and_its_solve_leaves_no_solve_with_another_rig(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    where, model = Places(tmp_path, tmp_path), small_face()
    performance = made_performance(model, 4)

    def keep(key: str, focal_px: float) -> None:
        rig = Rig((lone_camera("camA", (640, 480), focal_px),))
        pipeline._keep(replace(performance, steps={"solve": key}), rig, model, where)

    keep("A", 900.0)
    assert pipeline._solved(where, "A")[1].cameras[0].matrix[0, 0] == 900.0

    def killed(*_: object) -> None:
        raise Cancelled

    with monkeypatch.context() as patched:
        patched.setattr(pipeline, "write_performance", killed)
        with pytest.raises(Cancelled):
            keep("B", 700.0)
    assert pipeline._solved(where, "A") == (None, None)
    keep("A", 900.0)
    assert pipeline._solved(where, "A")[1].cameras[0].matrix[0, 0] == 900.0


def test_a_take_solved_with_truth_beats_the_peer(actor1: Path) -> None:
    """Three cameras of a path-traced actor, ICT's model: better than answering zero, and than MediaPipe's scores."""
    model = ict_model()
    truth = read_truth(shared("truth", "actor1", "truth.npz"), model).performance
    accuracy = compare(read(actor1 / "T001.mien.json"), truth)
    assert accuracy.mean_correlation > 0.5  # MediaPipe's Face Landmarker: 0.42 to 0.49 by camera
    assert accuracy.mean_rmse < 0.20
    assert accuracy.mean_rmse < 0.8 * accuracy.mean_zero_rmse


def test_a_lens_that_is_stated_is_believed(tmp_path: Path) -> None:
    """One camera, no rig: its true focal length, 1120 px of 640, is 63 mm on 35 mm film. The head then stands where it
    truly does, 0.62 m before the camera, and not where a guess puts it."""
    take = tmp_path / "T001"
    take.mkdir()
    (take / "camA.mp4").hardlink_to(shutil.copy(shared("truth", "actor1", "takes", "T001", "camA.mp4"), tmp_path))
    (take / "take.toml").write_text("focal_35mm = 63\n", encoding="utf-8")
    words = ["solve", take, "--end", "6", "--preset", "draft", "--format", "json"]
    ended = mien_here(*words, "--model", shared("models", "ICT-FaceKit-master.zip"), "--out", tmp_path / "out")
    assert "of the stated focal length of 1120 px (63 mm on 35 mm film)" in ended.stderr
    found = read(tmp_path / "out" / "T001.mien.json")
    arrays = np.load(shared("truth", "actor1", "truth.npz"), allow_pickle=False)
    true = np.linalg.norm(arrays["head_t"][:6] @ arrays["cam_R"][0].T + arrays["cam_t"][0], axis=1) / 100
    np.testing.assert_allclose(np.linalg.norm(found.head_translation, axis=1), true, atol=0.02)


CLIPS = ("expressions_woman_640x360.mp4", "smile_man.mp4", "face_then_none_hevc.mov", "small_faces/again.mkv",
         "small_faces/book.mkv", "small_faces/brother.mkv", "small_faces/no.mkv", "small_faces/thanks.mkv",
         "astronaut.png")


@pytest.mark.parametrize("name", CLIPS)
def test_real_footage(name: str, tmp_path: Path) -> None:
    clip = shared("footage", *name.split("/"))
    limit = ["--end", "60"] if name.startswith("expressions") else []  # the whole clip is in the benchmark
    ended = mien_here("solve", clip, "--out", tmp_path, "--format", "json,csv", *limit)
    found = read(tmp_path / f"{clip.stem}.mien.json")
    assert "focal length of" in ended.stderr
    assert ((found.weights >= 0) & (found.weights <= 1)).all()
    unseen = np.array(["unseen" in flags for flags in found.flags])
    assert (unseen == (found.seen == 0)).all()
    if name.startswith("face_then_none"):
        # Of its 169 pictures 72 show the face, at 30 a second, the others come at 24: 2.4 of 6.4 seconds.
        assert 0.35 < 1 - unseen.mean() < 0.40
    elif name not in ("small_faces/book.mkv", "small_faces/thanks.mkv"):  # there hands hide the face
        assert not unseen.any()
    assert (tmp_path / f"{clip.stem}.csv").read_text().count("\n") == found.frames + 1


def test_cancel_by_closing_stdin(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "app.cli", "solve", str(shared("footage", "expressions_woman_640x360.mp4")), "--out",
         str(tmp_path), "--events", "--cancel-on-eof"], cwd=ROOT, env=environment(), stdin=subprocess.PIPE,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    for line in process.stdout:
        if json.loads(line).get("done", 0) > 3:
            break
    process.stdin.close()
    assert process.wait(timeout=20) == 130
    process.stdout.close()
    process.stderr.close()
    assert list(tmp_path.glob("*.json")) == []


def test_several_takes_at_a_time(demo: Path, tmp_path: Path) -> None:
    shoot = tmp_path / "shoot"
    for name in ("T001", "T002"):
        (shoot / "takes" / name).mkdir(parents=True)
        for clip in (demo / "takes" / "T001").glob("*.mp4"):
            os.link(clip, shoot / "takes" / name / clip.name)
    (shoot / "takes" / "T003").mkdir()
    (shoot / "takes" / "T003" / "camA.mp4").touch()
    (shoot / "rig.toml").write_bytes((demo / "rig.toml").read_bytes())
    ended = mien("solve", shoot, "--jobs", "2", "--end", "5", "--format", "json", check=1)
    assert "2 of 3 takes done, 1 failed" in ended.stderr
    assert sorted(path.name for path in (shoot / "solved").glob("*.json")) == ["T001.mien.json", "T002.mien.json",
                                                                               "summary.json"]
    assert (shoot / "takes" / "T001" / ".mien" / "solve.json").is_file()
