"""Cameras that can be recorded from: attached ones, network streams, and clips that play as if they were cameras.

All come through PyAV as packets with a time of arrival, so that whatever records does not care which it is.
"""

import contextlib
import itertools
import re
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av

from capture.container import OPTIONS as FILE_OPTIONS
from capture.errors import ClipError, DataError, UsageError
from capture.settings import CHECKS
from capture.timecode import exact_rate

DEVICE, NETWORK, CLIP, LOOP = "device", "network", "clip", "loop"
DEVICE_FORMATS = {"linux": "v4l2", "darwin": "avfoundation", "win32": "dshow"}
SCHEMES = ("rtsp", "rtsps", "rtmp", "rtmps", "http", "https", "udp", "tcp", "srt", "rtp")
"""What may be opened as a network stream: FFmpeg knows others, which read files or run other inputs."""
OPEN_SECONDS, READ_SECONDS = 8.0, 3.0
"""How long a camera may take to answer, and to give its next picture."""
PLAUSIBLE = (1, 1000)
"""Frames a second; streams without a rate state their clock's instead."""


@dataclass(frozen=True)
class Source:
    """A camera.

    Attributes:
        camera: its name, and its clip's.
        kind: "device", "network", "clip" (plays once, then is gone) or "loop".
        address: what FFmpeg opens: a device, an address or a path.
        size: width, height in px to ask a device for; None: what it gives.
        rate: frames a second to ask a device for; None: what it gives.
    """

    camera: str
    kind: str
    address: str
    size: tuple[int, int] | None = None
    rate: Fraction | None = None


@dataclass(frozen=True)
class Feed:
    """An open camera.

    Attributes:
        rate: the frames a second that it states; None: none.
        size: width, height in px.
        codec, pix_fmt, extradata: what a decoder of its packets has to know, also once the camera is gone.
    """

    source: Source
    container: av.container.InputContainer
    stream: av.VideoStream
    rate: Fraction | None
    size: tuple[int, int]
    codec: str
    pix_fmt: str | None
    extradata: bytes | None

    def decoder(self) -> av.CodecContext:
        """What decodes its packets, one thread and no frame late."""
        decoder = av.CodecContext.create(self.codec, "r")
        decoder.width, decoder.height = self.size
        if self.codec == "rawvideo":
            decoder.pix_fmt = self.pix_fmt
        decoder.extradata, decoder.thread_count = self.extradata, 1
        decoder.options = {"flags": "low_delay"}
        return decoder

    def decoded(self, data: bytes) -> av.VideoFrame | None:
        """The picture of a packet that stands alone; None where it is damaged."""
        decoder = self.decoder()
        try:
            return next(iter([*decoder.decode(av.Packet(data)), *decoder.decode(None)]), None)
        except av.error.FFmpegError:
            return None


def parse_source(text: str, size: tuple[int, int] | None = None, rate: Fraction | None = None) -> Source:
    """The camera that "NAME=ADDRESS" means. ADDRESS is a device such as /dev/video0, a stream such as
    rtsp://192.168.1.9/live, or clip:FILE or loop:FILE.

    Raises:
        UsageError: it means none.
    """
    name, equals, address = text.partition("=")
    if not equals or not name or not address:
        raise UsageError(f"{text!r} is no camera; write NAME=ADDRESS, such as camA=/dev/video0")
    try:
        CHECKS["actor"](name)
    except DataError as error:
        raise UsageError(f"camera {error}") from error
    virtual = re.fullmatch(r"(clip|loop):(.+)", address)
    if virtual:
        return Source(name, virtual[1], virtual[2])
    scheme = re.match(r"([a-z0-9+.-]+)://", address, re.IGNORECASE)
    if scheme and scheme[1].lower() not in SCHEMES:
        raise UsageError(f"{name}: {scheme[1]}:// is no stream that mien records; it takes {', '.join(SCHEMES)}")
    return Source(name, NETWORK, address) if scheme else Source(name, DEVICE, address, size, rate)


def attached(size: tuple[int, int] | None = None, rate: Fraction | None = None) -> tuple[tuple[Source, str], ...]:
    """The cameras on this machine, named camA, camB and so on, each with what its maker calls it."""
    found: list[tuple[str, str]] = []
    if sys.platform == "linux":
        for entry in sorted(Path("/sys/class/video4linux").glob("video*"), key=lambda entry: int(entry.name[5:])):
            with contextlib.suppress(OSError):
                if (entry / "index").read_text().strip() == "0":  # the others carry no pictures
                    found.append((f"/dev/{entry.name}", (entry / "name").read_text().strip()))
    elif sys.platform in DEVICE_FORMATS:
        with contextlib.suppress(av.error.FFmpegError, ValueError):
            for device in av.enumerate_input_devices(DEVICE_FORMATS[sys.platform]):
                if "video" in getattr(device, "media_types", ["video"]):
                    prefix = "video=" if sys.platform == "win32" else ""
                    found.append((prefix + device.name, device.description))
    return tuple((Source(f"cam{_letters(number)}", DEVICE, address, size, rate), title)
                 for number, (address, title) in enumerate(found))


