"""The standard streams of a command: their readers go away, they are closed, they know few letters."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from app.event_lines import read_event
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


def test_names_are_said_in_letters_that_the_stream_has(clip: Path) -> None:
    ended = in_shell("", "inspect", clip, PYTHONIOENCODING="ascii")
    assert ended.returncode == 0, ended.stderr
    assert rb"cam\xc4" in ended.stdout
    told = in_shell("", "inspect", clip, "--events", PYTHONIOENCODING="ascii").stdout
    assert json.loads(told)["takes"][0]["clips"][0]["camera"] == find_takes(clip)[0].cameras[0]
    told = in_shell("", "proxy", clip, "--events", PYTHONIOENCODING="ascii").stdout
    assert {read_event(line)["take"] for line in told.splitlines() if b'"take"' in line} == {"camÄ"}
