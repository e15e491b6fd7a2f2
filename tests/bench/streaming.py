"""`python -m tests.bench.streaming [SECONDS]`: how evenly both protocols' frames arrive at 60 a second here.

The receiver is a process of its own, and each frame's time is that at which the system took its last packet in (Linux
stamps it): when the receiver itself is given the processor is not the sender's doing, and is printed beside it. Times
are compared with a clock that ticks evenly, at the sender's rate, through the middle of them all. Every frame counts.

A busy machine gives the sender its turn when the system's tick comes round: how idle it was is printed too.
"""

import multiprocessing
import socket
import struct
import sys
import time
from fractions import Fraction
from pathlib import Path

import numpy as np

from exporters.live import live_link, play, vmc
from tests.synthetic import made_performance, small_face

RATE = Fraction(60)
LIMIT_MS = 2.0
STAMP = 35
"""Linux's SO_TIMESTAMPNS, which Python does not name."""


def receive(pipe, ends: bytes, frames: int) -> None:
    """Send back the port, then for each frame: seconds at which the system and this process got its last packet."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.setsockopt(socket.SOL_SOCKET, STAMP, 1)
        receiver.bind(("127.0.0.1", 0))
        receiver.settimeout(5)
        pipe.send(receiver.getsockname()[1])
        times = []
        try:
            while len(times) < frames:
                data, stamps, *_ = receiver.recvmsg(4000, 64)
                if ends in data:
                    seconds, nanoseconds = struct.unpack("qq", stamps[0][2])
                    times.append((seconds + nanoseconds * 1e-9, time.time()))
        except TimeoutError:
            pass
        pipe.send(times)


def idle() -> tuple[int, int]:
    """Of all processors since the system's start: idle ticks, all ticks."""
    ticks = [int(field) for field in Path("/proc/stat").read_text().split("\n")[0].split()[1:]]
    return ticks[3] + ticks[4], sum(ticks)


def jitter(times: np.ndarray) -> np.ndarray:
    """Milliseconds that each frame is off an even clock at RATE."""
    late = times - times[0]
    late = 1000 * (late - np.round(late * float(RATE)) / float(RATE))
    return late - np.median(late)


def bench(seconds: int) -> bool:
    """Print a line for each protocol; whether every frame of both came within LIMIT_MS of its time."""
    frames = seconds * int(RATE)
    performance = made_performance(small_face(), 300, RATE)
    good = True
    for name, packets, ends in (("Live Link Face", live_link(performance), b"mien"),
                                ("VMC", vmc(performance), b"/VMC/Ext/Blend/Apply")):
        here, there = multiprocessing.Pipe()
        process = multiprocessing.Process(target=receive, args=(there, ends, frames))
        process.start()
        port, before = here.recv(), idle()
        sent = play(packets, frames, RATE, port)
        free, every = (after - start for after, start in zip(idle(), before, strict=True))
        arrived, woken = (jitter(column) for column in np.array(here.recv()).T)
        process.join()
        good &= len(arrived) == frames and bool(abs(arrived).max() < LIMIT_MS)
        print(f"{name}: {sent} of {frames} frames sent, {len(arrived)} arrived; off their time by "
              f"{arrived.std():.3f} ms (standard deviation), {np.percentile(abs(arrived), 99):.2f} ms (99 of 100), "
              f"{abs(arrived).max():.2f} ms at most; the receiver was told {np.percentile(abs(woken), 99):.2f} ms off "
              f"(99 of 100), {abs(woken).max():.2f} ms at most; "
              f"the machine was {100 * free / max(every, 1):.0f} % idle", flush=True)
    return good


if __name__ == "__main__":
    raise SystemExit(0 if bench(int(sys.argv[1]) if len(sys.argv) > 1 else 20) else 1)
