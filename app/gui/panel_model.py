"""The inspector's Model page: which face models there are, what names their shapes answer to, and how to add one."""

from pathlib import Path

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QComboBox,
    QFileDialog,
    QHeaderView,
    QInputDialog,
    QLabel,
    QPushButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from app.gui import theme
from app.gui.session import Session
from app.gui.take_data import model_named
from capture.errors import MienError
from solver.face_model import ARKIT
from solver.model_import import BUILT_IN, list_models, names_file, names_of


class ModelPanel(QWidget):
    """Shows models; adds them by a job."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.session = session
        self.choice = QComboBox(toolTip="A known face model")
        self.facts = QLabel(wordWrap=True)
        self.facts.setStyleSheet(f"color: {theme.QUIET.name()}")
        self.names = QTreeWidget(columnCount=2)
        self.names.setHeaderLabels(["Shape", "Moves up to"])
        self.names.setRootIsDecorated(False)
        self.names.header().setStretchLastSection(False)
        self.names.header().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.add = QPushButton("Add a rig…", objectName="primary",
                               toolTip="A GLB or FBX with named shapes, or ICT-FaceKit's zip")
        layout = QVBoxLayout(self)
        for widget in (self.choice, self.facts):
            layout.addWidget(widget)
        layout.addWidget(self.names, 1)
        layout.addWidget(self.add)
        self.choice.activated.connect(self.show_model)
        self.add.clicked.connect(self._ask)
        self.refresh()

    def refresh(self) -> None:
        """List what is known now."""
        known, chosen = [BUILT_IN, *list_models()], self.choice.currentText()
        self.choice.clear()
        self.choice.addItems(known)
        self.choice.setCurrentText(chosen if chosen in known else BUILT_IN)

    def showEvent(self, event) -> None:
        super().showEvent(event)
        if not self.names.topLevelItemCount():
            self.show_model()

    def show_model(self) -> None:
        """Fill the page with the chosen model."""
        self.names.clear()
        try:
            chosen = self.choice.currentText()
            model, table = model_named(chosen), names_of(chosen)
        except MienError as error:
            self.facts.setText(str(error))
            return
        own = [name for name in model.shape_names if name not in ARKIT]
        missing = [name for name in ARKIT if name not in model.shape_names]
        self.facts.setText(f"{len(model.neutral)} vertices, {len(model.identity)} identity modes, "
                           f"{len(model.shape_names) - len(own)} of ARKit's 52 shapes, {len(own)} of its own"
                           + ("" if model.eyes else "; its eyes cannot turn")
                           + (f". What its names stand for can be changed in {names_file(chosen)}" if table else ""))
        stands = {name: " + ".join(owns) for name, owns in table.matched.items()} if table else {}
        doubtful = table.ambiguous if table else {}
        reach = np.linalg.norm(model.shapes, axis=2).max(axis=1) * 1000
        for name, most in zip(model.shape_names, reach, strict=True):
            item = QTreeWidgetItem(self.names, [name, f"{most:.1f} mm"])
            item.setTextAlignment(1, Qt.AlignmentFlag.AlignRight)
            if name in doubtful:
                item.setToolTip(0, f"may stand for {doubtful[name]}, but so does {stands[doubtful[name]]}")
            elif name in own:
                item.setToolTip(0, "the rig's own name: no shape of ARKit's has this meaning")
            elif stands.get(name, name) != name:
                item.setToolTip(0, f"in the rig: {stands[name]}")
        for name in missing:
            item = QTreeWidgetItem(self.names, [name, "missing"])
            item.setForeground(1, theme.BAD_TEXT)
            item.setTextAlignment(1, Qt.AlignmentFlag.AlignRight)

    def add_model(self, source: Path, name: str) -> None:
        """Add a model from a file under a name, as a job."""
        job = self.session.run(f"Add model {name}", ["model", "add", str(source), "--name", name], light=True)
        job.ended.connect(self.refresh)

    def _ask(self) -> None:
        file, _ = QFileDialog.getOpenFileName(self, "A face rig", "", "Rigs (*.glb *.gltf *.fbx *.zip *.npz)")
        if file:
            name, given = QInputDialog.getText(self, "Name", "What shall the model be called?", text=Path(file).stem)
            if given and name.strip():
                self.add_model(Path(file), name.strip())
