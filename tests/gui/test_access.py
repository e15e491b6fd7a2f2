"""Without a mouse, and without seeing all colours."""

import itertools

import cv2
import numpy as np
import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QInputDialog,
    QLineEdit,
    QPlainTextEdit,
    QWidget,
)

from app.gui import jobs, theme
from app.gui.take_browser import LOOKS
from app.gui.view_renderer import HEAT_COLOURS
from capture.shoot import open_shoot

BLIND = {  # linear RGB as seen; Machado, Oliveira and Fernandes 2009, severity 1
    "nobody": np.eye(3),
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.3039]]}


def seen_as(colours: np.ndarray, kind: str) -> np.ndarray:
    """(N, 3) sRGB -> (N, 3) CIE L*a*b*, as somebody sees them."""
    linear = np.where(colours <= 0.04045, colours / 12.92, ((colours + 0.055) / 1.055) ** 2.4)
    linear = np.clip(linear @ np.array(BLIND[kind]).T, 0, 1)
    srgb = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return cv2.cvtColor(srgb[None].astype(np.float32), cv2.COLOR_RGB2LAB)[0]


@pytest.mark.parametrize("kind", BLIND)
def test_any_two_curves_are_told_apart(kind):
    lab = seen_as(np.array([colour.getRgbF()[:3] for colour in theme.CURVES]), kind)
    assert min(np.linalg.norm(a - b) for a, b in itertools.combinations(lab, 2)) > 20
    assert lab[:, 0].min() > 35, "and from the dark ground"


@pytest.mark.parametrize("kind", BLIND)
def test_heat_grows_lighter_and_doubt_is_told_from_trust(kind):
    assert (np.diff(seen_as(HEAT_COLOURS, kind)[:, 0]) > 5).all()
    good, doubtful = seen_as(np.array([colour.getRgbF()[:3] for colour in (theme.GOOD, theme.DOUBTFUL)]), kind)
    assert np.linalg.norm(good - doubtful) > 25


def test_each_state_has_a_shape_of_its_own():
    assert len({icon for icon, _ in LOOKS.values()}) == len(LOOKS)


def test_tab_reaches_every_control_that_can_be_used(opened, qtbot):
    controls = (QAbstractButton, QComboBox, QLineEdit, QAbstractSpinBox, QPlainTextEdit)
    for page in opened.inspector.pages:
        opened.inspector.show_page(page)
        QApplication.processEvents()
        wanted = {widget for widget in opened.findChildren(QWidget) if isinstance(widget, controls)
                  and widget.isVisible() and widget.isEnabled() and not widget.objectName().startswith("qt_")
                  and not isinstance(widget.parent(), QLineEdit | QComboBox | QAbstractSpinBox)
                  and not type(widget).__name__.startswith(("QDock", "QToolBarExt"))}
        reached, widget = set(), opened
        for _ in range(600):
            widget = widget.nextInFocusChain()
            if widget is opened:
                break
            if widget.focusPolicy() & Qt.FocusPolicy.TabFocus:
                reached.add(widget)
        missing = [f"{type(widget).__name__} {widget.accessibleName() or widget.toolTip()}"
                   for widget in wanted - reached]
        assert not missing, page


def test_what_has_no_words_beside_it_has_a_name(opened):
    channels = opened.timeline.channels
    names = [widget.accessibleName() for widget in (channels.filter, channels.region, opened.cameras.table)]
    assert names == ["Filter curves", "Region of the face", "Cameras"]


def test_the_keys_of_a_dcc_do_what_they_do_there(opened, qtbot):
    session, playback = opened.session, opened.session.playback
    for key, speed in ((Qt.Key.Key_L, 1.0), (Qt.Key.Key_L, 2.0), (Qt.Key.Key_J, -1.0), (Qt.Key.Key_K, 0.0)):
        qtbot.keyClick(opened, key)
        assert playback.speed == speed
    session.seek(15)
    qtbot.keyClick(opened, Qt.Key.Key_I)
    qtbot.keyClick(opened, Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)
    qtbot.keyClick(opened, Qt.Key.Key_O)
    assert (session.frame, session.first, session.last) == (25, 15, 25)
    assert opened.timeline.axis.label(3) == "3"
    qtbot.keyClick(opened, Qt.Key.Key_T)
    assert opened.timeline.axis.label(3) == "10:00:00:03"
    qtbot.keyClick(opened, Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier)
    assert opened.browser.filter.hasFocus()
    opened.timeline.curves.setFocus()
    session.select_shapes(("jawOpen",))
    before = opened.timeline.curves.high
    qtbot.keyClick(opened.timeline.curves, Qt.Key.Key_F)
    assert opened.timeline.curves.high != before, "F frames the curves when the mouse is not over the face"
    qtbot.keyClick(opened.timeline.curves, Qt.Key.Key_B)
    assert opened.viewport.compare.isChecked()


def test_the_turntable_turns_and_stops(opened, qtbot):
    canvas, yaw = opened.viewport.canvas, opened.viewport.canvas.yaw
    qtbot.mouseClick(opened.viewport.turntable, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: canvas.yaw > yaw + 0.1)
    qtbot.mouseClick(opened.viewport.turntable, Qt.MouseButton.LeftButton)
    here = canvas.yaw
    QTest.qWait(150)
    assert canvas.yaw == here


def test_clips_that_are_dropped_on_the_list_become_a_take(opened, qtbot, shoot, monkeypatch):
    monkeypatch.setattr(QInputDialog, "getText", lambda *_, **given: (given["text"], True))
    dropped = QMimeData()
    dropped.setUrls([QUrl.fromLocalFile(str(shoot / "takes/T002" / f"cam{letter}.mp4")) for letter in "AB"])
    opened.browser.dropEvent(QDropEvent(QPointF(5, 5), Qt.DropAction.CopyAction, dropped, Qt.MouseButton.LeftButton,
                                        Qt.KeyboardModifier.NoModifier))
    job = opened.session.jobs.jobs[-1]
    qtbot.waitUntil(lambda: job.state in jobs.ENDED, timeout=30_000)
    assert job.state == jobs.DONE, job.error
    assert open_shoot(shoot).takes[2].cameras == ("camA", "camB")
    qtbot.waitUntil(lambda: len(opened.browser.items()) == 3)


def test_eight_cameras_have_eight_panes_in_step(window, shoot, qtbot):
    folder = shoot / "takes/T002"
    for letter in "CDEFGH":
        (folder / f"cam{letter}.mp4").write_bytes((folder / "camA.mp4").read_bytes())
    (shoot / "rig.toml").unlink()
    window.session.open(folder)
    qtbot.waitUntil(lambda: len(window.grid.panes) == 8
                    and all(pane.picture is not None for pane in window.grid.panes))
    window.session.seek(12)
    qtbot.waitUntil(lambda: {pane.shown_frame for pane in window.grid.panes} == {12})
    assert all(pane.isVisible() and pane.width() > 100 for pane in window.grid.panes)
