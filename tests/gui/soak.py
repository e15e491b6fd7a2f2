"""Seeded random input to the whole window: python -m tests.gui.soak SHOOT SECONDS [SEED]. Prints what it found as JSON.

Menus, keys, clicks, drags and wheels land anywhere; only what asks a person (file dialogs, quitting) and what starts
long jobs is left out. SHOOT is changed by it: give a copy. The growth of the memory is that of the median over the last
third against the median over the first, after a tour of all workspaces and a tenth of the time: caches are full then.

A pulse beats in the window's event loop. Between two beats nothing is drawn or heard: the window is frozen where they
lie far apart and its thread was at work meanwhile. Where its thread waited for the processor, other programs had that.
"""

import json
import random
import sys
import time
import traceback
from pathlib import Path

import cv2  # noqa: F401 - before Qt, as the app imports it
import numpy as np
from PySide6.QtCore import QPoint, QPointF, Qt, QTimer
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

from app.gui import theme
from app.gui.actions import COMMANDS
from app.gui.collector import Collector
from app.gui.heap import give_back
from app.gui.main_window import MainWindow
from app.gui.pane_faces import LOOKS
from app.gui.session import Session
from app.gui.transport import WORKSPACES
from tests.held import held_mib

ASKING = {"New shoot…", "Open shoot…", "Open clip…", "Add clips as a take…", "Quit", "Solve", "Solve all takes",
          "Export", "Show the report", "Solve around the corrections", "Keyboard", "About mien",
          "Second performance beside…"}
MODIFIERS = (Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ShiftModifier,
             Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.AltModifier)
WARM = 0.1
"""Share of the time in which the caches fill."""
FROZEN_MS = 250
BEAT_MS = 5
SETTLE_MS = 200


def soak(shoot: Path, seconds: float, seed: int) -> dict[str, object]:
    """Returns the number of inputs, faults of ours, what `Pulse` found, the memory in MiB in each third, its growth."""
    draw, faults, hook = random.Random(seed), [], sys.excepthook
    sys.excepthook = lambda kind, error, trace: faults.append("".join(traceback.format_exception(kind, error, trace)))
    session = Session()
    window = MainWindow(session)
    window.show()
    collector = Collector(window)  # as the app does
    session.open(shoot)
    _tour(window)
    pulse = Pulse(window)
    begun, count = time.monotonic(), 0
    held = [[], [], []]  # MiB, in each third of the time after the warm-up
    commands = [command for command in COMMANDS if command.text not in ASKING]
    while (spent := (time.monotonic() - begun) / seconds) < 1:
        name, act = draw.choice((("command", _command), ("drag", _drag), ("click", _click), ("wheel", _wheel),
                                 ("take", _take)))
        pulse.doing = name
        pulse.doing = f"{name} {act(window, draw, commands)}"
        QTest.qWait(draw.choice((1, 5, 20)))
        count += 1
        if spent > WARM:
            held[min(2, int(3 * (spent - WARM) / (1 - WARM)))].append(held_mib())
    middle = [float(np.median(third)) if third else 0.0 for third in held]
    pulse.timer.stop()
    collector.stop()
    window.close()
    window.deleteLater()
    session.deleteLater()
    sys.excepthook = hook
    return {"inputs": count, "faults": faults, "longest_ms": round(pulse.longest), "frozen": pulse.frozen,
            "starved": pulse.starved, "memory_mib": [round(third) for third in middle],
            "memory_grown": round(middle[2] / middle[0] - 1, 4) if middle[0] else 0.0}


class Pulse:
    """Beats in the window's event loop.

    Attributes:
        doing: what was done to the window last.
        longest: ms of the thread's own processor time between two beats, at most.
        frozen: what was being done when that was over FROZEN_MS.
        starved: the same where the clock alone says so: [what, ms by the clock, ms of the thread, of all our threads,
            ms that it was ready and waited for a processor]. The clock less the last is ours, too.
    """

    def __init__(self, window: MainWindow) -> None:
        self.doing, self.longest, self.frozen, self.starved = "", 0.0, [], []
        self._last = self._clocks()
        self.timer = QTimer(window, interval=BEAT_MS)
        self.timer.timeout.connect(self._beat)
        self.timer.start()

    def _beat(self) -> None:
        now = self._clocks()
        wall, busy, all_busy, ready = (1000 * (new - old) for new, old in zip(now, self._last, strict=True))
        self._last, self.longest = now, max(self.longest, busy)
        if busy > FROZEN_MS:
            self.frozen.append(f"{self.doing}: {busy:.0f} ms, {wall:.0f} by the clock")
        elif wall > FROZEN_MS:
            self.starved.append([self.doing, round(wall), round(busy), round(all_busy), round(ready)])

    def _clocks(self) -> tuple[float, float, float, float]:
        ready = int(Path("/proc/thread-self/schedstat").read_text().split()[1]) / 1e9
        return time.monotonic(), time.thread_time(), time.process_time(), ready


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
        QTest.qWait(20)


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
        QApplication.processEvents()  # as a window system sends them: each finds what the one before it has left to do
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
        QApplication.processEvents()
    window.set_workspace(draw.choice(("Review", "Review", "Animate", "Cameras", "Solve")))
    return "and workspace"


if __name__ == "__main__":
    give_back()  # as the app does
    application = QApplication([])
    theme.dress(application)
    print(json.dumps(soak(Path(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3]) if len(sys.argv) > 3 else 1)))
