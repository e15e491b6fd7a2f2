"""When each clip begins, and how fast its clock runs: from timecode, else from sound, else from motion."""

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from capture import sound
from capture.bwf import start_of
from capture.camera import Camera, Rig
from capture.errors import ClipError, DataError
from capture.files import write_bytes
from capture.timecode import round_midnight, seconds_after
from capture.toml_file import read_toml
from capture.video import Clip

WINDOW_S = 8.0
"""Length of the pieces that drift is measured by."""

MOST_WINDOWS = 24

LEAST_SPAN_S = 60.0
"""A drift of some parts in a million is not to be seen in less."""

FEWEST_WINDOWS = 5

ASTRAY = 0.5
"""Share of a frame by which a camera's pairs may contradict one another before it is said to fit badly."""

CLOCKS_APART = 1.5
"""Frames between what timecode and sound say from which one of them is wrong: sound from 10 metres is late by one."""


GAP = 1.6
"""Frames of a clip apart from which two pictures have others missing between them."""


@dataclass(frozen=True)
class Clock:
    """One clip's clock against the take's, which is the first camera's.

    A moment at `t` seconds of the clip is at `offset + t * (1 + drift)` seconds of the take's clock.

    Attributes:
        name: of the camera; "audio" for a separate recording.
        offset: seconds at which the clip begins.
        drift: how much faster the take's clock runs, as a share (1e-6: a part in a million).
        residual_ms: how far the single measurements lie from this, root mean square; NaN where there is only one.
    """

    name: str
    offset: float
    drift: float = 0.0
    residual_ms: float = math.nan


@dataclass(frozen=True)
class Timeline:
    """All clocks of a take.

    Attributes:
        method: "timecode", "sound" or "motion".
        warnings: sentences for the user.
    """

    clocks: tuple[Clock, ...]
    method: str
    warnings: tuple[str, ...] = ()

    @property
    def offsets(self) -> dict[str, float]:
        """Camera -> seconds at which its clip begins."""
        return {clock.name: clock.offset for clock in self.clocks}

    @property
    def drifts(self) -> dict[str, float]:
        return {clock.name: clock.drift for clock in self.clocks}


def synchronise(clips: Sequence[Clip], audio: Path | None = None, signals: Mapping[str, np.ndarray] | None = None,
                rig: Rig | None = None) -> Timeline:
    """Find the clocks of a take's clips by the best means that there is.

    Args:
        clips: in the order of the cameras' names; the first one's clock is the take's.
        audio: a separate sound recording, put on the same clock where it can be heard to fit.
        signals: camera -> its motion, see `by_motion`; without it motion is not tried.
        rig: makes motion exact.

    Raises:
        ClipError: none of the means tells; the message says why of each.
    """
    reasons = []
    try:
        timeline = by_timecode(clips, audio)
        return replace(timeline, warnings=timeline.warnings + _against_sound(clips, timeline))
    except ClipError as error:
        reasons.append(str(error))
    for means in (lambda: by_sound(clips, audio), lambda: by_motion(clips, signals, rig)):
        try:
            return means()
        except ClipError as error:
            reasons.append(str(error))
    raise ClipError("the clips cannot be brought in step: " + "; ".join(reasons) + "; write the offsets into sync.toml "
                    "by hand, or clap at the start of the next take")


def by_stated_timecode(clips: Sequence[Clip]) -> Timeline | None:
    """Clocks by `by_timecode` where there are several clips and each has a timecode; else None.

    Raises:
        ClipError: by them some clips share no moment with the others.
    """
    return by_timecode(clips) if len(clips) > 1 and all(clip.start_timecode is not None for clip in clips) else None


def by_timecode(clips: Sequence[Clip], audio: Path | None = None) -> Timeline:
    """Clocks by the clips' own timecodes, which tell whole frames; a Broadcast Wave's tells single samples.

    Raises:
        ClipError: a clip has none, or by them some clips share no moment with the others.
    """
    silent = [clip.camera for clip in clips if clip.start_timecode is None]
    if silent:
        raise ClipError(f"{', '.join(silent)} has no timecode")
    first = clips[0].start_timecode
    starts = np.array([float(seconds_after(clip.start_timecode, first)) for clip in clips])
    ends = np.array([start + float(clip.times[-1]) for start, clip in zip(starts, clips, strict=True)])
    if share_no_moment(starts, ends):
        odd = [clip.camera for at, clip in enumerate(clips) if len(clips) > 2
               and not share_no_moment(np.delete(starts, at), np.delete(ends, at))]
        which = f": all but that of {odd[0]} do" if len(odd) == 1 else ""
        raise ClipError(f"the timecodes share no moment{which}, so the cameras' clocks were not set together")
    frame_ms = 1000 / float(clips[0].frame_rate)
    clocks = [Clock(clip.camera, float(start), 0.0, 0.0 if at == 0 else frame_ms / math.sqrt(12))
              for at, (clip, start) in enumerate(zip(clips, starts, strict=True))]
    if audio is not None and (begins := start_of(audio)) is not None:
        clocks.append(Clock("audio", float(round_midnight(begins - clips[0].start_timecode.seconds)), 0.0, 0.0))
    return Timeline(tuple(clocks), "timecode")


