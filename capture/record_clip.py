"""A clip that grows while its camera runs, and is whole at every moment.

Matroska, a cluster for each frame, each handed to the system at once: a process that dies loses the frame that it was
at. A codec that clips may hold is copied as the camera gives it; raw pictures become Motion JPEG, frame by frame.
"""

import contextlib
import os
from fractions import Fraction
from pathlib import Path

import av

from capture.errors import OutputError
from capture.files import output_error
from capture.record_sources import Feed

SUFFIX = ".mkv"
COPIED = ("mjpeg", "h264", "hevc", "av1", "vp8", "vp9", "mpeg4", "mpeg2video", "prores", "ffv1")
QUALITY = "2"
"""Motion JPEG's quantiser: the finest."""
OPTIONS = {"flush_packets": "1", "cluster_time_limit": "1"}


class ClipWriter:
    """Writes one camera's pictures.

    Args:
        path: of the clip; nothing may be there.
        feed: the camera.
        rate: its frames a second.
        timecode: of the first frame.

    Raises:
        OutputError: it cannot be written.
    """

    def __init__(self, path: Path, feed: Feed, rate: Fraction, timecode: str) -> None:
        self.path, self.frames, self.bytes = path, 0, 0
        self._feed, self._base = feed, None
        self._copied = feed.codec in COPIED
        try:
            self._file = path.open("xb", buffering=0)
        except OSError as error:
            raise output_error(path, error) from error
        self._container = av.open(self, "w", format="matroska", options=dict(OPTIONS))
        if self._copied:
            self._stream = self._container.add_stream_from_template(feed.stream)
        else:
            self._stream = self._container.add_stream("mjpeg", rate=rate)
            self._stream.width, self._stream.height = feed.size
            self._stream.pix_fmt = "yuvj422p"
            self._stream.options = {"qmin": QUALITY, "qmax": QUALITY}
            self._stream.codec_context.time_base = feed.stream.time_base
        self._stream.metadata["timecode"] = timecode

    def add(self, packet: av.Packet) -> None:
        """Put a picture behind the others. Its times are shifted so that the clip begins at 0.

        Raises:
            OutputError: it cannot be written; what is there stays.
        """
        try:
            if self._copied:
                times = packet.pts, packet.dts, packet.time_base
                self._base = packet.dts if self._base is None else self._base
                packet.pts, packet.dts = packet.pts - self._base, packet.dts - self._base
                packet.stream = self._stream
                self._container.mux(packet)
                self.frames += 1
                packet.time_base = times[2]  # the next take may begin with this very packet
                packet.pts, packet.dts = times[:2]
                return
            for frame in packet.decode():
                self._base = packet.pts if self._base is None else self._base
                frame.pts, frame.time_base = packet.pts - self._base, packet.time_base
                self._container.mux(self._stream.encode(frame.reformat(format="yuvj422p")))
                self.frames += 1
        except OSError as error:
            raise output_error(self.path, error) from error
        except av.error.FFmpegError as error:
            raise OutputError(f"{self.path} ends at its frame {self.frames}: the camera's next picture cannot be "
                              f"stored ({error.strerror or error}); choose another format in the camera") from error

    def sync(self) -> None:
        """Have the system put on the disk what it was given: a power cut loses no more than came since.

        Raises:
            OutputError: it cannot be written.
        """
        try:
            os.fsync(self._file.fileno())
        except OSError as error:
            raise output_error(self.path, error) from error

    def close(self) -> None:
        """End the clip. Where the disk is full its length cannot be noted at its front: it is read without."""
        if self._file.closed:
            return
        with self._file, contextlib.suppress(OSError, av.error.FFmpegError):
            self._container.close()

    # ---- a file, as PyAV wants one

    def write(self, data: bytes) -> int:
        written = 0
        view = memoryview(data)
        while written < len(view):
            written += self._file.write(view[written:])
        self.bytes += written
        return written

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()


def removed_if_empty(writer: ClipWriter) -> bool:
    """Take away a clip that holds no frame. Returns whether it did."""
    if writer.frames:
        return False
    try:
        writer.path.unlink(missing_ok=True)
    except OSError as error:
        raise OutputError(f"{writer.path} holds no frame and cannot be removed ({error.strerror}); "
                          "delete it") from error
    return True
