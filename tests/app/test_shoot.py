"""Whole shoots as a TD runs them: broken takes among good ones, killed workers and batches, two batches at once."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import jsonschema
import pytest

import assets
from app.locks import LOCK_NAME
from app.places import Places
from app.report.summary import read_summary
from capture.camera import load_rig
from tests.app.command import ROOT, environment, mien
from tests.app.shoots import FEW, results, shoot_of
from tests.clips import numbered, write_clip

KILLS = int(os.environ.get("MIEN_KILLS", "2"))
"""Rounds of the killing test: by hand, give more."""


def batch(shoot: Path, *more: str) -> subprocess.Popen:
    """A batch that runs, in a process group of its own; its events come line by line."""
    command = [sys.executable, "-m", "app.cli", "solve", str(shoot), "--jobs", "2", "--events", *FEW, *more]
    return subprocess.Popen(command, cwd=ROOT, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                            text=True, start_new_session=True)


def events(process: subprocess.Popen) -> Iterator[dict]:
    schema = jsonschema.Draft202012Validator(json.loads(assets.path("events.schema.json").read_text()))
    for line in process.stdout:
        event = json.loads(line)
        schema.validate(event)
        yield event


def owner_of(shoot: Path, take: str) -> int:
    """The process that works on a take."""
    return json.loads((shoot / "takes" / take / ".mien" / LOCK_NAME).read_text())["pid"]


def states(shoot: Path) -> dict[str, tuple[str, str]]:
    """What `mien status` says of each take."""
    lines = mien("status", shoot, "--events").stdout.splitlines()
    return {event["take"]: (event["state"], event["detail"]) for event in map(json.loads, lines)
            if event["event"] == "state"}


@pytest.fixture(scope="module")
def expected(demo: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What a batch over two takes makes that nobody disturbs."""
    shoot = shoot_of(demo, tmp_path_factory.mktemp("calm") / "shoot", ("T001", "T002"))
    process = batch(shoot)
    ended = [event for event in events(process) if event["event"] == "end"]
    assert process.wait() == 0
    assert ended == [{"event": "end", "exit_code": 0, "done": 2, "failed": 0}]
    process.stdout.close()
    summary = read_summary(Places(shoot / "solved", shoot / "takes" / "T001" / ".mien"))
    assert states(shoot) == dict.fromkeys(("T001", "T002"), ("done", summary.verdict))  # the same footage twice
    found = results(shoot)
    assert {"solved/summary.json", "solved/T001.mien.json", "solved/T002.csv"} <= found.keys()
    return found


@pytest.mark.parametrize("seed", range(KILLS))
def test_killed_at_any_moment_and_run_again(demo: Path, tmp_path: Path, expected: dict[str, bytes], seed: int) -> None:
    """A worker, the batch alone or the whole tree dies by SIGKILL at a random event; then the same command again."""
    draw = random.Random(seed)
    shoot = shoot_of(demo, tmp_path / "shoot", ("T001", "T002"))
    for _ in range(2):
        process = batch(shoot)
        left, whom = draw.randrange(1, 60), draw.choice(("worker", "batch", "tree"))
        for event in events(process):
            left -= 1
            if left <= 0 and event["event"] == "progress":
                time.sleep(draw.uniform(0.0, 0.1))
                if whom == "worker":
                    try:
                        os.kill(owner_of(shoot, event["take"]), signal.SIGKILL)
                    except (OSError, ValueError):
                        continue  # it has just ended with that take: the next one will do
                    break
                (os.killpg if whom == "tree" else os.kill)(process.pid, signal.SIGKILL)
                break
        for _ in events(process):
            pass  # until the last process that holds the pipe is gone
        process.wait()
        process.stdout.close()
        for name, data in results(shoot).items():
            assert data == expected[name] or name == "solved/summary.json", f"{name} is there, so it must be right"
    process = batch(shoot)
    ended = [event for event in events(process) if event["event"] == "end"]
    assert process.wait() == 0
    process.stdout.close()
    assert ended[0]["done"] == 2
    assert results(shoot) == expected
    left = [path for path in shoot.rglob("*") if path.name.endswith(".part") or path.name.startswith(("lock", ".lock"))]
    assert left == []


def test_a_worker_that_dies_is_tried_once_more(demo: Path, tmp_path: Path, expected: dict[str, bytes]) -> None:
    """One take kills its workers twice and fails with the reason; the other one's worker dies once."""
    shoot = shoot_of(demo, tmp_path / "shoot", ("T001", "T002"))
    process = batch(shoot)
    deaths, notes, ends = {"T001": 2, "T002": 1}, [], {}
    for event in events(process):
        if event["event"] == "progress" and event["step"] == "solve" and deaths[event["take"]]:
            deaths[event["take"]] -= 1
            os.kill(owner_of(shoot, event["take"]), signal.SIGKILL)
        elif event["event"] == "note":
            notes.append(event["text"])
        elif event["event"] == "take":
            ends[event["take"]] = (event["state"], event["error"])
    assert process.wait() == 1
    process.stdout.close()
    assert ends["T002"] == ("done", "")
    assert ends["T001"][0] == "failed"
    assert "was killed (SIGKILL, which is what the system does when memory runs out), twice" in ends["T001"][1]
    assert sum("tried once more, at the end and alone" in note for note in notes) == 2
    assert states(shoot)["T001"] == ("failed", ends["T001"][1])
    assert {name: data for name, data in results(shoot).items() if "T002" in name} == \
        {name: data for name, data in expected.items() if "T002" in name}


