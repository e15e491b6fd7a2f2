"""`python -m tests.bench.streaming [SECONDS]`: how evenly both protocols' frames arrive at 60 a second here.

The receiver is a process of its own and takes the time as soon as the system gives it a frame's last packet.
"""

import multiprocessing
import socket
import sys
import time
from fractions import Fraction

import numpy as np

from exporters.live import live_link, play, vmc
from tests.synthetic import made_performance, small_face

RATE = Fraction(60)


def receive(pipe, ends: bytes, frames: int) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", 0))
        receiver.settimeout(5)
        pipe.send(receiver.getsockname()[1])
        times = []
        try:
            while len(times) < frames:
                if ends in receiver.recv(4000):
                    times.append(time.monotonic())
        except TimeoutError:
            pass
        pipe.send(times)


def bench(seconds: int) -> None:
    frames = seconds * int(RATE)
    performance = made_performance(small_face(), 300, RATE)
    for name, packets, ends in (("Live Link Face", live_link(performance), b"mien"),
                                ("VMC", vmc(performance), b"/VMC/Ext/Blend/Apply")):
        here, there = multiprocessing.Pipe()
        process = multiprocessing.Process(target=receive, args=(there, ends, frames))
        process.start()
        sent = play(packets, frames, RATE, here.recv())
        times = np.array(here.recv())
        process.join()
        late = 1000 * (times - times[0] - np.round((times - times[0]) * float(RATE)) / float(RATE))
        late -= np.median(late)
        print(f"{name}: {sent} of {frames} frames sent, {len(times)} received; off their time by "
              f"{late.std():.2f} ms (standard deviation), {np.percentile(abs(late), 99):.2f} ms (99 of 100), "
              f"{abs(late).max():.2f} ms at most")


if __name__ == "__main__":
    bench(int(sys.argv[1]) if len(sys.argv) > 1 else 20)
