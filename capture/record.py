"""A camera that is watched, and recorded when asked: one thread for each, which only moves packets."""

import contextlib
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from capture.errors import MienError
from capture.record_clip import SUFFIX, ClipWriter, removed_if_empty
from capture.record_sources import Feed, Source, opened, packets
from capture.timecode import Timecode, can_drop, exact_rate, frames_in_day

OPENING, LIVE, LOST = "opening", "live", "lost"
AGAIN_SECONDS = 1.0
"""Between two tries to open a camera that is gone."""
LONGEST_GROUP = 900
"""Packets from one keyframe to the next that are held; streams with rarer keyframes begin late."""
RECENT = 60
"""Packets by which rate and bytes a second are known."""
LEVEL_SECONDS = 0.2
"""A picture is kept to be looked at so often."""
DRIFT_SECONDS = 30.0
"""Length of a recording from which the drift of its camera's clock can be told from the jitter of arrival."""


@dataclass(frozen=True)
class Recorded:
    """One camera's part of a take.

    Attributes:
        path: the clip; None where no frame came.
        began: moment of the first frame, seconds of `time.monotonic`.
        pace: how much longer a second of the camera's clock is by ours: 1 where that cannot be told.
        jitter_ms: how far the frames' arrivals stray from that, root mean square.
        problem: why it ends early, in one sentence; "" where it does not.
        times: (T) of its frames on the camera's own clock, seconds.
    """

    camera: str
    path: Path | None
    frames: int
    dropped: int
    rate: Fraction
    began: float
    pace: float
    jitter_ms: float
    problem: str
    times: np.ndarray


@dataclass(frozen=True)
class Status:
    """How a camera is: `state` "opening", "live" or "lost"; frames and dropped ones of this recording; `seen` frames
    a second; bytes a second; size (width, height) px; why it is lost."""

    camera: str
    state: str
    frames: int
    dropped: int
    rate: float
    bytes_per_second: float
    size: tuple[int, int]
    problem: str


def clock_timecode(seconds_of_day: float, rate: Fraction) -> Timecode:
    """The time of day as a timecode at a rate, drop-frame where there is such."""
    drop = can_drop(rate)
    return Timecode(round(seconds_of_day * rate) % frames_in_day(rate, drop), rate, drop)


