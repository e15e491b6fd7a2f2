"""What stops a command: a cancel, but for the end of a recording, which a second Ctrl+C does not cut short: what it has
still to write would be lost."""

import contextlib
import signal
import threading
from collections.abc import Iterator

STOPS = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name))
"""How a farm stops a job, and a terminal that is closed, or whose line is cut, what runs in it."""


def cancel_when_stopped() -> None:
    """From now on these are a cancel, as Ctrl+C is."""
    for number in STOPS:
        if number == signal.SIGTERM or signal.getsignal(number) != signal.SIG_IGN:  # `nohup` has SIGHUP ignored
            signal.signal(number, _cancel)


def _cancel(*_: object) -> None:
    raise KeyboardInterrupt


@contextlib.contextmanager
def unhurried() -> Iterator[None]:
    """Ctrl+C and STOPS do nothing in here, which is for what takes seconds."""
    if threading.current_thread() is not threading.main_thread():  # where signals do not come
        yield
        return
    before = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, *STOPS)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