def share_no_moment(begins: np.ndarray, ends: np.ndarray, grace: float = 0.0) -> bool:
    """Whether some of the clips (C,), in seconds, are over before the first of the others begins, by more than a
    grace: nothing tells then how they lie to one another."""
    order = np.argsort(begins, kind="stable")
    return bool((begins[order][1:] > np.maximum.accumulate(ends[order])[:-1] + grace).any())


def by_sound(clips: Sequence[Clip], audio: Path | None = None) -> Timeline:
    """Clocks by what all microphones heard. Sound needs 3 ms for each metre: cameras should stand about as far away.

    Raises:
        ClipError: a clip has no sound, or hears nothing that the first one hears.
    """
    silent = [clip.camera for clip in clips if not clip.sound]
    if silent:
        raise ClipError(f"{', '.join(silent)} has no sound")
    names = [clip.camera for clip in clips]
    recordings = [sound.read_sound(clip.path, clip.begins) for clip in clips]
    if audio is not None:
        names.append("audio")
        recordings.append(sound.read_sound(audio))
    clocks, warnings = [Clock(names[0], 0.0, 0.0, 0.0)], []
    for name, recording in zip(names[1:], recordings[1:], strict=True):
        clock = _clock_by_sound(name, recordings[0], recording)
        if clock is not None:
            clocks.append(clock)
        elif name == "audio":
            warnings.append(f"{audio} is not heard to fit {names[0]}'s sound and is left aside")
        elif name == names[1] and len(clips) > 2 and _clock_by_sound("", *recordings[1:3]) is not None:
            raise ClipError(f"{names[0]} does not hear the sound that the others hear")
        else:
            raise ClipError(f"{name} and {names[0]} do not hear the same sound")
    return Timeline(tuple(clocks), "sound", tuple(warnings))


def by_motion(clips: Sequence[Clip], signals: Mapping[str, np.ndarray] | None, rig: Rig | None = None) -> Timeline:
    """Clocks by the motion that all cameras see.

    Args:
        signals: camera -> (T,) any number per frame that moves with the face, or (T, N, 2) px of landmarks; NaN where
            unseen.

    Raises:
        ClipError: there are no signals, or too little common motion.
    """
    missing = [clip.camera for clip in clips if signals is None or clip.camera not in signals]
    if missing:
        raise ClipError(f"the face of {', '.join(missing)} has not been tracked yet")
    rate = float(max(clip.frame_rate for clip in clips))
    return by_even_motion({clip.camera: _on_beat(clip, np.asarray(signals[clip.camera]), rate) for clip in clips}, rate,
                          rig)


def by_even_motion(even: Mapping[str, np.ndarray], rate: float, rig: Rig | None = None) -> Timeline:
    """The same of signals with one value at each beat of one rate, a second.

    Raises:
        ClipError: there is too little common motion.
    """
    from capture.motion import motion_lag  # loads SciPy's optimisers, which reading a sync.toml needs not

    names = list(even)
    lags, drifts, clear = {}, {}, {}
    for one, other in itertools.combinations(names, 2):
        cameras = (rig[one], rig[other]) if rig is not None else None
        frames, sure = motion_lag(even[one], even[other], cameras)
        line = _clock_by_motion(even[one], even[other], cameras, frames, rate) if sure else None
        lags[one, other], drifts[one, other] = line or (frames / rate, 0.0)
        clear[one, other] = sure
    clear = {pair: sure or _closes(pair, names, lags, 0.5 / rate) for pair, sure in clear.items()}
    for name in names[1:]:
        if not any(sure for pair, sure in clear.items() if name in pair):
            raise ClipError(f"{name} shows too little motion in common with the others")
    clocks = _agree(names, lags, drifts, clear)
    worst = max(clocks, key=lambda clock: -1.0 if math.isnan(clock.residual_ms) else clock.residual_ms)
    if worst.residual_ms > 1000 * ASTRAY / rate:
        return Timeline(clocks, "motion", (
            f"{worst.name} does not fit: what it shows comes {worst.residual_ms:.0f} ms early or late, according to "
            "which camera it is compared with; look for dropped frames or another take's clip",))
    return Timeline(clocks, "motion")


