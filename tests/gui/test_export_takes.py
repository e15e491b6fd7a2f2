"""Several takes are exported at once: those that are chosen in the list, or all of the shoot."""

import numpy as np
import pytest
from PySide6.QtCore import Qt

from app.corrections import corrections_path, load_layer, save_layer
from app.gui import jobs
from app.gui.jobs_panel import words_of
from capture.shoot import open_shoot
from exporters.to_json import read
from solver.corrections import Layer, corrected
from tests.gui import faked

LEFT, CTRL = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ControlModifier


@pytest.fixture
def day(window, tmp_path, qtbot):
    """The window on three takes, the first two of them solved, the second corrected on disk."""
    shoot = faked.film_shoot(tmp_path / "day", ("T001", "T002", "T003"))
    for seed, take in enumerate(("T001", "T002")):
        faked.solved(shoot, take, seed)
    window.session.open(shoot)
    layer = faked.keyed(window.session, "jawOpen", 5, 0.9)
    save_layer(layer, corrections_path(open_shoot(shoot).takes[1]))
    window.inspector.show_page("Export")
    for name, box in window.export.boxes.items():
        box.setChecked(name in ("json", "csv"))
    return window, shoot


def click(window, qtbot, row: int, modifier=Qt.KeyboardModifier.NoModifier) -> None:
    tree = window.browser.tree
    place = tree.visualItemRect(window.browser.items()[row]).center()
    qtbot.mouseClick(tree.viewport(), LEFT, modifier, place)


def ended(window, qtbot) -> jobs.Job:
    job = window.session.jobs.jobs[-1]
    qtbot.waitUntil(lambda: job.state in jobs.ENDED, timeout=120_000)
    return job


def test_takes_are_chosen_with_ctrl_while_the_open_one_stays(day, qtbot):
    window, _ = day
    click(window, qtbot, 1, CTRL)
    assert window.session.data.take.name == "T001"
    assert window.export.export.text() == "Export 2 takes"
    assert [item.font(0).bold() for item in window.browser.items()] == [True, False, False]
    window.session.reload()
    qtbot.wait(50)
    assert [item.isSelected() for item in window.browser.items()] == [True, True, False]
    qtbot.keyClicks(window.browser.filter, "T001")
    assert window.export.export.text() == "Export", "what is not seen is not chosen"
    window.browser.filter.clear()
    click(window, qtbot, 2)
    assert window.session.data.take.name == "T003"
    assert window.export.export.text() == "Export: solve the take first"
    assert [item.isSelected() for item in window.browser.items()] == [False, False, True]


@pytest.mark.parametrize("corrections", [True, False])
def test_what_is_chosen_is_exported_as_the_window_shows_it(day, qtbot, corrections):
    window, shoot = day
    session = window.session
    session._lock.reason = "another window has it"  # what is not saved is seen, too
    session.edit("key", faked.keyed(session, "browInnerUp", 9, 0.8))
    click(window, qtbot, 1, CTRL)
    window.export.corrections.setChecked(corrections)
    qtbot.mouseClick(window.export.export, LEFT)
    job = ended(window, qtbot)
    assert (job.state, job.error, job.title) == (jobs.DONE, "", "Export 2 takes CSV JSON")
    assert sorted(job.outputs) == sorted(str(shoot / f"solved/{take}{suffix}") for take in ("T001", "T002")
                                         for suffix in (".csv", ".mien.json"))
    solved = [read(shoot / f"takes/{take}/.mien/solve.json") for take in ("T001", "T002")]
    layers = [session.layer, load_layer(shoot / "takes/T002/corrections.json")] if corrections else [Layer()] * 2
    for take, one, layer in zip(("T001", "T002"), solved, layers, strict=True):
        written = read(shoot / f"solved/{take}.mien.json")
        assert written.take == take
        np.testing.assert_allclose(written.weights, corrected(layer, one.weights, one.shape_names), atol=1e-12)
    session._lock.reason = ""


