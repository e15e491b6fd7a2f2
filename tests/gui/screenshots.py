"""Pictures of the workspaces for the README: python -m tests.gui.screenshots DEMO FOLDER [SCALE].

DEMO is what `mien demo` made; a day's shoot is made of it. SCALE 2 gives the pictures at 200 %.
"""

import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

if __name__ == "__main__":
    os.environ["QT_SCALE_FACTOR"] = sys.argv[3] if len(sys.argv) > 3 else "1"
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import av
import cv2
import numpy as np
from PySide6.QtCore import QPoint, QSettings, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from app.gui import theme
from app.gui.landmark_drag import shown_points
from app.gui.main_window import SIZE, MainWindow
from app.gui.pane_faces import HEATMAP, HIDDEN, WIREFRAME
from app.gui.session import Session
from app.gui.take_notes import write_settings

FRAME = 24
SETTLE_MS = 1500
QUALITY = 82
TAKES = {"ROM_01": {"actor": "Mara"},
         "sc04_t01": {"actor": "Mara", "rating": 5, "notes": "best read; blink at 41 late"},
         "sc04_t02": {"actor": "Mara"}, "sc07_t01": {"actor": "Mara"}, "sc02_t01": {"actor": "Idris", "rating": 3}}
NEW, TORN = "sc04_t02", "sc07_t01"


def main(demo: Path, folder: Path, scale: float) -> None:
    """Save all pictures."""
    demo, folder = demo.resolve(), folder.resolve()
    application = QApplication([])
    theme.dress(application)
    with tempfile.TemporaryDirectory() as place:
        QSettings.setPath(QSettings.Format.IniFormat, QSettings.Scope.UserScope, place)
        cameras = Path(shutil.copytree(demo / "takes" / "T001", Path(place) / "cameras"))
        os.chdir(cameras)  # so that the pictures show no folder of this machine
        session = Session()
        window = MainWindow(session)
        window.resize(*SIZE)
        window.show()
        session.open(a_day(demo, Path(place) / "2026-11-18"))
        session.select_take("sc04_t01")
        _until(lambda: window.grid.panes and all(pane.picture is not None for pane in window.grid.panes))
        session.seek(FRAME)
        session.select_shapes(("eyeBlinkLeft", "jawOpen", "mouthSmileLeft"))
        window.grid.crop_box.setChecked(True)
        _until(lambda: len(session.surveys.known) == len(TAKES))
        for name, prepare in PICTURES.items():
            prepare(window)
            QTest.qWait(SETTLE_MS)
            save(window, folder / f"gui-{name}{'-200' if scale > 1.5 else ''}.webp")
        window.close()
        os.chdir(folder)


def a_day(demo: Path, shoot: Path) -> Path:
    """A shoot of five takes in several states, filled from the demo's."""
    (shoot / "takes").mkdir(parents=True)
    shutil.copy(demo / "rig.toml", shoot)
    for take, settings in TAKES.items():
        folder = Path(shutil.copytree(demo / "takes" / "T001", shoot / "takes" / take))
        write_settings(folder, settings)
        speech = _speech()
        _write_wave(folder / "audio.wav", speech)
        for place, clip in enumerate(sorted(folder.glob("*.mp4"))):
            _give_sound(clip, speech, place)
    shutil.rmtree(shoot / "takes" / NEW / ".mien")
    shutil.rmtree(shoot / "takes" / TORN / ".mien")
    (shoot / "takes" / TORN / "camB.mp4").write_bytes(b"torn")
    return shoot


RATE = 48_000


def _speech(seconds: float = 1.6) -> np.ndarray:
    """(S,) int16 that looks like speech: bursts of a few tones."""
    time_s = np.arange(int(seconds * RATE)) / RATE
    bursts = np.clip(np.sin(2 * np.pi * 2.7 * time_s - 0.8), 0, 1) ** 1.5 * (0.55 + 0.45 * np.sin(9.1 * time_s))
    tones = sum(np.sin(2 * np.pi * hertz * time_s) / part for part, hertz in enumerate((140, 280, 715, 1220), start=1))
    return (9000 * bursts * tones).astype(np.int16)


def _write_wave(path: Path, samples: np.ndarray) -> None:
    with av.open(str(path), "w") as container:
        _put_sound(container, container.add_stream("pcm_s16le", rate=RATE, layout="mono"), samples)


def _give_sound(clip: Path, samples: np.ndarray, place: int) -> None:
    """As that camera's own microphone heard it: fainter and noisier the farther it stands."""
    noise = np.random.default_rng(place).normal(0, 120 + 250 * place, len(samples))
    heard = (samples / (1 + place) + noise).astype(np.int16)
    with_sound = clip.with_name(f"sound-{clip.name}")
    with av.open(str(clip)) as source, av.open(str(with_sound), "w") as target:
        picture = target.add_stream_from_template(source.streams.video[0])
        sound = target.add_stream("aac", rate=RATE, layout="mono")
        for packet in source.demux(source.streams.video[0]):
            if packet.dts is not None:
                packet.stream = picture
                target.mux(packet)
        _put_sound(target, sound, heard)
    with_sound.replace(clip)


