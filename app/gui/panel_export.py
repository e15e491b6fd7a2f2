"""The inspector's Export page: which formats, where to, with or without the corrections."""

import os
from dataclasses import replace

from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.gui import theme
from app.gui.export_source import export_source
from app.gui.session import Session
from capture.errors import MienError
from exporters import FORMATS
from solver.corrections import Layer

NAMES = {"fbx": "FBX: Maya, MotionBuilder, Unreal", "glb": "GLB: Blender, the web", "usd": "USD: Houdini, Omniverse",
         "csv": "CSV: Live Link Face", "json": "JSON: everything, lossless"}
PRESETS = {"Unreal": ("fbx", "csv"), "Maya": ("fbx",), "Blender": ("glb", "fbx"), "Film pipeline": ("usd", "json"),
           "Everything": tuple(NAMES)}
OWN = "Own choice"


class ExportPanel(QWidget):
    """Exports the open take."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.session = session
        self.preset = QComboBox(toolTip="A choice of formats")
        self.preset.addItems([OWN, *PRESETS])
        self.boxes = {name: QCheckBox(text) for name, text in NAMES.items() if name in FORMATS}
        chosen = session.recent.choice("export/formats", "fbx,glb,json").split(",")
        self.folder = QLineEdit(session.recent.choice("export/folder", ""), placeholderText="solved/ in the shoot",
                                toolTip="Where the files go: a whole path, or one from the shoot's folder on")
        self.choose = QToolButton(icon=theme.icon("folder-open-outline"), toolTip="Choose a folder")
        self.choose.setAccessibleName("Choose a folder")
        self.corrections = QCheckBox("With my corrections", checked=True,
                                     toolTip="Otherwise the solve as it came out")
        self.export = QPushButton("Export", objectName="primary", toolTip="Ctrl+E")
        line = QHBoxLayout()
        line.addWidget(self.folder, 1)
        line.addWidget(self.choose)
        form = QFormLayout()
        form.setContentsMargins(0, 0, 0, 0)
        form.addRow("Preset", self.preset)
        layout = QVBoxLayout(self)
        layout.addLayout(form)
        for name, box in self.boxes.items():
            box.setChecked(name in chosen)
            box.toggled.connect(self._update)
            layout.addWidget(box)
        layout.addLayout(line)
        layout.addWidget(self.corrections)
        layout.addWidget(self.export)
        layout.addStretch()
        self.preset.textActivated.connect(self._take_preset)
        self.choose.clicked.connect(self._choose_folder)
        self.export.clicked.connect(self.start)
        session.take_changed.connect(self._update)
        self._update()

    def formats(self) -> list[str]:
        return [name for name, box in self.boxes.items() if box.isChecked()]

    def start(self) -> None:
        """Write the open take's files."""
        if not self.export.isEnabled():
            return
        session, data = self.session, self.session.data
        layer, weights = session.layer, session.weights
        if not self.corrections.isChecked():
            data, layer, weights = replace(data, scene=data.solved), Layer(), data.solved.performance.weights
        try:
            source = export_source(data, layer, weights)
        except MienError as error:
            session.message.emit(str(error))
            return
        # "~" is home, and what is no whole path begins at the shoot, wherever the app was started.
        typed = os.path.expanduser(self.folder.text().strip())
        folder = data.where.out.parent / typed if typed else data.where.out
        formats = ",".join(self.formats())
        session.recent.choose("export/formats", formats)
        session.recent.choose("export/folder", self.folder.text().strip())
        session.run(f"Export {data.take.name} {formats.upper().replace(',', ' ')}",
                    ["export", str(source), "--out", str(folder), "--format", formats], light=True)

    def _take_preset(self, name: str) -> None:
        if name in PRESETS:
            for key, box in self.boxes.items():
                box.setChecked(key in PRESETS[name])
            self.preset.setCurrentText(name)

    def _choose_folder(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, "Where the files go", self.folder.text())
        if folder:
            self.folder.setText(folder)

    def _update(self) -> None:
        data = self.session.data
        solved = data is not None and data.scene is not None
        self.export.setEnabled(solved and bool(self.formats()))
        self.export.setText("Export" if solved or data is None else "Export: solve the take first")
        match = next((name for name, formats in PRESETS.items()
                      if [key for key in self.boxes if key in formats] == self.formats()), OWN)
        self.preset.setCurrentText(match)
