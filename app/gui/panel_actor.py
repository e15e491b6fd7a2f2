"""The inspector's Actor page: who is filmed in which take, and what is known of each."""

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QComboBox,
    QDoubleSpinBox,
    QFormLayout,
    QHeaderView,
    QLabel,
    QPushButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from app.gui import take_state, theme
from app.gui.guarded import guarded
from app.gui.noting import note
from app.gui.session import Session
from app.gui.undo import Change
from app.places import ACTORS_NAME
from capture.errors import MienError
from capture.shoot import Take
from solver.actor import NAME, Actor, load_actor

NOBODY = "nobody named"
LEAST_MM, MOST_MM = 40.0, 90.0
TAKE = Qt.ItemDataRole.UserRole
MOST_MEASURES = 3


@guarded
class ActorPanel(QWidget):
    """Lists the session's actors; sets the open take's."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.session = session
        self._shown: object = None
        self.tree = QTreeWidget(columnCount=3)
        self.tree.setHeaderLabels(["Actor", "Takes", "Pupils"])
        self.tree.setAccessibleName("Actors and their takes")
        self.tree.setIndentation(14)
        self.tree.header().setStretchLastSection(False)
        self.tree.header().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        for column in (1, 2):
            self.tree.header().setSectionResizeMode(column, QHeaderView.ResizeMode.ResizeToContents)
        self.actor = QComboBox(editable=True, toolTip="Who is filmed in the open take; kept in its take.toml")
        self.actor.setAccessibleName("Actor of this take")
        self.apart = QDoubleSpinBox(minimum=LEAST_MM - 0.5, maximum=MOST_MM, decimals=1, singleStep=0.5, suffix=" mm",
                                    specialValueText="not known", keyboardTracking=False,
                                    toolTip="The actor's distance between the pupils, in all of their takes: it gives "
                                            "cameras found from the face their true size")
        self.apart.setAccessibleName("Distance between the pupils")
        form = QFormLayout()
        form.setContentsMargins(0, 0, 0, 0)
        form.addRow("This take", self.actor)
        form.addRow("Pupils apart", self.apart)
        self.words = QLabel(wordWrap=True)
        self.words.setStyleSheet(f"color: {theme.QUIET.name()}")
        self.learn = QPushButton("Learn this actor's face", objectName="primary",
                                 toolTip="From all of the shoot's takes of the actor: their solves become better, and "
                                         "alike. Kept only if it is better on frames held out")
        layout = QVBoxLayout(self)
        layout.addWidget(self.tree, 1)
        layout.addLayout(form)
        layout.addWidget(self.words)
        layout.addWidget(self.learn)
        self.learn.clicked.connect(self.start_learning)
        self.actor.activated.connect(lambda: self.set_actor(self.actor.currentText()))
        self.actor.lineEdit().editingFinished.connect(lambda: self.set_actor(self.actor.currentText()))
        self.apart.valueChanged.connect(self.set_apart)
        self.tree.itemClicked.connect(self._chosen)
        session.takes_changed.connect(self._update)
        session.take_changed.connect(self._update)
        self._update()

    def takes_of(self, name: str) -> list[Take]:
        """The takes in which an actor is filmed."""
        return [take for take in self.session.takes if actor_of(take) == name]

    def set_actor(self, name: str) -> None:
        """Say who is filmed in the open take; can be undone."""
        take, name = self._take(), name.strip()
        name = "" if name == NOBODY else name
        if take is not None and name != actor_of(take):
            own = take.settings.get("actor")
            self._change(f"actor of {take.name}", [take], {"actor": own}, {"actor": name or None})

    def set_apart(self, millimetres: float) -> None:
        """Say how far apart the pupils of the open take's actor are, in all of their takes; can be undone."""
        take = self._take()
        value = round(millimetres, 1) if millimetres >= LEAST_MM else None
        if take is not None and value != take.setting("interocular_mm"):
            takes = [other for other in self.takes_of(actor_of(take)) if other.folder is not None] \
                if actor_of(take) else [take]
            self._change(f"pupils of {actor_of(take) or take.name}", takes,
                         {"interocular_mm": take.settings.get("interocular_mm")}, {"interocular_mm": value})

    def start_learning(self) -> None:
        """Make or better the profile of the open take's actor, as a job."""
        take = self._take()
        name = actor_of(take)
        where = ["train", name, "--in", str(take.shoot.folder)] if take.shoot is not None \
            else ["make", name, "--from", str(take.folder)]
        job = self.session.run(f"Learn {name}'s face", ["actor", *where])
        job.ended.connect(self._update)

    def profile(self, name: str) -> Actor | None:
        """What has been learnt of an actor; None where there is nothing, or it is damaged."""
        path = self._profile_path(name)
        try:
            return load_actor(path.parent) if path is not None and path.is_file() else None
        except MienError as error:
            self.session.message.emit(str(error))
            return None

    def _profile_date(self) -> int | None:
        path = self._profile_path(actor_of(self._take())) if self._take() is not None else None
        return path.stat().st_mtime_ns if path is not None and path.is_file() else None

    def _profile_path(self, name: str) -> Path | None:
        take = next(iter(self.takes_of(name)), None)
        if not name or take is None or take.folder is None:
            return None
        return (take.shoot.folder if take.shoot is not None else take.folder) / ACTORS_NAME / name / NAME

    def _change(self, text: str, takes: list[Take], before: dict, after: dict) -> None:
        self.session.undo.push(Change(text, before, after, lambda values: note(self.session, takes, values),
                                      own=False))

    def _take(self) -> Take | None:
        """The open take, if it can hold settings."""
        data = self.session.data
        return data.take if data is not None and data.take.folder is not None else None

    def _chosen(self, item: QTreeWidgetItem) -> None:
        if item.data(0, TAKE):
            self.session.select_take(item.data(0, TAKE))

    def showEvent(self, event) -> None:
        super().showEvent(event)
        self._update()

    def _update(self) -> None:
        if not self.isVisible():
            return  # a running job tells twenty times a second that something changed
        shown = (self.session.data.take.name if self.session.data is not None else None, self._profile_date(),
                 [(take.name, take.folder, dict(take.settings), self.session.state(take)[0])
                  for take in self.session.takes])
        if shown == self._shown:
            return
        self._shown = shown
        names = sorted({actor_of(take) for take in self.session.takes}, key=lambda name: (not name, name))
        closed = {self.tree.topLevelItem(row).text(0) for row in range(self.tree.topLevelItemCount())
                  if not self.tree.topLevelItem(row).isExpanded()}
        self.tree.clear()
        for name in names:
            takes = self.takes_of(name)
            solved = sum(self.session.state(take)[0] in (take_state.SOLVED, take_state.LOOK) for take in takes)
            apart = {take.setting("interocular_mm") for take in takes} - {None}
            item = QTreeWidgetItem(self.tree, [name or NOBODY, f"{solved} of {len(takes)} solved",
                                               " / ".join(f"{value:.1f}" for value in sorted(apart)) or "–"])
            for take in takes:
                child = QTreeWidgetItem(item, [take.name, self.session.state(take)[0], ""])
                child.setData(0, TAKE, take.name)
                child.setForeground(1, theme.QUIET)
            item.setExpanded((name or NOBODY) not in closed)
        self._show_take([name for name in names if name])

    def _show_take(self, names: list[str]) -> None:
        take = self._take()
        for widget in (self.actor, self.apart):
            widget.setEnabled(take is not None)
            widget.blockSignals(True)
        if not self.actor.lineEdit().hasFocus() or not self.actor.lineEdit().isModified():
            self.actor.clear()
            self.actor.addItems([NOBODY, *names])
            self.actor.setCurrentText((actor_of(take) if take is not None else "") or NOBODY)
        apart = take.setting("interocular_mm") if take is not None else None
        self.apart.setValue(float(apart) if apart is not None else self.apart.minimum())
        for widget in (self.actor, self.apart):
            widget.blockSignals(False)
        self.learn.setEnabled(take is not None and bool(actor_of(take)))
        self.words.setText(_words(self.session.data is not None, take,
                                  self.profile(actor_of(take)) if take is not None else None))


def _words(opened: bool, take: Take | None, known: Actor | None) -> str:
    """What is known of the take's actor."""
    if take is None:
        return "A lone clip keeps no settings; put it into a folder of its own" if opened else ""
    if not actor_of(take):
        return "Name the actor, and mien can learn their face from all of their takes."
    if known is None:
        return f"{actor_of(take)}'s face has not been learnt yet: each take is solved by itself."
    measures = ", ".join(f"{name.replace('_', ' ')} {1000 * metres:.1f} mm"
                         for name, metres in list(known.measures.items())[:MOST_MEASURES])
    return (f"{known.name}'s face is known, on the model {known.model_name}: "
            f"{len(known.shape_names)} shapes of its own" + (f"; {measures}" if measures else "")
            + ". Takes are solved with it.")


def actor_of(take: Take) -> str:
    return str(take.setting("actor", "") or "")
