"""`mien record` as a user calls it, with clips that stand for cameras."""

import io
import itertools
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import jsonschema
import pytest

from app.cli import main
from app.progress import JsonLines, Lines
from app.recording import GIB, ROLLING, Recorder
from app.recording_take import Slate, next_number
from capture.match import plan, probe_take
from capture.record_sources import parse_source
from capture.shoot import find_takes
from capture.sync import load_timeline
from capture.video import frames, probe
from tests.app.command import ROOT, environment, mien, mien_here
from tests.clips import numbered, read_number, write_clip

NAMES = "ABCDEFGH"
QUICK = ("--no-faces", "--keep-free", "0.01")


@pytest.fixture(scope="module")
def clip(tmp_path_factory) -> Path:
    return write_clip(tmp_path_factory.mktemp("cameras") / "mjpeg.avi", numbered(60), 30, codec="mjpeg",
                      pix_fmt="yuvj420p")


def cameras(clip: Path, count: int, kind: str = "loop") -> list[str]:
    return [word for name in NAMES[:count] for word in ("--camera", f"cam{name}={kind}:{clip}")]


def told(ended: subprocess.CompletedProcess) -> list[dict]:
    return [json.loads(line) for line in ended.stdout.splitlines()]


@pytest.fixture
def running():
    """Starts a recorder that is told what to do; it is ended whatever happens."""
    started = []

    def start(*arguments: object) -> subprocess.Popen:
        child = subprocess.Popen([sys.executable, "-m", "app.cli", "record", *map(str, arguments), *QUICK], cwd=ROOT,
                                 stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment())
        started.append(child)
        return child

    yield start
    for child in started:
        child.kill()
        child.wait()
        for end in (child.stdin, child.stdout):
            end.close()


def heard(child: subprocess.Popen, **wanted: object) -> dict:
    """The next event of that kind."""
    for line in child.stdout:
        event = json.loads(line)
        if all(event.get(key) == value for key, value in wanted.items()):
            return event
    raise AssertionError(f"{wanted} never came")


@pytest.mark.parametrize("count", [1, 3, 8])
def test_a_take_is_ready_to_solve_when_it_stops(clip, tmp_path, count):
    ended = mien("record", tmp_path / "shoot", *cameras(clip, count), "--seconds", "1.5", "--slate", "sc04",
                 "--actor", "anna", "--events", *QUICK)
    take = find_takes(tmp_path / "shoot")[0]
    assert take.name == "sc04_t01"
    assert take.settings["slate"] == "sc04"
    assert take.settings["actor"] == "anna"
    assert take.cameras == tuple(f"cam{name}" for name in NAMES[:count])
    clips = plan(take, probe_take(take))
    assert clips.frames >= 40
    assert clips.warnings == ()
    for recorded in clips.clips:
        numbers = [read_number(frame.rgb) for frame in frames(recorded)]
        assert all((after - before) % 60 == 1 for before, after in itertools.pairwise(numbers))
        assert take.settings["recording"][recorded.camera]["frames"] == recorded.frames
        assert take.settings["recording"][recorded.camera]["dropped"] == 0
        assert recorded.start_timecode is not None
    assert (take.sync_path is None) == (count == 1)
    schema = json.loads((ROOT / "assets/events.schema.json").read_text())
    events = told(ended)
    for event in events:
        jsonschema.validate(event, schema)
    levels = [event for event in events if event["event"] == "camera" and event["focus"] is not None]
    assert {event["camera"] for event in levels} == set(take.cameras)
    assert re.fullmatch(r"\d\d:\d\d:\d\d:\d\d", next(event["timecode"] for event in events
                                                   if event["event"] == "recorder"))


def test_cameras_are_in_step_by_their_arrival(clip, tmp_path):
    """Two cameras show the same clip, begun at other moments: what they show at one moment tells their offset."""
    mien_here("record", tmp_path / "shoot", *cameras(clip, 2), "--seconds", "1", *QUICK)
    take = find_takes(tmp_path / "shoot")[0]
    assert load_timeline(take.sync_path).method == "arrival at the recorder"
    offsets = load_timeline(take.sync_path).offsets
    assert abs(offsets["camB"] - offsets["camA"]) < 0.2


