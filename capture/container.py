"""What a video file contains, packet by packet: the times of its frames, its keyframes, and whether it is whole."""

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from capture.errors import ClipError
from capture.pictures import LONGEST_SIDE

# A playlist or an ffconcat script named .mp4 could otherwise make FFmpeg open other files, or addresses on a network.
OPTIONS = {"protocol_whitelist": "file",
           "format_whitelist": "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mxf,mpegts,mpeg,flv,asf,ogg,dv"}

COPY_AGAIN = "copy it again from the camera or card"

MOST_TIMECODES = 1000
"""Samples of a timecode track that are read: a file may hold millions."""

LONGEST_PIXEL = 4
"""Anamorphic lenses double a pixel's width; a damaged header could ask for pictures that fill the memory."""

FIRST_BOXES = (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"styp")
"""What an MP4 or MOV file may begin with."""


@dataclass(frozen=True)
class Index:
    """The frames that a player would show, by their packets.

    Attributes:
        ticks: (T,) int64, when each is shown, in units of `tick` seconds, rising.
        keys: (K, 2) int64, shown and decoded time of each keyframe, in order; those an edit list hides count too.
            Empty where the container states no times: such a file is only decoded from its start.
        tick: seconds.
    """

    ticks: np.ndarray
    keys: np.ndarray
    tick: Fraction


@contextlib.contextmanager
def opened(path: Path) -> Iterator[tuple[av.container.InputContainer, av.VideoStream]]:
    """The container and its picture stream.

    Raises:
        ClipError: one sentence on what is wrong with the file.
    """
    _check_file(path)
    try:
        container = av.open(os.path.abspath(path), options=dict(OPTIONS), metadata_errors="replace")
    except av.error.FFmpegError as error:
        raise _unreadable(path) from error
    with container:
        pictures = [stream for stream in container.streams.video
                    if not stream.disposition & av.stream.Disposition.attached_pic]
        if not pictures:
            holds = "only sound" if container.streams.audio else "no picture"
            raise ClipError(f"{path} holds {holds}; give a clip that a camera recorded")
        stream = pictures[0]
        # A stream without a decoder has no codec context at all.
        if stream.codec_context is None:
            raise ClipError(f"{path} is coded in a way that this FFmpeg cannot decode; convert it to H.264 or ProRes")
        if max(stream.width, stream.height) > LONGEST_SIDE:
            raise ClipError(f"{path} is {stream.width} by {stream.height} px, more than {LONGEST_SIDE} a side; "
                            "scale it down")
        aspect = stream.sample_aspect_ratio
        if aspect and not 1 / LONGEST_PIXEL <= aspect <= LONGEST_PIXEL:
            raise ClipError(f"{path} says that its pixels are {aspect.numerator} wide and {aspect.denominator} high; "
                            "export it with square pixels")
        yield container, stream


def read_index(path: Path, container: av.container.InputContainer, stream: av.VideoStream) -> Index:
    """Read every packet once, without decoding.

    Raises:
        ClipError: the file ends before its last frame, or has no frame to show.
    """
    missing = _missing_entries(path, stream)
    shown, keys, whole, end, timed = [], [], 0, Fraction(0), True
    try:
        for packet in container.demux():
            if not packet.size:
                continue
            if packet.dts is not None and packet.time_base is not None:
                end = max(end, (packet.dts + (packet.duration or 0)) * packet.time_base)
            if packet.stream_index != stream.index:
                continue
            whole += not packet.is_corrupt
            timed &= packet.pts is not None
            if packet.pts is None:
                continue
            if packet.is_keyframe:
                keys.append((packet.pts, packet.dts if packet.dts is not None else packet.pts))
            if not packet.is_discard:
                shown.append(packet.pts)
    except av.error.FFmpegError as error:
        raise ClipError(f"{path} is damaged after its frame {whole} ({_reason(error)}); {COPY_AGAIN}") from error
    if missing:
        there, declared = missing
        raise ClipError(f"{path} is cut off: {there} of its {declared} frames are there; {COPY_AGAIN}")
    if not _has_entries(stream):
        if _top_boxes(path)[1]:
            raise ClipError(f"{path} is cut off after its frame {whole}, in the middle of a fragment; {COPY_AGAIN}")
        _check_end(path, container, stream, whole, end)
    # libvpx's VP8 stores pictures that are never shown in packets of their own.
    if not timed or not keys or stream.codec_context.name == "vp8":
        return _decoded_index(path)
    first = keys[0][0]  # frames shown before the first keyframe refer to pictures that are not in the file
    ticks = np.unique(np.array([tick for tick in shown if tick >= first], dtype=np.int64))
    if not len(ticks):
        raise ClipError(f"{path} has no frame to show; record or export it again")
    return Index(ticks, np.array(sorted(set(keys)), dtype=np.int64), stream.time_base)


