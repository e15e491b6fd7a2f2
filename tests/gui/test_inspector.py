"""The inspector's pages in windows of any height."""

import pytest
from PySide6.QtWidgets import QApplication

WORDS = ("", "refused: the board was seen by both cameras at once in too few pictures; hold it so that both see it, "
             "and turn it more. " * 3)


@pytest.mark.parametrize("page", ["Calibration", "Take", "Solve", "Sync", "Record"])
def test_no_height_makes_a_page_go_to_and_fro_between_two_widths(opened, page):
    """Where a bar came that made words wrap otherwise, so that it went, so that it came, the process died of it."""
    opened.inspector.show_page(page)
    for camera in ("camA", "camB"):  # the pictures of what a board has covered are as high as the page is wide
        opened.cameras.coverage.take_event({"camera": camera, "size": [480, 640], "corners": [[10.0, 10.0]]})
    area = opened.inspector.pages[page]
    area.setFixedWidth(290)
    widths = set()
    for words in WORDS:
        opened.cameras.verdict.setText(words)
        for height in range(120, 700, 3):
            area.setFixedHeight(height)
            QApplication.processEvents()
            widths.add(area.viewport().width())
    assert len(widths) == 1
