"""The Actor page: who is filmed, in which takes, and how far apart their pupils are."""

import numpy as np
import pytest
from PySide6.QtCore import Qt

from app.gui import jobs
from app.gui.panel_actor import NOBODY
from app.gui.take_data import model_named
from capture.settings import read_settings
from solver.actor import Actor, save_actor


@pytest.fixture
def panel(opened):
    opened.inspector.show_page("Actor")
    return opened.actor


def listed(panel) -> dict[str, list[str]]:
    items = [panel.tree.topLevelItem(row) for row in range(panel.tree.topLevelItemCount())]
    return {item.text(0): [item.child(row).text(0) for row in range(item.childCount())] for item in items}


def test_actors_and_their_takes_are_listed_and_a_take_is_opened_by_a_click(panel, opened, qtbot):
    assert listed(panel) == {NOBODY: ["T001", "T002"]}
    child = panel.tree.topLevelItem(0).child(1)
    qtbot.mouseClick(panel.tree.viewport(), Qt.MouseButton.LeftButton, pos=panel.tree.visualItemRect(child).center())
    assert opened.session.data.take.name == "T002"


def test_an_actor_is_named_by_typing_and_the_naming_undone(panel, opened, shoot, qtbot):
    panel.actor.lineEdit().selectAll()
    qtbot.keyClicks(panel.actor.lineEdit(), "Mara")
    qtbot.keyClick(panel.actor.lineEdit(), Qt.Key.Key_Return)
    opened.session.writer.wait()
    assert read_settings(shoot / "takes/T001/take.toml")["actor"] == "Mara"
    assert listed(panel) == {"Mara": ["T001"], NOBODY: ["T002"]}
    assert [opened.browser.tree.topLevelItem(row).text(0).split()[-1] for row in range(2)] == ["Mara", "my-shoot"]
    opened.actions_by_text["Undo"].trigger()
    opened.session.writer.wait()
    assert "actor" not in read_settings(shoot / "takes/T001/take.toml")
    assert listed(panel) == {NOBODY: ["T001", "T002"]}


def test_the_distance_of_the_pupils_is_the_actors_in_all_takes(panel, opened, shoot):
    for name in ("T001", "T002"):
        (shoot / "takes" / name / "take.toml").write_text('actor = "Mara"\nnotes = "kept"\n')
    opened.session.reload()
    panel.apart.setValue(62.5)
    opened.session.writer.wait()
    for name in ("T001", "T002"):
        assert read_settings(shoot / "takes" / name / "take.toml") == {"actor": "Mara", "notes": "kept",
                                                                      "interocular_mm": 62.5}
    assert panel.tree.topLevelItem(0).text(2) == "62.5"
    opened.actions_by_text["Undo"].trigger()
    opened.session.writer.wait()
    assert "interocular_mm" not in read_settings(shoot / "takes/T002/take.toml")
    assert panel.apart.text() == "not known"


def test_a_name_that_cannot_be_is_a_sentence_and_nothing_is_written(panel, opened, shoot):
    (shoot / "takes/T001/take.toml").mkdir()
    panel.set_actor("Mara")
    opened.session.writer.wait()
    assert opened.messages.isVisible()
    assert panel.actor.currentText() == NOBODY


def test_a_name_that_no_folder_can_have_is_refused_and_the_take_stays_usable(panel, opened, shoot):
    panel.set_actor("Mara / Idris")
    opened.session.writer.wait()
    assert "'Mara / Idris' cannot be a name" in opened.messages.text()
    assert panel.actor.currentText() == NOBODY
    opened.session.reload()
    assert not opened.session.data.take.problem


def test_what_was_learnt_of_an_actor_is_shown_and_learnt_by_a_button(panel, opened, shoot, qtbot):
    assert not panel.learn.isEnabled(), "nobody is named"
    panel.set_actor("Mara")
    assert "has not been learnt" in panel.words.text()
    qtbot.mouseClick(panel.learn, Qt.MouseButton.LeftButton)
    job = opened.session.jobs.jobs[-1]
    assert job.arguments == ["actor", "train", "Mara", "--in", str(shoot)]
    job.cancel()
    qtbot.waitUntil(lambda: job.state in jobs.ENDED, timeout=30_000)
    model = model_named("mien")
    save_actor(Actor("Mara", model.name, model.sha256, "made", np.zeros(len(model.identity)), np.zeros((5, 3)),
                     ("jawOpen",), np.full((1, *model.neutral.shape), 0.001), np.zeros(0), 0, "",
                     {"between_the_eyes": 0.0631}), shoot / "actors" / "Mara")
    opened.session.reload()
    assert "1 shapes of its own" in panel.words.text()
    assert "63.1 mm" in panel.words.text()
    (shoot / "actors" / "Mara" / "actor.json").write_text("{")
    opened.session.reload()
    assert "actor.json" in opened.messages.text()
