"""The icons: letters of a font that QtAwesome carries. Its own code loads four more packages, and a fifth of the time
until the window is up; the font is all that is needed of it.
"""

import functools
import importlib.util
import json
from pathlib import Path

from PySide6.QtCore import QPoint, QRect, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontDatabase, QIcon, QIconEngine, QPainter, QPixmap

FONT = "materialdesignicons6-webfont"
OFF = QColor("#5a5d61")
SIZE = 0.9
"""Of the letter, over the room it has."""


def icon(name: str, colour: QColor) -> QIcon:
    """One of the Material Design icons, by its name."""
    return QIcon(_Letter(_letters()[name], colour))


@functools.cache
def _letters() -> dict[str, str]:
    table = next(_folder().glob(f"{FONT}-charmap-*.json"))
    return {name: chr(int(code, 16)) for name, code in json.loads(table.read_text(encoding="utf-8")).items()}


@functools.cache
def _family() -> str:
    number = QFontDatabase.addApplicationFont(str(next(_folder().glob(f"{FONT}-[0-9]*.ttf"))))
    return QFontDatabase.applicationFontFamilies(number)[0]


def _folder() -> Path:
    return Path(importlib.util.find_spec("qtawesome").submodule_search_locations[0]) / "fonts"


class _Letter(QIconEngine):
    """Draws one letter in whatever size is asked for."""

    def __init__(self, letter: str, colour: QColor) -> None:
        super().__init__()
        self.letter, self.colour = letter, colour

    def paint(self, painter: QPainter, rect: QRect, mode: QIcon.Mode, state: QIcon.State) -> None:
        painter.save()
        font = QFont(_family())
        font.setPixelSize(max(1, round(rect.height() * SIZE)))
        font.setHintingPreference(QFont.HintingPreference.PreferNoHinting)
        painter.setFont(font)
        painter.setPen(OFF if mode == QIcon.Mode.Disabled else self.colour)
        painter.drawText(rect, Qt.AlignmentFlag.AlignCenter, self.letter)
        painter.restore()

    def pixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State) -> QPixmap:
        drawn = QPixmap(size)
        drawn.fill(Qt.GlobalColor.transparent)
        painter = QPainter(drawn)
        self.paint(painter, QRect(QPoint(0, 0), size), mode, state)
        painter.end()
        return drawn

    def clone(self) -> QIconEngine:
        return _Letter(self.letter, self.colour)
