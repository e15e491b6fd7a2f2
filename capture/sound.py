"""Sound: read it on its clip's clock, and find how far two recordings of the same sound are apart."""

import os
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from capture.container import OPTIONS
from capture.errors import ClipError

RATE = 16000
"""Samples a second that recordings are compared at."""

WHITENING = 0.7
"""0 compares loudness and phase, 1 phase alone (GCC-PHAT); between them microphones may differ, and so may noise."""

BAND_HZ = (80.0, 6000.0)

CLEAR_PEAK = 20.0
"""How far a peak must stand above the spread of all others to be believed. Two seconds of one noisy sound reach 45 and
more, different sounds 13 at most."""


def read_sound(path: Path, video_start: float = 0.0) -> np.ndarray:
    """The first sound track as one channel: (S,) float32 at `RATE`, beginning at `video_start` seconds of the file.

    Raises:
        ClipError: there is none, or it cannot be read.
    """
    options = dict(OPTIONS, format_whitelist=OPTIONS["format_whitelist"] + ",wav,w64,flac,aiff,mp3")
    pieces: list[np.ndarray] = []
    try:
        with av.open(os.path.abspath(path), options=options, metadata_errors="replace") as container:
            if not container.streams.audio:
                raise ClipError(f"{path} has no sound")
            stream = container.streams.audio[0]
            resampler = av.AudioResampler(format="flt", layout="mono", rate=RATE)
            begin = None
            for frame in container.decode(stream):
                if begin is None and frame.pts is not None:
                    begin = float(frame.pts * Fraction(frame.time_base))
                pieces += [part.to_ndarray()[0] for part in resampler.resample(frame)]
            pieces += [part.to_ndarray()[0] for part in resampler.resample(None)]
    except (av.error.FFmpegError, OSError) as error:
        raise ClipError(f"the sound of {path} cannot be read ({error.strerror}); copy it again") from error
    if not pieces:
        raise ClipError(f"{path} has a sound track without a sample; leave it out")
    samples = np.concatenate(pieces).astype(np.float32)
    lead = round(((begin or 0.0) - video_start) * RATE)
    return np.concatenate([np.zeros(lead, np.float32), samples]) if lead > 0 else samples[-lead:]


def lag(first: np.ndarray, second: np.ndarray, reach: float | None = None) -> tuple[float, float]:
    """By how many seconds what is heard in `first` (S,) comes later than in `second` (S,), and how clear that is.

    Generalised cross-correlation (Knapp and Carter 1976), the peak placed between samples by a parabola. With `reach`
    only lags up to so many seconds are looked at. Clear means above `CLEAR_PEAK`.
    """
    from scipy import fft  # takes a tenth of the time until the app's window is up, and it seldom compares sounds

    size = fft.next_fast_len(len(first) + len(second), real=True)
    cross = fft.rfft(first, size) * np.conj(fft.rfft(second, size))
    strength = np.abs(cross)
    hertz = np.arange(len(cross)) * RATE / size
    cross = np.where((hertz > BAND_HZ[0]) & (hertz < BAND_HZ[1]), cross, 0)
    cross = cross / np.maximum(strength, 1e-6 * strength.max() + 1e-30) ** WHITENING
    correlation = fft.irfft(cross, size)
    spread = 1.4826 * float(np.median(np.abs(correlation))) + 1e-30
    if reach is not None:
        far = np.minimum(np.arange(size), size - np.arange(size)) > reach * RATE
        correlation[far] = -np.inf
    peak = int(np.argmax(correlation))
    before, at, after = (correlation[(peak + step) % size] for step in (-1, 0, 1))
    bend = before - 2 * at + after
    part = 0.5 * (before - after) / bend if np.isfinite(bend) and bend < 0 else 0.0
    place = peak + part if peak <= size // 2 else peak + part - size
    return place / RATE, float(at / spread)