def test_arm_roll_cut_by_lines_and_numbers_that_go_on(clip, tmp_path, running):
    child = running(tmp_path / "shoot", *cameras(clip, 1), "--armed", "--events")
    heard(child, event="recorder", state="armed", take="T001")
    for line, take in (("roll", "T001"), ("", "T001"), ("slate sc07", None), ("take 5", None), ("roll", "sc07_t05")):
        child.stdin.write(line + "\n")
        child.stdin.flush()
        if line == "roll":
            heard(child, event="recorder", state="rolling", take=take)
            time.sleep(0.3)
        elif take:
            assert heard(child, event="take", take=take)["state"] == "done"
    child.stdin.close()  # as the app does when it closes
    assert heard(child, event="take")["take"] == "sc07_t05"
    assert heard(child, event="end") == {"event": "end", "exit_code": 0, "done": 2, "failed": 0}
    assert child.wait(10) == 0
    assert [take.name for take in find_takes(tmp_path / "shoot")] == ["T001", "sc07_t05"]
    assert next_number(tmp_path / "shoot", "sc07") == 6


def test_killed_midway_it_loses_less_than_a_second(demo, tmp_path, running):
    """And the take can be solved: the cameras show the demo's face."""
    addresses = [word for name in ("camA", "camB")
                 for word in ("--camera", f"{name}=loop:{demo / 'takes/T001' / name}.mp4")]
    child = running(tmp_path / "shoot", *addresses, "--armed", "--events")
    heard(child, event="recorder", state="armed")
    child.stdin.write("roll\n")
    child.stdin.flush()
    while (event := heard(child, event="camera", camera="camB"))["frames"] < 30:
        pass
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    take = find_takes(tmp_path / "shoot")[0]
    for found in probe_take(take):
        assert found.frames >= event["frames"] - 10, "a third of a second"
    assert take.sync_path is None
    assert all(found.start_timecode is not None for found in probe_take(take))
    (tmp_path / "shoot" / "rig.toml").write_bytes((demo / "rig.toml").read_bytes())
    mien_here("solve", tmp_path / "shoot", "--end", "6", "--preset", "draft", "--format", "json")
    assert (tmp_path / "shoot/solved/T001.mien.json").is_file()


def test_a_camera_unplugged_midway_costs_nothing_else(clip, tmp_path):
    ended = mien_here("record", tmp_path / "shoot", *cameras(clip, 1), "--camera", f"camB=clip:{clip}", "--seconds",
                      "2.5", "--events", *QUICK, check=1)
    take = next(event for event in told(ended) if event["event"] == "take")
    assert take["state"] == "done"
    assert take["error"] == "camB gives no more pictures; look at its cable and power"
    assert told(ended)[-1] == {"event": "end", "exit_code": 1, "done": 0, "failed": 1}
    counts = {found.camera: found.frames for found in probe_take(find_takes(tmp_path / "shoot")[0])}
    assert counts["camA"] > 65
    assert 40 <= counts["camB"] <= 60


def test_cameras_of_other_rates_are_said_and_recorded(clip, tmp_path):
    slow = write_clip(tmp_path / "slow.avi", numbered(25), 25, codec="mjpeg", pix_fmt="yuvj420p")
    ended = mien_here("record", tmp_path / "shoot", *cameras(clip, 1), "--camera", f"camB=loop:{slow}", "--seconds",
                      "1", *QUICK)
    assert ended.stderr.count("the cameras' frame rates differ (camA 30 and camB 25)") == 1
    clips = [probe(path) for path in find_takes(tmp_path / "shoot")[0].clips]
    assert [found.frame_rate for found in clips] == [30, 25]
    assert min(found.frames for found in clips) > 20


