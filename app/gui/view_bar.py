"""The row of choices below a view. What a narrow window has no room for goes into a menu behind an arrow at its end, so
that no row of words says how wide a window must be."""

from collections.abc import Sequence

from PySide6.QtCore import QSize
from PySide6.QtWidgets import QAbstractButton, QSizePolicy, QToolBar, QToolButton, QWidget, QWidgetAction

from app.gui import theme
from app.gui.guarded import guarded

SMALL = 14
"""Side of its icons in px."""


def view_bar(name: str, widgets: Sequence[QWidget], last: Sequence[QAbstractButton]) -> QToolBar:
    """The widgets from the left, and the last ones at the right end. Those that are no buttons come first: a menu can
    show a button's words and tick, and nothing else."""
    bar = QToolBar(name)
    bar.setIconSize(QSize(SMALL, SMALL))
    bar.setStyleSheet("QToolBar { padding: 2px 8px; spacing: 10px; }")
    choices = []

    def add(widget: QWidget) -> None:
        if isinstance(widget, QAbstractButton):
            choices.append(_Choice(widget, bar))
            bar.addAction(choices[-1])
        else:
            bar.addWidget(widget)

    for widget in widgets:
        add(widget)
    spring = QWidget()
    spring.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
    bar.addWidget(spring)
    for widget in last:
        add(widget)
    more_button(bar).menu().aboutToShow.connect(lambda: [choice.copy() for choice in choices])
    return bar


def more_button(bar: QToolBar) -> QToolButton:
    """The arrow at a tool bar's end, to be seen on this ground: the style's own is black."""
    more = bar.findChild(QToolButton, "qt_toolbar_ext_button")
    more.setIcon(theme.icon("chevron-double-right"))
    more.setAccessibleName(f"{bar.windowTitle()}: more choices")
    more.setToolTip("More choices")
    return more


@guarded
class _Choice(QWidgetAction):
    """A button in the row, and its words in the menu of what has no room there."""

    def __init__(self, button: QAbstractButton, bar: QToolBar) -> None:
        super().__init__(bar)
        self.button, self.bar = button, bar
        self.triggered.connect(button.click)
        self.copy()

    def createWidget(self, parent: QWidget) -> QWidget | None:
        if parent is not self.bar:
            return None
        self.button.setParent(parent)
        return self.button

    def copy(self) -> None:
        """Look as the button does."""
        self.setText(self.button.text() or self.button.accessibleName())
        self.setToolTip(self.button.toolTip())
        self.setCheckable(self.button.isCheckable())
        self.setChecked(self.button.isChecked())
        self.setEnabled(self.button.isEnabled())
