"""What is heard while a take plays: its sound, from the very moment that is shown, at normal speed."""

from collections.abc import Callable

import numpy as np
from PySide6.QtCore import QBuffer, QObject, Signal

from app.gui.session import Session
from app.gui.sound import HEARD_RATE, SamplesReader, sound_begins, sound_of

SILENT = "no sound is heard: this computer has no sound output; playback goes on without"


class SoundOutput(QObject):
    """The computer's own. Loads QtMultimedia, which the window should not wait for."""

    def __init__(self, parent: QObject | None = None) -> None:
        """
        Raises:
            OSError: there is none.
        """
        super().__init__(parent)
        try:
            from PySide6.QtMultimedia import QAudioFormat, QAudioSink, QMediaDevices
        except ImportError as error:
            raise OSError(str(error)) from error
        device = QMediaDevices.defaultAudioOutput()
        if device.isNull():
            raise OSError("no device")
        form = QAudioFormat()
        form.setSampleRate(HEARD_RATE)
        form.setChannelCount(1)
        form.setSampleFormat(QAudioFormat.SampleFormat.Int16)
        self._sink = QAudioSink(device, form, self)
        self._sink.setBufferSize(HEARD_RATE // 5 * 2)  # a fifth of a second: painting must not make it stutter
        self._source: QBuffer | None = None

    def start(self, samples: np.ndarray) -> None:
        """Play (S,) int16 at HEARD_RATE from now on."""
        self.stop()
        self._source = QBuffer(self)
        self._source.setData(samples.tobytes())
        self._source.open(QBuffer.OpenModeFlag.ReadOnly)
        self._sink.start(self._source)

    def stop(self) -> None:
        if self._source is not None:
            self._sink.stop()
            self._source.deleteLater()
            self._source = None


class SoundPlayer(QObject):
    """Follows the session's playback.

    Attributes:
        on: whether sound is wanted.
        heard: whether it is playing now.
    """

    changed = Signal()

    def __init__(self, session: Session, output: Callable[[QObject], SoundOutput] = SoundOutput,
                 parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.session = session
        self.on = session.recent.choice("sound", "on") == "on"
        self.heard = False
        self._make, self._output = output, None
        self._dumb = False
        self._samples: np.ndarray | None = None
        self._begins = 0.0
        self._reader: SamplesReader | None = None
        self._last_due = 0
        session.take_changed.connect(self._take_changed)
        session.playback.changed.connect(self._follow)
        session.playback.frame_due.connect(self._due)

    def set_on(self, on: bool) -> None:
        """Want sound or not; remembered."""
        self.on = on
        self.session.recent.choose("sound", "on" if on else "off")
        self._follow()

    def stop(self) -> None:
        """Be silent, read no more, and wait for what is being read."""
        self._quiet()
        for reader in self.findChildren(SamplesReader):
            reader.stop()
        self._reader = None

    def _take_changed(self) -> None:
        data = self.session.data
        path = sound_of(data.take) if data is not None else None
        if self._reader is None or self._reader.path != path:
            self._quiet()
            if self._reader is not None:
                self._reader.give_up()
            self._reader, self._samples = None, None
        self._begins = sound_begins(data) if data is not None else 0.0

    def _follow(self) -> None:
        if not self.on or self.session.playback.speed != 1.0 or self.session.data is None:
            self._quiet()
        elif self._samples is not None:
            self._play(self.session.frame)
        elif self._reader is None:
            path = sound_of(self.session.data.take)
            if path is not None:
                self._reader = SamplesReader(path, self)
                self._reader.read.connect(self._take_samples)
                self._reader.start()

    def _take_samples(self, path, samples: np.ndarray | None) -> None:
        if self._reader is not None and path == self._reader.path:
            self._samples = samples if samples is not None else np.zeros(0, dtype=np.int16)
            self._follow()

    def _due(self, frame: int) -> None:
        if self.heard and frame < self._last_due:  # round again
            self._play(frame)
        self._last_due = frame

    def _play(self, frame: int) -> None:
        self._quiet()
        self._last_due = frame
        if not len(self._samples) or self._dumb:
            return
        if self._output is None:
            try:
                self._output = self._make(self)
            except OSError:
                self._dumb = True
                self.session.message.emit(SILENT)
                return
        first = round((self._begins + frame / self.session.data.rate) * HEARD_RATE)
        lead = np.zeros(max(0, -first), dtype=np.int16)
        self._output.start(np.concatenate([lead, self._samples[max(0, first):]]))
        self.heard = True
        self.changed.emit()

    def _quiet(self) -> None:
        if self.heard:
            self._output.stop()
            self.heard = False
            self.changed.emit()
