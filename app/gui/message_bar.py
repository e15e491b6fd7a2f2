"""Sentences for the user, on top of the window until they are put away."""

from collections.abc import Container

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QToolButton, QWidget

from app.gui import theme

MOST = 4


class MessageBar(QFrame):
    """Shows the latest sentences; hidden while there are none."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.sentences: list[str] = []
        self.setObjectName("messages")
        self.setStyleSheet("QFrame#messages { background: #3a2f22; }")
        self.words = QLabel(wordWrap=True, textFormat=Qt.TextFormat.PlainText)
        self.words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.close_button = QToolButton(icon=theme.icon("close"), autoRaise=True, toolTip="Put away")
        self.close_button.setAccessibleName("Put the messages away")
        self.close_button.clicked.connect(self.clear)
        sign = QLabel()
        sign.setPixmap(theme.icon("alert-outline", theme.ACCENT).pixmap(18, 18))
        layout = QHBoxLayout(self)
        layout.setContentsMargins(10, 5, 6, 5)
        layout.addWidget(sign)
        layout.addWidget(self.words, 1)
        layout.addWidget(self.close_button)
        self.hide()

    def say(self, sentence: str) -> None:
        if sentence not in self.sentences:
            self.sentences = [*self.sentences, sentence][-MOST:]
        self.words.setText("\n".join(self.sentences))
        self.show()

    def keep(self, wanted: Container[str]) -> None:
        """Put away all but these."""
        self.sentences = [sentence for sentence in self.sentences if sentence in wanted]
        self.words.setText("\n".join(self.sentences))
        self.setVisible(bool(self.sentences))

    def clear(self) -> None:
        self.keep(())
