"""`python -m tests.bench.app SHOOT`: how quick the desktop app is. SHOOT is copied; take one that is solved.

Prints when its window is up, what it costs to stand still, how soon a random scrub shows (SHOOT, and four made cameras
of 1920 x 1080), and how fast 52 curves over 18,000 frames are panned and zoomed.
"""

import dataclasses
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import cv2  # noqa: F401 - before Qt, as the app imports it
import numpy as np
from PySide6.QtCore import QEventLoop
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from app.gui import theme
from app.gui.curve_view import CurveView
from app.gui.main_window import MainWindow
from app.gui.session import Session
from app.gui.take_data import TakeData, model_named
from app.gui.time_axis import TimeAxis
from app.places import Places
from app.proxies import run as make_proxies
from capture.shoot import Take
from exporters.scene import make_scene
from tests.clips import numbered, write_clip
from tests.synthetic import made_performance

ROOT = Path(__file__).resolve().parents[2]
STARTS, IDLE_SECONDS, SCRUBS, REST_MS = 5, 10, 150, 400
CURVES, FRAMES = 52, 18_000
CHILD = """
import sys, time
from PySide6.QtCore import QTimer
import app.gui.__main__ as door
class Window(door.MainWindow):
    def paintEvent(self, event):
        super().paintEvent(event)
        if not hasattr(self, "told"):
            self.told = True
            QTimer.singleShot(0, lambda: print("up", flush=True))
            if len(sys.argv) > 2:
                QTimer.singleShot(6000, idle)
door.MainWindow = Window
def idle():
    begun, busy = time.monotonic(), time.process_time()
    def tell():
        print((time.process_time() - busy) / (time.monotonic() - begun), flush=True)
        door.QApplication.quit()
    QTimer.singleShot(int(1000 * float(sys.argv[2])), tell)
sys.exit(door.main(sys.argv[1:2]))
"""


def bench(shoot: Path) -> None:
    """Print the figures."""
    application = QApplication([])
    theme.dress(application)
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(shutil.copytree(shoot, Path(folder) / "shoot"))
        time.sleep(3.5)  # so that the clips' hashes can be remembered
        _start(copy)
        _scrub(copy, "without proxies")
        make_proxies([copy], False, False)
        _scrub(copy, "with proxies")
        large = _film(Path(folder) / "large")
        time.sleep(3.5)
        _scrub(large, "1920 x 1080 without proxies")
        make_proxies([large], False, False)
        _scrub(large, "1920 x 1080 with proxies")
    _curves()


def _start(shoot: Path) -> None:
    taken = []
    for _ in range(STARTS):
        begun = time.monotonic()
        child = subprocess.Popen([sys.executable, "-c", CHILD, str(shoot)], cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert child.stdout.readline().strip() == "up"
        taken.append(time.monotonic() - begun)
        child.terminate()
        child.communicate()
    print(f"window up after {np.median(taken):.2f} s (median of {STARTS}, {max(taken):.2f} s at most)")
    make_proxies([shoot], False, False)
    told = subprocess.run([sys.executable, "-c", CHILD, str(shoot), str(IDLE_SECONDS)], cwd=ROOT, capture_output=True,
                          text=True, timeout=60).stdout.split()
    print(f"idle on an open take: {float(told[-1]):.2%} of one core over {IDLE_SECONDS} s")
    for path in shoot.rglob("proxy.*.mov"):
        path.unlink()


def _scrub(shoot: Path, title: str) -> None:
    """From a seek to the picture of that frame on the widgets, at random, and at random after a rest."""
    session = Session()
    window = MainWindow(session)
    window.show()
    session.open(shoot)
    _until(lambda: bool(window.grid.panes) and all(pane.picture is not None for pane in window.grid.panes))
    draw, taken = random.Random(1), []
    for number in range(SCRUBS):
        if number % 10 == 0:
            QTest.qWait(REST_MS)  # then the frames themselves are decoded, and a scrub finds the decoders busy
        frame = draw.choice([frame for frame in range(session.data.frames) if frame != session.frame])
        begun = time.perf_counter()
        session.seek(frame)
        _until(lambda frame=frame: all(pane.shown_frame == frame for pane in window.grid.panes))
        window.grid.repaint()
        taken.append(1000 * (time.perf_counter() - begun))
    half, most = np.percentile(taken, [50, 95])
    count = len(window.grid.panes)
    print(f"random scrub, {count} camera{'s' if count > 1 else ''} {title}: median {half:.0f} ms, 95 of 100 within "
          f"{most:.0f} ms, at most {max(taken):.0f} ms", flush=True)
    window.close()
    window.deleteLater()
    session.deleteLater()


def _until(done) -> None:
    """Let the window live as it does in the app: its thread sleeps while there is nothing to do."""
    deadline = time.monotonic() + 60
    while not done():
        assert time.monotonic() < deadline, "it took too long"
        QApplication.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents, 1000)


def _film(folder: Path) -> Path:
    folder.mkdir()
    first = write_clip(folder / "camA.mp4", numbered(72, (1920, 1080)), 30,
                       options={"g": "48", "bf": "2", "crf": "23", "preset": "ultrafast"})
    for name in ("camB", "camC", "camD"):
        shutil.copy(first, folder / f"{name}.mp4")
    return folder


def _curves() -> None:
    session, axis = Session(), TimeAxis()
    view = CurveView(session, axis)
    view.resize(1200, 400)
    draw = np.random.default_rng(1)
    values = np.clip(np.cumsum(draw.normal(0, 0.02, (FRAMES, CURVES)), axis=0) % 1.0, 0, 1)
    _show(session, view, axis, values)
    view.show()
    QApplication.processEvents()
    wall, busy = [], []
    for number in range(240):
        span = FRAMES * 0.5 ** (number % 8)
        first = draw.uniform(0, FRAMES - span)
        begun, cpu = time.perf_counter(), time.process_time()
        axis.show(first, first + span)
        view.repaint()
        wall.append(1000 * (time.perf_counter() - begun))
        busy.append(1000 * (time.process_time() - cpu))
    print(f"{CURVES} curves over {FRAMES} frames, random pans and zooms: median {np.median(wall):.0f} ms, "
          f"95 of 100 within {np.percentile(wall, 95):.0f} ms, at most {max(wall):.0f} ms "
          f"({np.median(busy):.0f} ms of processor, 95 of 100 within {np.percentile(busy, 95):.0f} ms): "
          f"{1000 / np.mean(wall):.0f} pictures a second, {1000 / np.mean(busy):.0f} of processor time")


def _show(session: Session, view: CurveView, axis: TimeAxis, values: np.ndarray) -> None:
    """Put curves before the view as a solved take would."""
    model = model_named("mien")
    made = made_performance(model, FRAMES)
    scene = make_scene(model, dataclasses.replace(made, weights=values[:, :len(made.shape_names)]))
    session.data = TakeData(Take("T001", None, ()), Places(Path(), Path()), scene=scene, solved=scene)
    session.weights = scene.performance.weights
    session.select_shapes(scene.performance.shape_names[:3])
    axis.set_take(FRAMES, scene.frame_rate, None)
    session.curves_changed.emit()
    view.set_shown(scene.performance.shape_names)


if __name__ == "__main__":
    bench(Path(sys.argv[1]))
