"""The inspector's Export page: which formats, where to, with or without the corrections."""

import os
from dataclasses import replace
from pathlib import Path

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
from app.places import Places, places
from capture.errors import MienError
from capture.shoot import Take
from exporters import FORMATS
from solver.corrections import Layer

NAMES = {"fbx": "FBX: Maya, MotionBuilder, Unreal", "glb": "GLB: Blender, the web", "usd": "USD: Houdini, Omniverse",
         "csv": "CSV: Live Link Face", "json": "JSON: everything, lossless"}
PRESETS = {"Unreal": ("fbx", "csv"), "Maya": ("fbx",), "Blender": ("glb", "fbx"), "Film pipeline": ("usd", "json"),
           "Everything": tuple(NAMES)}
OWN = "Own choice"


class ExportPanel(QWidget):
    """Exports the open take, those that are chosen in the list, or all of the shoot."""

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
        self.all = QPushButton("Export all takes of the shoot", toolTip="All that are solved; what fails keeps none of "
                               "the others from it")
        self._chosen: list[str] = []
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
        layout.addWidget(self.all)
        layout.addStretch()
        self.preset.textActivated.connect(self._take_preset)
        self.choose.clicked.connect(self._choose_folder)
        self.export.clicked.connect(self.start)
        self.all.clicked.connect(self.start_all)
        for signal in (session.take_changed, session.shoot_changed):
            signal.connect(self._update)
        self._update()

    def formats(self) -> list[str]:
        return [name for name, box in self.boxes.items() if box.isChecked()]

    def set_chosen(self, names: list[str]) -> None:
        """Several takes are chosen in the list; none where it is the open one alone."""
        self._chosen = names
        self._update()

    def start(self) -> None:
        """Write the files of the open take, or of those that are chosen."""
        if not self.export.isEnabled():
            return
        if self._chosen:
            self._start_several([take for take in self.session.takes if take.name in self._chosen])
            return
        data = self.session.data
        if (source := self._source()) is not None:
            formats, target = self._where(data.where)
            self.session.run(f"Export {data.take.name} {formats.upper().replace(',', ' ')}",
                             ["export", str(source), *target], light=True)

    def start_all(self) -> None:
        """Write the files of all takes that are solved."""
        if self.all.isEnabled():
            self._start_several(list(self.session.takes), "--solved-only")

    def _start_several(self, takes: list[Take], *more: str) -> None:
        session, data = self.session, self.session.data
        arguments = [*map(str, map(_place, takes)), *more]
        if not self.corrections.isChecked():
            arguments.append("--as-solved")
        elif data is not None and data.scene is not None and data.take in takes:
            # As it is seen, also where its corrections cannot be saved.
            if (source := self._source()) is None:
                return
            arguments += ["--shown", str(_place(data.take)), str(source)]
        formats, target = self._where(data.where if data is not None else places(takes[0], None))
        session.save()
        session.jobs.add(f"Export {len(takes)} takes {formats.upper().replace(',', ' ')}", [*arguments, *target],
                         module="app.gui.export_takes", light=True)

    def _source(self) -> Path | None:
        """The file of the open take's curves; None where it cannot be written, which is told."""
        session, data = self.session, self.session.data
        layer, weights = session.layer, session.weights
        if not self.corrections.isChecked():
            data, layer, weights = replace(data, scene=data.solved), Layer(), data.solved.performance.weights
        try:
            return export_source(data, layer, weights)
        except MienError as error:
            session.message.emit(str(error))
            return None

    def _where(self, where: Places) -> tuple[str, list[str]]:
        """The formats, and the options that say these and the folder. Both are remembered."""
        # "~" is home, and what is no whole path begins at the shoot, wherever the app was started.
        typed = os.path.expanduser(self.folder.text().strip())
        folder = where.out.parent / typed if typed else where.out
        formats = ",".join(self.formats())
        self.session.recent.choose("export/formats", formats)
        self.session.recent.choose("export/folder", self.folder.text().strip())
        return formats, ["--out", str(folder), "--format", formats]

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
        several = len(self._chosen)
        self.export.setEnabled((solved or several > 1) and bool(self.formats()))
        self.export.setText(f"Export {several} takes" if several else
                            "Export" if solved or data is None else "Export: solve the take first")
        self.all.setEnabled(bool(self.session.takes) and bool(self.formats()))
        match = next((name for name, formats in PRESETS.items()
                      if [key for key in self.boxes if key in formats] == self.formats()), OWN)
        self.preset.setCurrentText(match)


def _place(take: Take) -> Path:
    return take.folder if take.folder is not None else take.clips[0]
