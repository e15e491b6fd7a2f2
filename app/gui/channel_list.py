"""The list of curves: filter by name or region, select, solo, lock, and each shape's value now."""

from PySide6.QtCore import QSignalBlocker, QSize, Qt
from PySide6.QtGui import QColor, QIcon
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QHBoxLayout,
    QHeaderView,
    QLineEdit,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from app.gui import theme
from app.gui.session import Session

REGIONS = ("brow", "eye", "cheek", "nose", "jaw", "mouth", "tongue")
SOLO, LOCK = 2, 3


class ChannelList(QWidget):
    """Chooses the session's selected shapes."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.session = session
        self.filter = QLineEdit(placeholderText="Filter", clearButtonEnabled=True)
        self.filter.setToolTip("Shapes whose name holds these letters")
        self.filter.setAccessibleName("Filter curves")
        self.region = QComboBox(toolTip="Only one region of the face")
        self.region.setAccessibleName("Region of the face")
        self.region.addItems(["all", *REGIONS, "keyed", "moving"])
        self.filter.textChanged.connect(self.apply_filter)
        self.region.currentTextChanged.connect(self.apply_filter)
        self.tree = QTreeWidget(columnCount=4)
        self.tree.setAccessibleName("Curves")
        self.tree.setHeaderHidden(True)
        self.tree.setRootIsDecorated(False)
        self.tree.setUniformRowHeights(True)
        self.tree.setIconSize(QSize(11, 11))
        self.tree.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.tree.header().setStretchLastSection(False)
        self.tree.header().setMinimumSectionSize(18)
        self.tree.header().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        for column, width in ((1, 38), (SOLO, 20), (LOCK, 20)):
            self.tree.header().setSectionResizeMode(column, QHeaderView.ResizeMode.Fixed)
            self.tree.header().resizeSection(column, width)
        self.tree.itemSelectionChanged.connect(self._selected)
        self.tree.itemClicked.connect(self._clicked)
        top = QHBoxLayout()
        top.addWidget(self.filter, 1)
        top.addWidget(self.region)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(6, 2, 0, 0)
        layout.setSpacing(3)
        layout.addLayout(top)
        layout.addWidget(self.tree)
        self._names: tuple[str, ...] = ()
        self._icons: dict[tuple[str, str], QIcon] = {}
        session.curves_changed.connect(self._curves_changed)
        session.take_changed.connect(self._curves_changed)
        session.frame_changed.connect(self._show_values)
        session.selection_changed.connect(self._show_selection)

    def shown(self) -> tuple[str, ...]:
        """The shapes that the filter lets through and, where some are solo, only those."""
        solo = self.session.solo
        return tuple(item.text(0) for item in self._items() if not item.isHidden()
                     and (not solo or item.text(0) in solo))

    def apply_filter(self) -> None:
        words, region = self.filter.text().lower(), self.region.currentText()
        moving = self._moving() if region == "moving" else ()
        for item in self._items():
            name = item.text(0)
            right_region = {"all": True, "keyed": name in self.session.layer.keys, "moving": name in moving}.get(
                region, name.startswith(region))
            item.setHidden(not (right_region and words in name.lower()))
        self.session.selection_changed.emit()

    def _items(self) -> list[QTreeWidgetItem]:
        return [self.tree.topLevelItem(index) for index in range(self.tree.topLevelItemCount())]

    def _moving(self) -> tuple[str, ...]:
        weights = self.session.weights
        if weights is None or not len(weights):
            return ()
        return tuple(name for name, spread in zip(self._names, weights.max(axis=0) - weights.min(axis=0), strict=True)
                     if spread > 0.1)

    def _curves_changed(self) -> None:
        data = self.session.data
        names = data.scene.performance.shape_names if data is not None and data.scene is not None else ()
        if names != self._names:
            self._names = names
            with QSignalBlocker(self.tree):
                self.tree.clear()
                for name in names:
                    item = QTreeWidgetItem(self.tree, [name])
                    item.setToolTip(SOLO, "Show this curve alone")
                    item.setToolTip(LOCK, "Keep this curve from being changed")
                    item.setTextAlignment(1, Qt.AlignmentFlag.AlignRight)
            self._show_selection()
        self._show_values()

    def _show_values(self) -> None:
        frame = self.session.solved_frame()
        for column, item in enumerate(self._items()):
            value = self.session.weights[frame, column] if frame is not None else None
            text = "" if value is None else f"{value:.2f}"
            if item.text(1) != text:
                item.setText(1, text)
                item.setForeground(1, theme.TEXT if value is not None and value > 0.005 else theme.QUIET)

    def _show_selection(self) -> None:
        with QSignalBlocker(self.tree):
            for item in self._items():
                name = item.text(0)
                chosen = name in self.session.shapes
                if item.isSelected() != chosen:
                    item.setSelected(chosen)
                item.setIcon(0, self._icon("square", colour_of(self.session.shapes, name)))
                item.setIcon(SOLO, self._icon("alpha-s-box", _lit(name in self.session.solo)))
                item.setIcon(LOCK, self._icon("lock", _lit(name in self.session.locked)))

    def _icon(self, name: str, colour: QColor) -> QIcon:
        key = (name, colour.name())
        if key not in self._icons:
            self._icons[key] = theme.icon(name, colour)
        return self._icons[key]

    def _selected(self) -> None:
        self.session.select_shapes(tuple(item.text(0) for item in self._items() if item.isSelected()))

    def _clicked(self, item: QTreeWidgetItem, column: int) -> None:
        name = frozenset([item.text(0)])
        if column == SOLO:
            self.session.set_solo(self.session.solo ^ name)
        elif column == LOCK:
            self.session.set_locked(self.session.locked ^ name)


def colour_of(shapes: tuple[str, ...], name: str) -> QColor:
    """The colour of a curve: of its own while selected, else grey."""
    return theme.CURVES[shapes.index(name) % len(theme.CURVES)] if name in shapes else theme.GREY_CURVE


def _lit(on: bool) -> QColor:
    return theme.ACCENT if on else theme.DIM
