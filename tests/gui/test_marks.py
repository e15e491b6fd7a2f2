"""Marks on the timeline where corrections are, and the way from one to the next."""

import dataclasses

import pytest
from PySide6.QtCore import QPoint, Qt

from app.gui import edits, keys
from app.gui.mark_lane import TIP
from app.gui.marks import Mark, beyond, marks_of, rest_of, said, thinned
from app.gui.take_data import read_take
from capture.shoot import open_shoot
from solver.corrections import Key, Layer
from tests.gui.conftest import seen

LEFT = Qt.MouseButton.LeftButton


def corrections() -> Layer:
    layer = keys.with_keys(Layer(), "jawOpen", [Key(5, 0.9), Key(99, 0.5)])
    layer = keys.with_keys(layer, "browInnerUp", [Key(5, 0.2)])
    layer = keys.dragged(layer, {("camA", 3, 5): (9.0, 9.0), ("camB", 3, 9): (9.0, 9.0)}, "mediapipe478")
    return keys.marked(layer, 20, True).pointed(("camB", 7), (20.0, 20.0))


@pytest.fixture
def data(shoot):
    data = read_take(open_shoot(shoot).takes[0])
    data.take.settings["neutral"] = "12"
    return data


def test_each_kind_of_correction_is_marked_once_a_frame(data):
    assert marks_of(data, corrections()) == (
        Mark(5, shapes=2, cameras=("camA",), landmarks=1), Mark(7, faces=("camB",)),
        Mark(9, cameras=("camB",), landmarks=1), Mark(12, rest=True), Mark(20, right=True)), "99 is not in the take"
    assert said(marks_of(data, corrections())[0], "frame 5") == "frame 5: 1 landmark moved in camA; 2 shapes set"
    assert marks_of(dataclasses.replace(data, clips=None, scene=None), corrections()) == ()


@pytest.mark.parametrize(("text", "frame"), [
    ("12", 12), ("10:00:00:12", 12), ("10:00:07:00", None), ("99", None), ("half past", None), (None, None)])
def test_the_frame_at_rest_is_a_number_or_a_timecode(data, text, frame):
    data.take.settings["neutral"] = text
    assert rest_of(data) == frame


def test_marks_beyond_a_frame_are_found_both_ways(data):
    marks = marks_of(data, corrections())
    assert [beyond(marks, frame, 1).frame for frame in (0, 5, 11)] == [5, 7, 12]
    assert [beyond(marks, frame, -1).frame for frame in (29, 12, 6)] == [20, 9, 5]
    assert (beyond(marks, 20, 1), beyond(marks, 5, -1), beyond((), 3, 1)) == (None, None, None)


def test_what_lies_within_a_pixel_is_drawn_as_one(data):
    marks = marks_of(data, corrections())
    assert thinned(marks, 10.0) == marks
    drawn = thinned(marks, 0.1)
    assert [mark.frame for mark in drawn] == [5, 12, 20]
    assert (drawn[0].shapes, drawn[0].landmarks, drawn[0].faces) == (2, 2, ("camB",))


def test_a_click_on_a_mark_goes_there_and_beside_it_scrubs(opened, qtbot):
    session, lane = opened.session, opened.timeline.marks
    session.edit("all", corrections())
    session.play(1.0)
    qtbot.mouseClick(lane, LEFT, pos=QPoint(round(lane.whole.x(9, lane.width())) + 3, 8))
    assert (session.frame, session.playback.playing) == (9, False)
    middle = round(lane.whole.x(25, lane.width()))
    assert lane.mark_at(middle) is None
    qtbot.mouseClick(lane, LEFT, pos=QPoint(middle, 8))
    assert session.frame == 25
    qtbot.mouseMove(lane, QPoint(round(lane.whole.x(20, lane.width())), 8))
    assert lane.toolTip() == "frame 20: right"
    assert lane.cursor().shape() == Qt.CursorShape.PointingHandCursor
    qtbot.mouseMove(lane, QPoint(middle, 8))
    assert lane.toolTip() == TIP


def test_comma_and_dot_step_along_the_corrections(opened, qtbot):
    session = opened.session
    session.edit("all", corrections())
    opened.timeline.curves.setFocus()
    frames = []
    for key in (Qt.Key.Key_Period,) * 5 + (Qt.Key.Key_Comma,) * 2:
        qtbot.keyClick(opened.timeline.curves, key)
        frames.append(session.frame)
    assert frames == [5, 7, 9, 20, 20, 9, 7]


def test_marks_come_and_go_with_what_they_stand_for(opened):
    session, lane = opened.session, opened.timeline.marks
    before = seen(opened, lane)
    session.seek(12)
    here = seen(opened, lane)
    edits.name_neutral(session, True)
    session.writer.wait()
    assert [(mark.frame, mark.rest) for mark in lane.marks] == [(12, True)]
    assert seen(opened, lane) != here
    session.undo.undo()
    session.seek(0)
    assert seen(opened, lane) == before
    session.edit("all", corrections())
    assert len(lane.marks) == 4
    session.select_take("T002")
    assert lane.marks == ()
