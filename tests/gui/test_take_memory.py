"""What is known of a take when it is opened again: its steps, in and out, and the frame that was shown."""

import dataclasses
import json

import pytest

from app.corrections import load_layer, save_layer
from app.gui import take_memory
from app.gui.session import Session
from app.gui.take_data import read_take
from app.gui.undo import Change
from capture.sync import Clock, Timeline, save_timeline
from solver.corrections import Layer
from tests.gui import faked


@pytest.fixture
def edited(opened):
    """Two keys on T001, the second one taken back."""
    session = opened.session
    for frame in (5, 9):
        session.edit(f"key {frame}", faked.keyed(session, "jawOpen", frame, 0.9))
    session.undo.undo()
    session.seek(7)
    return session


def there_and_back(session: Session) -> None:
    session.select_take("T002")
    assert not session.undo.canUndo()
    session.select_take("T001")


def frames(session: Session) -> list[int]:
    return [key.frame for key in session.layer.keys.get("jawOpen", ())]


def test_steps_of_a_take_can_be_taken_back_after_another_take(edited, opened, shoot):
    there_and_back(edited)
    assert (frames(edited), edited.frame) == ([5], 7)
    undo, redo = opened.actions_by_text["Undo"], opened.actions_by_text["Redo"]
    assert (undo.text(), redo.text()) == ("Undo key 5", "Redo key 9")
    redo.trigger()
    assert frames(edited) == [5, 9]
    undo.trigger()
    undo.trigger()
    assert (frames(edited), undo.isEnabled()) == ([], False)
    edited.save()
    assert load_layer(shoot / "takes/T001/corrections.json") == Layer()


def test_each_take_has_steps_of_its_own_in_each_shoot(edited, shoot, tmp_path):
    other = faked.film_shoot(tmp_path / "other", ("T001",))
    faked.solved(other, "T001")
    edited.open(other)
    assert (edited.undo.count(), edited.layer) == (0, Layer())
    edited.edit("key", faked.keyed(edited, "browInnerUp", 3, 0.2))
    edited.open(shoot)
    edited.undo.undo()
    assert (frames(edited), "browInnerUp" in edited.layer.keys) == ([], False)


def test_what_others_wrote_meanwhile_is_a_step(edited, shoot):
    edited.select_take("T002")
    path = shoot / "takes/T001/corrections.json"
    said = load_layer(path).pointed(("camA", 5), (40.0, 30.0))
    save_layer(said, path)
    edited.select_take("T001")
    assert edited.layer == said
    assert edited.undo.undoText() == "corrections from disk"
    edited.undo.undo()
    assert (frames(edited), dict(edited.layer.faces)) == ([5], {})
    edited.undo.undo()
    assert frames(edited) == []


def test_steps_go_where_the_clips_are_in_step_otherwise(edited, shoot):
    edited.select_take("T002")
    save_timeline(Timeline((Clock("camA", 0.0), Clock("camB", 0.2)), "by hand"), shoot / "takes/T001/sync.toml")
    edited.reload()
    edited.select_take("T001")
    assert edited.data.frames != faked.FRAMES
    assert (edited.undo.count(), edited.frame) == (0, 0)


def test_steps_that_other_takes_share_are_not_taken_back_later(edited):
    edited.undo.push(Change("who is filmed", "", "Mara", lambda value: None, own=False))
    there_and_back(edited)
    assert edited.undo.count() == 0
    assert frames(edited) == [5], "what lies on disk stays"


def test_a_solve_around_corrections_that_was_taken_back_stays_so(edited, monkeypatch):
    def with_around(take):
        data = read_take(take)
        return dataclasses.replace(data, around=data.solved)

    monkeypatch.setattr("app.gui.session.read_take", with_around)
    there_and_back(edited)
    assert edited.around, "it came meanwhile"
    edited._put_around(False)
    there_and_back(edited)
    assert not edited.around


def test_the_oldest_steps_go_first(edited, shoot, monkeypatch):
    monkeypatch.setattr(take_memory, "MOST_TAKES", 1)
    there_and_back(edited)
    assert edited.undo.count() == 0
    edited.edit("key", faked.keyed(edited, "jawOpen", 12, 0.9))
    edited.save()
    there_and_back(edited)
    assert edited.undo.count() == 0, "T002 was left after it"


def test_in_and_out_are_each_takes_own_and_outlive_the_window(edited, shoot):
    edited.set_range(4, 20)
    edited.select_take("T002")
    assert (edited.first, edited.last) == (0, 29)
    edited.set_range(2, 29)
    edited.select_take("T001")
    assert (edited.first, edited.last) == (4, 20)
    edited.undo.undo()
    assert (edited.first, edited.last) == (0, 29)
    edited.undo.redo()
    edited.close()
    again = Session()
    again.open(shoot)
    assert (again.first, again.last) == (4, 20)
    assert not again.undo.canUndo()
    again.select_take("T002")
    assert (again.first, again.last) == (2, 29)
    again.set_range(0, 29)
    again.close()
    assert [row[:2] for row in json.loads(again.recent.choice(take_memory.RANGES, "")).values()] == [[4, 20]]
    assert not [path for path in shoot.rglob("*") if "range" in path.name], "nothing of it lies in the shoot"


@pytest.mark.parametrize("text", ["{", "[]", "7", '{"a": 3}', '{"a": ["x", 1, 2]}'])
def test_strange_settings_are_no_ranges(qapp, shoot, text):
    session = Session()
    session.recent.choose(take_memory.RANGES, text)
    session.close()
    again = Session()
    again.open(shoot)
    assert (again.first, again.last) == (0, 29)
    again.close()


def test_a_range_of_other_clips_is_forgotten(edited, shoot):
    edited.set_range(4, 20)
    edited.select_take("T002")
    path, _ = next(iter(edited.memory._ranges.items()))
    edited.memory._ranges[path] = 4, 20, 99
    edited.select_take("T001")
    assert (edited.first, edited.last) == (0, 29)


def test_the_solve_page_says_which_frames_of_what_can_be_read(opened, shoot):
    page, session = opened.solve, opened.session
    page.part.setChecked(True)
    assert (page.range.text(), page.solve.text()) == ("0 – 29", "Solve take"), "in and out are its ends"
    session.set_range(4, 20)
    assert (page.range.text(), page.solve.text()) == ("4 – 20", "Solve range")
    (shoot / "takes/T002/camB.mp4").write_bytes(b"torn")
    session.reload()
    session.select_take("T002")
    assert (page.range.text(), page.solve.text()) == ("none: see why on the Take page", "Solve take")
    assert (page.part.isEnabled(), page.solve.isEnabled(), page.estimate.text()) == (False, False, "")
    session.select_take("T001")
    assert (page.range.text(), page.solve.text(), page.part.isChecked()) == ("4 – 20", "Solve range", True)
