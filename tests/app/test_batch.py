"""The parts of a batch by themselves: which take is next, how many fit, whose turn it is, what the terminal shows."""

import io
import json
import multiprocessing
from pathlib import Path

import jsonschema
import pytest

import assets
from app import batch_gpus, progress
from app.batch import POLL_SECONDS, Batch, Work, Worker
from app.batch_gpus import Turns
from app.batch_memory import Footprint, Size, _left_in_group, fitting, free_mib, size_of
from app.progress import JsonLines, Table
from app.request import BUSY, FAILED, Outcome, Request, takes_of
from capture.shoot import Take
from tests.clips import numbered, write_clip

TAKES = [Take(name, Path(name), ()) for name in ("a", "b", "c")]


def test_second_tries_come_last_and_lonely_ones_alone() -> None:
    a, b, c = TAKES
    work = Work([a, b, c])
    assert work.next(0) is a
    assert work.retry(a, alone=True)
    assert work.next(0) is b
    assert work.retry(b, alone=False)
    assert work.next(1) is c
    assert work.next(1) is None, "a waits until c has ended"
    assert work.next(0) is a
    assert work.next(1) is None, "nothing beside it"
    assert work.next(0) is b
    assert not work.retry(a, alone=True), "once is enough"
    assert work.left == 0