def timecode_counts(container: av.container.InputContainer) -> list[tuple[float, int]]:
    """What a QuickTime timecode track says: (seconds, frame number) of each of its samples; most have one."""
    counts = []
    for stream in container.streams.data:
        if stream.codec_context is None and stream.metadata.get("timecode"):
            with contextlib.suppress(av.error.FFmpegError):
                container.seek(0, stream=stream, any_frame=True)
                for packet in container.demux(stream):
                    if packet.size >= 4 and packet.pts is not None and len(counts) < MOST_TIMECODES:
                        counts.append((float(packet.pts * packet.time_base), int.from_bytes(bytes(packet)[:4], "big")))
            break
    return counts


def _decoded_index(path: Path) -> Index:
    """The same for containers that state no times: decode all and count."""
    ticks = []
    with opened(path) as (container, stream):
        rate = stream.guessed_rate or stream.average_rate or Fraction(25)
        try:
            ticks = [count for count, _ in enumerate(container.decode(stream))]
        except av.error.FFmpegError as error:
            raise ClipError(f"{path} cannot be decoded ({_reason(error)}); convert it to H.264 or ProRes") from error
    if not ticks:
        raise ClipError(f"{path} has no frame to show; record or export it again")
    return Index(np.array(ticks, dtype=np.int64), np.zeros((0, 2), np.int64), 1 / rate)


def _check_file(path: Path) -> None:
    if not path.exists():
        raise ClipError(f"{path} does not exist; check the path")
    if not path.is_file():
        raise ClipError(f"{path} is not a file; give a clip")
    try:
        with path.open("rb") as file:
            empty = not file.read(1)
    except OSError as error:
        raise ClipError(f"{path} cannot be read ({error.strerror}); check its rights and its disk") from error
    if empty:
        raise ClipError(f"{path} is empty; {COPY_AGAIN}")


def _unreadable(path: Path) -> ClipError:
    names, ends_early = _top_boxes(path)
    if ends_early or ("mdat" in names and "moov" not in names):
        return ClipError(f"{path} is cut off: its table of frames, which such files keep at their end, is not whole, "
                         f"so none of its frames can be found; {COPY_AGAIN}")
    return ClipError(f"{path} is not a video that can be read, whatever its name says; "
                     "check what it really is, or convert it to MP4 or MOV")


def _reason(error: av.error.FFmpegError) -> str:
    return (error.strerror or type(error).__name__).lower()


def _top_boxes(path: Path) -> tuple[list[str], bool]:
    """Names of an MP4 or MOV file's outermost boxes ([] for other files), and whether the last ends after the file."""
    names, position, size = [], 0, path.stat().st_size
    with path.open("rb") as file:
        while position + 8 <= size and len(names) < 100_000:
            file.seek(position)
            header = file.read(16)
            length, name = int.from_bytes(header[:4], "big"), header[4:8]
            if not (name.isalnum() and name.isascii()) or (not names and name not in FIRST_BOXES):
                break
            names.append(name.decode("ascii"))
            if length == 1:
                length = int.from_bytes(header[8:16], "big")
            if length < 8:
                break
            position += length
    return names, position > size


def _has_entries(stream: av.VideoStream) -> bool:
    """Whether the container lists where every packet lies before the packets are read (MP4 and MOV do)."""
    return stream.frames > 0 and len(stream.index_entries) > 1 and stream.container.format.name.startswith("mov")


def _missing_entries(path: Path, stream: av.VideoStream) -> tuple[int, int] | None:
    """Frames that are there, and declared, where the file is shorter than its own list of packets says."""
    if not _has_entries(stream):
        return None
    size = path.stat().st_size
    entries = [entry.pos + entry.size <= size for entry in stream.index_entries]
    return None if all(entries) else (sum(entries), len(entries))


def _check_end(path: Path, container: av.container.InputContainer, stream: av.VideoStream, whole: int,
               end: Fraction) -> None:
    """Refuse a file whose header promises more frames, or more seconds, than it holds."""
    rate = stream.guessed_rate or stream.average_rate or Fraction(25)
    if stream.frames:
        declared, missing = stream.frames, stream.frames - whole > 0
    elif container.duration:
        seconds = Fraction(container.duration, av.time_base) + min(Fraction(container.start_time or 0, av.time_base), 0)
        declared = round(seconds * rate)
        missing = seconds - end > max(4 / rate, Fraction(1, 4))
    else:
        return
    if missing:
        raise ClipError(f"{path} is cut off: {whole} of its {declared} frames are there; {COPY_AGAIN}")
