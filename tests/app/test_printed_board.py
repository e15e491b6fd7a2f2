"""Boards that are printed: of their true size, whole, and found again by what calibrates."""

import io
import re
from dataclasses import replace

import cv2
import numpy as np
import pytest

from app.printed_board import INCH, SHEETS, page
from capture.board import OWN_BOARD, Board, find
from capture.errors import UsageError
from tests.app.command import mien_here

DOTS = 200
BOARDS = {
    "A4": OWN_BOARD,
    "A3": Board("charuco", (8, 11), 0.0283, 0.0211, "DICT_4X4_100", legacy=True),
    "A2": replace(OWN_BOARD, square=0.06, marker=0.044, inverted=True),
    "A1": Board("chessboard", (9, 6), 0.08),
}


@pytest.mark.parametrize("sheet", BOARDS)
def test_a_board_comes_out_of_the_printer_in_its_own_size(sheet):
    board = BOARDS[sheet]
    name, figure = page(board)
    assert name == sheet
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=DOTS)
    printed = cv2.imdecode(np.frombuffer(file.getvalue(), np.uint8), cv2.IMREAD_GRAYSCALE)
    assert sorted(printed.shape) == pytest.approx(sorted(side / INCH * DOTS for side in SHEETS[sheet]), abs=1)
    corners = find(board, printed)
    assert len(corners.ids) == len(board.points)
    where = board.points[corners.ids][:, :2] * 1000 / INCH * DOTS
    turn, *_ = np.linalg.lstsq(np.c_[where, np.ones(len(where))], corners.xy, rcond=None)
    assert np.linalg.svd(turn[:2], compute_uv=False) == pytest.approx((1, 1), abs=5e-4)
    assert np.abs(np.c_[where, np.ones(len(where))] @ turn - corners.xy).max() < 0.7


def test_the_command_writes_the_board_that_the_shoot_describes(tmp_path):
    shoot, out = tmp_path / "shoot", tmp_path / "board.pdf"
    (shoot / "calibration").mkdir(parents=True)
    (shoot / "takes").mkdir()
    said = mien_here("calibrate", shoot, "--print-board", out)
    assert "7 x 5 squares of 30 mm" in said.stdout
    assert str(out) in said.stdout
    first = out.read_bytes()
    box = re.search(rb"/MediaBox \[ 0 0 ([\d.]+) ([\d.]+) \]", first)
    assert [float(side) / 72 * INCH for side in box.groups()] == pytest.approx(SHEETS["A4"], abs=0.01)
    assert "--force" in mien_here("calibrate", shoot, "--print-board", out, check=2).stderr
    mien_here("calibrate", shoot, "--print-board", out, "--force")
    assert out.read_bytes() == first
    (shoot / "calibration" / "board.toml").write_text(
        'type = "chessboard"\nsquares = [9, 6]\nsquare_mm = 25\n')
    assert "9 x 6 squares of 25 mm" in mien_here("calibrate", shoot, "--print-board", out, "--force").stdout
    assert ".pdf" in mien_here("calibrate", shoot, "--print-board", tmp_path / "board.png", check=2).stderr


def test_a_board_that_no_sheet_holds_is_refused():
    with pytest.raises(UsageError, match="A0"):
        page(replace(OWN_BOARD, square=0.3, marker=0.2))
