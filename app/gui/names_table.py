"""A rig's own shape names and what each stands for, to be changed by hand."""

from collections.abc import Mapping

import numpy as np
from PySide6.QtCore import QModelIndex, Qt, Signal
from PySide6.QtWidgets import QComboBox, QHeaderView, QStyledItemDelegate, QTreeWidget, QTreeWidgetItem, QWidget

from app.gui import theme
from app.gui.guarded import guarded
from solver.face_model import ARKIT, FaceModel
from solver.shape_names import names_found

KEPT, OUT = "its own name", "left out"
OWN, STANDS, REACH = 0, 1, 2


@guarded
class NamesTable(QTreeWidget):
    """Emits `edited` when a name was changed by hand."""

    edited = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.names: dict[str, str] = {}
        self._own: tuple[str, ...] = ()
        self.setColumnCount(3)
        self.setHeaderLabels(["In the rig", "Stands for", "Moves"])
        self.setRootIsDecorated(False)
        self.setAlternatingRowColors(True)
        self.setAccessibleName("Names of the rig's shapes")
        self.setToolTip("Double-click or F2 to change what a shape stands for")
        self.header().setStretchLastSection(False)
        for column in (OWN, STANDS):
            self.header().setSectionResizeMode(column, QHeaderView.ResizeMode.Stretch)
        self.header().setSectionResizeMode(REACH, QHeaderView.ResizeMode.ResizeToContents)
        self.setEditTriggers(QTreeWidget.EditTrigger.NoEditTriggers)
        self.setItemDelegateForColumn(STANDS, _Choice(self))
        self.itemDoubleClicked.connect(lambda item: self.editItem(item, STANDS))

    def show_model(self, model: FaceModel, names: Mapping[str, str]) -> None:
        """Fill it: `model` with its own names, `names` as in `shape_names.rename_shapes`."""
        self.clear()
        self._own, self.names = model.shape_names, dict(names)
        reach = np.linalg.norm(model.shapes, axis=2).max(axis=1) * 1000
        for own, most in zip(model.shape_names, reach, strict=True):
            item = QTreeWidgetItem(self, [own, "", f"{most:.1f} mm"])
            item.setFlags(item.flags() | Qt.ItemFlag.ItemIsEditable)
            item.setTextAlignment(REACH, Qt.AlignmentFlag.AlignRight)
            item.setForeground(REACH, theme.QUIET)
        self._describe()

    def change(self, own: str, text: str) -> None:
        """Let a shape stand for something else: a name, KEPT or OUT."""
        before = dict(self.names)
        text = text.strip()
        if text in (KEPT, own, ""):
            self.names.pop(own, None)
        else:
            self.names[own] = "" if text == OUT else text
        if self.names != before:
            self._describe()
            self.edited.emit()

    def keyPressEvent(self, event) -> None:
        if event.key() in (Qt.Key.Key_F2, Qt.Key.Key_Return) and self.currentItem() is not None:
            self.editItem(self.currentItem(), STANDS)
        else:
            super().keyPressEvent(event)

    def _describe(self) -> None:
        found = names_found(self._own, self.names)
        for row in range(self.topLevelItemCount()):
            item = self.topLevelItem(row)
            own = item.text(OWN)
            name = self.names.get(own)
            doubtful = found.ambiguous.get(own)
            item.setText(STANDS, OUT if name == "" else name or (own if own in ARKIT else KEPT))
            item.setForeground(STANDS, theme.ACCENT if doubtful else theme.TEXT
                               if (name or own) in ARKIT else theme.QUIET)
            item.setToolTip(STANDS, f"may stand for {doubtful}, but so does {' + '.join(found.matched[doubtful])}"
                            if doubtful else "the weights of this shape are solved under this name")


@guarded
class _Choice(QStyledItemDelegate):
    """A list of ARKit's names in which another name may be typed."""

    def createEditor(self, parent: QWidget, option, index: QModelIndex) -> QWidget:
        box = QComboBox(parent, editable=True)
        box.addItems([KEPT, OUT, *ARKIT])
        box.activated.connect(lambda: (self.commitData.emit(box), self.closeEditor.emit(box)))
        return box

    def setEditorData(self, editor: QComboBox, index: QModelIndex) -> None:
        editor.setCurrentText(index.data())
        editor.lineEdit().selectAll()

    def setModelData(self, editor: QComboBox, model, index: QModelIndex) -> None:
        self.parent().change(index.siblingAtColumn(OWN).data(), editor.currentText())
