"""The list of takes: what there is, in what state, filtered; clips can be dropped on it."""

from pathlib import Path

from PySide6.QtCore import QSize, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QLineEdit,
    QMessageBox,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from app.gui import take_state, theme
from app.gui.guarded import guarded
from app.gui.session import Session
from capture.shoot import Take

LOOKS: dict[str, tuple[str, QColor]] = {
    take_state.NEW: ("circle-outline", theme.QUIET),
    take_state.CALIBRATED: ("circle-half-full", theme.QUIET),
    take_state.WAITING: ("timer-sand", theme.QUIET),
    take_state.SOLVING: ("progress-clock", theme.ACCENT),
    take_state.SOLVED: ("check-circle", theme.GOOD_TEXT),
    take_state.LOOK: ("eye-circle", theme.ACCENT),
    take_state.FAILED: ("alert-circle", theme.BAD_TEXT),
}
"""Each state has a shape of its own, so that its colour is never needed to tell it."""

NAME = Qt.ItemDataRole.UserRole
LEAST = 230
"""Width in px: below it a take's name is cut."""


@guarded
class TakeBrowser(QWidget):
    """Chooses the session's take. With Ctrl and Shift several are chosen, while the open one stays open."""

    dropped = Signal(list)
    chosen = Signal(list)
    """The names of the takes that are chosen, in the list's order."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setMinimumWidth(LEAST)
        self.session = session
        self.filter = QLineEdit(placeholderText="Filter takes", clearButtonEnabled=True)
        self.filter.setToolTip("By name, state, actor or notes (Ctrl+F)")
        self.filter.addAction(theme.icon("magnify", theme.QUIET), QLineEdit.ActionPosition.LeadingPosition)
        self.filter.textChanged.connect(self._apply_filter)
        self.tree = QTreeWidget(columnCount=3)
        self.tree.setHeaderLabels(["Take", "Dur", "State"])
        self.tree.setAccessibleName("Takes")
        self.tree.setIndentation(14)
        self.tree.setIconSize(QSize(15, 15))
        self.tree.header().setStretchLastSection(False)
        self.tree.header().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        for column in (1, 2):
            self.tree.header().setSectionResizeMode(column, QHeaderView.ResizeMode.ResizeToContents)
        self.tree.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.tree.itemSelectionChanged.connect(self._selected)
        self.setAcceptDrops(True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(6, 6, 6, 0)
        layout.addWidget(self.filter)
        layout.addWidget(self.tree)
        self._filled: object = None
        self._several: list[str] = []
        session.may_discard = self._may_discard
        session.takes_changed.connect(self._update)
        session.take_changed.connect(self._show_current)

    def items(self) -> list[QTreeWidgetItem]:
        """The takes' items, in their order."""
        groups = [self.tree.topLevelItem(index) for index in range(self.tree.topLevelItemCount())]
        return [group.child(index) for group in groups for index in range(group.childCount())]

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if event.mimeData().hasUrls():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        self.dropped.emit([Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()])

    def _update(self) -> None:
        wanted = self._title(), [(_actor(take), take.name) for take in self.session.takes]
        if wanted != self._filled:
            self._fill()
            self._filled = wanted
        for item, take in zip(self.items(), self._ordered(), strict=True):
            self._describe(item, take)
        self._apply_filter()

    def _ordered(self) -> list[Take]:
        actors = list(dict.fromkeys(_actor(take) for take in self.session.takes))
        return sorted(self.session.takes, key=lambda take: actors.index(_actor(take)))

    def _title(self) -> str:
        return f"Shoot {self.session.shoot.name}" if self.session.shoot is not None else "Clips"

    def _fill(self) -> None:
        self._tell([])
        self.tree.blockSignals(True)
        self.tree.clear()
        groups: dict[str, QTreeWidgetItem] = {}
        for take in self._ordered():
            actor = _actor(take)
            if actor not in groups:
                groups[actor] = QTreeWidgetItem(self.tree, [f"{self._title()}  {actor}".rstrip()])
                groups[actor].setFlags(Qt.ItemFlag.ItemIsEnabled)
                groups[actor].setFirstColumnSpanned(True)
                groups[actor].setExpanded(True)
            item = QTreeWidgetItem(groups[actor], [take.name])
            item.setData(0, NAME, take.name)
        self.tree.blockSignals(False)
        self._show_current()

    def _describe(self, item: QTreeWidgetItem, take: Take) -> None:
        state, reason = self.session.state(take)
        icon, colour = LOOKS[state]
        seconds = self.session.seconds(take)
        stars = int(take.settings.get("rating", 0))
        item.setText(0, take.name + (f"  ★{stars}" if stars else ""))
        item.setIcon(0, theme.icon(icon, colour))
        item.setText(1, "" if seconds is None else f"{int(seconds) // 60}:{int(seconds) % 60:02d}")
        item.setForeground(1, theme.QUIET)
        item.setText(2, state)
        item.setForeground(2, colour)
        tip = "\n".join(filter(None, [take.name, reason, str(take.settings.get("notes", ""))]))
        for column in range(3):
            item.setToolTip(column, tip)

    def _apply_filter(self) -> None:
        words = self.filter.text().lower().split()
        for item, take in zip(self.items(), self._ordered(), strict=True):
            text = " ".join([take.name, self.session.state(take)[0], _actor(take),
                             str(take.settings.get("notes", ""))]).lower()
            item.setHidden(not all(word in text for word in words))
        for index in range(self.tree.topLevelItemCount()):
            group = self.tree.topLevelItem(index)
            group.setHidden(all(group.child(child).isHidden() for child in range(group.childCount())))
        if self._several:  # what is not seen is not chosen
            names = [item.data(0, NAME) for item in self.items() if item.isSelected() and not item.isHidden()]
            self._tell(names if len(names) > 1 else [])

    def _selected(self) -> None:
        names = [item.data(0, NAME) for item in self.items() if item.isSelected() and not item.isHidden()]
        self._tell(names if len(names) > 1 else [])
        if len(names) == 1:
            self.session.select_take(names[0])
        if len(names) < 2:
            # The user may have stayed; while Qt is still choosing, its choice cannot be taken back.
            QTimer.singleShot(0, self, self._show_current)

    def _tell(self, names: list[str]) -> None:
        """Several takes are chosen, or the open one alone."""
        if names == self._several:
            return
        self._several = names
        open_take = self.session.data.take.name if self.session.data is not None else None
        for item in self.items():  # among several that look chosen alike the open one is to be told
            font = item.font(0)
            font.setBold(bool(names) and item.data(0, NAME) == open_take)
            item.setFont(0, font)
        self.chosen.emit(names)

    def _may_discard(self, take: str, reason: str) -> bool:
        choice = QMessageBox.StandardButton
        return QMessageBox.warning(
            self.window(), "Corrections are not saved", f"The corrections of {take} are not saved: {reason}. They are "
            "lost if you leave the take now. Discard them?", choice.Discard | choice.Cancel, choice.Cancel,
        ) == choice.Discard

    def _show_current(self) -> None:
        """Choose the open take in the list, unless several are chosen."""
        if self._several:
            return
        name = self.session.data.take.name if self.session.data is not None else None
        self.tree.blockSignals(True)
        self.tree.clearSelection()
        for item in self.items():
            if item.data(0, NAME) == name:
                self.tree.setCurrentItem(item)
        self.tree.blockSignals(False)


def _actor(take: Take) -> str:
    return str(take.setting("actor", ""))