def _on_beat(clip: Clip, signal: np.ndarray, rate: float) -> np.ndarray:
    """A signal with a value per frame of the clip (T, ...), with one per beat of a rate: between neighbouring frames on
    a straight line, NaN where frames are missing."""
    even = not clip.variable_rate and float(clip.frame_rate) == rate
    if even or len(signal) != clip.frames or clip.frames < 2:
        return signal
    moments = np.arange(int(np.floor(float(clip.times[-1]) * rate + 1e-6)) + 1) / rate  # (B,)
    after = np.clip(np.searchsorted(clip.times, moments), 1, clip.frames - 1)
    step = clip.times[after] - clip.times[after - 1]
    share = np.clip((moments - clip.times[after - 1]) / step, 0.0, 1.0)
    share = np.where(np.abs(share - share.round()) < 1e-6, share.round(), share)
    missing = (step * float(clip.frame_rate) > GAP) & (share > 0) & (share < 1)
    share = np.where(missing, np.nan, share).reshape(-1, *[1] * (signal.ndim - 1))
    # Where a frame is on the beat, an unseen neighbour must not make it unseen.
    return np.where(share == 0, signal[after - 1], np.where(share == 1, signal[after],
                    (1 - share) * signal[after - 1] + share * signal[after]))


def _clock_by_motion(first: np.ndarray, other: np.ndarray, cameras: tuple[Camera, Camera] | None, lag: float,
                     rate: float) -> tuple[float, float] | None:
    """Seconds at which the other clip begins on the first one's clock, and its drift; None where the clips are too
    short, or too still, to tell more than one lag of all."""
    from capture.motion import lag_near

    size = round(WINDOW_S * rate)
    begin, end = max(0.0, -lag) + 2, min(len(other), len(first) - lag) - size - 2
    count = int(min(MOST_WINDOWS, (end - begin) // size + 1))
    if (end - begin) / rate < LEAST_SPAN_S or count < FEWEST_WINDOWS:
        return None
    starts = np.linspace(begin, end, count).round().astype(int)
    found = {}
    # From the middle, where the lag of all is most nearly right, to both ends.
    for at in sorted(starts.tolist(), key=lambda start: abs(start - starts.mean())):
        near = found[min(found, key=lambda start: abs(start - at))] if found else lag
        here = at + round(near)
        if here < 0:
            continue
        piece, sure = lag_near(first[here:here + size], other[at:at + size], 0, cameras)
        if sure:
            found[at] = here - at + piece
    if len(found) < FEWEST_WINDOWS or (max(found) - min(found)) / rate < LEAST_SPAN_S:
        return None
    times = (np.array(sorted(found)) + size / 2) / rate
    line = _line(times, np.array([found[at] for at in sorted(found)]) / rate)
    return line[:2]


def save_timeline(timeline: Timeline, path: Path) -> None:
    """Write a sync.toml, atomically, in a form that can be mended by hand.

    Raises:
        OutputError: it cannot be written.
    """
    lines = ["version = 1", f'method = "{timeline.method}"']
    for clock in timeline.clocks:
        escaped = clock.name.replace("\\", "\\\\").replace('"', '\\"')
        lines += [f'[clocks."{escaped}"]', f"offset_s = {clock.offset:.9f}", f"drift_ppm = {1e6 * clock.drift:.3f}",
                  f"residual_ms = {clock.residual_ms:.3f}"]
    write_bytes(path, ("\n".join(lines) + "\n").encode())


def load_timeline(path: Path) -> Timeline:
    """Read a sync.toml.

    Raises:
        DataError: it cannot be read, or a clock in it makes no sense.
    """
    table = read_toml(path, cure="mend it or run `mien sync` again")
    entries = table.get("clocks")
    if not isinstance(entries, dict) or not entries:
        raise DataError(f"{path} has no [clocks.NAME] table; run `mien sync` again")
    clocks = []
    for name, entry in entries.items():
        values = [entry.get(key, default) if isinstance(entry, dict) else None
                  for key, default in (("offset_s", None), ("drift_ppm", 0.0), ("residual_ms", math.nan))]
        if (any(isinstance(value, bool) or not isinstance(value, int | float) for value in values)
                or not abs(values[0]) < 1e6 or not abs(values[1]) < 1e5):
            raise DataError(f"{path}: [clocks.{name}] needs offset_s in seconds, and drift_ppm in parts in a million "
                            "if there is any; mend it or run `mien sync` again")
        clocks.append(Clock(name, float(values[0]), float(values[1]) * 1e-6, float(values[2])))
    return Timeline(tuple(clocks), str(table.get("method", "")))


def _clock_by_sound(name: str, first: np.ndarray, other: np.ndarray) -> Clock | None:
    """The lag of all, then that of pieces near it, and a line through those."""
    whole, clear = sound.lag(first, other)
    if clear < sound.CLEAR_PEAK:
        return None
    size = round(WINDOW_S * sound.RATE)
    begin, end = max(0.0, -whole), min(len(other) / sound.RATE, len(first) / sound.RATE - whole)
    count = int(min(MOST_WINDOWS, (end - begin) // WINDOW_S))
    times, lags = [], []
    for at in np.linspace(begin, end - WINDOW_S, count) if count > 1 else ():
        here, there = round((at + whole) * sound.RATE), round(at * sound.RATE)
        piece, clear = sound.lag(first[here:here + size], other[there:there + size], reach=0.5)
        if clear > sound.CLEAR_PEAK:
            times.append(at + WINDOW_S / 2)
            lags.append(piece + (here - there) / sound.RATE)
    if len(times) < 2:
        return Clock(name, whole)
    return Clock(name, *_line(np.array(times), np.array(lags)))


def _line(times: np.ndarray, lags: np.ndarray) -> tuple[float, float, float]:
    """Offset in seconds and drift of measured lags (seconds), and what they leave in ms. Theil and Sen's slope, which a
    few wrong lags do not move."""
    drift = 0.0
    if len(times) >= FEWEST_WINDOWS and times[-1] - times[0] >= LEAST_SPAN_S:
        from scipy.stats import theilslopes  # takes most of a second to load; whoever reads a sync.toml needs it not

        drift = float(theilslopes(lags, times).slope)
    offset = float(np.median(lags - drift * times))
    return offset, drift, float(1000 * np.sqrt(np.mean((lags - offset - drift * times) ** 2)))


def _against_sound(clips: Sequence[Clip], timeline: Timeline) -> tuple[str, ...]:
    """Sentences on cameras whose timecode and sound contradict each other, where both can be had."""
    try:
        heard = by_sound(clips)
    except ClipError:
        return ()
    frame = 1 / float(clips[0].frame_rate)
    return tuple(f"{clock.name} does not fit: by timecode it begins at {clock.offset:+.3f} s, by sound at "
                 f"{heard.offsets[clock.name]:+.3f} s; its timecode jumped or was not set with the others': give "
                 "offset_s by hand in sync.toml if the sound is right"
                 for clock in timeline.clocks  # a sound recorder's own was not listened to
                 if abs(heard.offsets.get(clock.name, clock.offset) - clock.offset) > CLOCKS_APART * frame)


def _closes(pair: tuple[str, str], names: Sequence[str], lags: Mapping[tuple[str, str], float], within_s: float,
            ) -> bool:
    """Whether some third camera leads to the same lag of a pair: by chance that happens once in some hundred times."""
    def lag(one: str, other: str) -> float:
        return lags[one, other] if (one, other) in lags else -lags[other, one]

    one, other = pair
    return any(abs(lag(one, third) + lag(third, other) - lags[pair]) < within_s for third in names if third not in pair)


def _agree(names: Sequence[str], lags: Mapping[tuple[str, str], float], drifts: Mapping[tuple[str, str], float],
           clear: Mapping[tuple[str, str], bool]) -> tuple[Clock, ...]:
    """Offsets and drifts that fit all clear pairs best, the first's at 0; a residual is how far a camera's pairs
    contradict them."""
    pairs = [pair for pair, sure in clear.items() if sure]
    rows = np.zeros((len(pairs) + 1, len(names)))
    rows[0, 0] = 1.0
    for row, (one, other) in enumerate(pairs, start=1):
        rows[row, names.index(one)], rows[row, names.index(other)] = -1.0, 1.0
    if np.linalg.matrix_rank(rows) < len(names):
        raise ClipError("the cameras fall into groups that show too little motion in common")
    right = np.array([[0.0, 0.0], *([lags[pair], drifts[pair]] for pair in pairs)])  # (P, 2)
    found = np.linalg.lstsq(rows, right, rcond=None)[0]
    errors = (rows @ found - right)[:, 0]
    clocks = []
    for at, name in enumerate(names):
        mine = [errors[row] for row, pair in enumerate(pairs, start=1) if name in pair]
        spread = 1000 * float(np.sqrt(np.mean(np.square(mine)))) if len(pairs) >= len(names) else math.nan
        offset, drift = found[at] - found[0]
        clocks.append(Clock(name, float(offset), float(drift), 0.0 if len(names) == 1 else spread))
    return tuple(clocks)
