"""Corrections that cannot be saved are not left behind without a question."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMessageBox

from app.corrections import load_layer, save_layer
from tests.gui import faked

LEFT = Qt.MouseButton.LeftButton
STAY, DISCARD = QMessageBox.StandardButton.Cancel, QMessageBox.StandardButton.Discard


@pytest.fixture
def stuck(opened, shoot, monkeypatch):
    """The window with a key that cannot be saved. Gives what is asked, and the answers to come."""
    asked, answers = [], []

    def warning(parent, title, text, buttons, default):
        asked.append((text, default))
        return answers.pop(0)

    monkeypatch.setattr(QMessageBox, "warning", warning)
    (shoot / "takes/T001/corrections.json").mkdir()
    opened.session.edit("key", faked.keyed(opened.session, "jawOpen", 5, 0.9))
    return asked, answers


def click(window, qtbot, row: int) -> None:
    tree = window.browser.tree
    qtbot.mouseClick(tree.viewport(), LEFT, pos=tree.visualItemRect(window.browser.items()[row]).center())


def test_another_take_is_chosen_only_if_the_corrections_may_be_lost(opened, stuck, qtbot):
    asked, answers = stuck
    answers += [STAY, DISCARD]
    click(opened, qtbot, 1)
    assert asked[0][1] == STAY, "who presses Return loses nothing"
    assert "T001" in asked[0][0]
    assert opened.session.data.take.name == "T001"
    assert opened.session.layer.keys
    qtbot.waitUntil(lambda: opened.browser.tree.currentItem() is opened.browser.items()[0])
    click(opened, qtbot, 1)
    assert opened.session.data.take.name == "T002"
    assert opened.session.unsaved == ""
    click(opened, qtbot, 0)
    assert len(asked) == 2, "nothing is unsaved any more"


def test_another_shoot_is_opened_only_if_the_corrections_may_be_lost(opened, stuck, tmp_path):
    _, answers = stuck
    other = faked.film_shoot(tmp_path / "other", ("T007",))
    answers += [STAY, DISCARD]
    opened.session.open(other)
    assert opened.session.data.take.name == "T001"
    assert "not saved" in opened.messages.text()
    opened.session.open(other)
    assert opened.session.data.take.name == "T007"


def test_the_window_closes_only_if_the_corrections_may_be_lost_or_are_saved(opened, stuck, shoot):
    asked, answers = stuck
    answers.append(STAY)
    assert not opened.close()
    assert opened.session.layer.keys
    (shoot / "takes/T001/corrections.json").rmdir()
    assert opened.close()
    assert len(asked) == 1
    assert load_layer(shoot / "takes/T001/corrections.json").keys


def test_corrections_that_somebody_else_wrote_are_taken_up_and_can_be_undone(opened, shoot):
    session, path = opened.session, shoot / "takes/T001/corrections.json"
    session.edit("key", faked.keyed(session, "jawOpen", 5, 0.9))
    session.save()
    own, said = session.layer, load_layer(path).pointed(("camA", 5), (40.0, 30.0))
    save_layer(said, path)
    session.reload()
    assert session.layer == said
    session.edit("key", faked.keyed(session, "jawOpen", 9, 0.9))
    session.save()
    assert load_layer(path).faces == said.faces
    session.undo.undo()
    session.undo.undo()
    session.save()
    assert load_layer(path) == own


def test_corrections_that_are_not_saved_yet_are_kept_whatever_lies_on_disk(opened, shoot, stuck):
    session, path = opened.session, shoot / "takes/T001/corrections.json"
    own = session.layer
    session.save()
    path.rmdir()
    save_layer(own.pointed(("camA", 5), (40.0, 30.0)), path)
    session._lock.reason = "another window has it"
    session.reload()
    assert session.layer == own