def test_a_take_of_another_batch_is_looked_at_later(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr("app.batch.time.monotonic", lambda: now[0])
    work = Work([])
    work.busy.append((TAKES[0], now[0] + POLL_SECONDS))
    assert work.next(0) is None
    now[0] += POLL_SECONDS
    assert work.next(0) is TAKES[0]


@pytest.mark.parametrize(("jobs", "free", "fit"), [
    (8, None, 4), (8, 100_000.0, 4), (2, 100_000.0, 2), (8, 5_000.0, 2), (8, 4_500.0, 2), (8, 4_400.0, 1), (8, 10.0, 1),
])
def test_how_many_fit(jobs: int, free: float | None, fit: int) -> None:
    """The largest together count, and a tenth of the free memory is left."""
    assert fitting([500.0, 3000.0, 1000.0, 900.0], jobs, free) == fit


def test_longer_and_larger_takes_need_more() -> None:
    foot = Footprint(400.0, 0.1, 0.05)
    small = foot.of(Size(300, 1, 640 * 480 * 3))
    assert foot.of(Size(18000, 1, 640 * 480 * 3)) > small + 1700
    assert foot.of(Size(300, 3, 640 * 480 * 3)) > small
    assert foot.of(Size(300, 1, 3840 * 2160 * 3)) > small + 500


def test_a_take_s_size_is_what_its_clips_state(tmp_path: Path) -> None:
    for camera, count in (("camA", 20), ("camB", 12)):
        write_clip(tmp_path / f"{camera}.mp4", numbered(count))
    (tmp_path / "camC.mp4").write_text("no film")
    takes, _ = takes_of([tmp_path])
    assert size_of(takes[0]) == Size(20, 3, 192 * 64 * 3)


def test_the_longest_takes_come_first(tmp_path: Path) -> None:
    """Else one that is left over at the end keeps one worker busy and all others idle."""
    for name, count in (("a", 3), ("b", 12), ("c", 6), ("d", 12)):
        (tmp_path / name).mkdir()
        write_clip(tmp_path / name / "camA.mp4", numbered(count))
    (tmp_path / "e").mkdir()
    (tmp_path / "e" / "camA.mp4").write_text("no film")
    takes, _ = takes_of([tmp_path / name for name in "abcde"])
    batch = Batch(takes, Request("mien"), 1, None, JsonLines(io.StringIO()))
    batch.workers = [None]  # so that none is started
    batch._measure(Footprint(400.0, 0.1, 0.05))
    assert [take.name for take in batch.work.first] == ["b", "d", "c", "a", "e"]


def test_free_memory_is_less_than_all() -> None:
    total = int(Path("/proc/meminfo").read_text().split()[1]) / 1024
    assert 50 < free_mib() < total


@pytest.mark.parametrize("version", [1, 2])
def test_a_container_s_limit_counts(tmp_path: Path, version: int) -> None:
    folder = tmp_path / ("memory/jobs/x" if version == 1 else "jobs/x")
    folder.mkdir(parents=True)
    names = ("memory.limit_in_bytes", "memory.usage_in_bytes") if version == 1 else ("memory.max", "memory.current")
    for name, value in zip(names, (1000, 700), strict=True):
        (folder / name).write_text(f"{value}\n")
    (folder / "memory.stat").write_text(f"{'total_' if version == 1 else ''}inactive_file 50\n")
    groups = tmp_path / "cgroup"
    groups.write_text("4:memory:/jobs/x\n0::/\n" if version == 1 else "0::/jobs/x\n")
    assert _left_in_group(tmp_path, groups) == 350.0
    groups.write_text("0::/other\n")
    assert _left_in_group(tmp_path, groups) is None


def test_turns_on_gpus() -> None:
    turns = Turns(None, ["0", "1"])
    assert [turns.device_of(index) for index in range(3)] == ["0", "1", "0"]
    workers = {"x": "0", "y": "1", "z": "0"}
    for name, device in workers.items():
        turns.ask(name, device)
    assert turns.granted() == ["x", "y"], "z shares a GPU with x"
    assert turns.granted() == []
    turns.give_back("y")
    assert turns.granted() == [], "another GPU is of no use to z"
    turns.give_back("x")  # it ended, or its process died
    assert turns.granted() == ["z"]


def test_counts_of_gpus() -> None:
    assert Turns(3, ["0", "1"]).slots == ["0", "1", "0"]
    assert Turns(None, []).slots == [""]
    assert Turns(0, ["0"]).device_of(4) is None


@pytest.mark.parametrize(("mask", "seen"), [("", []), ("2,3", ["2", "3"]), ("GPU-8932", ["GPU-8932"]), ("-1", [])])
def test_gpus_by_the_environment(monkeypatch: pytest.MonkeyPatch, mask: str, seen: list[str]) -> None:
    monkeypatch.setenv(batch_gpus.MASK, mask)
    assert batch_gpus.visible() == seen


def told(tell: progress.Teller) -> None:
    tell.begin(3, 2)
    tell.progress("T001", "detect camA", 0, 12)
    tell.progress("T002", "detect camA", 3, 12)
    tell.note("T001", "camA saw no face in 2 of 12 frames")
    tell.take("T001", "done", "", ("solved/T001.csv",))
    tell.take("T002", "failed", "camA.mp4 is empty; copy it again", ())
    tell.end(1, 1, 1)


def test_every_event_fits_the_schema_and_the_schema_is_strict() -> None:
    schema = jsonschema.Draft202012Validator(json.loads(assets.path("events.schema.json").read_text()))
    schema.check_schema(schema.schema)
    stream = io.StringIO()
    told(JsonLines(stream))
    events = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert {event["event"] for event in events} == {"begin", "progress", "note", "take", "end"}
    for event in events:
        schema.validate(event)
        for key in event:
            with pytest.raises(jsonschema.ValidationError):
                schema.validate({name: value for name, value in event.items() if name != key})


def test_the_table_on_a_terminal(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """What a terminal shows in the end: the table is wiped, the lines and the failures stay."""
    monkeypatch.setattr(progress.shutil, "get_terminal_size", lambda: (80, 24))
    table = Table()
    table.drawn = -1e9
    told(table)
    written = capsys.readouterr().err
    assert "1 of 3 takes done" in written
    assert "1 running" in written
    shown = _screen(written)
    assert shown == ["3 takes, 2 at a time", "T001: camA saw no face in 2 of 12 frames", "T001: done",
                     "T002: failed: camA.mp4 is empty; copy it again", "  T002  camA.mp4 is empty; copy it again",
                     "1 of 2 takes done, 1 failed"]


def _screen(written: str) -> list[str]:
    """The lines that stand on a terminal after `written`, which goes up and wipes by two sequences."""
    lines = [""]
    for piece in written.replace("\x1b[J", "\x1b[J\n").split("\n"):
        if piece.endswith("\x1b[J"):
            up = int(piece.split("\x1b[")[-2].rstrip("A"))
            lines = [*lines[:-1 - up], ""]
        else:
            lines = [*lines[:-1], piece, ""]
    return [line for line in lines if line]


def test_a_take_that_changed_is_tried_again_and_then_failed() -> None:
    told_lines = io.StringIO()
    batch = Batch(TAKES[:1], Request("mien"), 1, None, JsonLines(told_lines))
    take = batch.work.next(0)
    changed = Outcome("a", FAILED, "camA.mp4 changes while it is read", 3, again=True)
    batch._ended(take, changed)
    assert batch.outcomes == []
    assert batch.work.next(0) is take
    batch._ended(take, changed)
    assert batch.outcomes == [changed]
    assert [json.loads(line)["event"] for line in told_lines.getvalue().splitlines()] == ["note", "take"]


def test_a_take_that_another_batch_has_is_told_of_once_and_is_no_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.batch.POLL_SECONDS", 0.0)
    told_lines = io.StringIO()
    batch = Batch(TAKES[:1], Request("mien"), 1, None, JsonLines(told_lines))
    for _ in range(3):
        batch._ended(batch.work.next(0), Outcome("a", BUSY, "render07 (process 4) works on it", 1))
    assert batch.work.left == 1
    assert batch.outcomes == []
    assert len(told_lines.getvalue().splitlines()) == 1


def test_a_worker_that_died_before_its_turn_on_a_gpu_ends_no_batch() -> None:
    batch = Batch(TAKES[:1], Request("mien"), 1, 1, JsonLines(io.StringIO()))
    here, there = multiprocessing.Pipe()
    worker = Worker(None, here, "")
    batch.turns = Turns(1, [""])
    batch.turns.ask(worker, "")
    there.close()
    batch.workers = [worker]
    batch._grant()
    assert [(who, kind) for who, kind, *_ in batch._messages()] == [(worker, "")], "its death is heard of"
