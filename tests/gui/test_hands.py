"""What mouse and keyboard reach, and what they must leave alone."""

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtWidgets import QApplication

from app.gui import keys
from solver.corrections import Key

LEFT = Qt.MouseButton.LeftButton


def test_only_a_left_double_click_above_the_ruler_sets_a_key_and_it_keeps_the_slopes_of_one_there(opened, qtbot):
    session, view = opened.session, opened.timeline.curves
    session.select_shapes(("jawOpen",))
    qtbot.mouseDClick(view, LEFT, pos=QPoint(round(view.x(12)), view.height() - 5))
    qtbot.mouseDClick(view, Qt.MouseButton.RightButton, pos=QPointF(view.x(12), view.y(0.6)).toPoint())
    assert not session.layer.keys
    session.edit("key", keys.with_keys(session.layer, "jawOpen", [Key(12, 0.6, 0.02, -0.01)]))
    qtbot.mouseDClick(view, LEFT, pos=view.place(session.layer.key(("jawOpen", 12))).toPoint())
    key = session.layer.key(("jawOpen", 12))
    assert (key.slope_in, key.slope_out) == (0.02, -0.01)
    assert key.value == pytest.approx(0.6, abs=0.02)


@pytest.mark.parametrize("place", ["picture", "timeline", "3D view"])
def test_a_click_beside_a_text_field_gives_the_keys_back(opened, qtbot, place):
    opened.inspector.show_page("Take")
    opened.take.notes.setFocus()
    widget = {"picture": opened.grid.panes[0], "timeline": opened.timeline.overview, "3D view": opened.viewport.canvas}
    qtbot.mouseClick(widget[place], LEFT, pos=QPoint(10, 60))
    assert not opened.take.notes.hasFocus()
    qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Space)
    assert opened.session.playback.playing
    assert opened.take.notes.toPlainText() == ""


def test_a_drop_down_that_was_used_leaves_the_keys_to_the_window(opened, qtbot):
    opened.inspector.show_page("Solve")
    opened.timeline.curves.setFocus()
    qtbot.mouseClick(opened.solve.preset, LEFT)
    qtbot.keyClick(opened.solve.preset.view(), Qt.Key.Key_Return)
    assert not opened.solve.preset.hasFocus()
    qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Space)
    assert opened.session.playback.playing


def test_ctrl_return_solves_also_where_a_drop_down_has_the_focus(opened, qtbot, monkeypatch):
    started = []
    monkeypatch.setattr(opened.solve, "start", lambda: started.append(1))
    opened.inspector.show_page("Solve")
    opened.solve.preset.setFocus()
    qtbot.keyClick(opened.solve.preset, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert started
    qtbot.keyClick(opened.solve.preset, Qt.Key.Key_Down)
    assert opened.solve.preset.currentIndex() == 2, "alone the keys are its own"