@contextlib.contextmanager
def opened(source: Source) -> Iterator[Feed]:
    """The camera, ready to give pictures.

    Raises:
        ClipError: it cannot be opened.
    """
    container = _open(source)
    with container:
        if not container.streams.video or container.streams.video[0].codec_context is None:
            raise ClipError(f"{source.camera} ({source.address}) gives no pictures; choose another address")
        stream = container.streams.video[0]
        stated = next((rate for rate in (stream.average_rate, stream.guessed_rate)
                       if rate and PLAUSIBLE[0] <= rate <= PLAUSIBLE[1]), None)
        codec = stream.codec_context
        yield Feed(source, container, stream, exact_rate(stated) if stated else None, (stream.width, stream.height),
                   codec.name, codec.pix_fmt, codec.extradata)


def packets(feed: Feed, stop: threading.Event) -> Iterator[tuple[av.Packet, float]]:
    """The packets of its pictures as they come, each with its moment of arrival, seconds of `time.monotonic`, until
    the camera is gone or `stop` is set. `pts` and `dts` count in the packet's own `time_base`.

    Raises:
        ClipError: the camera broke off.
    """
    if feed.source.kind in (CLIP, LOOP):
        yield from _played(feed, stop)
        return
    try:
        for packet in feed.container.demux(feed.stream):
            if stop.is_set():
                return
            if packet.size:
                yield packet, time.monotonic()
    except av.error.FFmpegError as error:
        raise ClipError(f"{feed.source.camera} gives no more pictures ({(error.strerror or str(error)).lower()}); "
                        "look at its cable and power") from error


def _played(feed: Feed, stop: threading.Event) -> Iterator[tuple[av.Packet, float]]:
    """A clip's packets when they are due, and for a loop again from the start, its times going on."""
    began = time.monotonic()
    clock, end = Fraction(0), Fraction(0)  # seconds: where this round begins, where the next one does
    for turn in itertools.count():
        if turn:
            feed.container.seek(0)
        first = None
        for packet in feed.container.demux(feed.stream):
            if not packet.size or packet.dts is None or packet.pts is None:
                continue
            tick = packet.time_base
            first = packet.dts if first is None else first
            due = clock + (packet.dts - first) * tick
            end = max(end, due + (packet.duration or 1 / ((feed.rate or 30) * tick)) * tick)
            if stop.wait(max(0.0, began + float(due) - time.monotonic())):
                return
            shift = round(clock / tick) - first
            packet.pts, packet.dts = packet.pts + shift, packet.dts + shift
            yield packet, time.monotonic()
        if feed.source.kind == CLIP or first is None:
            return
        clock = end


def _open(source: Source) -> av.container.InputContainer:
    tries: list[dict] = []
    if source.kind in (CLIP, LOOP):
        tries.append({"file": source.address, "options": dict(FILE_OPTIONS)})
    elif source.kind == NETWORK:
        options = {"rtsp_transport": "tcp"} if source.address.lower().startswith("rtsp") else {}
        tries.append({"file": source.address, "options": options, "timeout": (OPEN_SECONDS, READ_SECONDS)})
    else:
        asked = {}
        if source.size is not None:
            asked["video_size"] = f"{source.size[0]}x{source.size[1]}"
        if source.rate is not None:
            asked["framerate"] = str(source.rate)
        device = {"file": source.address, "format": DEVICE_FORMATS.get(sys.platform),
                  "timeout": (OPEN_SECONDS, READ_SECONDS)}
        # Compressed by the camera itself: more pixels fit through its cable, and nothing has to be encoded here.
        tries += [{**device, "options": {**asked, "input_format": "mjpeg"}}] if sys.platform == "linux" else []
        tries += [{**device, "options": asked}]
    for number, arguments in enumerate(tries, 1):
        try:
            return av.open(**arguments, metadata_errors="replace")
        except (av.error.FFmpegError, OSError, ValueError) as error:
            if number == len(tries):
                reason = getattr(error, "strerror", None) or str(error)
                raise ClipError(f"{source.camera} ({source.address}) cannot be opened ({reason.lower()}); check its "
                                "cable or address, and that no other program uses it") from error
    raise AssertionError("unreachable")


def _letters(number: int) -> str:
    return chr(ord("A") + number) if number < 26 else _letters(number // 26 - 1) + chr(ord("A") + number % 26)
