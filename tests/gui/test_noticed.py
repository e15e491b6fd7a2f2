"""What the window tells without being asked, and what it no longer says once it is not so."""

import numpy as np
import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtWidgets import QApplication, QMessageBox

from app.gui import jobs
from app.gui.main_window import MainWindow
from app.gui.session import Session
from app.gui.take_lock import TakeLock
from app.places import places
from tests.gui import faked


def test_what_was_said_of_a_take_goes_with_it(opened):
    session = opened.session
    session.select_take("T002")
    elsewhere = TakeLock()
    elsewhere.take(places(session.takes[0], None).work)
    session.select_take("T001")
    assert "another window has this take open" in opened.messages.text()
    session.select_take("T002")
    assert opened.messages.sentences == []
    assert not opened.messages.isVisible()
    elsewhere.release()


def test_why_a_job_failed_stays_until_it_is_put_away(opened, qtbot):
    job = opened.session.run("Solve T002", ["solve", "nowhere/at/all"], "T002")
    qtbot.waitUntil(lambda: job.state == jobs.FAILED, timeout=30_000)
    opened.session.select_take("T002")
    assert opened.messages.sentences == [job.error]
    opened.messages.rows[0].close_button.click()
    assert not opened.messages.isVisible()


def test_messages_can_be_selected_and_are_shown_to_the_letter(opened):
    opened.session.message.emit("<b>T001</b> is no name")
    words = opened.messages.rows[0].words
    assert words.textInteractionFlags() & Qt.TextInteractionFlag.TextSelectableByMouse
    assert words.textFormat() == Qt.TextFormat.PlainText


def test_messages_stand_below_one_another_and_none_is_lost(opened, qtbot):
    bar, session = opened.messages, opened.session
    for number in range(6):
        session.message.emit(f"message {number}")
    assert bar.text() == "message 3\nmessage 4\nmessage 5", "the newest is the lowest"
    assert bar.earlier.text() == "3 earlier messages"
    qtbot.mouseClick(bar.rows[1].close_button, Qt.MouseButton.LeftButton)
    assert bar.text() == "message 2\nmessage 3\nmessage 5"
    assert bar.earlier.text() == "2 earlier messages"
    session.message.emit("message 2")
    assert bar.sentences[-1] == "message 2"
    assert bar.rows[-1].times.text() == "× 2"
    assert bar.rows[0].times.text() == ""
    qtbot.mouseClick(bar.close_button, Qt.MouseButton.LeftButton)
    assert not bar.isVisible()
    session.message.emit("message 2")
    assert (bar.text(), bar.rows[0].times.text()) == ("message 2", ""), "it was put away, and is counted anew"
    assert not bar.foot.isVisible()


def test_an_answer_stands_in_the_place_of_the_last_answer_and_of_nothing_else(opened):
    bar, session = opened.messages, opened.session
    session.message.emit("the disk is full")
    for frame in (3, 4, 4):
        session.hint.emit(f"frame {frame}")
    assert bar.sentences == ["the disk is full", "frame 4"]
    session.select_take("T002")
    session.hint.emit("frame 5")
    assert bar.sentences == ["frame 5"]


def test_a_job_is_seen_where_the_jobs_are_not(opened, qtbot):
    opened.set_workspace("Animate")
    assert not opened.docks["Jobs"].isVisible()
    assert not opened.job_words.isVisible()
    job = opened.session.run("Solve T002", ["solve", "nowhere/at/all"], "T002")
    assert opened.job_words.isVisible()
    assert opened.job_words.text() == "Solve T002: starting"
    opened.session.run("Solve T001", ["solve", "nowhere/else"], "T001")
    assert opened.job_words.text() == "Solve T002: starting; 1 more wait"
    qtbot.waitUntil(lambda: all(job.state == jobs.FAILED for job in opened.session.jobs.jobs), timeout=60_000)
    assert opened.job_words.text() == "Solve T001: failed"
    assert opened.job_words.toolTip() == opened.session.jobs.jobs[-1].error != job.error
    qtbot.mouseClick(opened.job_words, Qt.MouseButton.LeftButton)
    assert opened.docks["Jobs"].isVisible()
    opened.session.jobs.clear_ended()
    assert not opened.job_words.isVisible()


def to_the_front(window) -> None:
    window.activateWindow()
    QApplication.sendEvent(window, QEvent(QEvent.Type.ActivationChange))


def test_a_solve_by_another_program_is_shown_when_the_window_comes_to_the_front(opened, shoot):
    session = opened.session
    session.edit("key", faked.keyed(session, "jawOpen", 5, 0.9))
    session.seek(7)
    session.set_range(3, 20)
    before = session.weights.copy()
    to_the_front(opened)
    assert opened.messages.sentences == []
    other = faked.solved(shoot, "T001", seed=7)
    to_the_front(opened)
    assert np.array_equal(session.data.solved.performance.weights, other.weights)
    assert np.array_equal(session.before, before)
    assert opened.messages.sentences == ["T001 was solved anew meanwhile: that solve is shown"]
    assert (session.frame, session.first, session.last) == (7, 3, 20)
    assert session.layer.key(("jawOpen", 5)) is not None
    opened.messages.clear()
    to_the_front(opened)
    assert opened.messages.sentences == [], "it is told once"


def test_a_solve_of_our_own_is_taken_in_by_its_job_alone(opened, shoot, monkeypatch):
    job = jobs.Job("Solve T001", [], "T001", parent=opened.session)
    job.state, job.place = jobs.RUNNING, opened.session.jobs.place
    monkeypatch.setattr(opened.session.jobs, "jobs", [job])
    before = opened.session.weights
    faked.solved(shoot, "T001", seed=7)
    to_the_front(opened)
    assert opened.session.weights is before
    job.state = jobs.DONE
    to_the_front(opened)
    assert opened.session.weights is not before


@pytest.mark.parametrize("name", ["Animate", "Cameras"])
def test_the_workspace_is_the_one_that_was_left(window, session, name):
    window.set_workspace(name)
    window.close()
    again = MainWindow(Session())
    again.show()
    assert again.transport.workspace.currentText() == name
    assert again.viewport.isVisible() == (name != "Cameras")
    assert not again.docks["Takes"].isVisible()
    again.close()
    again.session.deleteLater()
    again.deleteLater()


@pytest.mark.parametrize("page", ["record", "live"])
def test_a_take_that_rolls_is_not_cut_without_a_question(opened, monkeypatch, page):
    asked, answers = [], [QMessageBox.StandardButton.No, QMessageBox.StandardButton.Yes]

    def warning(parent, title, text, buttons, default):
        asked.append((text, default))
        return answers.pop(0)

    monkeypatch.setattr(QMessageBox, "warning", warning)
    monkeypatch.setattr(getattr(opened, page), "state" if page == "record" else "take", "rolling")
    assert not opened.close()
    assert opened.isVisible()
    assert asked[0][1] == QMessageBox.StandardButton.No
    assert opened.close()
    assert len(asked) == 2


def test_a_take_whose_name_is_cut_says_it_whole(opened):
    assert [item.toolTip(0).splitlines()[0] for item in opened.browser.items()] == ["T001", "T002"]
