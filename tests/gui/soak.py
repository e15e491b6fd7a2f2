"""Seeded random input to the whole window: python -m tests.gui.soak SHOOT SECONDS [SEED]. Prints what it found as JSON.

Menus, keys, clicks, drags and wheels land anywhere; only what asks a person (file dialogs, quitting) and what starts
long jobs is left out. SHOOT is changed by it: give a copy. The growth of the memory is that of the median over the last
third against the median over the first, after a tour of all workspaces and a tenth of the time: caches are full then.
"""

import json
import random
import sys
import time
from pathlib import Path

import cv2  # noqa: F401 - before Qt, as the app imports it
import numpy as np
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

from app.gui import theme
from app.gui.actions import COMMANDS
from app.gui.heap import give_back
from app.gui.main_window import MainWindow
from app.gui.pane_faces import LOOKS
from app.gui.session import Session
from app.gui.transport import WORKSPACES

ASKING = {"New shoot…", "Open shoot…", "Open clip…", "Add clips as a take…", "Quit", "Solve", "Solve all takes",
          "Export", "Solve around the corrections", "Keyboard", "About mien"}
MODIFIERS = (Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ShiftModifier,
             Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.AltModifier)
WARM = 0.1
"""Share of the time in which the caches fill."""
FROZEN_MS = 250
SETTLE_MS = 200


def soak(shoot: Path, seconds: float, seed: int) -> dict[str, object]:
    """Returns the number of inputs, the longest one in ms, which froze the window, the memory in MiB, its growth."""
    draw = random.Random(seed)
    session = Session()
    window = MainWindow(session)
    window.show()
    session.open(shoot)
    _tour(window)
    begun, longest, frozen, count = time.monotonic(), 0.0, [], 0
    held = [[], [], []]  # bytes, in each third of the time after the warm-up
    commands = [command for command in COMMANDS if command.text not in ASKING]
    while (spent := (time.monotonic() - begun) / seconds) < 1:
        name, act = draw.choice((("command", _command), ("drag", _drag), ("click", _click), ("wheel", _wheel),
                                 ("take", _take)))
        busy = time.thread_time()  # other programs' share of the processor is not ours
        what = act(window, draw, commands)
        QApplication.processEvents()
        took = 1000 * (time.thread_time() - busy)
        longest, count = max(longest, took), count + 1
        if took > FROZEN_MS:
            frozen.append(f"{name} {what} {took:.0f} ms")
        if spent > WARM:
            held[min(2, int(3 * (spent - WARM) / (1 - WARM)))].append(_memory())
        QTest.qWait(draw.choice((0, 5, 20)))
    middle = [float(np.median(third)) if third else 0.0 for third in held]
    window.close()
    window.deleteLater()
    session.deleteLater()
    return {"inputs": count, "longest_ms": round(longest), "frozen": frozen,
            "memory_mib": [round(third / 2 ** 20) for third in middle],
            "memory_grown": round(middle[2] / middle[0] - 1, 4) if middle[0] else 0.0}


def _tour(window: MainWindow) -> None:
    """Look at everything once, so that what is held from then on is held already."""
    window.session.seek(window.session.data.frames // 2)
    for page in window.inspector.pages:
        window.inspector.show_page(page)
        QTest.qWait(20)
    for workspace in WORKSPACES:
        window.set_workspace(workspace)
        for look in LOOKS:
            window.grid.look.setCurrentText(look)
            QTest.qWait(SETTLE_MS)
    for frame in range(window.session.data.frames):
        window.session.seek(frame)
        QTest.qWait(5)


def _command(window: MainWindow, draw: random.Random, commands: list) -> str:
    command = draw.choice(commands)
    window.actions_by_text[command.text].trigger()
    if draw.random() < 0.1:
        window.inspector.show_page(draw.choice(list(window.inspector.pages)))
    return command.text


def _target(window: MainWindow, draw: random.Random) -> QWidget:
    return draw.choice([window.timeline.curves, window.timeline.curves, window.timeline.overview,
                        window.viewport.canvas, window.timeline.channels.tree.viewport(), window.sync.waves,
                        *window.grid.panes])


def _anywhere(widget: QWidget, draw: random.Random) -> QPoint:
    return QPoint(draw.randrange(max(1, widget.width())), draw.randrange(max(1, widget.height())))


def _drag(window: MainWindow, draw: random.Random, commands: list) -> str:
    widget, modifier = _target(window, draw), draw.choice(MODIFIERS)
    button = draw.choice((Qt.MouseButton.LeftButton, Qt.MouseButton.LeftButton, Qt.MouseButton.MiddleButton))
    QTest.mousePress(widget, button, modifier, _anywhere(widget, draw))
    for _ in range(draw.randrange(1, 6)):
        QTest.mouseMove(widget, _anywhere(widget, draw))
    QTest.mouseRelease(widget, button, modifier, _anywhere(widget, draw))
    return type(widget).__name__


def _click(window: MainWindow, draw: random.Random, commands: list) -> str:
    widget = _target(window, draw)
    press = draw.choice((QTest.mouseClick, QTest.mouseDClick))
    press(widget, Qt.MouseButton.LeftButton, draw.choice(MODIFIERS), _anywhere(widget, draw))
    return type(widget).__name__


def _wheel(window: MainWindow, draw: random.Random, commands: list) -> str:
    widget = draw.choice([window.timeline.curves, window.timeline.overview, window.viewport.canvas])
    place = QPointF(_anywhere(widget, draw))
    QApplication.sendEvent(widget, QWheelEvent(
        place, widget.mapToGlobal(place), QPoint(), QPoint(0, draw.choice((-120, 120))), Qt.MouseButton.NoButton,
        draw.choice(MODIFIERS), Qt.ScrollPhase.NoScrollPhase, False))
    return type(widget).__name__


def _take(window: MainWindow, draw: random.Random, commands: list) -> str:
    if draw.random() < 0.1:
        window.session.select_take(draw.choice(window.session.takes).name)
    window.set_workspace(draw.choice(("Review", "Review", "Animate", "Cameras", "Solve")))
    return "and workspace"


def _memory() -> int:
    """Resident bytes."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


if __name__ == "__main__":
    give_back()  # as the app does
    application = QApplication([])
    theme.dress(application)
    print(json.dumps(soak(Path(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3]) if len(sys.argv) > 3 else 1)))
