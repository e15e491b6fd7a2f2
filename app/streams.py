"""The standard streams as a command needs them: there, able to say any character, and quiet once nobody listens."""

import contextlib
import errno
import os
import stat
import sys
from collections.abc import Iterator
from typing import TextIO


@contextlib.contextmanager
def lasting_streams() -> Iterator[None]:
    """A command may print as it likes in here: work goes on when a stream is closed, or when its reader goes away."""
    _open_missing()
    for stream in (sys.stdout, sys.stderr):
        if getattr(stream, "errors", "") == "strict":  # a name in letters that the encoding lacks is no reason to fail
            stream.reconfigure(errors="backslashreplace")
    with contextlib.redirect_stdout(Lasting(sys.stdout)), contextlib.redirect_stderr(Lasting(sys.stderr)):
        try:
            yield
        finally:
            with contextlib.suppress(OSError):  # of a full disk Python speaks itself, when it ends
                sys.stdout.flush()  # not left to Python: the reader of a pipe that is gone would change the exit code


class Lasting:
    """A text stream that falls silent, where others fail, when the reader of its pipe, or its terminal, goes away."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        try:
            return self._stream.write(text)
        except OSError as error:
            self._silence(error)
            return len(text)

    def flush(self) -> None:
        try:
            self._stream.flush()
        except OSError as error:
            self._silence(error)

    def __getattr__(self, name: str) -> object:
        return getattr(self._stream, name)

    def _silence(self, error: OSError) -> None:
        terminal = error.errno == errno.EIO and stat.S_ISCHR(os.fstat(self._stream.fileno()).st_mode)
        if not isinstance(error, BrokenPipeError) and not terminal:
            raise error
        # What is buffered already needs a place to go as well.
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self._stream.fileno())
        os.close(nowhere)


def _open_missing() -> None:
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            # The lowest number that is free is the closed stream's own: else the next file, footage maybe, would get
            # it, and with it all that libraries and other processes print.
            stream = open(os.devnull, mode, encoding="utf-8")  # noqa: SIM115 - it is there for good
            os.set_inheritable(stream.fileno(), True)
            setattr(sys, name, stream)
