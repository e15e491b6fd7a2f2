"""Sentences for the user, on top of the window until they are put away: each on a line of its own."""

from collections.abc import Container

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QToolButton, QVBoxLayout, QWidget

from app.gui import theme

MOST = 3
"""So many are shown. The earlier ones wait, and come when later ones are put away."""
LONGEST = 200
"""So many wait: who lets more come does not read them."""


class MessageBar(QFrame):
    """Shows the latest sentences, the newest at the bottom; hidden while there are none.

    Attributes:
        sentences: all that are not put away, oldest first. What is said again is one, and the newest.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.sentences: list[str] = []
        self._times: dict[str, int] = {}
        self._hint = ""
        self.setObjectName("messages")
        self.setStyleSheet("QFrame#messages { background: #3a2f22; }")
        self.rows = [MessageRow() for _ in range(MOST)]
        self.earlier = QLabel()
        self.earlier.setStyleSheet(f"color: {theme.QUIET.name()}")
        self.close_button = QPushButton("Put all away", flat=True, toolTip="Put all messages away")
        self.close_button.setStyleSheet(f"color: {theme.ACCENT.name()}; border: none; padding: 2px 6px;")
        self.close_button.clicked.connect(self.clear)
        self.foot = QWidget()
        line = QHBoxLayout(self.foot)
        line.setContentsMargins(28, 0, 0, 0)
        line.addWidget(self.earlier, 1)
        line.addWidget(self.close_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(10, 5, 6, 5)
        layout.setSpacing(4)
        for row in self.rows:
            row.closed.connect(self.put_away)
            layout.addWidget(row)
        layout.addWidget(self.foot)
        self.hide()

    def say(self, sentence: str) -> None:
        """Show a sentence; one that is there already becomes the newest, and is counted."""
        self._times[sentence] = self._times.get(sentence, 0) + 1
        self.sentences = [*(other for other in self.sentences if other != sentence), sentence][-LONGEST:]
        self._show()

    def hint(self, sentence: str) -> None:
        """Show what answers the last key or click: it stands in the place of the last such answer."""
        if sentence != self._hint:
            self.put_away(self._hint)
        self._hint = sentence
        self.say(sentence)

    def put_away(self, sentence: str) -> None:
        self.sentences = [other for other in self.sentences if other != sentence]
        self._show()

    def keep(self, wanted: Container[str]) -> None:
        """Put away all but these."""
        self.sentences = [sentence for sentence in self.sentences if sentence in wanted]
        self._show()

    def clear(self) -> None:
        self.keep(())

    def text(self) -> str:
        """All that can be read now."""
        return "\n".join(row.words.text() for row in self.rows if not row.isHidden())

    def _show(self) -> None:
        self._times = {sentence: self._times[sentence] for sentence in self.sentences}
        shown = self.sentences[-MOST:]
        for index, row in enumerate(self.rows):
            if index < len(shown):
                row.say(shown[index], self._times[shown[index]])
            row.setVisible(index < len(shown))
        waiting = len(self.sentences) - len(shown)
        self.earlier.setText(f"{waiting} earlier message{'' if waiting == 1 else 's'}" if waiting else "")
        self.foot.setVisible(len(self.sentences) > 1)
        self.setVisible(bool(self.sentences))


class MessageRow(QWidget):
    """One sentence."""

    closed = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._sentence = ""
        self.words = QLabel(wordWrap=True, textFormat=Qt.TextFormat.PlainText)
        self.words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.times = QLabel()
        self.times.setStyleSheet(f"color: {theme.ACCENT.name()}")
        self.close_button = QToolButton(icon=theme.icon("close"), autoRaise=True, toolTip="Put away")
        self.close_button.setAccessibleName("Put this message away")
        self.close_button.clicked.connect(lambda: self.closed.emit(self._sentence))
        sign = QLabel()
        sign.setPixmap(theme.icon("alert-outline", theme.ACCENT).pixmap(18, 18))
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(sign, 0, Qt.AlignmentFlag.AlignTop)
        layout.addWidget(self.words, 1)
        layout.addWidget(self.times)
        layout.addWidget(self.close_button, 0, Qt.AlignmentFlag.AlignTop)

    def say(self, sentence: str, times: int) -> None:
        """Show a sentence that was said so many times."""
        self._sentence = sentence
        self.words.setText(sentence)
        self.times.setText(f"× {times}" if times > 1 else "")
