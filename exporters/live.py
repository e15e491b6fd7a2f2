"""A performance over the network, at its own speed: Live Link Face (Unreal) and VMC (VTuber programs)."""

import contextlib
import gc
import socket
import struct
import time
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction

import numpy as np

from capture import timecode
from capture.errors import DataError, OutputError, UsageError
from exporters.rotations import continuous, gaze_quaternions
from exporters.scene import LARGEST
from exporters.to_csv import angles
from solver.face_model import ARKIT
from solver.performance import Performance

LIVE_LINK_PORT = 11111
LIVE_LINK_VERSION = 6
VMC_PORT = 39539
DATAGRAM = 1400
"""Bytes of a datagram that no network on the way has to cut."""

LONGEST_NAME = 256
"""Bytes of a shape's name that is sent."""

LONGEST_SUBJECT = 468
"""Bytes of a face's name with which a packet still fits what Unreal's receiver makes room for."""

AWAKE = 0.002
"""Seconds before a frame in which it is waited for without sleeping."""

DEVICE = "6d69656e-0000-4000-8000-000000000001"
"""mien's own device id: 36 characters, as Live Link Face sends them."""

Packets = Callable[[int], Sequence[bytes]]
"""A frame's number -> what is sent for it; numbers beyond the last frame begin again, with times that go on."""


def live_link_packet(device: str, subject: str, sixtieths: Fraction, values: Sequence[float] | None) -> bytes:
    """One frame in Live Link Face's protocol, version 6, all numbers big-endian.

    Args:
        device: an id of the sender, 36 characters.
        subject: the name under which Unreal lists the face.
        sixtieths: sixtieths of a second since midnight, by the timecode.
        values: 52 weights in Apple's order, then yaw, pitch and roll of the head, the left eye and the right eye in
            radians; None while no face is seen.
    """
    out = struct.pack(">B", LIVE_LINK_VERSION)
    for text in (device, subject):
        raw = text.encode("utf-8", "surrogateescape")
        out += struct.pack(">i", len(raw)) + raw
    if values is None:
        return out
    frame = int(sixtieths)
    out += struct.pack(">ifii", frame, float(sixtieths - frame), timecode.LIVE_LINK_BASE, 1)
    return out + struct.pack(f">B{len(values)}f", len(values), *values)


def live_link(performance: Performance, subject: str = "mien", device: str = DEVICE) -> Packets:
    """A performance as Live Link Face's packets, one a frame. Shapes that it lacks are 0.

    Raises:
        DataError: the start timecode does not exist at the frame rate.
        UsageError: the subject is longer than Unreal takes.
    """
    check_subject(subject)
    _check(performance)
    start = timecode.parse(performance.start_timecode, performance.frame_rate)
    weights = np.zeros((performance.frames, len(ARKIT)))
    for index, name in enumerate(ARKIT):
        if name in performance.shape_names:
            weights[:, index] = performance.weights[:, performance.shape_names.index(name)]
    values = np.concatenate([weights, angles(performance)], axis=1)  # (T, 61)

    def packets(frame: int) -> list[bytes]:
        hours, minutes, seconds, rest = (start + frame).live_link_text().split(":")
        whole = (int(hours) * 60 + int(minutes)) * 60 + int(seconds)
        return [live_link_packet(device, subject, whole * timecode.LIVE_LINK_BASE + Fraction(rest),
                                 values[frame % len(values)])]

    return packets


def no_face(subject: str = "mien", device: str = DEVICE) -> bytes:
    """What Live Link Face sends while it sees no face: a packet that ends after the names."""
    return live_link_packet(device, subject, Fraction(0), None)


def check_subject(subject: str) -> None:
    """Raise UsageError for a face's name that Unreal would not take, as it drops such packets without a word."""
    if len(subject.encode("utf-8", "surrogateescape")) > LONGEST_SUBJECT:
        raise UsageError(f"the subject {subject[:40]!r}... is longer than the {LONGEST_SUBJECT} bytes that Unreal "
                         "takes; give a shorter name")


def _check(performance: Performance) -> None:
    """Raise DataError for what no receiver could be sent: a performance may come from a stranger's file."""
    largest = max(float(np.abs(table).max(initial=0.0)) for table in (
        performance.weights, performance.head_translation, performance.gaze))
    if largest > LARGEST or not 1e-3 <= performance.frame_rate <= 1e4:
        raise DataError(f"take {performance.take!r} has numbers that no face has (up to {largest:.3g}, at "
                        f"{float(performance.frame_rate):.3g} frames a second); solve the take again")
    odd = next((name for name in performance.shape_names if "\0" in name or len(_osc_text(name)) > LONGEST_NAME), None)
    if odd is not None:
        raise DataError(f"take {performance.take!r} has a shape named {odd[:40]!r}, which cannot be sent; rename it")


