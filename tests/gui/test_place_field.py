"""Going to a frame by typing where it is."""

from fractions import Fraction

import pytest
from PySide6.QtCore import Qt

from app.gui.place_field import NOWHERE, frame_typed
from app.gui.time_axis import TimeAxis
from capture.errors import DataError
from capture.timecode import parse

CTRL = Qt.KeyboardModifier.ControlModifier


def axis(count: int, rate=Fraction(30), start: str | None = "10:00:00:00") -> TimeAxis:
    axis = TimeAxis()
    axis.set_take(count, Fraction(rate), parse(start, rate) if start is not None else None)
    return axis


@pytest.mark.parametrize(("text", "frame"), [
    ("12", 12), (" 0 ", 0), ("+5", 105), ("-100", 0), ("10:00:02:11", 71), ("2:11", 71), ("2.11", 71), ("0:0", 0),
    ("1:00:00", 1800), ("10;00;01;00", 30)])
def test_frames_timecodes_and_steps_are_understood(text, frame):
    assert frame_typed(text, axis(4000), 100) == frame


def test_a_timecode_counts_as_the_takes_does():
    drop = axis(4000, Fraction(30000, 1001), "00:59:58;00")
    assert frame_typed("1:00:00:00", drop, 0) == 60
    assert frame_typed("00;59;59;29", drop, 0) == 59
    assert drop.timecode_of(60) == "01:00:00;00"
    fast = axis(4000, 120, "23:59:59:000")
    assert frame_typed("00:00:00:007", fast, 0) == 127, "past midnight"
    assert frame_typed("1:5", axis(4000, start=None), 0) == 35, "without a timecode it begins at 0"


@pytest.mark.parametrize(("text", "said"), [
    ("", "no place in a take"), ("twelve", "240"), ("1:2:3:4:5", "2:11"), ("40", "0 to 39"), ("-1", "0 to 39"),
    ("10:00:05:00", "10:00:00:00 to 10:00:01:09"), ("09:59:59:29", "not in the take"), ("0:30", "00 to 29"),
    ("٣", "no place"), ("9" * 40, "no place")])
def test_what_leads_nowhere_is_said(text, said):
    with pytest.raises(DataError, match=said):
        frame_typed(text, axis(40), 0)


def test_ctrl_g_asks_and_gives_the_keyboard_back(opened, qtbot):
    session, field, curves = opened.session, opened.transport.timecode, opened.timeline.curves
    curves.setFocus()
    session.play(1.0)
    qtbot.keyClick(curves, Qt.Key.Key_G, CTRL)
    assert field.hasFocus()
    qtbot.keyClicks(field, "0:1")
    assert not session.layer.keys, "digits are digits, and no shortcuts"
    text = field.text()
    session.seek(20)
    assert field.text() == text, "what is typed is left alone"
    qtbot.keyClicks(field, "9")
    qtbot.keyClick(field, Qt.Key.Key_Return)
    assert (session.frame, session.playback.playing) == (19, False)
    assert curves.hasFocus()
    assert field.text() == "10:00:00:19"


def test_what_leads_nowhere_stays_to_be_mended_and_escape_leaves(opened, qtbot):
    session, field = opened.session, opened.transport.timecode
    session.seek(3)
    qtbot.mouseClick(field, Qt.MouseButton.LeftButton)
    assert field.selectedText() == "10:00:00:03", "the first digit begins a new place"
    qtbot.keyClicks(field, "30")
    qtbot.keyClick(field, Qt.Key.Key_Return)
    assert (session.frame, field.text(), field.hasFocus()) == (3, "30", True)
    assert "0 to 29" in opened.messages.sentences[-1]
    qtbot.keyClick(field, Qt.Key.Key_Escape)
    assert (field.text(), field.hasFocus()) == ("10:00:00:03", False)
    session.close_take()
    assert (field.text(), field.isEnabled()) == (NOWHERE, False)
