"""The inspector: one page for each task, chosen by a strip of icons, as DCCs do it; there is room for many."""

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QPaintEvent
from PySide6.QtWidgets import (
    QButtonGroup,
    QFrame,
    QHBoxLayout,
    QLabel,
    QScrollArea,
    QScrollBar,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.gui import theme
from app.gui.guarded import guarded

ICONS = {"Take": "movie-open-outline", "Calibration": "checkerboard", "Sync": "waveform", "Actor": "account-outline",
         "Model": "face-man-outline", "Solve": "play-circle-outline", "Export": "export-variant",
         "Record": "record-circle-outline", "Live": "webcam"}
BUTTON = 34
LEAST = 300
"""Width in px; a page that wants more, in a window that has no more, scrolls."""


@guarded
class QuietBar(QScrollBar):
    """Seen only where there is something to scroll."""

    def paintEvent(self, event: QPaintEvent) -> None:
        if self.maximum() > self.minimum():
            super().paintEvent(event)


class Inspector(QWidget):
    """Pages by name."""

    changed = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setMinimumWidth(LEAST)
        self.buttons: dict[str, QToolButton] = {}
        self.pages: dict[str, QWidget] = {}
        self._group = QButtonGroup(self)
        self._stack = QStackedWidget()
        self.title = QLabel()
        self.title.setStyleSheet(f"color: {theme.TEXT.name()}; font-weight: 600; padding: 8px 10px 0 10px;")
        strip = QFrame(objectName="strip")
        strip.setStyleSheet(f"QFrame#strip {{ background: {theme.BASE.name()}; }}"
                            "QToolButton { border: none; border-left: 2px solid transparent; }"
                            f"QToolButton:checked {{ border-left-color: {theme.ACCENT.name()}; "
                            f"background: {theme.PANEL.name()}; }}"
                            f"QToolButton:focus {{ background: {theme.SELECTED.name()}; }}")
        self._strip = QVBoxLayout(strip)
        self._strip.setContentsMargins(0, 4, 0, 0)
        self._strip.setSpacing(0)
        self._strip.addStretch()
        column = QVBoxLayout()
        column.setSpacing(0)
        column.addWidget(self.title)
        column.addWidget(self._stack, 1)
        line = QHBoxLayout(self)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(0)
        line.addWidget(strip)
        line.addLayout(column, 1)

    def add_page(self, name: str, page: QWidget) -> None:
        """Put a page at the end."""
        area = QScrollArea(widgetResizable=True, frameShape=QScrollArea.Shape.NoFrame)
        # Always there: what a page needs in height depends on its width, and where a bar that comes changes that so
        # that it goes again, Qt goes to and fro until the stack is full and the process dies.
        area.setVerticalScrollBar(QuietBar(area))
        area.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
        area.setWidget(page)
        self._stack.addWidget(area)
        button = QToolButton(icon=theme.icon(ICONS.get(name, "card-outline")), checkable=True, toolTip=name)
        button.setAccessibleName(f"{name} page")
        button.setFixedSize(QSize(BUTTON + 2, BUTTON))
        button.setIconSize(QSize(19, 19))
        button.clicked.connect(lambda: self.show_page(name))
        self._group.addButton(button)
        self._strip.insertWidget(self._strip.count() - 1, button)
        self.buttons[name], self.pages[name] = button, area
        if len(self.pages) == 1:
            self.show_page(name)

    def show_page(self, name: str) -> None:
        """Bring a page to the front."""
        self._stack.setCurrentWidget(self.pages[name])
        self.buttons[name].setChecked(True)
        self.title.setText(name)
        self.changed.emit(name)

    @property
    def page(self) -> str:
        """The name of the page in front."""
        return self.title.text()
