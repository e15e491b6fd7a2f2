"""A take's sound: the loudest sample of every few milliseconds, to be seen, and all samples, to be heard."""

from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
from PySide6.QtCore import QObject, QThread, Signal

from app.clocks import offsets
from app.gui.guarded import guarded
from app.gui.take_data import TakeData
from capture.errors import MienError
from capture.shoot import Take
from capture.sync import Clock, Timeline, load_timeline

PER_SECOND = 200
EACH = 40
"""Samples that one peak is of."""
HEARD_RATE = 24_000
LONGEST_SECONDS = 3600


def loudness(path: Path, stopped: Callable[[], bool] = lambda: False) -> np.ndarray | None:
    """(S,) the peak of every 1 / PER_SECOND of a second, 0..1; None where there is no readable sound."""
    found = samples(path, PER_SECOND * EACH, stopped)
    if found is None:
        return None
    whole = found[:len(found) // EACH * EACH].astype(np.float32).reshape(-1, EACH)
    return np.abs(whole).max(axis=1) / 32768.0 if len(whole) else None


def samples(path: Path, rate: int, stopped: Callable[[], bool] = lambda: False) -> np.ndarray | None:
    """(S,) int16, one channel, from the beginning of the file; None where there is no readable sound."""
    parts: list[np.ndarray] = []
    count = 0
    try:
        with av.open(str(path)) as container:
            if not container.streams.audio:
                return None
            resampler = av.AudioResampler(format="s16", layout="mono", rate=rate)
            for frame in container.decode(container.streams.audio[0]):
                parts += [part.to_ndarray().ravel() for part in resampler.resample(frame)]
                count += frame.samples
                if stopped() or count > frame.sample_rate * LONGEST_SECONDS:
                    break
    except (av.error.FFmpegError, OSError, ValueError):
        return None
    joined = np.concatenate(parts) if parts else np.zeros(0, dtype=np.int16)
    return joined if len(joined) else None


def clocks_of(data: TakeData) -> Timeline:
    """When each clip of a take begins: as its sync.toml says, else by the timecodes, else all together."""
    try:
        if data.take.sync_path is not None:
            return load_timeline(data.take.sync_path)
        found = offsets(data.take, data.clips.clips)
    except MienError:
        found = None  # said when the take was opened
    return Timeline(tuple(Clock(clip.camera, (found or {}).get(clip.camera, 0.0)) for clip in data.clips.clips),
                    "timecode" if found else "")


def sound_begins(data: TakeData) -> float:
    """Seconds into the file of `sound_of` at which the take's first frame is shown; below 0 where it begins later."""
    if data.clips is None or not data.clips.frames:
        return 0.0
    first = data.clips.clips[0]
    shown = data.clips.seconds(0, 0)  # on the first camera's clock, which is the take's
    if data.take.audio is None:
        return first.begins + shown
    return shown - clocks_of(data).offsets.get("audio", 0.0)


def sound_of(take: Take) -> Path | None:
    """The file whose sound belongs to a take: its recording, else its first clip."""
    if take.audio is not None:
        return take.audio
    return next((clip for clip in take.clips if clip.is_file()), None)


@guarded
class SoundReader(QThread):
    """Reads a file's loudness beside the app, because hours of it take seconds."""

    read = Signal(object, object)

    def __init__(self, path: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.path = path

    def run(self) -> None:
        found = self.found()
        if not self.isInterruptionRequested():
            self.read.emit(self.path, found)

    def found(self) -> np.ndarray | None:
        return loudness(self.path, self.isInterruptionRequested)

    def give_up(self) -> None:
        """End it, and put it away when it has ended: nobody waits for it."""
        self.finished.connect(self.deleteLater)
        self.requestInterruption()
        if self.isFinished():
            self.deleteLater()

    def stop(self) -> None:
        """End it, wait for that, and put it away."""
        self.requestInterruption()
        self.wait()
        self.deleteLater()


class SamplesReader(SoundReader):
    """Reads all samples, at HEARD_RATE."""

    def found(self) -> np.ndarray | None:
        return samples(self.path, HEARD_RATE, self.isInterruptionRequested)
