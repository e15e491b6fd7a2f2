"""The standard streams of a command: their readers go away, they are closed, they know few letters."""

import argparse
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

import assets
from app.event_lines import read_event
from app.progress import teller
from app.streams import Lasting
from app.told import run_told
from app.unhurried import STOPS, cancel_when_stopped
from capture.errors import MienError
from capture.shoot import find_takes
from tests.app.command import ROOT, environment
from tests.clips import numbered, write_clip


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    (tmp_path / "höhle").mkdir()
    return write_clip(tmp_path / "höhle" / "camÄ.mp4", numbered(12))


def in_shell(redirections: str, *arguments: str | Path, **more: str) -> subprocess.CompletedProcess:
    """`mien` with redirections of the shell."""
    command = ["bash", "-c", f'"$@" {redirections}', "bash", sys.executable, "-m", "app.cli", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, check=False, timeout=60,
                          env={**environment(), **more})


@pytest.mark.parametrize("more", [(), ("--events",)])
def test_work_goes_on_when_nobody_listens_any_more(clip: Path, more: tuple[str, ...]) -> None:
    listening, told = os.pipe()
    os.close(listening)
    with os.fdopen(told, "wb") as pipe:
        ended = subprocess.run([sys.executable, "-m", "app.cli", "proxy", clip, *more], cwd=ROOT, stdout=pipe,
                               stderr=pipe, check=False, timeout=60, env=environment())
    assert ended.returncode == 0
    assert list((clip.parent / ".mien").rglob("proxy.*.mov"))


@pytest.mark.parametrize(("arguments", "code"), [(["--help"], 0), (["status", "{folder}"], 0), (["inspect", "/no"], 3)])
def test_what_is_read_by_nobody_has_its_own_exit_code(clip: Path, arguments: list[str], code: int) -> None:
    listening, told = os.pipe()
    os.close(listening)
    with os.fdopen(told, "wb") as pipe:
        ended = subprocess.run([sys.executable, "-m", "app.cli", *(word.format(folder=clip.parent)
                                                                  for word in arguments)],
                               cwd=ROOT, stdout=pipe, stderr=pipe, check=False, timeout=60, env=environment())
    assert ended.returncode == code


@pytest.mark.parametrize("closed", ["2>&-", ">&-", "<&-", "<&- >&- 2>&-"])
def test_closed_streams_cost_nothing(clip: Path, closed: str) -> None:
    ended = in_shell(closed, "proxy", clip)
    assert ended.returncode == 0, ended.stderr
    assert list((clip.parent / ".mien").rglob("proxy.*.mov"))
    assert in_shell(closed, "inspect", "/no").returncode == 3


def test_an_armed_recorder_ends_where_nothing_can_tell_it_anything(clip: Path, tmp_path: Path) -> None:
    ended = in_shell("<&-", "record", tmp_path / "shoot", "--camera", f"camA=loop:{clip}", "--armed", "--no-faces")
    assert ended.returncode == 0, ended.stderr


@pytest.mark.parametrize(("arguments", "code"), [(["model", "list"], 0), (["status", "{folder}"], 0),
                                                 (["actor", "guide"], 0), (["inspect", "{clip}"], 0),
                                                 (["inspect", "/no"], 3), (["face", "{clip}"], 0)])
def test_with_events_every_line_is_one(clip: Path, arguments: list[str], code: int) -> None:
    schema = jsonschema.Draft202012Validator(json.loads(assets.path("events.schema.json").read_text()))
    ended = in_shell("", *(one.format(folder=clip.parent, clip=clip) for one in arguments), "--events")
    lines = [json.loads(line) for line in ended.stdout.splitlines()]
    for line in lines:
        schema.validate(line)
    assert ended.returncode == code
    assert lines[-1]["event"] == "inspect" or lines[-1] == {"event": "end", "exit_code": code, "done": 0, "failed": 0}


def test_the_end_comes_once_and_last_whatever_else_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    """`mien demo` says what its error is after its solve has told its end."""
    def run(options: argparse.Namespace) -> int:
        teller(True).end(0, 3, 1)
        teller(True).note("", "0.2 mm")
        print("and more", end="")
        return options.code

    assert run_told(run, argparse.Namespace(events=True, code=1)) == 1
    assert [json.loads(line) for line in capsys.readouterr().out.splitlines()] == [
        {"event": "note", "take": "", "text": "0.2 mm"}, {"event": "note", "take": "", "text": "and more"},
        {"event": "end", "exit_code": 1, "done": 3, "failed": 1}]


def test_what_was_begun_is_told_of_a_command_that_fails(capsys: pytest.CaptureFixture[str]) -> None:
    def run(options: argparse.Namespace) -> int:
        print("halfway", end="")
        raise MienError("no")

    with pytest.raises(MienError):
        run_told(run, argparse.Namespace(events=True))
    assert json.loads(capsys.readouterr().out)["text"] == "halfway"


def test_a_terminal_that_is_closed_silences() -> None:
    """Writing to it is no broken pipe but an input/output error, as a line to a pseudoterminal shows."""
    ours, theirs = os.openpty()
    with os.fdopen(theirs, "w") as terminal:
        os.close(ours)
        lasting = Lasting(terminal)
        lasting.write("a word\n")
        lasting.flush()


def test_a_recording_whose_terminal_is_closed_ends_as_by_an_interrupt(clip: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "app.cli", "record", tmp_path / "shoot", "--camera", f"camA=loop:{clip}",
               "--camera", f"camB=loop:{clip}", "--seconds", "20", "--no-faces", "--keep-free", "0", "--events"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, env=environment(), text=True) as running:
        next(event for event in map(json.loads, running.stdout) if event["event"] == "camera" and event["frames"] > 20)
        running.send_signal(signal.SIGHUP)
        *_, last = running.stdout
    assert (running.returncode, json.loads(last)["event"]) == (0, "end")
    assert (tmp_path / "shoot" / "takes" / "T001" / "sync.toml").is_file()


def test_what_nohup_has_ignored_stays_ignored() -> None:
    before = {number: signal.getsignal(number) for number in STOPS}
    try:
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        cancel_when_stopped()
        signal.raise_signal(signal.SIGHUP)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGTERM)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def test_names_are_said_in_letters_that_the_stream_has(clip: Path) -> None:
    ended = in_shell("", "inspect", clip, PYTHONIOENCODING="ascii")
    assert ended.returncode == 0, ended.stderr
    assert rb"cam\xc4" in ended.stdout
    told = in_shell("", "inspect", clip, "--events", PYTHONIOENCODING="ascii").stdout
    assert json.loads(told)["takes"][0]["clips"][0]["camera"] == find_takes(clip)[0].cameras[0]
    told = in_shell("", "proxy", clip, "--events", PYTHONIOENCODING="ascii").stdout
    assert {read_event(line)["take"] for line in told.splitlines() if b'"take"' in line} == {"camÄ"}
