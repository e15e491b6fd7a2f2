"""What goes wrong around the app: each is one sentence in it, and nothing that was done is lost."""

import errno
import os
import signal
import tempfile
import threading
from pathlib import Path

import pytest
from PySide6.QtCore import Qt

from app.corrections import load_layer, save_layer
from app.gui import jobs, keys, take_state
from app.gui.session import Session
from capture.errors import OutputError
from capture.settings import read_settings
from solver.corrections import Key

LEFT = Qt.MouseButton.LeftButton


def correct(session, frame: int = 5, value: float = 0.9) -> None:
    session.edit("key", keys.with_keys(session.layer, "jawOpen", [Key(frame, value)]))


@pytest.fixture
def read_only(monkeypatch):
    """Makes every write fail as on a read-only disk, until it is undone."""
    def refuse(*_, **__):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(tempfile, "mkstemp", refuse)
    monkeypatch.setattr(Path, "mkdir", refuse)
    return monkeypatch


def test_a_clip_that_vanishes_while_it_is_open_is_told_and_comes_back(opened, shoot, qtbot):
    session, clip = opened.session, shoot / "takes/T001/camB.mp4"
    correct(session)
    clip.rename(shoot / "elsewhere.mp4")
    qtbot.wait(300)  # what is decoded beforehand is there already
    session.seek(25)
    qtbot.waitUntil(lambda: "camB.mp4" in opened.messages.text())
    opened.actions_by_text["Look at the disk again"].trigger()
    assert session.data.scene is None or session.weights is not None
    assert session.layer.keys["jawOpen"][0].frame == 5
    (shoot / "elsewhere.mp4").rename(clip)
    opened.actions_by_text["Look at the disk again"].trigger()
    qtbot.waitUntil(lambda: len(opened.grid.panes) == 2 and all(pane.picture is not None for pane in opened.grid.panes))
    assert load_layer(shoot / "takes/T001/corrections.json") == session.layer


def test_a_take_that_was_moved_away_is_told_and_the_others_go_on(opened, shoot, qtbot):
    correct(opened.session)
    opened.session.save()
    (shoot / "takes/T001").rename(shoot.parent / "T001")
    opened.actions_by_text["Look at the disk again"].trigger()
    assert [take.name for take in opened.session.takes] == ["T002"]
    opened.session.seek(22)
    opened.session.select_take("T002")
    qtbot.waitUntil(lambda: bool(opened.grid.panes) and opened.grid.panes[0].picture is not None)
    assert load_layer(shoot.parent / "T001/corrections.json").keys, "what was saved went along"
    assert not (shoot / "takes/T001").exists(), "and nothing is written where it was"


def test_a_take_that_was_renamed_while_it_was_open_can_be_corrected_further(opened, shoot):
    session = opened.session
    (shoot / "takes/T001").rename(shoot / "takes/hero")
    session.reload()
    session.select_take("hero")
    correct(session)
    session.save()
    assert session.unsaved == ""
    assert load_layer(shoot / "takes/hero/corrections.json").keys
    other = Session()
    other.open(shoot / "takes/hero")
    correct(other, 7)
    other.save()
    assert "another window" in other.unsaved, "the lock still keeps others out"
    other.close()


def test_a_shoot_that_vanishes_as_a_whole_is_told(opened, shoot):
    shoot.rename(shoot.parent / "gone")
    opened.actions_by_text["Look at the disk again"].trigger()
    assert str(shoot) in opened.messages.text()
    assert opened.session.data is not None


def test_a_read_only_shoot_is_looked_at_and_says_that_nothing_is_saved(window, shoot, read_only, qtbot):
    window.session.open(shoot)
    qtbot.waitUntil(lambda: bool(window.grid.panes) and window.grid.panes[0].picture is not None)
    assert "read-only" in window.messages.text()
    correct(window.session)
    window.session.save()
    assert "not saved" in window.messages.text()
    assert "not saved" in window.status.text()
    assert window.session.weights[5, window.session.data.scene.performance.shape_names.index("jawOpen")] \
        == pytest.approx(0.9, abs=1e-6)
    window.inspector.show_page("Take")
    qtbot.mouseClick(window.take.stars[2], LEFT)
    window.session.writer.wait()
    assert any("takes/T001 cannot be written" in sentence for sentence in window.messages.sentences)
    assert not (shoot / "takes/T001/corrections.json").exists()


