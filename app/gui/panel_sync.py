"""The inspector's Sync page: what each microphone heard, on one clock; a waveform is dragged to where it belongs."""

import math
from pathlib import Path

from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from app.gui import theme
from app.gui.guarded import guarded
from app.gui.session import Session
from app.gui.sound import SoundReader, clocks_of
from app.gui.undo import Change
from app.gui.waveforms import Row, Waveforms
from app.places import SYNC_NAME
from capture.files import output_error
from capture.sync import Clock, Timeline, save_timeline

BY_HAND = "by hand"


@guarded
class SyncPanel(QWidget):
    """Shows and sets when each clip of the open take begins."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.session = session
        self.timeline: Timeline | None = None
        self._readers: list[SoundReader] = []
        self.words = QLabel(wordWrap=True)
        self.words.setStyleSheet(f"color: {theme.QUIET.name()}")
        self.waves = Waveforms(session)
        self.sync = QPushButton("Synchronise this take", objectName="primary",
                                toolTip="Finds when each clip begins, by timecode, sound or motion; writes sync.toml")
        self.whole = QPushButton("Show all")
        self.whole.setToolTip("All of the recordings; the wheel comes closer")
        line = QHBoxLayout()
        line.addWidget(self.sync, 1)
        line.addWidget(self.whole)
        layout = QVBoxLayout(self)
        layout.addWidget(self.words)
        layout.addWidget(self.waves)
        layout.addLayout(line)
        layout.addStretch()
        self.sync.clicked.connect(self.start)
        self.whole.clicked.connect(self.waves.show_all)
        self.waves.moved.connect(self.move_clock)
        session.take_changed.connect(self._update)
        self._update()

    def start(self) -> None:
        """Find the open take's clocks."""
        take = self.session.data.take
        job = self.session.run(f"Synchronise {take.name}", ["sync", str(take.folder)])
        job.ended.connect(self.session.reload)

    def move_clock(self, name: str, seconds: float) -> None:
        """Let a recording begin so much later; written to sync.toml, and can be undone."""
        self.session.writer.wait()  # for an earlier move: this one goes on from there
        if self.timeline is None or self.session.data.take.folder is None:
            return
        clocks = tuple(Clock(clock.name, clock.offset + seconds, clock.drift) if clock.name == name else clock
                       for clock in self.timeline.clocks)
        first = clocks[0].offset  # the first clip's clock is the take's
        clocks = tuple(Clock(clock.name, clock.offset - first, clock.drift, clock.residual_ms) for clock in clocks)
        before = self.timeline if self.session.data.take.sync_path is not None else None
        path = self.session.data.take.folder / SYNC_NAME
        self.session.undo.push(Change(f"move {name}", before, Timeline(clocks, BY_HAND),
                                      lambda timeline: self._put(path, timeline)))

    def stop(self) -> None:
        """Read no more, and wait for what is being read."""
        for reader in self.findChildren(SoundReader):
            reader.stop()
        self._readers = []

    def _give_up(self) -> None:
        for reader in self._readers:
            reader.give_up()
        self._readers = []

    def showEvent(self, event) -> None:
        super().showEvent(event)
        self._read()

    def _put(self, path: Path, timeline: Timeline | None) -> None:
        def write() -> None:
            if timeline is not None:
                save_timeline(timeline, path)
            else:
                _remove(path)

        self.session.writer.write(write, self._written)

    def _written(self, reason: str) -> None:
        if reason:
            self.session.message.emit(reason)
        self.session.reload()

    def _update(self) -> None:
        data = self.session.data
        several = data is not None and data.clips is not None and len(data.clips.clips) > 1
        self.sync.setEnabled(several and data.take.folder is not None)
        self.timeline = clocks_of(data) if data is not None and data.clips is not None else None
        if self.timeline is None:
            self._give_up()
            self.waves.set_rows(())
            self.words.setText("no take is open" if data is None else "the clips cannot be read")
            return
        self.words.setText(_words(self.timeline, several))
        paths = _sources(self.session)
        known = {row.path: row.peaks for row in self.waves.rows}
        self.waves.set_rows(tuple(
            Row(name, path, self._starts(name), known.get(path), _says(self.timeline, name))
            for name, path in paths.items()))
        if {reader.path for reader in self._readers} - set(paths.values()):
            self._give_up()
        if self.isVisible():
            self._read()

    def _starts(self, name: str) -> float:
        """Seconds on the take's clock at which a recording's file begins."""
        clip = next((clip for clip in self.session.data.clips.clips if clip.camera == name), None)
        offset = self.timeline.offsets.get(name, 0.0)
        return offset - (clip.begins if clip is not None else 0.0)

    def _read(self) -> None:
        """One file after another: the disk is one."""
        waiting = [row.path for row in self.waves.rows if row.peaks is None
                   and row.path not in {reader.path for reader in self._readers}]
        if waiting and not any(reader.isRunning() for reader in self._readers):
            reader = SoundReader(waiting[0], self)
            self._readers.append(reader)
            reader.read.connect(self._take_sound)
            reader.finished.connect(self._read)
            reader.start()

    def _take_sound(self, path: Path, peaks) -> None:
        self.waves.set_peaks(path, peaks)


def _sources(session: Session) -> dict[str, Path]:
    """Camera, or "audio" -> the file with its sound."""
    take = session.data.take
    found = {clip.camera: clip.path for clip in session.data.clips.clips if clip.path.is_file()}
    return {**found, "audio": take.audio} if take.audio is not None else found


def _words(timeline: Timeline, several: bool) -> str:
    if not several:
        return "One clip has nothing to be brought in step with."
    how = {"": "The clips are shown as if they began together.", BY_HAND: "Clocks set by hand.",
           "timecode": "Clocks by the clips' timecodes."}.get(timeline.method, f"Clocks by {timeline.method}.")
    return how + " Drag a waveform to where it belongs; the same clap must stand on one line."


def _says(timeline: Timeline, name: str) -> str:
    clock = next((clock for clock in timeline.clocks if clock.name == name), None)
    if clock is None:
        return ""
    words = f"{clock.offset:+.4f} s"
    if clock.drift:
        words += f", {clock.drift * 1e6:+.1f} ppm"
    return words + (f", ±{clock.residual_ms:.1f} ms" if clock.residual_ms and not math.isnan(clock.residual_ms) else "")


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise output_error(path, error) from error


