"""The app as a process of its own: what it loads, how it dies, and what is there afterwards."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from app.corrections import load_layer

ROOT = Path(__file__).resolve().parents[2]
EDIT_AND_HANG = """
import sys
from pathlib import Path
from PySide6.QtWidgets import QApplication
import app.gui.__main__
from app.gui import edits
from app.gui.main_window import MainWindow
from app.gui.session import Session
application = QApplication([])
session = Session()
window = MainWindow(session)
window.show()
session.open(Path(sys.argv[1]))
session.seek(7)
session.select_shapes(("jawOpen",))
edits.key_here(session)
session.saved.connect(lambda: print("saved", flush=True))
application.exec()
"""
FORBIDDEN = """
import importlib.abc, sys
class Refuse(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name.split(".")[0] in ("torch", "mediapipe"):
            raise ImportError(f"the app's process asked for {name}")
sys.meta_path.insert(0, Refuse())
try:
    import torch
except ImportError:
    print("refused")
import app.gui.__main__
print("loaded")
"""
PROBE = """
from PySide6.QtCore import QObject, Signal
class Thing(QObject):
    happened = Signal(bool)
thing, count = Thing(), 0
def hear(on):
    global count
    count += on
thing.happened.connect(hear)
for _ in range(200_000):
    thing.happened.emit(True)
    thing.blockSignals(False)
print(count)
"""

HOLES = """
import sys, threading
from pathlib import Path
from app.gui.heap import give_back
if sys.argv[1] == "on":
    give_back()
def held():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096
pins = []
def decode():
    kept = [(bytes(900_000 + 1000 * (number % 7)), bytes(2000)) for number in range(400)]
    pins.extend(small for _, small in kept)
large = bytes(30_000_000)  # glibc learns from this one, when it is freed, to keep what is smaller
del large
before = held()
for thread in [threading.Thread(target=decode) for _ in range(4)]:
    thread.start()
    thread.join()
print((held() - before) >> 20)
"""


def python(code: str, *arguments: str, **options) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, "-c", code, *arguments], cwd=ROOT, capture_output=True, text=True,
                          timeout=120, **options)


def test_the_app_loads_neither_torch_nor_mediapipe():
    ended = python(FORBIDDEN)
    assert ended.stdout.split() == ["refused", "loaded"], ended.stderr


def test_freed_pictures_go_back_to_the_system():
    left = {mode: int(python(HOLES, mode).stdout) for mode in ("on", "off")}
    assert left["on"] < 40, left
    assert left["off"] > 150, f"the C library keeps nothing here, so `give_back` has nothing to do: {left}"


def test_this_pyside_survives_two_hundred_thousand_calls():
    """PySide6 6.12.0 loses references to None and True and dies here."""
    ended = python(PROBE)
    assert (ended.returncode, ended.stdout.strip()) == (0, "200000"), ended.stderr


COLLECT = """
import gc, threading
from PySide6.QtCore import QCoreApplication, QTimer
from app.gui.collector import Collector
application = QCoreApplication([])
ended = []
class Cycle:
    def __init__(self):
        self.own = self
    def __del__(self):
        ended.append(threading.current_thread().name)
def work():
    while len(ended) < 3000:
        Cycle()
collector = Collector()
collector._timer.setInterval(5)
threads = [threading.Thread(target=work, name="decode") for _ in range(2)]
for thread in threads:
    thread.start()
done = QTimer(interval=20)
done.timeout.connect(lambda: None if any(thread.is_alive() for thread in threads) else application.quit())
done.start()
application.exec()
collector.stop()
print(sorted(set(ended)), gc.isenabled())
"""


def test_what_nothing_holds_ends_in_the_windows_thread():
    ended = python(COLLECT)
    assert ended.stdout.strip() == "['MainThread'] True", ended.stderr


def test_kill_9_loses_nothing_that_was_done(shoot, tmp_path):
    environment = {**os.environ, "HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path)}
    running = subprocess.Popen([sys.executable, "-c", EDIT_AND_HANG, str(shoot)], cwd=ROOT, env=environment,
                               stdout=subprocess.PIPE, text=True)
    assert running.stdout.readline().strip() == "saved"
    running.send_signal(signal.SIGKILL)
    running.communicate()
    work = shoot / "takes/T001/.mien"
    assert [key.frame for key in load_layer(work.parent / "corrections.json").keys["jawOpen"]] == [7]
    assert not list(work.glob("*.part"))
    again = subprocess.Popen([sys.executable, "-c", EDIT_AND_HANG.replace("session.seek(7)", "session.seek(9)"),
                              str(shoot)], cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)
    assert again.stdout.readline().strip() == "saved", "the dead window's lock does not keep it out"
    again.kill()
    again.communicate()
    assert [key.frame for key in load_layer(work.parent / "corrections.json").keys["jawOpen"]] == [7, 9]


def test_the_window_opens_and_closes_on_ctrl_c(shoot, tmp_path):
    environment = {**os.environ, "HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path)}
    running = subprocess.Popen([sys.executable, "-m", "app.gui", str(shoot)], cwd=ROOT, env=environment,
                               stderr=subprocess.PIPE, text=True)
    lock = shoot / "takes/T001/.mien/corrections.lock"
    deadline = time.monotonic() + 60
    while not lock.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert lock.exists(), "it opened the shoot"
    running.send_signal(signal.SIGINT)
    _, said = running.communicate(timeout=60)
    assert running.returncode == 0, said
    assert "Traceback" not in said
    assert not lock.exists()
