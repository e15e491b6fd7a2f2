"""The icons: letters of a font that QtAwesome carries. Its own code loads four more packages, and a fifth of the time
until the window is up; the font is all that is needed of it.
"""

import functools
import importlib.util
import json
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QFont, QFontDatabase, QIcon, QPainter, QPixmap

FONT = "materialdesignicons6-webfont"
OFF = QColor("#5a5d61")
SIDES = (16, 20, 24, 32, 40, 48)
"""Sizes in px that are kept of each icon; Qt takes the next larger one. As pictures: an icon engine in Python dies with
the Python object that stands for it, while Qt still draws with it.
"""
SIZE = 0.9
"""Of the letter, over the room it has."""


def icon(name: str, colour: QColor) -> QIcon:
    """One of the Material Design icons, by its name."""
    return _drawn(name, colour.name())


@functools.cache
def _drawn(name: str, colour: str) -> QIcon:
    icon = QIcon()
    for side in SIDES:
        for mode, tint in ((QIcon.Mode.Normal, QColor(colour)), (QIcon.Mode.Disabled, OFF)):
            icon.addPixmap(_picture(_letters()[name], side, tint), mode)
    return icon


def _picture(letter: str, side: int, colour: QColor) -> QPixmap:
    picture = QPixmap(side, side)
    picture.fill(Qt.GlobalColor.transparent)
    font = QFont(_family())
    font.setPixelSize(max(1, round(side * SIZE)))
    font.setHintingPreference(QFont.HintingPreference.PreferNoHinting)
    painter = QPainter(picture)
    painter.setFont(font)
    painter.setPen(colour)
    painter.drawText(picture.rect(), Qt.AlignmentFlag.AlignCenter, letter)
    painter.end()
    return picture


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
