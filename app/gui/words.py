"""A page's sentence for the user, there only while there is something to say."""

from PySide6.QtWidgets import QLabel, QWidget

from app.gui import theme


class Words(QLabel):
    """One sentence."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent, wordWrap=True)
        self.setStyleSheet(f"color: {theme.ACCENT.name()}")
        self.hide()

    def say(self, sentence: str) -> None:
        """Show a sentence; none for nothing."""
        self.setText(sentence)
        self.setVisible(bool(sentence))
