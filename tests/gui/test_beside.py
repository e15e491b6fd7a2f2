"""A second performance beside the open take's, by its button."""

import dataclasses
import shutil

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QFileDialog

from app.gui.take_data import model_named
from app.places import places
from capture.shoot import open_shoot
from exporters.scene import make_scene
from exporters.to_json import read, write
from tests.gui import faked
from tests.gui.conftest import seen


@pytest.fixture
def choose(opened, qtbot, monkeypatch):
    def choose(path) -> None:
        monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(path), ""))
        button = opened.viewport.beside
        qtbot.mouseClick(button, Qt.MouseButton.LeftButton, pos=QPoint(8, button.height() // 2))

    return choose


def halves(window) -> tuple[np.ndarray, np.ndarray]:
    """What the 3D view shows on its left and its right, below the words."""
    image = seen(window, window.viewport.canvas).convertToFormat(QImage.Format.Format_RGB888)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    pixels = rows[30:, :image.width() * 3].reshape(image.height() - 30, image.width(), 3).astype(int)
    middle = image.width() // 2
    return pixels[:, :middle - 2], pixels[:, middle + 2:]


@pytest.fixture
def own(shoot):
    """The performance of the shoot's solved take."""
    return read(places(open_shoot(shoot).takes[0], None).work / "solve.json")


def written(own, folder, **changes):
    """Another one like it, in a file as `mien export` leaves one."""
    path = folder / "again.mien.json"
    write(make_scene(model_named("mien"), dataclasses.replace(own, **changes)), path)
    return path


def test_another_solve_is_shown_beside_and_put_away(opened, choose, own, tmp_path):
    path = written(own, tmp_path, weights=np.zeros_like(own.weights))
    opened.session.seek(12)
    choose(path)
    session = opened.session
    assert session.beside.name == "again"
    assert opened.viewport.compare.isChecked()
    assert opened.viewport.beside.isChecked()
    left, right = halves(opened)
    assert left.max() > 60 < right.max(), "a face on each side"
    assert not session.beside.weights(12).any()
    session.seek(20)
    opened.viewport.canvas.changed()
    later = halves(opened)
    assert np.abs(later[1] - right).mean() > 0.3, "this one moves"
    choose(path)
    assert session.beside is None
    assert not opened.viewport.beside.isChecked()
    session.show_beside(path)
    session.select_take("T002")
    assert session.beside is None, "it was chosen for that take"


def test_another_take_stands_where_this_one_does_and_holds_its_ends(opened, choose, own, tmp_path):
    choose(written(own, tmp_path, take="T009", head_translation=own.head_translation + np.array([3.0, 0.0, 0.0])))
    session = opened.session
    for frame in (0, 7, faked.FRAMES - 1):
        session.seek(frame)
        np.testing.assert_allclose(session.beside.vertices(frame), session.vertices(), atol=1e-6)
    np.testing.assert_array_equal(session.beside.weights(faked.FRAMES + 40), own.weights[-1])


def test_what_is_no_performance_is_one_sentence(opened, choose, shoot, tmp_path):
    path = shutil.copy(shoot / "takes/T001/camA.mp4", tmp_path / "no.json")
    choose(path)
    assert opened.session.beside is None
    assert not opened.viewport.beside.isChecked()
    assert len(opened.messages.sentences) == 1
    assert str(path) in opened.messages.sentences[0]
    choose("")
    assert opened.session.beside is None
