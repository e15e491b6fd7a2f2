"""A whole session on rendered footage, under a real X server, killed at its end; then everything is there again."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from app.gui.noting import note
from app.gui.session import Session
from capture.shoot import find_takes
from tests.gui.scripted_session import FRAME, LAST, SHAPE, value
from tests.material import shared

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def killed(tmp_path_factory) -> tuple[Path, dict]:
    """The shoot after the session, and what the session saw."""
    shoot = Path(shutil.copytree(shared("truth", "actor1"), tmp_path_factory.mktemp("session") / "actor1"))
    for path in (shoot, *shoot.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    settings = str(tmp_path_factory.mktemp("settings"))
    environment = {**os.environ, "XDG_CONFIG_HOME": settings, "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "tests.gui.scripted_session", str(shoot)]
    if shutil.which("xvfb-run"):
        command = ["xvfb-run", "-a", "-s", "-screen 0 1600x1000x24", *command]
        environment["QT_QPA_PLATFORM"] = "xcb"
    elif os.environ.get("CI") == "true":
        pytest.fail("xvfb-run is missing, and CI must not skip")
    ended = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=500)
    lines = [line for line in ended.stdout.splitlines() if line.startswith("{")]
    assert lines, ended.stderr[-3000:]
    return shoot, json.loads(lines[-1])


def test_a_correction_outlives_another_solve_undo_and_redo(killed):
    seen = killed[1]
    assert seen["corrected"] == pytest.approx(0.75, abs=0.03)
    assert seen["after solving again"] == seen["redone"] == pytest.approx(seen["corrected"], abs=0.005)
    assert any("solved around the corrections" in sentence for sentence in seen["said"]), seen["said"]
    assert seen["far from it"] < 0.02 < seen["beside it"]
    assert abs(seen["undone"] - seen["corrected"]) > 0.05
    assert seen["face"], "the 3D view shows the face"
    if shutil.which("xvfb-run"):
        assert seen["platform"] == "xcb"


def test_after_kill_9_everything_is_there(killed, qapp):
    shoot, seen = killed
    session = Session()
    said = []
    session.message.connect(said.append)
    session.open(shoot)
    assert said == []
    assert session.data.scene.performance.frames == LAST + 1
    session.seek(FRAME)
    assert value(session) == seen["redone"]
    assert [key.frame for key in session.layer.keys[SHAPE]] == [FRAME]
    session.close()
    assert (shoot / "solved" / "T001.fbx").stat().st_size > 10_000
    assert not list(shoot.rglob("*.part"))


def test_what_is_noted_on_a_lone_folder_of_pictures_lies_where_its_settings_do(opened, tmp_path):
    """A take.toml of its own would hide the one beside it."""
    numbers = tmp_path / "one/camA"
    numbers.mkdir(parents=True)
    (numbers / "0001.png").write_bytes(b"")
    (tmp_path / "one/take.toml").write_text("frame_rate = 24\n")
    note(opened.session, find_takes(numbers), {"rating": 3})
    opened.session.writer.wait()
    assert dict(find_takes(numbers)[0].settings) == {"frame_rate": 24, "rating": 3}