def _put_sound(container, stream, samples: np.ndarray) -> None:
    frame = av.AudioFrame.from_ndarray(samples[None], format="s16", layout="mono")
    frame.sample_rate = RATE
    for packet in (*stream.encode(frame), *stream.encode(None)):
        container.mux(packet)


def _until(done) -> None:
    deadline = time.monotonic() + 240
    while not done():
        assert time.monotonic() < deadline, "it took too long"
        QTest.qWait(50)


def _review(window: MainWindow) -> None:
    window.set_workspace("Review")
    window.export.start()
    _until(lambda: not window.session.jobs.running())


def _correct(window: MainWindow) -> None:
    """A landmark of the mouth is dragged, landmarks enlarged in one camera."""
    session, pane = window.session, window.grid.panes[0]
    QTest.mouseDClick(pane, Qt.MouseButton.LeftButton, pos=QPoint(20, 10))
    QTest.qWait(SETTLE_MS)
    places = shown_points(session.data.landmarks[pane.name], session.layer, pane.name, FRAME, session.data.first)
    places = places[np.isfinite(places).all(axis=1)]
    low, high = places.min(axis=0), places.max(axis=0)
    wanted = low + (high - low) * [0.575, 0.735]  # a corner of the mouth
    xy = places[((places - wanted) ** 2).sum(axis=1).argmin()]
    source, target = pane.source(), pane.target()
    scale = target.width() / source.width()
    start = QPoint(round((xy[0] + 0.5 - source.x()) * scale + target.x()),
                   round((xy[1] + 0.5 - source.y()) * scale + target.y()))
    QTest.mousePress(pane, Qt.MouseButton.LeftButton, pos=start)
    QTest.mouseMove(pane, start + QPoint(10, -8))
    QTest.mouseRelease(pane, Qt.MouseButton.LeftButton, pos=start + QPoint(10, -8))


def _animate(window: MainWindow) -> None:
    window.session.undo.undo()
    QTest.mouseDClick(window.grid.panes[0], Qt.MouseButton.LeftButton, pos=QPoint(20, 10))
    view = window.timeline.curves
    window.set_workspace("Animate")
    QTest.qWait(SETTLE_MS)
    for frame, value in ((18, 0.9), (30, 0.7)):
        QTest.mouseDClick(view, Qt.MouseButton.LeftButton, pos=QPoint(round(view.x(frame)), round(view.y(value))))


def _cameras(window: MainWindow) -> None:
    for _ in range(2):
        window.session.undo.undo()
    window.grid.look.setCurrentText(WIREFRAME)
    window.grid.points_box.setChecked(False)
    window.set_workspace("Cameras")


def _residuals(window: MainWindow) -> None:
    window.grid.look.setCurrentText(HEATMAP)


def _solve(window: MainWindow) -> None:
    window.grid.look.setCurrentText(HIDDEN)
    window.grid.points_box.setChecked(True)
    window.set_workspace("Solve")
    window.inspector.show_page("Sync")
    _until(lambda: window.sync.waves.rows and all(row.peaks is not None for row in window.sync.waves.rows))


def _record(window: MainWindow) -> None:
    """Clips stand for the cameras."""
    panel = window.record
    window.set_workspace("Review")
    window.inspector.show_page("Record")
    panel.sources.setPlainText("\n".join(f"{clip.stem}=loop:{clip}" for clip in sorted(Path().glob("*.mp4"))))
    panel.scene.setText("sc04")
    panel.actor.setText("Mara")
    panel.number.setValue(3)
    panel.arm.click()
    _until(lambda: panel.state == "armed" and all(tile.picture is not None and tile.status.get("face")
                                                  for tile in panel.tiles.values()))
    panel.roll.click()
    _until(lambda: panel.state == "rolling" and all(tile.status.get("frames", 0) > 45 for tile in panel.tiles.values()))


def _live(window: MainWindow) -> None:
    panel, recorder = window.live, window.record
    recorder.cut.click()
    _until(lambda: recorder.state == "armed")
    recorder.arm.click()
    _until(lambda: not recorder.child.running)
    window.inspector.show_page("Live")
    panel.source.setEditText("loop:camA.mp4")
    panel.start.click()
    _until(lambda: panel.view.mesh is not None and panel.bars.weights.any() and "know" not in panel.facts.text())


PICTURES = {"review": _review, "correct": _correct, "animate": _animate, "cameras": _cameras, "residuals": _residuals,
            "solve": _solve, "record": _record, "live": _live}


def save(window: MainWindow, path: Path) -> None:
    """As WebP, which holds flat grounds, thin lines and skin alike in a fifth of a PNG."""
    raw = window.grab().toImage()
    raw = raw.convertToFormat(raw.Format.Format_RGB888)
    rows = np.frombuffer(raw.constBits(), np.uint8).reshape(raw.height(), raw.bytesPerLine())
    rgb = rows[:, :3 * raw.width()].reshape(raw.height(), raw.width(), 3)
    _, data = cv2.imencode(".webp", cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_WEBP_QUALITY, QUALITY])
    path.write_bytes(data.tobytes())
    print(path, len(data) // 1024, "KiB")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), float(os.environ["QT_SCALE_FACTOR"]))
