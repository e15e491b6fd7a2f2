"""A take's sound as a picture: the loudest sample of every few milliseconds."""

from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
from PySide6.QtCore import QObject, QThread, Signal

from capture.shoot import Take

PER_SECOND = 200
LONGEST_SECONDS = 3600


def loudness(path: Path, stopped: Callable[[], bool] = lambda: False) -> np.ndarray | None:
    """(S,) the peak of every 1 / PER_SECOND of a second, 0..1; None where there is no readable sound."""
    peaks: list[np.ndarray] = []
    try:
        with av.open(str(path)) as container:
            if not container.streams.audio:
                return None
            resampler = av.AudioResampler(format="flt", layout="mono", rate=PER_SECOND * 40)
            rest = np.zeros(0, dtype=np.float32)
            for frame in container.decode(container.streams.audio[0]):
                for part in resampler.resample(frame):
                    rest = np.concatenate([rest, part.to_ndarray().ravel()])
                whole = len(rest) // 40 * 40
                peaks.append(np.abs(rest[:whole]).reshape(-1, 40).max(axis=1, initial=0.0))
                rest = rest[whole:]
                if stopped() or sum(map(len, peaks)) > PER_SECOND * LONGEST_SECONDS:
                    break
    except (av.error.FFmpegError, OSError, ValueError):
        return None
    joined = np.concatenate(peaks) if peaks else np.zeros(0)
    return joined if len(joined) else None


def sound_of(take: Take) -> Path | None:
    """The file whose sound belongs to a take: its recording, else its first clip."""
    if take.audio is not None:
        return take.audio
    return next((clip for clip in take.clips if clip.is_file()), None)


class SoundReader(QThread):
    """Reads a take's sound beside the app, because hours of it take seconds."""

    read = Signal(object, object)

    def __init__(self, path: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.path = path

    def run(self) -> None:
        self.read.emit(self.path, loudness(self.path, self.isInterruptionRequested))

    def stop(self) -> None:
        self.requestInterruption()
        self.wait()