def test_what_could_not_be_saved_is_saved_when_the_disk_lets_it(window, shoot, read_only):
    window.session.open(shoot)
    correct(window.session)
    window.session.save()
    read_only.undo()
    window.session.reload()
    assert window.session.layer.keys["jawOpen"][0].frame == 5
    window.session.save()
    assert load_layer(shoot / "takes/T001/corrections.json").keys["jawOpen"][0].frame == 5
    assert window.session.unsaved == ""


def test_a_slow_disk_holds_nobody_up_and_gets_the_last_word(opened, shoot, qtbot, monkeypatch):
    session, free, written = opened.session, threading.Event(), []

    def slow(layer, path):
        free.wait(10)
        written.append(layer)
        save_layer(layer, path)

    monkeypatch.setattr("app.gui.saver.save_layer", slow)
    before = session.layer
    for weight in (0.7, 0.8, 0.9):
        correct(session, value=weight)
        session.save_soon()
        assert not written, "it has come back before anything was written"
    session.undo.setIndex(0)
    assert session.layer == before
    session.save_soon()
    free.set()
    qtbot.waitUntil(lambda: len(written) == 2)
    session.save()
    assert len(written) == 2, "what came between was never written"
    assert load_layer(shoot / "takes/T001/corrections.json") == before


def test_a_solve_that_dies_midway_says_so_and_leaves_everything(opened, shoot, qtbot):
    session = opened.session
    correct(session)
    before = (shoot / "takes/T001/.mien/solve.json").read_bytes()
    qtbot.mouseClick(opened.solve.solve, LEFT)
    job = session.jobs.jobs[-1]
    qtbot.waitUntil(lambda: job.step != "" or job.state in jobs.ENDED, timeout=60_000)
    assert job.state == jobs.RUNNING, job.error
    os.kill(job._process.processId(), signal.SIGKILL)
    qtbot.waitUntil(lambda: job.state in jobs.ENDED)
    assert job.state == jobs.FAILED
    assert "its process was killed" in opened.messages.text()
    qtbot.waitUntil(lambda: opened.browser.items()[0].text(2) == take_state.FAILED)
    assert (shoot / "takes/T001/.mien/solve.json").read_bytes() == before
    assert session.weights is not None
    assert load_layer(shoot / "takes/T001/corrections.json") == session.layer
    assert opened.solve.solve.isEnabled(), "it can be started again"


def test_a_fault_of_ours_is_told_and_the_corrections_are_saved(opened, shoot, capsys):
    from app.gui.__main__ import _tell

    correct(opened.session)
    try:
        raise ZeroDivisionError("made up")
    except ZeroDivisionError as error:
        _tell(opened.session, type(error), error, error.__traceback__)
    assert "your corrections are saved" in opened.messages.text()
    assert load_layer(shoot / "takes/T001/corrections.json") == opened.session.layer
    assert "made up" in capsys.readouterr().err


def test_a_note_that_cannot_be_written_is_told_and_taken_back(opened, shoot, monkeypatch):
    def full(folder, values):
        raise OutputError(f"{folder} cannot be written: the disk is full")

    monkeypatch.setattr("app.gui.noting.write_settings", full)
    opened.take._rate(4)
    assert opened.session.data.take.settings["rating"] == 4, "shown at once"
    opened.session.writer.wait()
    assert "disk is full" in opened.messages.text()
    assert "rating" not in opened.session.data.take.settings


def test_what_is_noted_as_the_window_closes_is_written(opened, shoot, qtbot):
    opened.inspector.show_page("Take")
    qtbot.keyClicks(opened.take.notes, "last words")
    opened.close()
    assert read_settings(shoot / "takes/T001/take.toml")["notes"] == "last words"