def osc_message(address: str, types: str, *values: str | int | float) -> bytes:
    """One Open Sound Control message; `types` holds s, i or f for each value."""
    out = _osc_text(address) + _osc_text("," + types)
    for kind, value in zip(types, values, strict=True):
        out += _osc_text(value) if kind == "s" else struct.pack(">" + kind, value)
    return out


def osc_bundles(messages: Sequence[bytes], limit: int = DATAGRAM) -> list[bytes]:
    """Messages in order, in as few bundles of up to `limit` bytes as hold them, each to be acted on at once."""
    head = b"#bundle\0" + struct.pack(">Q", 1)
    bundles, now = [], head
    for message in messages:
        part = struct.pack(">i", len(message)) + message
        if len(now) + len(part) > limit and now != head:
            bundles.append(now)
            now = head
        now += part
    return [*bundles, now]


def vmc(performance: Performance) -> Packets:
    """A performance as VMC's messages: head and eye bones, every shape by its own name, then Apply.

    VMC counts as Unity does: left-handed, the face looking along +z, +x its own right; so x is mirrored.
    """
    _check(performance)
    turns = {"Head": continuous(performance.head_rotation), "LeftEye": gaze_quaternions(performance.gaze[:, 0]),
             "RightEye": gaze_quaternions(performance.gaze[:, 1])}
    rate = performance.frame_rate

    def packets(frame: int) -> list[bytes]:
        row = frame % performance.frames
        messages = [osc_message("/VMC/Ext/OK", "i", 1), osc_message("/VMC/Ext/T", "f", float(frame / rate))]
        for bone, turn in turns.items():
            x, y, z, w = turn[row].tolist()
            messages.append(osc_message("/VMC/Ext/Bone/Pos", "sfffffff", bone, 0.0, 0.0, 0.0, x, -y, -z, w))
        for name, weight in zip(performance.shape_names, performance.weights[row].tolist(), strict=True):
            messages.append(osc_message("/VMC/Ext/Blend/Val", "sf", name, weight))
        return osc_bundles([*messages, osc_message("/VMC/Ext/Blend/Apply", "")])

    return packets


def play(packets: Packets, frames: int | None, rate: Fraction, port: int, host: str = "127.0.0.1",
         report: Callable[[int, int], None] = lambda done, total: None,
         clock: Callable[[], float] = time.monotonic, sleep: Callable[[float], None] = time.sleep) -> int:
    """Send every frame when it is due, by default to this computer only. Frames that are late by a whole frame are
    left out: a face that lags is worse than one that skips.

    Args:
        packets: from `live_link` or `vmc`.
        frames: how many; None: until `report` raises or the user stops it.
        rate: frames per second.
        port: UDP port.
        host: the receiver's name or address.
        report: told (done, total) after each frame, a total of 0 where there is no end; may raise Cancelled.
        clock, sleep: seconds; for tests.

    Returns:
        How many frames were sent.

    Raises:
        OutputError: the receiver cannot be reached.
    """
    with sending(port, host) as send, _no_pauses():
        return _play(send, packets, frames, float(rate), report, clock, sleep)


@contextlib.contextmanager
def sending(port: int, host: str = "127.0.0.1") -> Iterator[Callable[[bytes], object]]:
    """Something that sends a datagram to a receiver, by default to this computer only. A name that has addresses of
    both kinds, as localhost may, means its IPv4 address: that is where Unreal and VMC's receivers listen.

    Raises:
        OutputError: the receiver cannot be reached.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)
        family, kind, protocol, _, address = min(found, key=lambda one: one[0] != socket.AF_INET)
        with socket.socket(family, kind, protocol) as sender:
            yield lambda data: sender.sendto(data, address)
    except (OSError, OverflowError) as error:
        raise OutputError(f"nothing can be sent to {host}, port {port}: {error}; check the receiver's address"
                          ) from error


@contextlib.contextmanager
def _no_pauses() -> Iterator[None]:
    """Without the collector: a search through all that the program holds takes several frames."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def _play(send: Callable[[bytes], object], packets: Packets, frames: int | None, rate: float,
          report: Callable[[int, int], None], clock: Callable[[], float], sleep: Callable[[float], None]) -> int:
    start, sent, frame = clock(), 0, 0
    while frames is None or frame < frames:
        ready = packets(frame)  # before it is due: making it takes a millisecond, and not always the same
        due = start + frame / rate
        while (wait := due - clock()) > 0:
            # The system wakes a sleeper late: the last stretch is spent asking for the time.
            sleep(wait - AWAKE if wait > AWAKE else 0.0)
        for data in ready:
            send(data)
        sent += 1
        report(frame + 1, frames or 0)
        frame = max(frame + 1, int((clock() - start) * rate))
    return sent


def _osc_text(text: str) -> bytes:
    raw = text.encode("utf-8", "surrogateescape") + b"\0"
    return raw + bytes(-len(raw) % 4)
