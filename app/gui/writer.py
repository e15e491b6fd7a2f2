"""The window's writes happen in a thread: a disk or a file server may take seconds, and the window must not wait."""

import threading
from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QObject, Signal


@dataclass(frozen=True)
class _Task:
    write: Callable[[], object]
    ended: Callable[[str], None]
    instead: object


class Writer(QObject):
    """Does one write after the other, in the order in which they came."""

    _ended = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._waiting: list[_Task] = []
        self._thread: threading.Thread | None = None
        self._task: _Task | None = None
        self._reason = ""
        self._ended.connect(self._finish)

    def write(self, write: Callable[[], object], ended: Callable[[str], None], instead: object = None) -> None:
        """Begin to write.

        Args:
            write: does it, in the thread.
            ended: is told in the window's thread why it could not be written, in one sentence; "" if it was.
            instead: what still waits with the same is never written, because this says more.
        """
        if instead is not None:
            self._waiting = [task for task in self._waiting if task.instead != instead]
        self._waiting.append(_Task(write, ended, instead))
        if self._thread is None:
            self._start()

    def wait(self) -> None:
        """Until all is written and told."""
        while self._thread is not None:
            self._finish(self._thread)

    def _start(self) -> None:
        self._task = self._waiting.pop(0)
        self._thread = threading.Thread(target=self._run, args=(self._task.write,), name="writer")
        self._thread.start()

    def _run(self, write: Callable[[], object]) -> None:
        self._reason = ""
        try:
            write()
        except Exception as error:  # whatever it is: work that is not saved is told, not lost in a thread
            self._reason = str(error)
        self._ended.emit(threading.current_thread())

    def _finish(self, thread: threading.Thread) -> None:
        if thread is not self._thread:  # it was waited for
            return
        thread.join()
        self._thread = None
        task, reason = self._task, self._reason
        if self._waiting:
            self._start()
        task.ended(reason)
