"""Half-size copies of clips for scrubbing: every frame is a keyframe, so any is reached by decoding one.

A proxy lies in a folder of artefacts under the key of its clip; one that is there is used again. Its frame n is the
clip's frame n, whatever the clip's rate, edit list or rotation: it holds the pictures as `capture.video.frames` gives
them, one after another at a constant rate.
"""

import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

import av
import cv2
import numpy as np

from capture.errors import ClipError
from capture.files import replacing
from capture.video import Clip, frames, probe

VERSION = 1
QUALITY = "4"
"""MJPEG's quantiser: 2 is best, 31 worst."""
FACTOR = 2


def proxy_path(clip: Clip, folder: Path, content: str) -> Path:
    """Where the proxy of a clip lies. `content` is a key of the clip's bytes, so a clip that changes gets another."""
    turned = f" turned {clip.rotate}" if clip.rotate else ""
    key = hashlib.sha256(f"proxy {VERSION} {QUALITY} {FACTOR} {clip.size} {clip.frames} {content}{turned}".encode()
                         ).hexdigest()
    return folder / f"proxy.{clip.camera}.{key[:16]}.mov"


def make_proxy(clip: Clip, folder: Path, content: str,
               report: Callable[[int, int], None] = lambda done, total: None) -> Path:
    """The path of the clip's proxy; it is made first where it is not there yet.

    Args:
        report: called with the frames that are done and their total; may raise Cancelled, then nothing is left.

    Raises:
        ClipError: a frame cannot be decoded.
        OutputError: it cannot be written.
    """
    path = proxy_path(clip, folder, content)
    if path.is_file():
        return path
    with replacing(path) as file:
        _write(clip, file, report)
    return path


def open_proxy(clip: Clip, path: Path, probe_one: Callable[[Path], Clip] = probe) -> Clip:
    """The proxy as a clip with the frames, the times and the camera of the clip itself; only its size differs.

    Raises:
        ClipError: it is not the proxy of this clip.
    """
    proxy = probe_one(path)
    if proxy.frames != clip.frames:
        raise ClipError(f"{path} has {proxy.frames} frames and {clip.path.name} has {clip.frames}; delete it")
    return replace(proxy, camera=clip.camera, times=clip.times, frame_rate=clip.frame_rate,
                   start_timecode=clip.start_timecode)


class ProxyPictures:
    """A proxy's frames in any order: each is a JPEG picture at a known place of the file, read and decoded alone.

    Raises:
        ClipError: the file is damaged, or has gone.
    """

    def __init__(self, proxy: Clip) -> None:
        self._path = proxy.path
        try:
            with av.open(str(proxy.path)) as container:
                self._places = [(entry.pos, entry.size) for entry in container.streams.video[0].index_entries]
            self._file = proxy.path.open("rb")
        except (OSError, IndexError, av.FFmpegError) as error:
            raise ClipError(f"{proxy.path} cannot be read; delete it") from error

    def rgb(self, number: int) -> np.ndarray:
        """(H, W, 3) uint8, one frame."""
        try:
            place, size = self._places[number]
            self._file.seek(place)
            rgb = cv2.imdecode(np.frombuffer(self._file.read(size), np.uint8), cv2.IMREAD_COLOR_RGB)
        except (OSError, IndexError, cv2.error) as error:
            raise ClipError(f"{self._path} has no frame {number}; delete it") from error
        if rgb is None:
            raise ClipError(f"frame {number} of {self._path} is damaged; delete it")
        return rgb

    def close(self) -> None:
        self._file.close()


def _write(clip: Clip, file: BinaryIO, report: Callable[[int, int], None]) -> None:
    size = tuple(max(side // FACTOR // 2 * 2, 2) for side in clip.size)
    with av.open(file, "w", format="mov") as container:
        stream = container.add_stream("mjpeg", rate=clip.frame_rate)
        stream.width, stream.height, stream.pix_fmt = *size, "yuvj420p"
        stream.options = {"qmin": QUALITY, "qmax": QUALITY}
        for frame in frames(clip):
            small = cv2.resize(frame.rgb, size, interpolation=cv2.INTER_AREA)
            picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(small), format="rgb24")
            picture.pts = frame.index
            picture.time_base = 1 / clip.frame_rate
            container.mux(stream.encode(picture))
            report(frame.index + 1, clip.frames)
        container.mux(stream.encode(None))