class Camera:
    """Watches one source from `start` to `close`.

    Args:
        source: what to open; a camera that is lost is opened again.
        seconds_of_day: what the clock shows at a moment of `time.monotonic`.
        tap: also given each packet and its moment, in the camera's thread; it must be quick.
    """

    def __init__(self, source: Source, seconds_of_day: Callable[[float], float],
                 tap: Callable[[Feed, av.Packet, float], None] = lambda feed, packet, moment: None) -> None:
        self.source, self._tap = source, tap
        self._clock = seconds_of_day
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"camera {source.camera}", daemon=True)
        self._state, self._problem = OPENING, ""
        self._feed: Feed | None = None
        self._recent: deque[tuple[float, int]] = deque(maxlen=RECENT)  # time on the camera's clock, bytes
        # Since the latest keyframe, with their moments: a take builds upon it. None until the next one.
        self._group: list[tuple[av.Packet, float]] | None = None
        self._folder: Path | None = None
        self._writer: ClipWriter | None = None
        self._times: list[tuple[float, float]] = []  # of each frame: on the camera's clock, and of its arrival
        self._last_dts: int | None = None
        self._dropped, self._rolled, self._failed = 0, Fraction(0), ""
        self._kept: bytes | None = None
        self._kept_at = 0.0

    def start(self) -> None:
        self._thread.start()

    def roll(self, folder: Path) -> None:
        """Record into a clip of the camera's name, from the frame now shown: from the keyframe that it builds upon."""
        with self._lock:
            self._folder, self._times, self._dropped, self._failed, self._writer = folder, [], 0, "", None
            self._rolled = self._rate()
            if self._state != LIVE:
                self._failed = self._problem or f"{self.source.camera} gives no pictures yet"

    def cut(self) -> Recorded:
        """End the clip, and say what became of it."""
        with self._lock:
            writer, self._folder = self._writer, None
            self._end()
            camera, frames = self.source.camera, writer.frames if writer else 0
            path = None if writer is None or removed_if_empty(writer) else writer.path
            began, pace, jitter = _clock_of(np.array(self._times)) if self._times else (0.0, 1.0, 0.0)
            problem = self._failed or ("" if frames else f"{camera} gave no picture in that time")
            self._failed = ""
            times = np.array([time for time, _ in self._times[:frames]])
            return Recorded(camera, path, frames, self._dropped, self._rolled, began, pace, jitter, problem, times)

    def close(self) -> None:
        """Stop watching. A camera that does not answer is not waited for."""
        self._stop.set()
        self._thread.join(AGAIN_SECONDS)

    def sync(self) -> None:
        """Bring what was recorded onto the disk."""
        writer = self._writer
        if writer is not None:
            with contextlib.suppress(MienError, ValueError):  # a clip that was closed meanwhile is there already
                writer.sync()

    def status(self) -> Status:
        with self._lock:
            rate, flow = self._measured()
            frames = self._writer.frames if self._writer else 0
            return Status(self.source.camera, self._state, frames, self._dropped, rate, flow,
                          self._feed.size if self._feed else (0, 0), self._failed or self._problem)

    @property
    def rate(self) -> Fraction:
        with self._lock:
            return self._rate()

    @property
    def problem(self) -> str:
        """Why the recording of this camera ended while the take goes on; "" where it did not."""
        with self._lock:
            return self._failed

    def picture(self) -> av.VideoFrame | None:
        """The latest picture that was kept to be looked at; None where there is no new one."""
        with self._lock:
            kept, self._kept, feed = self._kept, None, self._feed
        return None if kept is None or feed is None else feed.decoded(kept)

    # ---- the thread

    def _run(self) -> None:
        while not self._stop.is_set():
            problem = f"{self.source.camera} gives no more pictures; look at its cable and power"
            try:
                with opened(self.source) as feed:
                    with self._lock:
                        self._feed, self._last_dts, self._group = feed, None, None
                        self._recent.clear()
                    for packet, moment in packets(feed, self._stop):
                        with self._lock:
                            self._take(feed, packet, moment)
                        self._tap(feed, packet, moment)
            except MienError as error:
                problem = str(error)
            with self._lock:
                if self._folder is not None:
                    self._failed = self._failed or problem
                self._end()
                self._feed, self._state, self._problem = None, LOST, problem
            self._stop.wait(AGAIN_SECONDS)

    def _take(self, feed: Feed, packet: av.Packet, moment: float) -> None:
        tick, before = packet.time_base, self._last_dts
        if packet.dts is None or (before is not None and packet.dts <= before):
            # Some streams state no times, or stumble: the time of arrival serves as well.
            packet.dts, packet.pts = max(round(moment / tick), -1 if before is None else before + 1), None
        packet.pts = packet.dts if packet.pts is None else packet.pts
        now = float(packet.dts * tick)
        self._state, self._problem, self._last_dts = LIVE, "", packet.dts
        self._recent.append((now, packet.size))
        if packet.is_keyframe and moment - self._kept_at >= LEVEL_SECONDS:
            self._kept, self._kept_at = bytes(packet), moment
        if packet.is_keyframe:
            self._group = []
        if self._group is not None:
            self._group.append((packet, moment))
        if self._folder is not None and not self._failed:
            self._write(feed, [(packet, moment)] if self._writer is not None else self._group or [])
        if self._group is not None and len(self._group) >= LONGEST_GROUP:
            self._group = None

    def _write(self, feed: Feed, arrived: Sequence[tuple[av.Packet, float]]) -> None:
        try:
            if self._writer is None and arrived:
                timecode = str(clock_timecode(self._clock(arrived[0][1]), self._rolled))
                self._writer = ClipWriter(self._folder / (self.source.camera + SUFFIX), feed, self._rolled, timecode)
            for packet, moment in arrived:
                now = float(packet.dts * packet.time_base)
                if self._times:
                    self._dropped += max(round((now - self._times[-1][0]) * float(self._rolled)) - 1, 0)
                self._times.append((now, moment))
                self._writer.add(packet)
        except MienError as error:
            self._failed = str(error)
            self._end()

    def _end(self) -> None:
        if self._writer is not None:
            self._writer.close()

    def _rate(self) -> Fraction:
        stated = self._feed.rate if self._feed else None
        measured = self._measured()[0]
        if stated or not measured:
            return stated or Fraction(30)
        whole = max(round(measured), 1)
        return Fraction(whole) if abs(whole - measured) < 0.02 * measured else exact_rate(round(measured, 2))

    def _measured(self) -> tuple[float, float]:
        """Frames and bytes a second of late; 0 where nothing is known."""
        if len(self._recent) < 2 or (span := self._recent[-1][0] - self._recent[0][0]) <= 0:
            return 0.0, 0.0
        return (len(self._recent) - 1) / span, sum(size for _, size in self._recent) / span


def _clock_of(times: np.ndarray) -> tuple[float, float, float]:
    """When a recording began, its clock's pace and the jitter in ms, of its frames' times by the camera and by us.

    Args:
        times: (T, 2) seconds.
    """
    seen = times[:, 0] - times[0, 0]
    pace, began = 1.0, float(np.median(times[:, 1] - seen))
    if seen[-1] >= DRIFT_SECONDS:
        pace, began = (float(value) for value in np.polyfit(seen, times[:, 1], 1))
    return began, pace, 1000 * float(np.sqrt(np.mean((times[:, 1] - began - pace * seen) ** 2)))
