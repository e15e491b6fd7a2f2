"""One camera of the recorder: its picture, and what an operator watches."""

import base64

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.gui import theme
from app.gui.guarded import guarded

HEIGHT, PICTURE = 78, 112
FOCUS = (0.2, 0.35)
"""Focus below which a picture is blurred, and from which it is sharp."""
DARK, BRIGHT, CLIPPED = 0.18, 0.8, 0.05
"""Mean luma below and above which a face is too dark or too bright, and the share that may be white."""
SMALL = 0.2
"""Height of a face, as a share of the picture, below which it is far away."""


@guarded
class CameraTile(QWidget):
    """Shows what the recorder says of a camera."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.name, self.status, self.picture = name, {}, None
        self.setFixedHeight(HEIGHT)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(f"Camera {name}")

    def sizeHint(self) -> QSize:
        return QSize(280, HEIGHT)

    def take_status(self, event: dict) -> None:
        self.status = event
        self.setToolTip(event.get("problem") or f"{self.name}: {_size(event)}")
        self.update()

    def take_picture(self, jpeg: str) -> None:
        image = QImage.fromData(base64.b64decode(jpeg))
        if not image.isNull():
            self.picture = image
            self.update()

    @property
    def left_out(self) -> bool:
        """It came back, or began, after the take was rolled: its picture is live, and none of it is recorded."""
        return self.status.get("state") == "live" and bool(self.status.get("problem"))

    def verdicts(self) -> list[tuple[str, float, str, QColor]]:
        """Each level: its name, how full its bar is, a word, and the word's colour."""
        status = self.status
        if status.get("focus") is None:
            return []
        focus, light = status["focus"], status["exposure"]
        sharp = ("blurred", theme.BAD_TEXT) if focus < FOCUS[0] else ("soft", theme.ACCENT) if focus < FOCUS[1] \
            else ("sharp", theme.GOOD_TEXT)
        bright = ("clipped", theme.BAD_TEXT) if status["clipped"] > CLIPPED else ("dark", theme.ACCENT) \
            if light < DARK else ("bright", theme.ACCENT) if light > BRIGHT else ("good", theme.GOOD_TEXT)
        face = status.get("face")
        seen = ("looking", theme.QUIET) if face is None else ("no face", theme.BAD_TEXT) if face == 0 \
            else ("far", theme.ACCENT) if face < SMALL else ("found", theme.GOOD_TEXT)
        return [("Focus", focus, *sharp), ("Exposure", light, *bright), ("Face", face or 0.0, *seen)]

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        room = QRectF(0, 3, PICTURE, HEIGHT - 6)
        painter.fillRect(room, theme.PANE)
        lost = self.status.get("state") == "lost"
        if self.picture is not None and not lost:
            scale = min(room.width() / self.picture.width(), room.height() / self.picture.height())
            shown = QRectF(0, 0, self.picture.width() * scale, self.picture.height() * scale)
            shown.moveCenter(room.center())
            painter.drawImage(shown, self.picture)
        else:
            painter.setPen(theme.BAD_TEXT if lost else theme.QUIET)
            painter.drawText(room, Qt.AlignmentFlag.AlignCenter, "lost" if lost else "opening")
        self._paint_words(painter, QRectF(PICTURE + 10, 2, self.width() - PICTURE - 12, 18))

    def _paint_words(self, painter: QPainter, line: QRectF) -> None:
        status = self.status
        painter.setPen(theme.TEXT)
        painter.drawText(line, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, self.name)
        dropped = status.get("dropped", 0)
        said = "not recorded" if self.left_out else f"{dropped} dropped" if dropped else f"{status['frames']} frames" \
            if status.get("frames") else f"{status['rate']:.4g} fps" if status.get("rate") else ""
        painter.setPen(theme.BAD_TEXT if dropped or self.left_out else theme.QUIET)
        painter.drawText(line, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, said)
        if status.get("state") == "lost":
            painter.setPen(theme.QUIET)
            painter.drawText(line.adjusted(0, 20, 0, 52), Qt.AlignmentFlag.AlignLeft | Qt.TextFlag.TextWordWrap,
                             status.get("problem", ""))
            return
        for row, (name, amount, word, colour) in enumerate(self.verdicts()):
            place = line.translated(0, 19 * (row + 1))
            painter.setPen(theme.QUIET)
            painter.drawText(place, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, name)
            bar = QRectF(place.x() + 58, place.y() + 7, max(place.width() - 58 - 56, 20), 5)
            painter.fillRect(bar, theme.BASE)
            painter.fillRect(QRectF(bar.x(), bar.y(), bar.width() * min(max(amount, 0.0), 1.0), bar.height()), colour)
            painter.setPen(colour)
            painter.drawText(place, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, word)


def _size(event: dict) -> str:
    width, height = event.get("size") or (0, 0)
    return f"{width} x {height}, {event.get('rate', 0):.4g} frames a second"
