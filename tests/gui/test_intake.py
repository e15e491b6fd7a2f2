"""Footage that is dropped on the window."""

import wave
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QFileDialog, QInputDialog, QMessageBox

from app.gui import intake, jobs

YES, NO = QMessageBox.StandardButton.Yes, QMessageBox.StandardButton.No


@pytest.fixture
def answers(monkeypatch, tmp_path) -> list:
    """What is answered next. A take keeps the name that is offered, unless a name is among the answers."""
    given: list = []
    monkeypatch.setattr(QMessageBox, "question", lambda *_: given.pop(0))
    monkeypatch.setattr(QInputDialog, "getText", lambda *_, text: (given.pop(0) if given else text, True))
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(tmp_path / "mine"))
    return given


@pytest.fixture
def files(shoot, tmp_path) -> list[Path]:
    """Two clips, their sound, and what is neither."""
    sound = tmp_path / "audio.wav"
    with wave.open(str(sound), "wb") as file:
        file.setparams((1, 2, 48_000, 0, "NONE", ""))
        file.writeframes(bytes(96_000))
    (tmp_path / "notes.txt").write_text("slate 4")
    return [shoot / "takes/T002/camA.mp4", shoot / "takes/T002/camB.mp4", sound, tmp_path / "notes.txt"]


def drop(window, files: list[Path]) -> None:
    dropped, copy, left = QMimeData(), Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton
    dropped.setUrls([QUrl.fromLocalFile(str(file)) for file in files])
    entered = QDragEnterEvent(QPoint(5, 5), copy, dropped, left, Qt.KeyboardModifier.NoModifier)
    window.dragEnterEvent(entered)
    assert entered.isAccepted()
    window.dropEvent(QDropEvent(QPointF(5, 5), copy, dropped, left, Qt.KeyboardModifier.NoModifier))


def copied(window, qtbot) -> None:
    job = window.session.jobs.jobs[-1]
    qtbot.waitUntil(lambda: job.state in jobs.ENDED, timeout=30_000)
    assert job.state == jobs.DONE, job.error


def test_clips_and_their_sound_that_are_dropped_on_the_window_become_a_take(opened, files, qtbot, answers):
    assert opened.acceptDrops()
    opened.set_workspace("Cameras")
    drop(opened, files)
    copied(opened, qtbot)
    take = next(take for take in opened.session.takes if take.name == "T003")
    assert (take.cameras, take.audio.name) == (("camA", "camB"), "audio.wav")
    assert "notes.txt" in opened.messages.text()


def test_several_files_without_a_shoot_are_offered_one(window, files, qtbot, answers, tmp_path):
    answers.append(NO)
    drop(window, files[:2])
    assert (window.session.shoot, window.session.data.take.name) == (None, "camA")
    answers.append(YES)
    drop(window, files[:2])
    copied(window, qtbot)
    assert window.session.shoot.folder == tmp_path / "mine"
    assert [take.cameras for take in window.session.takes] == [("camA", "camB")]


def test_a_lone_clip_without_a_shoot_is_opened_where_it_lies(window, files, answers):
    drop(window, files[1:2])
    assert (window.session.shoot, window.session.data.take.name) == (None, "camB")


def test_of_several_folders_one_is_opened_and_it_is_said(window, shoot):
    drop(window, [shoot, shoot / "takes/T002"])
    assert window.session.shoot.folder == shoot
    assert "only my-shoot was opened" in window.messages.text()


def test_clips_come_into_a_take_that_exists_only_after_a_yes(opened, files, answers, monkeypatch):
    asked = []
    monkeypatch.setattr(intake, "copy_files", lambda session, name, files: asked.append(name))
    answers += ["T001", NO]
    drop(opened, files[:1])
    assert not asked
    answers += ["T001", YES]
    drop(opened, files[:1])
    assert asked == ["T001"]
