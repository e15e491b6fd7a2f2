"""All state of the app in one headless object: typed attributes, signals when they change, no widgets."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtGui import QUndoStack

from app import quality
from app.corrections import corrections_path, layer_key
from app.gui import jobs, keys
from app.gui.beside import Beside, read_beside
from app.gui.jobs import Job, Jobs
from app.gui.opening import found_at
from app.gui.playback import Playback
from app.gui.poses import Poses
from app.gui.recent import Recent
from app.gui.saver import Saver
from app.gui.surveys import Surveys
from app.gui.take_data import TakeData, read_take, same_footage, shown, steps_of
from app.gui.take_lock import TakeLock
from app.gui.take_memory import TakeMemory, left_as
from app.gui.take_state import state_of
from app.gui.undo import Change
from app.gui.writer import Writer
from capture.errors import MienError
from capture.files import make_folder
from capture.shoot import Shoot, Take
from solver.corrections import Key, Layer, Spot

SAVE_DELAY_MS = 250


class Session(QObject):
    """What is open and what the animator did to it.

    Attributes:
        shoot: the open shoot; None for a lone take or clip.
        takes: what is listed. data: the open take; None before one is chosen.
        frame, first, last: of the take, from 0: the one that is shown, in and out.
        layer: the corrections as they are now; `data.layer` is what lay on disk. `saver` writes them.
        levels: (T) how far each solved frame may be trusted, as in `quality`; None without a solve.
        weights, before: (T, K) the solve's corrected weights; an earlier solve's to compare with; None without one.
        beside: a second performance to compare with instead; None without one.
        around: the solve around corrections is shown, as far as the corrections still say what it went around.
        spots, shapes: the selected keys; the selected curves, in the model's order.
        solo, locked: shapes that alone are shown; that cannot be edited. clipboard: copied keys.
        memory: what is known of takes besides; `undo` is the stack of what can be taken back in the open one.
        unsaved: why the corrections cannot be saved, in one sentence; "" where they are safe.
        may_discard: asks the user whether a take's corrections may be lost, given its name and why they are not saved.
    """

    shoot_changed = Signal()
    takes_changed = Signal()
    take_changed = Signal()
    frame_changed = Signal(int)
    range_changed = Signal()
    curves_changed = Signal()
    selection_changed = Signal()
    beside_changed = Signal()
    solved_around = Signal(str)
    saved = Signal()
    message = Signal(str)
    hint = Signal(str)  # a message that only answers the last key or click

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.recent = Recent()
        self.shoot: Shoot | None = None
        self.takes: tuple[Take, ...] = ()
        self._path: Path | None = None
        self.data: TakeData | None = None
        self.frame, self.first, self.last = 0, 0, 0
        self.layer = Layer()
        self.levels: np.ndarray | None = None
        self.weights: np.ndarray | None = None
        self.before: np.ndarray | None = None
        self.beside: Beside | None = None
        self.around = False
        self.spots: frozenset[Spot] = frozenset()
        self.shapes: tuple[str, ...] = ()
        self.solo: frozenset[str] = frozenset()
        self.locked: frozenset[str] = frozenset()
        self.clipboard: dict[str, tuple[Key, ...]] = {}
        self.unsaved = ""
        self.may_discard: Callable[[str, str], bool] = lambda take, reason: True
        self.writer = Writer(self)
        self.saver = Saver(self.writer, self)
        self.saver.done.connect(self._saved_or_not)
        self.saver.kept.connect(self.message)
        self.memory = TakeMemory(self.recent, self)
        self.jobs = Jobs(self)
        self.jobs.changed.connect(self.takes_changed)
        self.jobs.ended.connect(self._job_ended)
        self.playback = Playback(self)
        self.playback.frame_due.connect(self.seek)
        self._lock = TakeLock()
        self._poses = Poses()
        self.surveys = Surveys(self)
        self.surveys.changed.connect(self.takes_changed)
        self._save_timer = QTimer(self, singleShot=True, interval=SAVE_DELAY_MS)
        self._save_timer.timeout.connect(self.save_soon)

    @property
    def undo(self) -> QUndoStack:
        """All that can be taken back in the open take."""
        return self.memory.undo

    # ---- shoots and takes

    def open(self, path: Path) -> None:
        """Open a shoot, a take or a clip. What is wrong is told as a message, and what was open stays."""
        path = Path(path)
        if (found := self._find(path)) is None or not self.may_leave():
            return
        self.close_take()
        self.shoot, self.takes = shoot, takes = found
        self._path = shoot.folder if shoot is not None else path
        self.jobs.place = self._path.resolve()
        self.surveys.begin(takes)
        self.recent.add(self._path)
        self.shoot_changed.emit()
        self.takes_changed.emit()
        names = [take.name for take in takes]
        wanted = path.resolve().name  # a take's folder in the shoot, perhaps
        if names:
            self.select_take(wanted if shoot is not None and wanted in names else names[0])

    def create_shoot(self, folder: Path) -> None:
        """Make an empty shoot and open it."""
        try:
            make_folder(Path(folder) / "takes")
        except MienError as error:
            self.message.emit(str(error))
            return
        self.open(Path(folder))

    def reload(self) -> None:
        """Look at the disk again: takes that came, clips that vanished, cameras that were calibrated."""
        if self._path is None or (found := self._find(self._path)) is None:
            return
        self.shoot, self.takes = found
        self.surveys.begin(self.takes)
        self.jobs.forget_failures()
        self.takes_changed.emit()
        for take in self.takes:
            if self.data is not None and take.name == self.data.take.name:
                self._read_again(take)

    def select_take(self, name: str) -> None:
        """Open one of the listed takes."""
        take = next((take for take in self.takes if take.name == name), None)
        if take is None or (self.data is not None and self.data.take == take) or not self.may_leave():
            return
        self.close_take()
        self.data = data = read_take(take)
        self.layer = data.layer
        self.saver.begin(self.layer, corrections_path(take), data.left_out)
        left = self.memory.enter(data)
        self.around = data.around is not None and (left is None or left.around or left.steps != steps_of(data))
        self.frame, (self.first, self.last) = left.frame if left is not None else 0, self.memory.range_of(data)
        self._show_take()
        if left is not None and left.layer != self.layer:
            self.undo.push(Change("corrections from disk", (left.layer, frozenset()), (self.layer, frozenset()),
                                  self._put_layer))
        self.range_changed.emit()
        self.frame_changed.emit(self.frame)

    def may_leave(self) -> bool:
        """Save the open take; where that fails, ask whether its corrections may be lost."""
        self.save()
        return self.data is None or self.layer == self.saver.latest or self.may_discard(self.data.take.name,
                                                                                        self.unsaved)

    def close_take(self) -> None:
        """Save and put away the open take."""
        self.playback.stop()
        self.save()
        self._lock.release()
        self.unsaved, data = "", self.data
        saved = data is not None and self.layer == self.saver.latest
        left = left_as(self.undo, data, self.layer, self.around, self.frame) if saved else None
        self.data, self.weights, self.before, self.beside, self.layer = None, None, None, None, Layer()
        self.spots, self.shapes, self.solo, self.locked = frozenset(), (), frozenset(), frozenset()
        self.beside_changed.emit()
        self.take_changed.emit()
        self.memory.leave(data.take if data is not None else None, left)  # last: a panel may have noted something

    def state(self, take: Take) -> tuple[str, str]:
        """A take's state and its reason."""
        return state_of(self.surveys.known.get(take.name), *self.jobs.said_of(take.name))

    def seconds(self, take: Take) -> float | None:
        known = self.surveys.known.get(take.name)
        return known.seconds if known is not None else None

    # ---- time

    def seek(self, frame: int) -> None:
        """Show a frame; beyond an end the last one there is."""
        count = self.data.frames if self.data is not None else 0
        frame = max(0, min(int(frame), count - 1))
        if frame != self.frame:
            self.frame = frame
            self.frame_changed.emit(frame)

    def go(self, frame: int) -> None:
        """Stop, and show a frame."""
        self.playback.stop()
        self.seek(frame)

    def step(self, frames: int) -> None:
        self.go(self.frame + frames)

    def play(self, speed: float) -> None:
        """Play within in and out; 0 stops."""
        if self.data is not None and self.data.frames:
            self.playback.play(speed, self.frame, self.first, self.last, self.data.rate)

    def toggle_play(self) -> None:
        self.play(0.0 if self.playback.playing else 1.0)

    def set_range(self, first: int, last: int) -> None:
        """Set the in and out frames; can be undone."""
        end = self.data.frames - 1 if self.data is not None else 0
        first = max(0, min(first, end))
        value = (first, max(first, min(last, end)))
        if value != (self.first, self.last) and self.data is not None:
            self.undo.push(Change("in and out", (self.first, self.last), value, self._put_range, merge="range"))

    # ---- corrections

    def edit(self, text: str, layer: Layer, spots: frozenset[Spot] | None = None, drag: str | None = None) -> None:
        """Put a changed layer in place, so that it can be undone. Edits of one `drag` are undone as one."""
        layer = keys.without_locked(layer, self.layer, self.locked)
        there = frozenset(layer.spots())  # a locked curve takes no key, so none of it can be selected
        before, after = (self.layer, self.spots), (layer, (self.spots if spots is None else spots) & there)
        if before != after:
            self.undo.push(Change(text, before, after, self._put_layer, merge=drag))

    def solved_frame(self, frame: int | None = None) -> int | None:
        """The present frame, or another of the take, as the solve counts it; None where it was not solved."""
        if self.data is None or self.data.scene is None:
            return None
        frame = (self.frame if frame is None else frame) - self.data.first
        return frame if 0 <= frame < self.data.scene.performance.frames else None

    def vertices(self, weights: np.ndarray | None = None, frame: int | None = None) -> np.ndarray | None:
        """(V, 3) metres in the world: the face in the present frame, or another of the take, with the given weights
        (T, K) or the corrected ones; None where it was not solved."""
        if (frame := self.solved_frame(frame)) is None:
            return None
        return self._poses.vertices(self.data.scene, frame, (self.weights if weights is None else weights)[frame])

    def show_beside(self, path: Path | None) -> None:
        """Compare with a second performance; with None, no more."""
        try:
            self.beside = read_beside(path, self.data) if path is not None else None
        except MienError as error:
            self.message.emit(str(error))
        self.beside_changed.emit()

    def select_spots(self, spots: frozenset[Spot]) -> None:
        if spots != self.spots:
            self.spots = spots
            self.selection_changed.emit()

    def select_shapes(self, shapes: tuple[str, ...]) -> None:
        if shapes != self.shapes:
            self.shapes = shapes
            self.spots = frozenset(spot for spot in self.spots if spot[0] in shapes)
            self.selection_changed.emit()

    def set_solo(self, shapes: frozenset[str]) -> None:
        self.solo = shapes
        self.selection_changed.emit()

    def set_locked(self, shapes: frozenset[str]) -> None:
        self.locked = shapes
        self.selection_changed.emit()

    def save_soon(self) -> None:
        """Begin to write the corrections, if they changed. A failure is told, and they stay in memory to be saved
        later."""
        self._save_timer.stop()
        if self.data is None or self.layer == self.saver.latest:
            return
        if reason := self._lock.reason or ("" if self.data.layer_readable else "the file there is damaged"):
            self._saved_or_not(reason)
        else:
            self.saver.write(self.layer, corrections_path(self.data.take))

    def save(self) -> None:
        """The same, and wait until they are written."""
        self.save_soon()
        self.saver.wait()

    # ---- jobs

    def run(self, title: str, arguments: list[str], take: str = "", light: bool = False) -> Job:
        """Start a command line job, corrections saved first."""
        self.save()
        return self.jobs.add(title, arguments, take, light=light)

    def close(self) -> None:
        """Save, and end everything that runs."""
        self.close_take()
        self.memory.forget()
        self.writer.wait()  # a panel may have noted something as the take was left
        self.surveys.stop()
        self.jobs.stop_all()

    # ---- inside

    def _saved_or_not(self, reason: str) -> None:
        if reason and reason != self.unsaved:
            self.message.emit(f"corrections of {self.data.take.name} are not saved: {reason}")
        self.unsaved = reason
        self.saved.emit()

    def _find(self, path: Path) -> tuple[Shoot | None, tuple[Take, ...]] | None:
        try:
            return found_at(path)
        except MienError as error:
            self.message.emit(str(error))
            return None

    def _show_take(self) -> None:
        if self.data.scene is not None:
            self._lock.take(self.data.where.work)
        for sentence in filter(None, (*self.data.problems, self._lock.reason)):
            self.message.emit(sentence)
        self._apply_layer()
        if self.weights is not None and not self.shapes:
            self.shapes = quality.liveliest(self.weights, self.data.scene.performance.shape_names)
        self.take_changed.emit()
        self.selection_changed.emit()

    def _apply_layer(self) -> None:
        self.data, self.weights = shown(self.data, self.layer, self.around)
        self.levels = quality.levels(self.data.scene.performance) if self.data.scene is not None else None
        self.curves_changed.emit()

    def _put_layer(self, value: tuple[Layer, frozenset[Spot]]) -> None:
        self.layer, self.spots = value
        self._save_timer.start()
        self._apply_layer()
        self.selection_changed.emit()

    def _put_range(self, value: tuple[int, int]) -> None:
        self.first, self.last = value
        self.memory.keep_range(self.data, *value)
        if self.playback.playing:
            self.play(self.playback.speed)
        self.range_changed.emit()

    def _job_ended(self, job: Job) -> None:
        if job.error:
            self.message.emit(job.error)
        if job.place != self.jobs.place:
            return
        self.surveys.again(job.take)
        if self.data is not None and job.take == self.data.take.name and job.state == jobs.DONE:
            self._read_again(self.data.take, solved="solve" in job.arguments)

    def _read_again(self, take: Take, solved: bool = False) -> None:
        """Take in a new solve of the open take; layer, selection and undo stay, the old weights can be compared. A
        solve around corrections is a step that can be undone."""
        self.save()
        old, data = self.weights, read_take(take)
        if same_footage(data.clips, self.data.clips):
            data = replace(data, clips=self.data.clips)
        changed = steps_of(data) != steps_of(self.data)
        whole, end = self.last == self.data.frames - 1, max(0, data.frames - 1)
        self.data = data
        # Clips that were brought into step, or replaced, may be shorter.
        self.first, self.frame = min(self.first, end), min(self.frame, end)
        self.last = end if whole else min(self.last, end)
        self.memory.keep_range(data, self.first, self.last)
        if changed or (solved and data.around is not None and not self.around):
            same = old is not None and data.scene is not None and old.shape == data.scene.performance.weights.shape
            self.before = old if same else None
        self._show_take()
        if solved and data.around is not None and (changed or not self.around):
            self.undo.push(Change("solve around corrections", False, True, self._put_around))
            self.solved_around.emit(quality.difference(self.before, self.weights, data.scene.performance.shape_names))
        known = self.saver.latest
        if data.layer_readable and self.layer == known and layer_key(data.layer) != layer_key(known):
            # `mien face` wrote it, or clocks were mended.
            self.saver.begin(data.layer, corrections_path(take), data.left_out)
            self.undo.push(Change("corrections from disk", (known, self.spots),
                                  (data.layer, self.spots & data.layer.spots()), self._put_layer))
        elif data.layer_readable and self.layer == known:
            self.layer = replace(self.layer, begins=data.layer.begins, turns=data.layer.turns)

    def _put_around(self, value: bool) -> None:
        self.around = value
        self._apply_layer()
