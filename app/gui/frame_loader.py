"""The one thread: it decodes the frames that the panes show. The latest request wins; nothing is decoded twice.

Cameras are decoded beside one another. Where a frame lies far from what was decoded last, its proxies come first, in a
few milliseconds, and the very frame once nothing else is asked for. While nothing is asked, the frames around the
playhead are decoded, so that a step to either side shows at once: reaching the frame before means decoding all from the
keyframe before it.
"""

import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PySide6.QtCore import QObject, QThread, Signal
from PySide6.QtGui import QImage

from app.gui.guarded import guarded
from app.gui.picture_cache import CACHE_BYTES, PictureCache
from capture.errors import MienError
from capture.match import NO_PICTURE, TakeClips
from capture.proxy import ProxyPictures
from capture.video import Clip, Frame, frames

WORKERS = max(2, min(8, os.cpu_count() or 2))
AROUND = 8
"""Frames on each side of the playhead that are decoded beforehand."""
REST_SECONDS = 0.12
"""So long after the last request: before, more are likely to come, and for other frames."""
AHEAD = 12
"""Frames that are sooner decoded and dropped than reached by seeking anew."""
NEAR = 2
"""Frames that are decoded on the way before a proxy is worth its coarseness."""
HEAVY_PX = 2_500_000
"""Pixels of all cameras' pictures above which proxies are played: more than one camera of 1920 x 1080."""


@dataclass(frozen=True)
class Request:
    """Frame `frame` of a take, in all its cameras. Ids rise.

    Attributes:
        proxies: of each clip, None where there is none.
        playing: the next frame will be asked for soon.
    """

    id: int
    clips: TakeClips
    frame: int
    proxies: tuple[Clip | None, ...] = ()
    playing: bool = False


@dataclass(frozen=True)
class Response:
    """What a request brought: a picture for each camera, None where it has none or it cannot be decoded, and why that.
    They are of the proxies where `coarse`."""

    request: Request
    pictures: tuple[QImage | None, ...]
    problem: str = ""
    coarse: bool = False


@guarded
class FrameLoader(QThread):
    """Asked from the main thread; answers by `loaded`, there."""

    loaded = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._wake = threading.Condition()
        self._wanted: Request | None = None
        self._stopping = False
        self._ids = 0

    def ask(self, clips: TakeClips, frame: int, proxies: tuple[Clip | None, ...] = (), playing: bool = False) -> int:
        """Ask for a frame instead of whatever was asked for and not begun yet. Returns the request's id."""
        with self._wake:
            self._ids += 1
            self._wanted = Request(self._ids, clips, min(frame, clips.frames - 1), proxies, playing)
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
        with ThreadPoolExecutor(WORKERS, "decode") as pool, ThreadPoolExecutor(WORKERS, "proxy") as coarse_pool:
            cache, footage = PictureCache(), None
            owed: Request | None = None  # what so far was answered by its proxies alone
            ahead: list[int] = []
            while True:
                with self._wake:
                    if self._wanted is None and not self._stopping:
                        self._wake.wait(REST_SECONDS if ahead or owed else None)
                    request, self._wanted = self._wanted, None
                    if self._stopping:
                        break
                if request is None and owed is None:
                    while ahead and not self._called_for():
                        self._pursue(footage.begin(Request(0, footage.clips, ahead.pop(0)), pool))
                    continue
                if request is not None and (footage is None or request.clips is not footage.clips):
                    if footage is not None:
                        footage.close()
                    footage = _Footage(request.clips, cache)
                if request is None:
                    coming = footage.begin(owed, pool)
                    if self._pursue(coming):
                        request, owed = owed, None
                        self.loaded.emit(footage.finish(request, coming))
                        ahead = footage.around(request)
                elif footage.is_far(request):
                    owed, ahead = request, []
                    self.loaded.emit(footage.coarse(request, coarse_pool))
                else:
                    owed = None
                    self.loaded.emit(footage.finish(request, footage.begin(request, pool)))
                    ahead = footage.around(request)
        if footage is not None:
            footage.close()

    def _called_for(self) -> bool:
        return self._wanted is not None or self._stopping

    def _pursue(self, coming: dict[tuple[int, int], Future]) -> bool:
        """Wait for pictures until something else is asked for; they are decoded to the end all the same."""
        for future in coming.values():
            future.add_done_callback(self._nudge)
        with self._wake:
            self._wake.wait_for(lambda: self._called_for() or all(future.done() for future in coming.values()))
            return not self._called_for()

    def _nudge(self, future: Future) -> None:
        with self._wake:
            self._wake.notify()


class _Reader:
    """One clip, read on from where it stands if that is quicker."""

    def __init__(self, clip: Clip) -> None:
        self.clip, self.next = clip, 0
        self.given_up: Callable[[], bool] = lambda: False
        self.coming: Iterator[Frame] | None = None

    def picture(self, number: int, given_up: Callable[[], bool]) -> QImage:
        self.given_up = given_up
        if self.coming is None or not 0 <= number - self.next <= AHEAD:
            self.close()
            self.coming, self.next = frames(self.clip, number, given_up=lambda: self.given_up()), number
        try:
            for frame in self.coming:
                self.next = frame.index + 1
                if frame.index == number:
                    return _image(frame.rgb)
        except MienError:
            self.close()
            raise
        self.close()
        raise MienError(f"{self.clip.path} has no frame {number}; open the take again")

    def close(self) -> None:
        if self.coming is not None and hasattr(self.coming, "close"):
            self.coming.close()
        self.coming = None


