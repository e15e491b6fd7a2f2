"""Where a calibration board has been seen so far, camera by camera, while it is being looked for."""

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.gui import theme
from app.gui.guarded import guarded

CELLS = 8
GAP, HEAD = 8, 18
EMPTY, FULL = QColor("#1d2023"), QColor("#2f86b8")
OFTEN = 30
"""Corners in a cell from which it counts as well covered."""


class Seen:
    """Of one camera: `counts` (CELLS, CELLS) corners in each cell, the `last` view's corners, views tried and found."""

    def __init__(self, size: tuple[int, int]) -> None:
        self.size, self.tried, self.found = size, 0, 0
        self.counts = np.zeros((CELLS, CELLS), dtype=int)
        self.last = np.zeros((0, 2))

    def add(self, corners: list[list[float]]) -> None:
        self.tried += 1
        self.last = np.array(corners, dtype=float).reshape(-1, 2)
        if len(self.last):
            self.found += 1
            cells = np.clip((self.last / self.size * CELLS).astype(int), 0, CELLS - 1)
            np.add.at(self.counts, (cells[:, 1], cells[:, 0]), 1)

    @property
    def coverage(self) -> float:
        """Share of the cells in which corners were seen."""
        return float((self.counts > 0).mean())


@guarded
class CoverageView(QWidget):
    """A picture for each camera: cells fill as corners are found in them."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.cameras: dict[str, Seen] = {}
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Coverage of each camera by the board")
        self.setToolTip("Each camera's picture in cells; bright ones have seen many of the board's corners, dark ones "
                        "none: there the lens is not known")
        self.setVisible(False)

    def clear(self) -> None:
        self.cameras = {}
        self._changed()

    def take_event(self, event: dict) -> None:
        """One of `mien calibrate --events`; others are left aside."""
        if event.get("event") == "board":
            name = str(event["camera"])
            size = (int(event["size"][0]), int(event["size"][1]))
            self.cameras.setdefault(name, Seen(size)).add(event["corners"])
            self._changed()

    def sizeHint(self) -> QSize:
        rows = -(-len(self.cameras) // 2)
        return QSize(220, round(rows * (self._height() + HEAD + GAP)))

    def resizeEvent(self, event) -> None:
        self._changed()

    def _width(self) -> float:
        return (self.width() - GAP) / 2

    def _height(self) -> float:
        """Of the tallest camera's picture."""
        return max((min(seen.size[1] / seen.size[0], 1.4) * self._width() for seen in self.cameras.values()),
                   default=0.0)

    def _changed(self) -> None:
        self.setVisible(bool(self.cameras))
        if self.height() != self.sizeHint().height():
            self.setFixedHeight(max(1, self.sizeHint().height()))
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        for index, (name, seen) in enumerate(self.cameras.items()):
            left = (index % 2) * (self._width() + GAP)
            top = (index // 2) * (self._height() + HEAD + GAP)
            scale = min(self._width() / seen.size[0], self._height() / seen.size[1])
            self._paint_camera(painter, name, seen,
                               QRectF(left, top + HEAD, seen.size[0] * scale, seen.size[1] * scale))

    def _paint_camera(self, painter: QPainter, name: str, seen: Seen, place: QRectF) -> None:
        from capture.lens import ENOUGH_COVERAGE  # loads SciPy's optimisers, which the window should not wait for

        enough = seen.coverage >= ENOUGH_COVERAGE
        words = QRectF(place.left(), place.top() - HEAD, self._width(), HEAD)
        painter.setPen(theme.TEXT)
        painter.drawText(words, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, name)
        painter.setPen(theme.GOOD_TEXT if enough else theme.ACCENT)
        painter.drawText(words, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter,
                         f"{seen.coverage:.0%}{' ✓' if enough else ''}  {seen.found}/{seen.tried}")
        wide, high = place.width() / CELLS, place.height() / CELLS
        for row in range(CELLS):
            for column in range(CELLS):
                count = int(seen.counts[row, column])
                share = 0.0 if not count else 0.3 + 0.7 * min(1.0, count / OFTEN)
                painter.fillRect(QRectF(place.left() + column * wide, place.top() + row * high, wide - 1, high - 1),
                                 _between(EMPTY, FULL, share))
        painter.setPen(theme.POINT)
        for x, y in seen.last.tolist():
            painter.drawPoint(QPointF(place.left() + x / seen.size[0] * place.width(),
                                      place.top() + y / seen.size[1] * place.height()))


def _between(low: QColor, high: QColor, share: float) -> QColor:
    return QColor(*(round(a + share * (b - a)) for a, b in zip(low.getRgb()[:3], high.getRgb()[:3], strict=True)))
