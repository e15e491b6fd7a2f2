"""Pictures of the workspaces for the README: python -m tests.gui.screenshots SHOOT FOLDER. SHOOT must be solved.

Run it once more with QT_SCALE_FACTOR=2 for the pictures at 200 %. It needs Pillow.
"""

import sys
import time
from pathlib import Path

import cv2  # noqa: F401 - before Qt, as the app imports it
import numpy as np
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from app.gui import theme
from app.gui.landmark_drag import shown_points
from app.gui.main_window import SIZE, MainWindow
from app.gui.pane_faces import HIDDEN, WIREFRAME
from app.gui.session import Session

FRAME = 24
SETTLE_MS = 1500


def main(shoot: Path, folder: Path) -> None:
    application = QApplication([])
    theme.dress(application)
    session = Session()
    window = MainWindow(session)
    window.resize(*SIZE)
    window.show()
    session.open(shoot)
    deadline = time.monotonic() + 60
    while not (window.grid.panes and all(pane.picture is not None for pane in window.grid.panes)):
        assert time.monotonic() < deadline, "no picture came"
        QTest.qWait(50)
    session.seek(FRAME)
    session.select_shapes(("eyeBlinkLeft", "jawOpen", "mouthSmileLeft"))
    window.grid.crop_box.setChecked(True)
    large = window.devicePixelRatioF() > 1.5
    for name, prepare in _chosen(large):
        prepare(window)
        QTest.qWait(SETTLE_MS)
        save(window, folder / f"gui-{name}{'-200' if large else ''}.png")
    window.close()


def _chosen(large: bool):
    return [(name, prepare) for name, prepare in PICTURES.items() if not large or name == "review"]


def _review(window: MainWindow) -> None:
    window.set_workspace("Review")


def _correct(window: MainWindow) -> None:
    """A landmark of the mouth is dragged, the frame keyed, landmarks enlarged in one camera."""
    session, pane = window.session, window.grid.panes[0]
    QTest.mouseDClick(pane, Qt.MouseButton.LeftButton, pos=QPoint(20, 10))
    QTest.qWait(SETTLE_MS)
    places = shown_points(session.data.landmarks[pane.name], session.layer, pane.name, FRAME, session.data.first)
    places = places[np.isfinite(places).all(axis=1)]
    low, high = places.min(axis=0), places.max(axis=0)
    wanted = low + (high - low) * [0.51, 0.735]  # a corner of the mouth
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


def _solve(window: MainWindow) -> None:
    window.grid.look.setCurrentText(HIDDEN)
    window.grid.points_box.setChecked(True)
    window.set_workspace("Solve")


PICTURES = {"review": _review, "correct": _correct, "animate": _animate, "cameras": _cameras, "solve": _solve}


def save(window: MainWindow, path: Path) -> None:
    """As a PNG of 256 colours, which a README loads quickly."""
    picture = window.grab().toImage()
    raw = picture.convertToFormat(picture.Format.Format_RGB888)
    from PIL import Image

    image = Image.frombuffer("RGB", (raw.width(), raw.height()), bytes(raw.constBits()), "raw", "RGB",
                             raw.bytesPerLine(), 1)
    image.quantize(256, dither=Image.Dither.FLOYDSTEINBERG).save(path, optimize=True)
    print(path)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
