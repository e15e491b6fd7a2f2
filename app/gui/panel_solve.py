"""The inspector's Solve page: with what, how finely, which frames."""

from collections.abc import Sequence

from PySide6.QtWidgets import QCheckBox, QComboBox, QFormLayout, QLabel, QLineEdit, QPushButton, QVBoxLayout, QWidget

from app.artefacts import load_record
from app.clocks import counted_later
from app.gui import jobs, theme
from app.gui.jobs import Job
from app.gui.session import Session
from app.pace import said, seconds_a_frame
from app.places import ASKED_NAME
from capture.errors import MienError
from capture.shoot import Take
from solver.model_import import BUILT_IN, list_models

PRESETS = {"draft": "Draft: a quick look", "standard": "Standard", "final": "Final: the finest, the slowest"}


class SolvePanel(QWidget):
    """Starts solves of the open take, of those that are chosen in the list, or of all."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.session = session
        self._take, self._wanted = "", BUILT_IN
        self._chosen: list[str] = []
        self.model = QComboBox(toolTip="The face model whose shapes come out; add your own with `mien model add`")
        self.actor = QLineEdit(placeholderText="as take.toml says", toolTip="Kept in the results")
        self.preset = QComboBox(toolTip="How much time to spend")
        for name, text in PRESETS.items():
            self.preset.addItem(text, name)
        self.preset.setCurrentIndex(list(PRESETS).index(session.recent.choice("solve/preset", "standard")))
        self.range = QLabel()
        self.part = QCheckBox("Only from in to out", toolTip="Set them with I and O")
        self.force = QCheckBox("Do every step again", toolTip="Otherwise steps whose settings did not change are kept")
        self.estimate = QLabel(wordWrap=True)
        self.estimate.setStyleSheet(f"color: {theme.QUIET.name()}")
        self.solve = QPushButton("Solve take", objectName="primary", toolTip="Ctrl+Return")
        self.around = QPushButton("Solve around corrections", toolTip="Only the frames near corrections are solved "
                                  "again, with the settings of the solve (Ctrl+R)")
        self.all = QPushButton("Solve all takes of the shoot")
        form = QFormLayout()
        form.setContentsMargins(0, 0, 0, 0)
        for name, widget in (("Face model", self.model), ("Actor", self.actor), ("Preset", self.preset),
                             ("Range", self.range)):
            form.addRow(name, widget)
        layout = QVBoxLayout(self)
        layout.addLayout(form)
        for widget in (self.part, self.force, self.solve, self.estimate, self.around, self.all):
            layout.addWidget(widget)
        layout.addStretch()
        self.solve.clicked.connect(self.start)
        self.around.clicked.connect(self.again)
        self.all.clicked.connect(self.start_all)
        self.model.textActivated.connect(self._want)
        self.part.toggled.connect(self._update)
        self.preset.currentIndexChanged.connect(self._update)
        session.take_changed.connect(self._take_changed)
        session.range_changed.connect(self._update)
        for signal in (session.jobs.changed, session.curves_changed):
            signal.connect(self._update)
        self._take_changed()

    def set_chosen(self, names: list[str]) -> None:
        """Several takes are chosen in the list; none where it is the open one alone."""
        self._chosen = names
        self._update()

    def start(self) -> None:
        """Solve the open take, or those that are chosen."""
        data = self.session.data
        if data is None or not self.solve.isEnabled():
            return
        if self._chosen:
            self._start_each([take for take in self.session.takes if take.name in self._chosen])
            return
        arguments = [*self._arguments(self.model.currentText()), *self._named(), *self._frames()]
        self._run(f"Solve {data.take.name}", [str(_place(data.take)), *arguments], data.take.name, data)

    def again(self) -> None:
        """Solve the open take again around its corrections, with the options of its solve."""
        data = self.session.data
        if data is None or not self.around.isEnabled():
            return
        asked = load_record(data.where.work / ASKED_NAME)
        if (sooner := counted_later(data.clips, data.solved.performance if data.solved is not None else None)):
            asked |= {name: str(int(value) + sooner) for name, value in asked.items()
                      if name in ("start", "end", "neutral") and value.isdecimal()}
        arguments = [part for name, value in sorted(asked.items()) if value for part in (f"--{name}", value)] \
            or [*self._arguments(self.model.currentText()), *self._named(), *self._frames()]
        self.session.run(f"Solve {data.take.name} around corrections", ["solve", str(_place(data.take)), *arguments],
                         data.take.name)

    def start_all(self) -> None:
        """Solve all takes of the shoot."""
        self._start_each(self.session.takes)

    def _start_each(self, takes: Sequence[Take]) -> None:
        """Solve each of these that can be used and is not solving."""
        for take in takes:
            job = self.session.jobs.of_take(take.name)
            if not take.problem and (job is None or job.state in jobs.ENDED):
                self._run(f"Solve {take.name}", [str(_place(take)), *self._arguments(self._model_of(take))], take.name,
                          None)

    def _run(self, title: str, arguments: list[str], take: str, data: object) -> None:
        self.session.recent.choose("solve/preset", self.preset.currentData())
        job = self.session.run(title, ["solve", *arguments], take)
        if data is not None:
            work, preset = self._work(), self.preset.currentData()
            job.ended.connect(lambda: self._learn(job, work, preset))

    def _arguments(self, model: str) -> list[str]:
        arguments = ["--preset", self.preset.currentData(), "--model", model]
        return arguments + (["--force"] if self.force.isChecked() else [])

    def _named(self) -> list[str]:
        """The actor of the open take; of the others their settings say it."""
        return ["--actor", self.actor.text().strip()] if self.actor.text().strip() else []

    def _frames(self) -> list[str]:
        if not self.part.isChecked():
            return []
        return ["--start", str(self.session.first), "--end", str(self.session.last + 1)]

    def _take_changed(self) -> None:
        self._list_models()
        data = self.session.data
        name = data.take.name if data is not None else ""
        if name != self._take:
            self._take = name
            self.actor.clear()
            self._choose_model()
        self.actor.setPlaceholderText(str(data.take.setting("actor", "")) or "no name" if data is not None else "")
        self._update()

    def _list_models(self) -> None:
        try:
            known = [BUILT_IN, *list_models()]
        except MienError:
            known = [BUILT_IN]
        if known != [self.model.itemText(index) for index in range(self.model.count())]:
            self.model.clear()
            self.model.addItems(known)

    def _choose_model(self) -> None:
        if self.session.data is not None:
            self.model.setCurrentText(self._model_of(self.session.data.take))

    def _model_of(self, take: Take) -> str:
        """The one that the take or its shoot names, else the one that was chosen last."""
        return str(take.setting("model", self._wanted))

    def _want(self, model: str) -> None:
        self._wanted = model

    def _update(self) -> None:
        session, data = self.session, self.session.data
        job = session.jobs.of_take(data.take.name) if data is not None else None
        busy = job is not None and job.state not in jobs.ENDED
        several = len(self._chosen)
        alone = data is not None and data.clips is not None and not busy
        self.solve.setEnabled(alone or (several > 1 and data is not None))
        self.around.setEnabled(alone and data.solved is not None and bool(session.layer))
        self.all.setEnabled(bool(session.takes))
        # What cannot be read has no frames, and so neither in nor out.
        frames = data.frames if data is not None and data.clips is not None else 0
        self.part.setEnabled(frames > 0 and not several)  # in and out are one take's
        if several:
            self.range.setText("all of each")
            self.solve.setText(f"Solve {several} takes")
            self.estimate.setText("one after another; the actor is who each take says")
        else:
            part = self.part.isChecked() and frames > 0
            first, last = (session.first, session.last) if part else (0, frames - 1)
            nothing = "none: see why on the Take page" if data is not None else ""
            self.range.setText(f"{first} – {last}" if frames else nothing)
            self.solve.setText("Solve take" if (first, last) == (0, frames - 1) else "Solve range")
            self.estimate.setText(self._estimate() if frames else "")

    def _estimate(self) -> str:
        """How long the solve will take, as far as that is known."""
        preset, cameras = self.preset.currentData(), len(self.session.data.take.cameras)
        if pace := float(self.session.recent.choice(f"pace/{preset}", "0")):
            return f"about {_duration(pace * self._work())}, from the last solve on this machine"
        seconds = seconds_a_frame(preset, cameras) * self._work() / cameras
        return f"{said(preset, cameras)}, about {_duration(seconds)}; known better after the first solve"

    def _work(self) -> int:
        """Frames times cameras of what would be solved."""
        data = self.session.data
        frames = self.session.last - self.session.first + 1 if self.part.isChecked() else data.frames
        return max(1, frames * len(data.take.cameras))

    def _learn(self, job: Job, work: int, preset: str) -> None:
        # A solve that found its steps done already says nothing of the pace.
        if job.state == jobs.DONE and any("detect" in line for line in job.log):
            self.session.recent.choose(f"pace/{preset}", f"{job.seconds / work:.5f}")
            self._update()


def _place(take: Take):
    return take.folder if take.folder is not None else take.clips[0]


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} seconds" if seconds < 90 else f"{seconds / 60:.0f} minutes"
