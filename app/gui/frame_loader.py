"""The one thread: it decodes the frames that the panes show. The latest request wins; nothing is decoded twice.

Cameras are decoded beside one another. While nothing is asked, the frames around the playhead are decoded, so that a
step to either side shows at once: reaching the frame before means decoding all from the keyframe before it.
"""

import os
import threading
from collections import OrderedDict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from PySide6.QtCore import QObject, QThread, Signal
from PySide6.QtGui import QImage

from capture.errors import MienError
from capture.match import TakeClips
from capture.video import Clip, Frame, frames

CACHE_BYTES = 256 << 20
WORKERS = max(2, min(8, os.cpu_count() or 2))
AROUND = 8
"""Frames on each side of the playhead that are decoded beforehand."""
REST_SECONDS = 0.12
"""So long after the last request: before, more are likely to come, and for other frames."""
AHEAD = 12
"""Frames that are sooner decoded and dropped than reached by seeking anew."""


@dataclass(frozen=True)
class Request:
    """Frame `frame` of a take, in all its cameras. Ids rise."""

    id: int
    clips: TakeClips
    frame: int


@dataclass(frozen=True)
class Response:
    """What a request brought: a picture for each camera, None where it cannot be decoded, and why."""

    request: Request
    pictures: tuple[QImage | None, ...]
    problem: str = ""


class FrameLoader(QThread):
    """Asked from the main thread; answers by `loaded`, there."""

    loaded = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._wake = threading.Condition()
        self._wanted: Request | None = None
        self._stopping = False
        self._ids = 0

    def ask(self, clips: TakeClips, frame: int) -> int:
        """Ask for a frame instead of whatever was asked for and not begun yet. Returns the request's id."""
        with self._wake:
            self._ids += 1
            self._wanted = Request(self._ids, clips, frame)
            self._wake.notify()
        if not self.isRunning():
            self.start()
        return self._ids

    def stop(self) -> None:
        """End the thread and wait for it."""
        with self._wake:
            self._stopping = True
            self._wake.notify()
        self.wait()

    def run(self) -> None:
        readers: dict[int, _Reader] = {}
        cache = _Cache()
        clips: TakeClips | None = None
        ahead: list[int] = []
        with ThreadPoolExecutor(WORKERS, "decode") as pool:
            while True:
                with self._wake:
                    if self._wanted is None and not self._stopping:
                        self._wake.wait(REST_SECONDS if ahead else None)
                    request, self._wanted = self._wanted, None
                    if self._stopping:
                        break
                if request is None:
                    while ahead and self._wanted is None and not self._stopping:
                        _answer(Request(0, clips, ahead.pop(0)), readers, cache, pool)
                    continue
                if request.clips is not clips:
                    _close(readers)
                    cache.clear()
                    clips = request.clips
                self.loaded.emit(_answer(request, readers, cache, pool))
                ahead = _around(request, cache)
        _close(readers)


class _Reader:
    """One clip, read on from where it stands if that is quicker."""

    def __init__(self, clip: Clip) -> None:
        self.clip, self.next = clip, 0
        self.coming: Iterator[Frame] | None = None

    def picture(self, number: int) -> QImage:
        if self.coming is None or not 0 <= number - self.next <= AHEAD:
            self.close()
            self.coming, self.next = frames(self.clip, number), number
        try:
            for frame in self.coming:
                self.next = frame.index + 1
                if frame.index == number:
                    height, width = frame.rgb.shape[:2]
                    return QImage(frame.rgb.tobytes(), width, height, 3 * width, QImage.Format.Format_RGB888).copy()
        except MienError:
            self.close()
            raise
        self.close()
        raise MienError(f"{self.clip.path} has no frame {number}; open the take again")

    def close(self) -> None:
        if self.coming is not None and hasattr(self.coming, "close"):
            self.coming.close()
        self.coming = None


class _Cache(OrderedDict):
    """Pictures by (camera, frame number), the longest unused dropped first."""

    size = 0

    def keep(self, key: tuple[int, int], picture: QImage) -> None:
        self[key] = picture
        self.size += picture.sizeInBytes()
        while self.size > CACHE_BYTES:
            _, dropped = self.popitem(last=False)
            self.size -= dropped.sizeInBytes()

    def clear(self) -> None:
        super().clear()
        self.size = 0


def _around(request: Request, cache: _Cache) -> list[int]:
    """The frames around a request's that are worth having, as many as the cache can hold besides."""
    if not cache:
        return []
    room = CACHE_BYTES // (3 * len(request.clips.clips) * next(reversed(cache.values())).sizeInBytes())
    count = min(AROUND, room)
    frames = [*range(request.frame + 1, request.frame + 1 + count), *range(request.frame - count, request.frame)]
    return [frame for frame in frames if 0 <= frame < request.clips.frames]


def _answer(request: Request, readers: dict[int, _Reader], cache: _Cache, pool: ThreadPoolExecutor) -> Response:
    keys = [(camera, int(numbers[request.frame])) for camera, numbers in enumerate(request.clips.numbers)]
    coming = {}
    for camera, number in keys:
        if (camera, number) in cache:
            cache.move_to_end((camera, number))
        else:
            reader = readers.setdefault(camera, _Reader(request.clips.clips[camera]))
            coming[camera, number] = pool.submit(reader.picture, number)
    pictures, problem = dict.fromkeys(keys), ""
    for key in keys:
        try:
            pictures[key] = coming[key].result() if key in coming else cache[key]
        except (MienError, OSError) as error:
            problem = str(error)
    for key in coming:
        if pictures[key] is not None:
            cache.keep(key, pictures[key])
    return Response(request, tuple(pictures.values()), problem)


def _close(readers: dict[int, _Reader]) -> None:
    for reader in readers.values():
        reader.close()
    readers.clear()
