"""Every test of the app runs without a display and fails on anything that it leaves alive."""

import gc
import os
import shutil
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import cv2  # noqa: F401 - before Qt, as the app imports it
import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QSettings, QThread
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication, QWidget

for name in ("QT_QPA_PLATFORM_PLUGIN_PATH", "QT_QPA_FONTDIR"):
    os.environ.pop(name, None)

from app.gui import theme  # noqa: E402
from app.gui.main_window import MainWindow  # noqa: E402
from app.gui.session import Session  # noqa: E402
from tests.gui import faked  # noqa: E402


@pytest.fixture(scope="session")
def qapp(qapp_args, qapp_cls, pytestconfig):
    application = QApplication.instance() or QApplication([])
    theme.dress(application)
    return application


@pytest.fixture(autouse=True)
def own_settings(tmp_path_factory):
    QSettings.setPath(QSettings.Format.IniFormat, QSettings.Scope.UserScope, str(tmp_path_factory.mktemp("settings")))


@pytest.fixture(autouse=True)
def nothing_left_alive(request, qapp):
    gc.freeze()  # what is there now is not looked through again: with torch and all other floors' that takes seconds
    before = children()  # of other floors' tests, such as multiprocessing's own helper
    yield
    left = left_alive(before)
    assert not left, f"left alive: {left}"


def seen(window: MainWindow, widget: QWidget) -> QImage:
    """What a widget shows once all that waits for its turn is drawn."""
    widget.grab()
    window.turns.finish()
    return widget.grab().toImage()


def children() -> set[str]:
    """The numbers of the processes that this one has started."""
    return {child for task in Path("/proc/self/task").glob("*/children") for child in task.read_text().split()}


def left_alive(before: set[str] = frozenset()) -> list[str]:
    """Windows, threads and processes that should have gone, but for the processes that were there `before`."""
    for _ in range(3):
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        QApplication.processEvents()
        gc.collect()
    left = [f"window {type(widget).__name__} {widget.windowTitle()!r}" for widget in QApplication.topLevelWidgets()
            if widget.isVisible() or isinstance(widget, MainWindow)]
    left += [f"thread {type(thing).__name__}" for thing in gc.get_objects()
             # Not isinstance, which asks each object for its __class__: torch's deprecated names warn of that.
             if issubclass(type(thing), QThread) and _running(thing)]
    return left + [f"process {child}" for child in sorted(children() - before) if not _dead(child)]


@pytest.fixture(scope="session")
def made_shoot(tmp_path_factory) -> Path:
    """A filmed shoot of two takes, the first one solved. Copy it before writing to it."""
    folder = faked.film_shoot(tmp_path_factory.mktemp("made") / "shoot")
    faked.solved(folder, "T001")
    return folder


@pytest.fixture
def shoot(made_shoot, tmp_path) -> Path:
    return Path(shutil.copytree(made_shoot, tmp_path / "my-shoot"))


@pytest.fixture
def session(qapp):
    session = Session()
    yield session
    session.close()
    session.deleteLater()


@pytest.fixture
def window(qtbot, session):
    window = MainWindow(session)
    window.resize(1200, 800)
    window.show()
    yield window
    session.may_discard = lambda take, reason: True  # else closing the window might ask
    window.record.state = window.live.take = ""  # and so of what rolls
    window.close()
    window.deleteLater()


@pytest.fixture
def opened(window, shoot, qtbot):
    """The window on the solved take of a shoot, its first picture there."""
    window.session.open(shoot)
    qtbot.waitUntil(lambda: bool(window.grid.panes) and all(pane.picture is not None for pane in window.grid.panes))
    return window


def _running(thread: QThread) -> bool:
    try:
        return thread.isRunning()
    except RuntimeError:  # its C++ half is gone already
        return False


def _dead(process: str) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True
