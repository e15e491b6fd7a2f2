"""The pictures of a camera as it gives them, each decoded; whoever is slow gets the newest and never an old one."""

import threading
from collections.abc import Callable
from dataclasses import dataclass

import av
import numpy as np

from capture.record import Camera
from capture.record_sources import Feed, Source


@dataclass(frozen=True)
class Picture:
    """rgb (H, W, 3) uint8; seconds on the camera's clock; moment of its arrival, seconds of `time.monotonic`."""

    rgb: np.ndarray
    seconds: float
    moment: float


class Newest:
    """Holds one thing between two threads: the newest. `missed` counts those that nobody took."""

    def __init__(self) -> None:
        self._held: object | None = None
        self._there = threading.Condition()
        self.missed = 0

    def put(self, thing: object) -> None:
        with self._there:
            self.missed += self._held is not None
            self._held = thing
            self._there.notify()

    def take(self, seconds: float) -> object | None:
        """What came last; None where nothing came within so many seconds."""
        with self._there:
            self._there.wait_for(lambda: self._held is not None, seconds)
            held, self._held = self._held, None
            return held


class LiveCamera:
    """Decodes every picture of a camera.

    Attributes:
        camera: it; it can be recorded as well.
        pictures: a `Picture` as soon as it is there.
    """

    def __init__(self, source: Source, seconds_of_day: Callable[[float], float]) -> None:
        self.pictures = Newest()
        self.camera = Camera(source, seconds_of_day, self._tap)
        self._feed: Feed | None = None
        self._decoder: av.CodecContext | None = None

    def _tap(self, feed: Feed, packet: av.Packet, moment: float) -> None:
        if feed is not self._feed:
            self._feed, self._decoder = feed, feed.decoder()
        try:
            for frame in self._decoder.decode(av.Packet(bytes(packet))):
                rgb = frame.to_ndarray(format="rgb24")
                self.pictures.put(Picture(rgb, float((packet.dts or 0) * packet.time_base), moment))
        except av.error.FFmpegError:  # a damaged picture, or one whose keyframe was not seen
            return
