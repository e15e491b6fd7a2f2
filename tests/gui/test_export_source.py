"""What the Export page hands to `mien export`."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from app.corrections import save_layer
from app.gui import jobs, keys
from app.gui.export_source import export_source
from app.places import AROUND_LAYER_NAME, AROUND_NAME, SOLVE_NAME
from exporters.to_json import read, write
from tests.gui import faked


def test_the_solve_around_dragged_landmarks_is_exported_as_it_is_shown(opened):
    session = opened.session
    data = session.data
    assert export_source(data, session.layer, session.weights) == data.where.work / SOLVE_NAME
    session.edit("drag", keys.dragged(session.layer, {("camA", 3, 10): (50.0, 60.0)}, "mediapipe478"))
    session.save()
    solved = data.solved.performance
    around = dataclasses.replace(solved, weights=solved.weights * 0.5, steps={**solved.steps, "correct": "1"})
    save_layer(session.layer, data.where.work / AROUND_LAYER_NAME)
    write(dataclasses.replace(data.solved, performance=around), data.where.work / AROUND_NAME)
    session.around = True
    session.reload()
    assert not session.layer.keys
    path = export_source(session.data, session.layer, session.weights)
    assert (read(path).weights == session.weights).all()
    assert (read(path).weights == around.weights).all()
    steps = read(path).steps
    other = dataclasses.replace(around, steps={**around.steps, "correct": "2"})
    data = dataclasses.replace(session.data, scene=dataclasses.replace(session.data.scene, performance=other))
    assert read(export_source(data, session.layer, session.weights)).steps["correct"] != steps["correct"]


def test_the_eyes_follow_keys_of_the_gaze_before_they_are_solved_around(opened):
    session = opened.session
    performance, model = session.data.scene.performance, session.data.scene.model
    reach, shown = model.eyes[0].yaw, session.vertices()
    column, frame = performance.shape_names.index("eyeLookOutLeft"), session.solved_frame()
    session.edit("key", faked.keyed(session, "eyeLookOutLeft", session.frame, 0.9))
    moved = np.linalg.norm(session.vertices() - shown, axis=1)[model.eyes[0].vertices]
    assert moved.max() > 0.001, "metres"
    written = read(export_source(session.data, session.layer, session.weights))
    wanted = performance.gaze[frame, 0, 0] + (0.9 - performance.weights[frame, column]) * reach
    assert written.gaze[frame, 0, 0] == pytest.approx(wanted, abs=1e-6)
    np.testing.assert_array_equal(written.gaze[:, 1], performance.gaze[:, 1])
    session.undo.undo()
    np.testing.assert_array_equal(session.vertices(), shown)


@pytest.mark.parametrize("corrections", [True, False])
def test_a_renamed_take_is_exported_under_its_present_name(window, shoot, qtbot, corrections):
    (shoot / "takes/T001").rename(shoot / "takes/hero")
    window.session.open(shoot)
    window.session.select_take("hero")
    window.session.edit("key", faked.keyed(window.session, "jawOpen", 5, 0.9))
    window.export.corrections.setChecked(corrections)
    for name, box in window.export.boxes.items():
        box.setChecked(name == "json")
    window.export.start()
    job = window.session.jobs.jobs[-1]
    qtbot.waitUntil(lambda: job.state in jobs.ENDED, timeout=60_000)
    assert job.outputs == [str(shoot / "solved/hero.mien.json")], job.error
    written = read(shoot / "solved/hero.mien.json")
    expected = window.session.weights if corrections else window.session.data.solved.performance.weights
    assert (written.take, written.frames) == ("hero", len(expected))
    assert (written.weights == expected).all()


@pytest.mark.parametrize(("typed", "folder"), [
    ("~/out", "home/out"), ("to the client", "my-shoot/to the client"), ("", "my-shoot/solved"), ("/x/y", "/x/y")])
def test_the_folder_is_found_from_home_or_from_the_shoot(opened, tmp_path, monkeypatch, typed, folder):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    begun = []
    monkeypatch.setattr(opened.session, "run", lambda title, arguments, **_: begun.append(arguments))
    opened.export.folder.setText(typed)
    opened.export.start()
    assert Path(begun[0][begun[0].index("--out") + 1]) == tmp_path / folder
