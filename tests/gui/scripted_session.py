"""An animator's first session, by real clicks, ended by kill -9: python -m tests.gui.scripted_session SHOOT.

A module of its own, because the test runs it as a process that dies.
"""

import faulthandler
import json
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import cv2  # noqa: F401 - before Qt, as the app imports it
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

from app.gui import jobs, theme
from app.gui.collector import Collector
from app.gui.main_window import MainWindow
from app.gui.session import Session

SHAPE = "jawOpen"
FRAME, FAR, LAST = 3, 14, 15


def main(shoot: Path) -> None:
    """Open, solve a range, correct a frame, solve around it, undo, redo, export, die. Prints what was seen as JSON."""
    faulthandler.enable()
    application = QApplication([])
    theme.dress(application)
    session = Session()
    window = MainWindow(session)
    Collector(window)  # as the app does
    window.resize(1400, 900)
    window.show()
    window.activateWindow()  # there is no window manager to do it, and keys go to the active window
    QTest.qWaitForWindowActive(window)
    session.open(shoot)
    wait(lambda: bool(window.grid.panes) and all(pane.picture is not None for pane in window.grid.panes))
    solve_range(window)
    correct(window)
    seen = {"platform": QGuiApplication.platformName(), "corrected": value(session), "face": face_is_drawn(window)}
    once = session.weights.copy()
    click(window.solve.part)  # the whole take is chosen, and still the range that was solved is solved again
    run_job(window, window.solve.around)
    seen["after solving again"], seen["said"] = value(session), list(window.messages.sentences)
    seen["beside it"] = float(abs(session.weights[FRAME + 1] - once[FRAME + 1]).max())
    seen["far from it"] = float(abs(session.weights[FAR] - once[FAR]).max())
    for _ in range(2):
        QTest.keyClick(window, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    seen["undone"] = value(session)
    for _ in range(2):
        QTest.keyClick(window, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)
    seen["redone"] = value(session)
    export(window)
    QTest.qWait(600)  # the autosave's delay
    print(json.dumps(seen), flush=True)
    os.kill(os.getpid(), signal.SIGKILL)


def solve_range(window: MainWindow) -> None:
    window.session.seek(LAST)
    QTest.keyClick(window, Qt.Key.Key_O)
    window.solve.preset.setCurrentIndex(0)
    click(window.solve.part)
    assert (window.session.last, window.solve.part.isChecked()) == (LAST, True)
    run_job(window, window.solve.solve)
    assert window.session.data.scene is not None, window.messages.sentences


def correct(window: MainWindow) -> None:
    session, view = window.session, window.timeline.curves
    session.seek(FRAME)
    session.select_shapes((SHAPE,))
    QTest.mouseDClick(view, Qt.MouseButton.LeftButton, pos=QPoint(round(view.x(FRAME)), round(view.y(0.75))))


def export(window: MainWindow) -> None:
    window.inspector.show_page("Export")
    for name, box in window.export.boxes.items():
        box.setChecked(name == "fbx")
    run_job(window, window.export.export)


def face_is_drawn(window: MainWindow) -> bool:
    window.turns.finish()
    picture = window.viewport.canvas.grab().toImage()
    middle = picture.pixelColor(picture.width() // 2, picture.height() // 2)
    return middle.lightness() > 60 > picture.pixelColor(4, 4).lightness()


def value(session: Session) -> float:
    return float(session.weights[FRAME, session.data.scene.performance.shape_names.index(SHAPE)])


def click(widget: QWidget) -> None:
    QTest.mouseClick(widget, Qt.MouseButton.LeftButton, pos=QPoint(10, widget.height() // 2))


def run_job(window: MainWindow, button: QWidget) -> None:
    known = len(window.session.jobs.jobs)
    click(button)
    assert len(window.session.jobs.jobs) == known + 1, f"{button.text()} started nothing"
    job = window.session.jobs.jobs[-1]
    wait(lambda: job.state in jobs.ENDED, 240)
    assert job.state == jobs.DONE, f"{job.title}: {job.error}\n" + "\n".join(job.log)


def wait(done: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < deadline, "it took too long"
        QTest.qWait(20)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
