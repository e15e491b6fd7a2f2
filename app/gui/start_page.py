"""What stands where the footage will be: how to begin, the shoots of the last days, or why nothing can be shown."""

from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QLabel, QPushButton, QVBoxLayout

from app.gui import theme
from app.gui.session import Session

MOST = 5
WIDTH = 320


class StartPage(QFrame):
    """Opens and creates shoots."""

    open_wanted = Signal()
    new_wanted = Signal()

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self.setObjectName("start")
        self.setStyleSheet(f"QFrame#start {{ background: {theme.PANE.name()}; }}")
        self.title = QLabel("mien")
        self.title.setStyleSheet(f"font-size: 34px; font-weight: 300; color: {theme.TEXT.name()};")
        self.words = QLabel(wordWrap=True)
        self.words.setStyleSheet(f"color: {theme.QUIET.name()};")
        self.open = QPushButton("Open a shoot…", objectName="primary")
        self.new = QPushButton("New shoot…")
        self.open.clicked.connect(self.open_wanted)
        self.new.clicked.connect(self.new_wanted)
        self.recent = QVBoxLayout()
        inside = QVBoxLayout()
        inside.setSpacing(8)
        for widget in (self.title, self.words, self.open, self.new):
            widget.setFixedWidth(WIDTH)
            inside.addWidget(widget)
        inside.addSpacing(12)
        inside.addLayout(self.recent)
        layout = QVBoxLayout(self)
        layout.addStretch()
        layout.addLayout(inside)
        layout.addStretch()
        layout.setAlignment(inside, Qt.AlignmentFlag.AlignHCenter)
        self.say("")

    def say(self, problem: str) -> None:
        """Show why there is no footage; "" for the usual greeting."""
        self.words.setText(problem or "Facial performance capture. Open a shoot, or drop clips here.")
        # The layout takes a label that wraps for one line, and what stands below it would be squeezed.
        self.words.setFixedHeight(self.words.heightForWidth(WIDTH))
        while self.recent.count():
            self.recent.takeAt(0).widget().deleteLater()
        for path in self.session.recent.shoots()[:MOST]:
            self.recent.addWidget(self._recent_button(path))

    def _recent_button(self, path: Path) -> QPushButton:
        button = QPushButton(theme.icon("folder-outline", theme.QUIET), path.name, flat=True, toolTip=str(path))
        button.setStyleSheet("text-align: left; padding: 4px;")
        button.setFixedWidth(WIDTH)
        # Queued: opening a shoot takes this very button away.
        button.clicked.connect(lambda: self.session.open(path), Qt.ConnectionType.QueuedConnection)
        return button
