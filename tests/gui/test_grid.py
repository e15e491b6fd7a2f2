"""The cameras' panes, as takes come and go."""

import pytest
from PySide6.QtWidgets import QApplication

from app.gui import video_grid
from app.gui.video_pane import VideoPane
from tests.gui import faked


def test_panes_of_the_take_before_become_no_windows(opened, qtbot):
    opened.session.select_take("T002")
    assert not [widget for widget in QApplication.topLevelWidgets() if isinstance(widget, VideoPane)]


def test_a_pane_without_its_camera_is_drawn_empty(opened):
    pane = opened.grid.panes[1]
    pane.index = 7
    assert pane.name == ""
    assert not pane.grab().isNull()


def test_the_pictures_of_the_next_take_are_arranged_by_their_own_shape(opened, qtbot, monkeypatch):
    shapes = []
    monkeypatch.setattr(video_grid, "best_columns", lambda count, shape, width, height: shapes.append(shape) or 1)
    opened.session.select_take("T002")
    qtbot.waitUntil(lambda: all(pane.picture is not None for pane in opened.grid.panes))
    assert shapes[-1] == pytest.approx(faked.SIZE[0] / faked.SIZE[1])