def test_without_room_nothing_rolls_and_midway_the_take_is_cut(clip, tmp_path):
    ended = mien_here("record", tmp_path / "shoot", *cameras(clip, 1), "--seconds", "1", "--no-faces", "--keep-free",
                      "1000000", check=1)
    assert re.search(r"mien: .*shoot has .* GiB left, of which 1000000\.0 stay free: too little to record",
                     ended.stderr)
    assert list((tmp_path / "shoot/takes").iterdir()) == []
    said = io.StringIO()
    free = [2 * GIB]
    recorder = Recorder(tmp_path / "shoot", [parse_source(f"camA=loop:{clip}")], Slate(), JsonLines(said), GIB, False,
                        free=lambda folder: free[0])
    try:
        _tick(recorder, lambda: recorder.state == "armed")
        recorder.roll()
        _tick(recorder, lambda: recorder.seconds > 0.5)
        free[0] = GIB - 1
        _tick(recorder, lambda: recorder.state != ROLLING)
    finally:
        recorder.close()
    take = next(event for event in map(json.loads, said.getvalue().splitlines()) if event["event"] == "take")
    assert take["state"] == "done"
    assert "the disk has no more than 1.0 GiB left" in take["error"]
    assert probe(Path(take["outputs"][0])).frames > 10


def test_two_recorders_do_not_share_a_take(clip, tmp_path):
    recorders = [Recorder(tmp_path, [parse_source(f"camA=loop:{clip}")], Slate("sc"), Lines(), 0, False)
                 for _ in range(2)]
    try:
        for recorder in recorders:
            _tick(recorder, lambda recorder=recorder: recorder.state == "armed")
            recorder.roll()
        _tick(recorders[1], lambda: recorders[1].seconds > 0.2)
    finally:
        for recorder in recorders:
            recorder.close()
    assert [take.name for take in find_takes(tmp_path)] == ["sc_t01", "sc_t02"]


@pytest.mark.parametrize(("words", "said"), [
    (["--camera", "camA=clip:nowhere.mp4"], "camA (nowhere.mp4) cannot be opened"),
    (["--camera", "camA=loop:x", "--camera", "camA=loop:y"], "two cameras are called camA"),
    (["--camera", "camA=exec://rm"], "is no stream that mien records"),
    (["--camera", "camA=loop:x", "--size", "big"], "big is no size such as 1920x1080"),
])
def test_bad_input_is_a_sentence(tmp_path, monkeypatch, words, said):
    monkeypatch.setattr("app.recording.ARM_SECONDS", 0.5)
    ended = mien_here("record", tmp_path / "shoot", *words, "--seconds", "1", *QUICK, check=None)
    assert ended.returncode != 0
    assert said in ended.stderr
    assert find_nothing(tmp_path / "shoot")


@pytest.mark.parametrize("words", [["--slate", "../../evil"], ["--slate", ".hidden"], ["--slate", "/tmp/x"],
                                   ["--slate", "sc04", "--actor", "../anna"]])
def test_a_slate_leads_nowhere(clip, tmp_path, words):
    ended = mien_here("record", tmp_path / "a" / "shoot", *cameras(clip, 1), *words, "--seconds", "1", *QUICK, check=2)
    assert words[-1] in ended.stderr
    assert not (tmp_path / "a").exists()
    assert [path.name for path in tmp_path.iterdir()] == []


def test_a_take_number_that_is_taken_is_refused(clip, tmp_path):
    (tmp_path / "shoot/takes/sc04_t02").mkdir(parents=True)
    ended = mien_here("record", tmp_path / "shoot", *cameras(clip, 1), "--slate", "sc04", "--take", "2", "--seconds",
                      "1", *QUICK, check=2)
    assert "sc04_t02 is there already; choose another take number" in ended.stderr


def test_a_list_of_no_cameras_says_so(monkeypatch, capsys):
    monkeypatch.setattr("app.recording.attached", lambda: ())
    assert main(["record", "--list"]) == 0
    assert "no camera is attached" in capsys.readouterr().err


def find_nothing(shoot: Path) -> bool:
    return not (shoot / "takes").is_dir() or not list((shoot / "takes").iterdir())


def _tick(recorder: Recorder, done) -> None:
    deadline = time.monotonic() + 15
    while not done():
        assert time.monotonic() < deadline, "it took too long"
        recorder.tick()
        time.sleep(0.02)