def test_status_of_a_running_and_of_a_stopped_batch(demo: Path, tmp_path: Path) -> None:
    shoot = shoot_of(demo, tmp_path / "shoot", ("T001", "T002", "T003"))
    assert states(shoot) == dict.fromkeys(("T001", "T002", "T003"), ("to do", ""))
    process = batch(shoot)
    next(event for event in events(process) if event["event"] == "progress" and event["step"] == "detect camB")
    running = states(shoot)
    pids = [owner_of(shoot, name) for name in ("T001", "T002") if running[name][0] == "running"]
    os.kill(process.pid, signal.SIGKILL)  # the batch alone: its workers have to notice
    deadline = time.monotonic() + 30
    while any(Path(f"/proc/{pid}").exists() for pid in pids) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(Path(f"/proc/{pid}").exists() for pid in pids)
    process.wait()
    process.stdout.close()
    assert pids
    assert running["T003"] == ("to do", "")
    name = "T001" if running["T001"][0] == "running" else "T002"
    assert f"(process {owner_of(shoot, name)}) since" in running[name][1]
    state, detail = states(shoot)[name]
    assert state == "to do"
    assert "stopped" in detail


def test_two_batches_on_one_shoot(demo: Path, tmp_path: Path, expected: dict[str, bytes]) -> None:
    """Both end well, and the second one leaves the takes of the first alone until they are done."""
    shoot = shoot_of(demo, tmp_path / "shoot", ("T001", "T002"))
    both = [batch(shoot), batch(shoot)]
    told = [list(events(process)) for process in both]
    assert [process.wait() for process in both] == [0, 0]
    for process in both:
        process.stdout.close()
    assert results(shoot) == expected
    solves = [event["take"] for lines in told for event in lines
              if event["event"] == "progress" and event["step"] == "solve" and event["done"] == event["total"]]
    assert sorted(solves) == ["T001", "T002"], "nothing was solved twice"


def test_broken_takes_among_good_ones(demo: Path, tmp_path: Path) -> None:
    """Every kind of broken take that this project has met: each fails with its own sentence, the good ones are done."""
    shoot = shoot_of(demo, tmp_path / "shoot", ("T001", "T002", "cut-off", "empty", "text", "not-in-rig", "other-size",
                                                "bad-settings", "twins", "no-clip", "no-face"))
    takes = shoot / "takes"
    whole = (takes / "cut-off" / "camB.mp4").read_bytes()
    replaced = {"cut-off": whole[:len(whole) // 2], "empty": b"", "text": b"a note about the take\n" * 99}
    for name, data in replaced.items():
        (takes / name / "camB.mp4").unlink()
        (takes / name / "camB.mp4").write_bytes(data)
    (takes / "not-in-rig" / "camB.mp4").rename(takes / "not-in-rig" / "camX.mp4")
    size = load_rig(shoot / "rig.toml")["camA"].size
    (takes / "other-size" / "camB.mp4").unlink()
    write_clip(takes / "other-size" / "camB.mp4", numbered(12, (192, 64)), 30)
    (takes / "bad-settings" / "take.toml").write_text("actor = [unclosed")
    (takes / "twins" / "camB.mov").write_bytes(whole)
    for clip in (takes / "no-clip").glob("*"):
        clip.unlink()
    for camera in ("camA", "camB", "camC"):
        (takes / "no-face" / f"{camera}.mp4").unlink()
        write_clip(takes / "no-face" / f"{camera}.mp4", numbered(12, size))
    process = batch(shoot)
    ends = {event["take"]: event for event in events(process) if event["event"] == "take"}
    assert process.wait() == 1
    process.stdout.close()
    assert {name for name, event in ends.items() if event["state"] == "done"} == {"T001", "T002"}
    said = {name: event["error"] for name, event in ends.items() if event["state"] == "failed"}
    for name, words in {"cut-off": "again", "empty": "is empty", "text": "camB.mp4", "not-in-rig": "camX",
                        "other-size": "192", "bad-settings": "take.toml", "twins": "camB.mov",
                        "no-clip": "no clip", "no-face": "no camera saw a face"}.items():
        assert words in said[name], said[name]
        assert len(said[name].splitlines()) == 1
    summary = json.loads((shoot / "solved" / "summary.json").read_text())
    assert summary["counts"] == {"done": 2, "running": 0, "failed": 9, "stale": 0, "to do": 0}
    assert str(shoot) not in json.dumps(summary)
    assert {name: state for name, (state, _) in states(shoot).items()} == \
        {name: event["state"] for name, event in ends.items()}
