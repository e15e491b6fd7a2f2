"""A worker process of a batch: takes come to it through a pipe, one at a time, and all it has to tell goes back.

It dies with the batch: a pipe that closes means that the other end was killed, and a worker that nobody knows of must
not go on. So nothing heavy is imported here before a thread watches the pipe.
"""

import contextlib
import os
import queue
import signal
import threading
import time
from multiprocessing.connection import Connection

from app.batch_gpus import MASK
from app.request import Request
from app.unhurried import STOPS

READY, BROKEN, TELL, ENDED, WANT_GPU, LEFT_GPU = "ready", "broken", "tell", "ended", "want gpu", "left gpu"
TAKE, GRANTED, STOP = "take", "granted", "stop"


def work(pipe: Connection, request: Request, gpu: str | None, threads: int) -> None:
    """The process. Sends (READY, Footprint) or (BROKEN, error) once, then (ENDED, outcome) for each (TAKE, take).

    Args:
        pipe: to the batch.
        request: what to do with each take.
        gpu: the one to keep to; "" for whichever CUDA takes, None for none.
        threads: its share of the processor's cores.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C reaches the whole group; the batch says what happens then
    for number in STOPS:
        signal.signal(number, signal.SIG_IGN if number != signal.SIGTERM else _interrupt)
    if gpu != "":
        os.environ[MASK] = gpu or ""
    inbox: queue.SimpleQueue = queue.SimpleQueue()
    threading.Thread(target=_receive, args=(pipe, inbox), daemon=True).start()
    with contextlib.suppress(KeyboardInterrupt, BrokenPipeError):
        _serve(pipe, inbox, request, threads)


def _serve(pipe: Connection, inbox: queue.SimpleQueue, request: Request, threads: int) -> None:
    import cv2

    from app.batch_memory import footprint
    from app.batch_turn import guard
    from app.take_job import solve_one, tools_of
    from capture.errors import MienError

    cv2.setNumThreads(threads)  # a helper on a core that another worker has keeps its master waiting
    try:
        tools = tools_of(request)
    except MienError as error:
        pipe.send((BROKEN, error))
        return
    pipe.send((READY, footprint(tools.model)))
    tell, guarded = _Relay(pipe), guard(request.device, lambda: _ask(pipe, inbox), lambda: pipe.send((LEFT_GPU, None)))
    while (message := inbox.get())[0] != STOP:
        pipe.send((ENDED, solve_one(message[1], request, tell, guarded)))


def _ask(pipe: Connection, inbox: queue.SimpleQueue) -> None:
    """Wait for a turn on the GPU."""
    pipe.send((WANT_GPU, None))
    if inbox.get()[0] != GRANTED:
        raise KeyboardInterrupt  # the batch ends


class _Relay:
    """A teller that sends everything to the batch, progress at most twenty times a second."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe, self._sent = pipe, 0.0

    def progress(self, take: str, step: str, done: int, total: int) -> None:
        now = time.monotonic()
        if done == 0 or done == total or now - self._sent > 0.05:
            self._sent = now
            self._send("progress", take, step, done, total)

    def note(self, take: str, text: str) -> None:
        self._send("note", take, text)

    def take(self, take: str, state: str, error: str, outputs: tuple[str, ...]) -> None:
        self._send("take", take, state, error, outputs)

    def _send(self, name: str, *arguments: object) -> None:
        self._pipe.send((TELL, (name, arguments)))


def _receive(pipe: Connection, inbox: queue.SimpleQueue) -> None:
    try:
        while True:
            inbox.put(pipe.recv())
    except (EOFError, OSError):
        os._exit(1)  # the batch is gone; the lock's owner is seen to be dead, and whoever comes next takes over


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt
