"""The Calibration page: what is seen of a board while it is looked for, and why a calibration is refused."""

import dataclasses

import cv2
import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog

from app.gui import jobs
from app.gui.coverage_view import CELLS, CoverageView
from capture.board import OWN_BOARD, draw
from capture.camera import Rig, load_rig, save_rig
from tests.clips import write_clip

LEFT = Qt.MouseButton.LeftButton
SIZE, VIEWS = (480, 360), 6


@pytest.fixture
def flat_boards(shoot):
    """Board clips in which the board never tilts and stays in the left half: no lens can be told from them."""
    (shoot / "calibration").mkdir()
    (shoot / "rig.toml").unlink()
    board = cv2.resize(draw(OWN_BOARD, 4.0), (200, 143), interpolation=cv2.INTER_AREA)
    board = board if board.ndim == 3 else np.repeat(board[:, :, None], 3, axis=2)
    pictures = np.full((VIEWS, SIZE[1], SIZE[0], 3), 120, np.uint8)
    for view in range(VIEWS):
        top = 20 + 30 * view
        pictures[view, top:top + board.shape[0], 10:10 + board.shape[1]] = board
    for name in ("camA", "camB"):
        write_clip(shoot / "calibration" / f"{name}.mp4", pictures, options={"crf": "8"})
    return shoot


def test_coverage_fills_while_the_board_is_found_and_the_refusal_says_why(window, flat_boards, qtbot):
    window.session.open(flat_boards)
    window.inspector.show_page("Calibration")
    qtbot.mouseClick(window.cameras.calibrate, LEFT)
    job = window.session.jobs.jobs[-1]
    qtbot.waitUntil(lambda: job.state in jobs.ENDED, timeout=60_000)
    seen = window.cameras.coverage.cameras
    assert set(seen) == {"camA", "camB"}
    assert all(camera.tried == VIEWS and camera.found >= VIEWS - 1 for camera in seen.values())
    filled = seen["camA"].counts > 0
    assert filled[:, :CELLS // 2].any()
    assert not filled[:, CELLS // 2 + 1:].any(), "nothing was seen in the right half"
    assert window.cameras.coverage.isVisible()
    assert job.state == jobs.FAILED
    assert window.cameras.verdict.text() == f"refused: {job.error}"
    assert len(job.error) > 20
    assert not (flat_boards / "rig.toml").exists()
    assert window.cameras.calibrate.isEnabled()


def test_without_a_face_the_face_is_no_way_to_calibrate_and_it_says_so(window, flat_boards, qtbot):
    window.session.open(flat_boards)
    window.inspector.show_page("Calibration")
    qtbot.mouseClick(window.cameras.from_face, LEFT)
    job = window.session.jobs.jobs[-1]
    assert not window.cameras.calibrate.isEnabled()
    qtbot.mouseClick(window.jobs.rows[job].cancel, LEFT)
    qtbot.waitUntil(lambda: job.state in jobs.ENDED, timeout=60_000)
    assert window.cameras.verdict.text() in ("stopped", f"refused: {job.error}")


def test_a_camera_is_drawn_as_covered_when_it_is(qtbot):
    view = CoverageView()
    qtbot.addWidget(view)
    view.resize(300, 100)
    for row in range(CELLS):
        view.take_event({"event": "board", "camera": "camA", "size": [800, 600],
                         "corners": [[100 * column + 50, 75 * row + 30] for column in range(CELLS)]})
    view.take_event({"event": "board", "camera": "camA", "size": [800, 600], "corners": []})
    view.take_event({"event": "another"})
    assert view.cameras["camA"].coverage == 1.0
    assert (view.cameras["camA"].found, view.cameras["camA"].tried) == (CELLS, CELLS + 1)
    picture = view.grab().toImage()
    assert picture.pixelColor(20, 40).blue() > picture.pixelColor(20, 40).red() + 30


def test_what_was_found_from_the_face_is_shown_without_the_progress_before_it(opened, shoot):
    panel = opened.cameras
    panel.job = job = jobs.Job("Cameras", ["calibrate", str(shoot), "--from-face"], parent=opened.session)
    job.state, job.step = jobs.DONE, "cameras"
    job.log = ["T001: detect camA", "T001: detect camB", "T001: cameras", "from the face in T001, 30 frames",
               "camA 300 px +- 2 % (40 mm), 0.8 px from the face", str(shoot / "rig.toml"),
               "T001: the face hardly turns"]
    panel._ended()
    assert panel.verdict.text().splitlines() == ["calibrated", *job.log[3:5], job.log[6]]


def test_the_page_shows_the_rig_file_also_where_an_older_one_was_solved_with(opened, shoot):
    rig = load_rig(shoot / "rig.toml")
    first = dataclasses.replace(rig.cameras[0], error_px=0.77)
    save_rig(Rig((first, *rig.cameras[1:])), shoot / "rig.toml")
    opened.session.reload()
    assert opened.cameras.words.text() == "2 cameras, from rig.toml"
    assert opened.cameras.table.topLevelItem(0).text(3) == "0.77 px"
    (shoot / "rig.toml").write_text("[")
    opened.session.reload()
    assert "rig.toml" in opened.cameras.words.text()
    assert opened.cameras.table.topLevelItemCount() == 0


def test_a_board_is_written_to_be_printed(qtbot, opened, tmp_path, monkeypatch):
    target = tmp_path / "board.pdf"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(target.with_suffix("")), ""))
    qtbot.mouseClick(opened.cameras.board, LEFT)
    qtbot.waitUntil(lambda: opened.session.jobs.jobs[-1].state in jobs.ENDED, timeout=60_000)
    assert target.read_bytes().startswith(b"%PDF")
    assert str(target) in opened.cameras.verdict.text()
