"""The Open Job Description bundle: as its own tools read and run it, over sound and broken takes."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from app import detection
from app.identity import digest
from app.openjd_bundle import LIMIT, PARTS_PER_TASK, Stretch, _groups, _longer, template
from tests.app.command import environment, mien_here
from tests.clips import numbered, write_clip

OPTIONS = ("--end", "4", "--format", "json,glb", "--preset", "draft")
STEPS = ["Prepare", "Detect", "Solve", "Export", "Report"]


def openjd(*arguments: str | Path) -> str:
    command = [Path(sys.executable).with_name("openjd"), *map(str, arguments)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300, env=environment())
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


@pytest.fixture
def shoot(demo: Path, tmp_path: Path) -> Path:
    """Two takes of one camera."""
    for name in ("T001", "T002"):
        (tmp_path / "shoot" / "takes" / name).mkdir(parents=True)
        os.link(demo / "takes" / "T001" / "camA.mp4", tmp_path / "shoot" / "takes" / name / "camA.mp4")
    shutil.copy(demo / "rig.toml", tmp_path / "shoot")
    return tmp_path / "shoot"


def test_openjd_runs_the_bundle_to_the_bytes_of_a_local_run(shoot: Path, tmp_path: Path) -> None:
    """All its steps. Four frames are too few for the profile that is asked for: it says so, and the takes do without.
    """
    (shoot / "takes" / "T001" / "take.toml").write_text('actor = "anna"\nprofile = true\n')
    shutil.copytree(shoot, tmp_path / "local")
    mien_here("submit", shoot, "--openjd", tmp_path / "job", *OPTIONS)
    assert not (shoot / "solved").exists()
    openjd("check", tmp_path / "job" / "template.json")
    said = openjd("run", tmp_path / "job" / "template.json", "-p", f"file://{tmp_path / 'job' / 'parameters.json'}",
                  "-p", f"Mien={Path(sys.executable).with_name('mien')}")
    steps = [*STEPS[:2], "Actors", *STEPS[2:]]
    assert re.findall(r"Running step '(\w+)'", said) == steps
    assert "anna has no profile, and is solved without: " in said
    assert "openjd_progress: 100" in said
    assert "2 of 2 takes done" in said
    mien_here("solve", tmp_path / "local", *OPTIONS)
    for name in ("T001.mien.json", "T001.glb", "T002.mien.json", "T002.glb", "summary.json"):
        assert (shoot / "solved" / name).read_bytes() == (tmp_path / "local" / "solved" / name).read_bytes(), name


def test_each_step_does_its_own_and_may_be_run_again(shoot: Path) -> None:
    work = shoot / "takes" / "T001" / ".mien"

    def step(*arguments: str) -> None:
        mien_here("solve", shoot / "takes" / "T001", "--only", *arguments, "--expect", digest(), *OPTIONS)

    step("prepare")
    assert not (work / "parts").exists()
    step("detect", "--camera", "camA", "--frames", "2-9")
    assert not (work / "parts").exists()  # no part begins there
    step("detect", "--camera", "camA", "--frames", "0-3")
    part = work / "parts" / "camA" / "0000000.npz"
    found = part.stat().st_mtime_ns
    assert "1 parts of its detection are there" in mien_here("status", shoot).stdout
    step("detect")
    assert part.stat().st_mtime_ns == found
    step("solve")
    assert (work / "solve.json").is_file()
    assert not (work / "parts").joinpath("camA").exists()
    assert list((shoot / "solved").glob("T001.*")) == []
    step("export")
    assert (shoot / "solved" / "T001.glb").is_file()


def test_another_mien_refuses(shoot: Path) -> None:
    ended = mien_here("solve", shoot / "takes" / "T001", "--only", "prepare", "--expect", "0.0.9-abc", check=2)
    assert f"the job was submitted by mien 0.0.9-abc, and here is {digest()}; install the same" in ended.stderr


def test_a_broken_take_holds_up_nothing_and_is_reported(tmp_path: Path) -> None:
    for name in ("T001", "T002"):
        take = tmp_path / "shoot" / "takes" / name
        take.mkdir(parents=True)
        (take / "camA.mp4").write_bytes(b"no clip")
    for only in ("prepare", "detect", "solve", "export"):
        ended = mien_here("solve", take, "--only", only)
        assert "T002: failed:" in ended.stderr
    ended = mien_here("solve", tmp_path / "shoot", "--only", "report", check=1)
    assert "0 of 2 takes done, 2 failed" in ended.stderr
    summary = json.loads((tmp_path / "shoot" / "solved" / "summary.json").read_text())
    assert [take["state"] for take in summary["takes"]] == ["to do", "failed"]  # T001 was never begun
    mien_here("solve", tmp_path / "not-there", "--only", "prepare", check=3)


@pytest.mark.parametrize("names", [("T001", "not-there"), ("not-there", "T001"), ("no-clips", "not-there")])
def test_a_path_that_is_not_there_fails_the_step_wherever_it_stands(tmp_path: Path, names: tuple[str, ...]) -> None:
    for name in ("T001", "no-clips"):
        (tmp_path / name).mkdir()
    (tmp_path / "T001" / "camA.mp4").write_bytes(b"no clip")
    ended = mien_here("solve", *(tmp_path / name for name in names), "--only", "prepare", check=3)
    assert "not-there does not exist" in ended.stderr


def test_frames_are_cut_at_the_parts_borders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(detection, "PART_FRAMES", 4)
    (tmp_path / "shoot" / "takes" / "T001").mkdir(parents=True)
    write_clip(tmp_path / "shoot" / "takes" / "T001" / "camA.mp4", numbered(40))
    mien_here("submit", tmp_path / "shoot", "--openjd", tmp_path / "job", "--start", "2", "--device", "cuda")
    job = json.loads((tmp_path / "job" / "template.json").read_text())
    detect = job["steps"][1]
    space = {column["name"]: column["range"] for column in detect["parameterSpace"]["taskParameterDefinitions"]}
    assert PARTS_PER_TASK == 4
    assert space == {"Take": ["T001"] * 3, "Camera": ["camA"] * 3, "Frames": ["2-17", "18-33", "34-39"]}
    assert detect["hostRequirements"] == {"amounts": [{"name": "amount.worker.gpu", "min": 1}]}
    assert [step["name"] for step in job["steps"]] == STEPS
    assert [step.get("dependencies", [{}])[0].get("dependsOn") for step in job["steps"]] == [None, *STEPS[:-1]]
    openjd("check", tmp_path / "job" / "template.json")
    values = json.loads((tmp_path / "job" / "parameter_values.json").read_text())["parameterValues"]
    assert {"name": "Shoot", "value": str(tmp_path / "shoot")} in values
    assert {"name": "Start", "value": "2"} in values


def test_large_shoots_become_several_bundles_within_the_specifications_limits(tmp_path: Path) -> None:
    def take(name: str, cameras: int, parts: int) -> tuple[str, list[Stretch]]:
        return name, [Stretch(name, f"cam{camera}", 10 * part, 10 * part + 9)
                      for camera in range(cameras) for part in range(parts)]

    takes = [take(f"T{index:04}", 3, 10) for index in range(100)] + [take("long", 2, 1500)]
    groups = list(_groups(takes))
    assert [name for names, _ in groups for name in names] == [name for name, _ in takes]
    assert all(len(stretches) <= LIMIT for _, stretches in groups)
    assert [len(names) for names, _ in groups] == [34, 34, 32, 1]
    frames = {(camera, frame) for _, stretches in groups for name, camera, first, last in
              ((s.take, s.camera, s.first, s.last) for s in stretches) if name == "long"
              for frame in range(first, last + 1)}
    assert len(frames) == 2 * 15000
    assert [(s.first, s.last) for s in _longer(take("T", 1, 3)[1])] == [(0, 19), (20, 29)]
    assert [len(names) for names, _ in _groups([(f"T{index}", []) for index in range(LIMIT + 1)])] == [LIMIT, 1]
    (tmp_path / "template.json").write_text(json.dumps(template("full", *groups[0], (), False)).replace(
        "{{Param.Shoot}}", "shoot").replace("{{Param.Mien}}", "mien"))
    document = json.loads((tmp_path / "template.json").read_text())
    del document["parameterDefinitions"]
    (tmp_path / "template.json").write_text(json.dumps(document))
    openjd("check", tmp_path / "template.json")


def test_what_is_no_shoot_is_refused(demo: Path, tmp_path: Path) -> None:
    ended = mien_here("submit", demo / "takes" / "T001", "--openjd", tmp_path / "job", check=2)
    assert "is no shoot; give a folder with takes/ in it" in ended.stderr
    (tmp_path / "empty" / "takes").mkdir(parents=True)
    ended = mien_here("submit", tmp_path / "empty", "--openjd", tmp_path / "job", check=3)
    assert "is a shoot without a take" in ended.stderr
    assert not (tmp_path / "job").exists()


def test_a_name_that_is_no_text_is_refused(tmp_path: Path) -> None:
    take = tmp_path / "shoot" / "takes" / os.fsdecode(b"T\xe4")
    take.mkdir(parents=True)
    write_clip(take / "camA.mp4", numbered(4))
    ended = mien_here("submit", tmp_path / "shoot", "--openjd", tmp_path / "job", check=3)
    assert r"holds bytes that are no text ('" in ended.stderr
    assert r"T\udce4" in ended.stderr


def test_an_option_that_no_job_can_have_is_refused(tmp_path: Path) -> None:
    ended = mien_here("submit", tmp_path, "--openjd", tmp_path / "job", "--force", check=2)
    assert "--force" in ended.stderr


@pytest.mark.parametrize(("words", "code", "said"), [
    (["--start", "abc"], 2, "--start abc"), (["--end", "99"], 2, "leave no frames"), (["--model", "nope"], 3, "nope"),
    (["--rig", "nowhere.toml"], 3, "nowhere.toml")])
def test_what_every_worker_would_refuse_is_refused(tmp_path: Path, words: list[str], code: int, said: str) -> None:
    for name in ("T001", "T002"):
        (tmp_path / "shoot" / "takes" / name).mkdir(parents=True)
    write_clip(tmp_path / "shoot" / "takes" / "T001" / "camA.mp4", numbered(12))
    ended = mien_here("submit", tmp_path / "shoot", "--openjd", tmp_path / "job", *words, check=code)
    assert said in ended.stderr
    assert not (tmp_path / "job").exists()
    write_clip(tmp_path / "shoot" / "takes" / "T002" / "camA.mp4", numbered(120))
    if words[0] == "--end":
        mien_here("submit", tmp_path / "shoot", "--openjd", tmp_path / "job", *words)