class _Footage:
    """What is held of one take: a reader for each clip and each proxy's file. Its pictures go to the cache of all."""

    def __init__(self, clips: TakeClips, cache: PictureCache) -> None:
        self.clips, self.cache = clips, cache
        self.readers: dict[int, _Reader] = {}
        self.proxies: dict[Path, ProxyPictures] = {}
        self._coming: dict[tuple[int, int], Future] = {}
        self._round = 0

    def is_far(self, request: Request) -> bool:
        """Whether the proxies shall answer first: all are there, and some camera's frame takes long to reach."""
        clips = self.clips.clips
        if len(request.proxies) != len(clips) or None in request.proxies:
            return False
        if request.playing:
            return sum(clip.size[0] * clip.size[1] for clip in clips) > HEAVY_PX
        self._harvest()
        return any(not self._has(key) and (bool(self._coming) or not self._is_near(*key)) for key in _keys(request))

    def coarse(self, request: Request, pool: ThreadPoolExecutor) -> Response:
        """By the proxies; what is wrong with one is no matter, for the frames themselves follow. What is being decoded
        far from here is given up: it would keep the processor from this."""
        self._round += 1
        coming = [pool.submit(self._proxy_picture, request.proxies[camera], number)
                  for camera, number in _keys(request)]
        pictures: dict[tuple[int, int], QImage | None] = {}
        for key, future in zip(_keys(request), coming, strict=True):
            try:
                pictures[key] = future.result()
            except (MienError, OSError):
                pictures[key] = None
        return Response(request, _by_camera(request, pictures), coarse=True)

    def begin(self, request: Request, pool: ThreadPoolExecutor) -> dict[tuple[int, int], Future]:
        """Begin to decode what is not there yet."""
        keys = _keys(request)
        for key in filter(self._has, keys):
            self._kept(key)  # what comes must not push it out
        if not all(map(self._has, keys)):
            wait(self._coming.values())  # a reader does one thing at a time
            self._harvest()
        for camera, number in keys:
            if not self._has((camera, number)):
                self._coming[camera, number] = pool.submit(self._reader(camera).picture, number,
                                                           lambda mine=self._round: self._round != mine)
        return {key: self._coming[key] for key in keys if key in self._coming}

    def finish(self, request: Request, coming: dict[tuple[int, int], Future]) -> Response:
        """Wait for what was begun; the answer."""
        pictures, problem = {}, ""
        for key in _keys(request):
            try:
                pictures[key] = coming[key].result() if key in coming else self._kept(key)
            except (MienError, OSError) as error:
                pictures[key], problem = None, str(error)
        self._harvest()
        return Response(request, _by_camera(request, pictures), problem)

    def around(self, request: Request) -> list[int]:
        """The frames around a request's that are worth having, as many as the cache can hold besides."""
        if not any(map(self._has, _keys(request))):
            return []  # none of them can be decoded
        each = 3 * sum(clip.size[0] * clip.size[1] for clip in self.clips.clips)  # bytes of one frame's pictures
        count = min(AROUND, CACHE_BYTES // (3 * each))
        frames = [*range(request.frame + 1, request.frame + 1 + count), *range(request.frame - count, request.frame)]
        return [frame for frame in frames if 0 <= frame < self.clips.frames]

    def close(self) -> None:
        self._round += 1
        wait(self._coming.values())
        self._harvest()
        for reader in (*self.readers.values(), *self.proxies.values()):
            reader.close()
        self.readers.clear()  # they know this footage: it would stay until Python looks for circles

    def _reader(self, camera: int) -> "_Reader":
        if camera not in self.readers:
            self.readers[camera] = _Reader(self.clips.clips[camera])
        return self.readers[camera]

    def _proxy_picture(self, proxy: Clip, number: int) -> QImage:
        if proxy.path not in self.proxies:
            self.proxies[proxy.path] = ProxyPictures(proxy)
        return _image(self.proxies[proxy.path].rgb(number))

    def _is_near(self, camera: int, number: int) -> bool:
        reader = self.readers.get(camera)
        return reader is not None and reader.coming is not None and 0 <= number - reader.next <= NEAR

    def _harvest(self) -> None:
        """Keep what is done."""
        for key, future in list(self._coming.items()):
            if future.done():
                del self._coming[key]
                if future.exception() is None:
                    self.cache.keep(self.clips.clips[key[0]], key[1], future.result())

    def _has(self, key: tuple[int, int]) -> bool:
        return self.cache.has(self.clips.clips[key[0]], key[1])

    def _kept(self, key: tuple[int, int]) -> QImage:
        return self.cache.get(self.clips.clips[key[0]], key[1])


def _image(rgb: np.ndarray) -> QImage:
    height, width = rgb.shape[:2]
    return QImage(rgb.data, width, height, 3 * width, QImage.Format.Format_RGB888).copy()


def _keys(request: Request) -> list[tuple[int, int]]:
    """(camera, frame number of its clip) of each picture that there is."""
    return [(camera, int(numbers[request.frame])) for camera, numbers in enumerate(request.clips.numbers)
            if numbers[request.frame] != NO_PICTURE]


def _by_camera(request: Request, pictures: dict[tuple[int, int], QImage | None]) -> tuple[QImage | None, ...]:
    """Of pictures by their keys, those of all cameras."""
    found = {camera: picture for (camera, _), picture in pictures.items()}
    return tuple(found.get(camera) for camera in range(len(request.clips.clips)))