def test_all_takes_leave_out_what_is_not_solved_and_say_so(day, qtbot):
    window, shoot = day
    qtbot.mouseClick(window.export.all, LEFT)
    job = ended(window, qtbot)
    assert job.state == jobs.DONE
    assert any("T003: not solved yet: left out" in line for line in job.log)
    assert sorted(path.name for path in (shoot / "solved").iterdir()) == [
        "T001.csv", "T001.mien.json", "T002.csv", "T002.mien.json"]


def test_what_fails_is_named_and_keeps_no_other_from_it(day, qtbot):
    window, shoot = day
    (shoot / "takes/T001/.mien/solve.json").write_text("{")
    window.session.select_take("T003")
    window.browser.tree.selectAll()
    qtbot.mouseClick(window.export.export, LEFT)
    job = ended(window, qtbot)
    assert job.state == jobs.FAILED
    assert len(job.failures) == 2
    assert "2 of 3 takes failed; the others are done" in job.error
    assert "T003: not solved yet" in job.error
    assert "T001: " in job.error
    assert words_of(job) == "2 of 3 failed"
    assert sorted(path.name for path in (shoot / "solved").iterdir()) == ["T002.csv", "T002.mien.json"]
    assert window.jobs.rows[job].folder.isVisibleTo(window.jobs.rows[job]), "one take's files are there"
    assert any("2 of 3 takes failed" in sentence for sentence in window.messages.sentences)


def test_damaged_corrections_are_not_left_out_in_silence(day, qtbot):
    window, shoot = day
    (shoot / "takes/T002/corrections.json").write_text("{")
    qtbot.mouseClick(window.export.all, LEFT)
    job = ended(window, qtbot)
    assert "corrections.json is damaged" in job.error
    assert not (shoot / "solved/T002.mien.json").exists()
    assert (shoot / "solved/T001.mien.json").exists()


def test_a_job_of_several_takes_tells_how_far_it_is():
    job = jobs.Job("Export 4 takes", [])
    job.state = jobs.RUNNING
    for event in ({"event": "begin", "takes": 4, "jobs": 1},
                  {"event": "take", "take": "T001", "state": "done", "error": "", "outputs": ["a"]},
                  {"event": "progress", "take": "T002", "step": "export", "done": 1, "total": 2}):
        job._take_event(event)
    assert words_of(job) == "take 2 of 4: export 1 of 2"
    assert job.share() == pytest.approx(1.5 / 4)
    job.state = jobs.CANCELLED
    assert job.share() == pytest.approx(1 / 4)


def test_an_export_that_is_stopped_leaves_whole_files(day, qtbot):
    window, shoot = day
    qtbot.mouseClick(window.export.all, LEFT)
    job = window.session.jobs.jobs[-1]
    qtbot.waitUntil(lambda: job.takes == 2, timeout=60_000)
    job.cancel()
    assert ended(window, qtbot).state == jobs.CANCELLED
    for path in (shoot / "solved").glob("*") if (shoot / "solved").exists() else ():
        assert path.suffix in (".csv", ".json")
    for path in (shoot / "solved").glob("*.mien.json"):
        assert read(path).frames == faked.FRAMES


def test_what_is_chosen_is_solved_each_take_by_itself(day, qtbot, monkeypatch):
    window, shoot = day
    begun = []
    monkeypatch.setattr(window.session, "run", lambda title, arguments, take="", **_: begun.append((take, arguments)))
    window.solve.actor.setText("Mara")
    click(window, qtbot, 2, CTRL)
    assert (window.solve.solve.text(), window.solve.range.text()) == ("Solve 2 takes", "all of each")
    window.solve.start()
    assert [take for take, _ in begun] == ["T001", "T003"]
    assert all(arguments[1] == str(shoot / "takes" / take) and "--actor" not in arguments for take, arguments in begun)
    click(window, qtbot, 0)
    assert window.solve.solve.text() == "Solve take"
