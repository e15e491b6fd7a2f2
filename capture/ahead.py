"""Frames decoded ahead of whoever works on them, in a thread of their own, within a bound of memory.

FFmpeg decodes without Python's lock, so a camera's next frames come while the solver works on the last ones.
"""

import queue
import threading
from collections.abc import Iterator
from typing import TypeVar

Item = TypeVar("Item")

MEMORY_BYTES = 256 << 20
"""Of decoded frames that may wait, over all cameras that are read at once."""

MOST = 32
"""Frames that may wait, however small they are."""


def depth(frame_bytes: int, cameras: int = 1) -> int:
    """How many frames of a camera may wait, so that all cameras together stay within the bound: at least one."""
    return max(1, min(MOST, MEMORY_BYTES // max(frame_bytes * cameras, 1)))


def ahead(items: Iterator[Item], most: int) -> Iterator[Item]:
    """The same items in the same order, at most `most` of them fetched before they are asked for.

    An error of the source comes out where its item would have come. Whoever stops early stops the source too.
    """
    waiting: queue.Queue[tuple[str, object]] = queue.Queue(maxsize=most)
    stopped = threading.Event()

    def put(kind: str, value: object) -> bool:
        while not stopped.is_set():
            try:
                waiting.put((kind, value), timeout=0.1)
                return True
            except queue.Full:
                continue
        return False

    def fetch() -> None:
        try:
            for item in items:
                if not put("item", item):
                    return
            put("end", None)
        except BaseException as error:  # handed on, not swallowed: it is raised again below
            put("error", error)
        finally:
            if hasattr(items, "close"):
                items.close()

    thread = threading.Thread(target=fetch, name="decode ahead", daemon=True)
    thread.start()
    try:
        while True:
            kind, value = waiting.get()
            if kind == "end":
                return
            if kind == "error":
                raise value
            yield value
    finally:
        stopped.set()
        thread.join()
