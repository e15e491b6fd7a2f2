"""A window on a small screen: nothing is cut off, and what has no room is behind an arrow."""

import pytest
from PySide6.QtCore import QPoint, QRect, Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QScrollArea, QToolBar, QToolButton

from app.gui.jobs_panel import Title
from app.gui.video_pane import APART, beside


@pytest.fixture
def narrow(opened, qtbot):
    """The window at 1200 x 800."""
    opened.resize(1200, 800)
    opened.set_workspace("Review")
    qtbot.waitUntil(lambda: opened.width() == 1200)
    qtbot.wait(100)
    return opened


def test_takes_and_inspector_keep_their_room(narrow):
    assert narrow.browser.width() >= 230
    page = narrow.inspector.pages["Solve"]
    assert isinstance(page, QScrollArea)
    narrow.inspector.show_page("Solve")
    QTest.qWait(50)
    inside = narrow.rect().adjusted(-1, -1, 1, 1)
    for button in page.findChildren(QAbstractButton):
        if button.isVisible():
            assert inside.contains(QRect(button.mapTo(narrow, QPoint()), button.size())), button.text()


def test_a_choice_without_room_is_behind_the_arrow(narrow, qtbot):
    box = narrow.grid.crop_box
    assert not box.isVisible()
    more = box.parentWidget().findChild(QToolButton, "qt_toolbar_ext_button")
    menu, chosen = more.menu(), []

    def choose() -> None:
        entry = next(action for action in menu.actions() if action.text() == "Crop to face")
        chosen.append(entry.isChecked())
        qtbot.mouseClick(menu, Qt.MouseButton.LeftButton, pos=menu.actionGeometry(entry).center())
        menu.close()

    for _ in range(2):
        QTimer.singleShot(100, choose)
        qtbot.mouseClick(more, Qt.MouseButton.LeftButton)
    assert chosen == [False, True]
    assert not box.isChecked()
    narrow.resize(1900, 900)
    qtbot.waitUntil(box.isVisible)


def test_a_cameras_name_and_its_verdict_do_not_run_into_each_other(opened):
    metrics = opened.grid.panes[0].fontMetrics()
    name, verdict = "the_camera_on_the_left", "calibrated to 0.21 px"
    whole = metrics.horizontalAdvance(name) + metrics.horizontalAdvance(verdict) + APART
    assert beside(metrics, name, verdict, whole) == (name, verdict)
    left, right = beside(metrics, name, verdict, 120)
    assert metrics.horizontalAdvance(left) + metrics.horizontalAdvance(right) + APART <= 120
    assert left.endswith("…")
    assert len(left) > 3


def test_a_long_title_of_a_job_leaves_room_for_the_rest(qtbot):
    title = Title("Cameras from the face in a take whose name is long")
    qtbot.addWidget(title)
    assert title.minimumSizeHint().width() < 100 < title.sizeHint().width()
    title.resize(100, 20)
    assert title.shown().endswith("…")
    assert title.toolTip() == title.text()
    assert not title.grab().isNull()


def test_the_arrows_at_the_tool_bars_ends_are_seen_on_the_dark_ground(opened):
    bars = opened.findChildren(QToolBar)
    assert len(bars) > 2
    for bar in bars:
        picture = bar.findChild(QToolButton, "qt_toolbar_ext_button").icon().pixmap(16, 16).toImage()
        light = max(picture.pixelColor(x, y).lightness() * (picture.pixelColor(x, y).alpha() > 100)
                    for x in range(16) for y in range(16))
        assert light > 150, bar.windowTitle()


@pytest.mark.parametrize("problem", ["", "these clips cannot be shown, for a reason that takes many words; " * 4])
def test_the_start_page_squeezes_nothing(window, qtbot, tmp_path, problem):
    for name in ("gorge", "big", "page"):
        (tmp_path / name).mkdir()
        window.session.recent.add(tmp_path / name)
    page = window.grid.start
    page.say(problem)
    qtbot.wait(50)
    squeezed = [button.text() for place in range(page.recent.count()) if (
        button := page.recent.itemAt(place).widget()).height() < button.sizeHint().height()]
    assert page.recent.count() == 3
    assert squeezed == []
