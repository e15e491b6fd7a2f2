"""The inspector's Model page: which face models there are, what their shapes' names stand for, and how to add one."""

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QPixmap
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QFileDialog,
    QHBoxLayout,
    QInputDialog,
    QLabel,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from app.gui import jobs, theme
from app.gui.guarded import guarded
from app.gui.jobs import Job
from app.gui.names_table import NamesTable
from app.gui.session import Session
from app.gui.take_data import model_named
from app.gui.undo import Change
from capture.errors import MienError
from solver.face_model import ARKIT
from solver.model_import import BUILT_IN, added_model, list_models, names_file, names_table, set_names
from solver.shape_names import first_table, rename_shapes


@guarded
class ModelPanel(QWidget):
    """Shows models, mends their names; adds and checks them by jobs."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.session = session
        self.choice = QComboBox(toolTip="A known face model")
        self.choice.setAccessibleName("Face model")
        self.facts = QLabel(wordWrap=True)
        self.facts.setStyleSheet(f"color: {theme.QUIET.name()}")
        self.names = NamesTable()
        self.missing = QLabel(wordWrap=True)
        self.missing.setStyleSheet(f"color: {theme.BAD_TEXT.name()}")
        self.save = QPushButton("Save names", toolTip="Writes the table of names beside the model; can be undone")
        self.guess = QPushButton("Guess again", toolTip="What mien takes the names for by itself")
        self.check = QPushButton("Check", toolTip="Finds where the landmarks lie on this model, and draws them")
        self.add = QPushButton("Add a rig…", objectName="primary",
                               toolTip="A GLB or FBX with named shapes, or ICT-FaceKit's zip")
        line = QHBoxLayout()
        for button in (self.save, self.guess, self.check):
            line.addWidget(button)
        layout = QVBoxLayout(self)
        layout.addWidget(self.choice)
        layout.addWidget(self.facts)
        layout.addWidget(self.names, 1)
        layout.addWidget(self.missing)
        layout.addLayout(line)
        layout.addWidget(self.add)
        self.choice.activated.connect(self.show_model)
        self.names.edited.connect(self._edited)
        self.save.clicked.connect(self.save_names)
        self.guess.clicked.connect(self._guess)
        self.check.clicked.connect(self.start_check)
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
        self.missing.setText("")
        chosen = self.choice.currentText()
        added = chosen != BUILT_IN
        for button in (self.save, self.guess):
            button.setEnabled(False)
        try:
            model = model_named(chosen)
            own, table = (added_model(chosen), names_table(chosen)) if added else (model, {})
        except MienError as error:
            self.facts.setText(str(error))
            return
        known = [name for name in ARKIT if name in model.shape_names]
        self.facts.setText(f"{len(model.neutral)} vertices, {len(model.identity)} identity modes, "
                           f"{len(known)} of ARKit's 52 shapes, {len(model.shape_names) - len(known)} of its own"
                           + ("" if model.eyes else "; its eyes cannot turn")
                           + (f". Its names are kept in {names_file(chosen)}" if added else ""))
        self.names.show_model(own, table)
        self.names.setEnabled(added)
        self.guess.setEnabled(added)
        self._show_missing(model.shape_names)

    def save_names(self) -> None:
        """Write the table as it stands, as a step that can be undone."""
        chosen = self.choice.currentText()
        try:
            before = names_table(chosen)
            rename_shapes(added_model(chosen), self.names.names)
        except MienError as error:
            self.session.message.emit(str(error))
            return
        self.session.undo.push(Change(f"names of {chosen}", before, dict(self.names.names),
                                      lambda table: self._put(chosen, table), own=False))

    def start_check(self) -> None:
        """Check the chosen model, as a job; its picture is shown when it is done."""
        chosen = self.choice.currentText()
        folder = names_file(chosen).parent / "checks"
        job = self.session.run(f"Check {chosen}", ["model", "check", chosen, "--out", str(folder)])
        job.ended.connect(lambda: self._show_check(job, folder / f"{chosen}.check.png"))

    def add_model(self, source: Path, name: str) -> None:
        """Add a model from a file under a name, as a job."""
        job = self.session.run(f"Add model {name}", ["model", "add", str(source), "--name", name], light=True)
        job.ended.connect(self.refresh)

    def _put(self, name: str, table: dict[str, str]) -> None:
        try:
            set_names(name, table)
        except MienError as error:
            self.session.message.emit(str(error))
            return
        model_named.cache_clear()
        self.session.message.emit(f"the names of {name} are saved; solve the takes again that were solved with it")
        if self.choice.currentText() == name:
            self.show_model()

    def _edited(self) -> None:
        try:
            changed = self.names.names != names_table(self.choice.currentText())
        except MienError:
            changed = True
        self.save.setEnabled(changed)
        own = [self.names.topLevelItem(row).text(0) for row in range(self.names.topLevelItemCount())]
        self._show_missing([self.names.names.get(name, name) for name in own])

    def _guess(self) -> None:
        chosen = self.choice.currentText()
        model = added_model(chosen)
        self.names.show_model(model, first_table(model.shape_names))
        self._edited()

    def _show_missing(self, names) -> None:
        missing = [name for name in ARKIT if name not in names]
        self.missing.setText(f"{len(missing)} of ARKit's have no shape: {', '.join(missing)}" if missing else "")

    def _show_check(self, job: Job, picture: Path) -> None:
        found = QPixmap(str(picture)) if job.state == jobs.DONE else QPixmap()
        if found.isNull() or not self.isVisible():
            return
        dialog = QDialog(self, windowTitle=job.title)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        area, inside = QScrollArea(dialog, widgetResizable=True), QWidget()
        column = QVBoxLayout(inside)
        words = QLabel("\n".join(line for line in job.log if not line.endswith((".png", ".csv"))), wordWrap=True)
        words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        drawn = QLabel()
        drawn.setPixmap(found)
        column.addWidget(words)
        column.addWidget(drawn)
        area.setWidget(inside)
        layout = QVBoxLayout(dialog)
        layout.addWidget(area)
        dialog.resize(900, 700)
        dialog.show()

    def _ask(self) -> None:
        file, _ = QFileDialog.getOpenFileName(self, "A face rig", "", "Rigs (*.glb *.gltf *.vrm *.fbx *.zip *.npz)")
        if file:
            name, given = QInputDialog.getText(self, "Name", "What shall the model be called?", text=Path(file).stem)
            if given and name.strip():
                self.add_model(Path(file), name.strip())
