"""Corrections are written in a thread: a disk or a file server may take seconds, and the window must not wait."""

import threading
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from app.corrections import save_layer
from solver.corrections import Layer


class Saver(QObject):
    """Writes the open take's layer; of layers that come while it writes only the last is written after.

    Attributes:
        latest: what lies on disk once all is written.
    """

    done = Signal(str)
    """A layer was written, "", or could not be: why, in one sentence."""
    _ended = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.latest = self._stored = Layer()
        self._next: tuple[Layer, Path] | None = None
        self._thread: threading.Thread | None = None
        self._outcome = (Layer(), "")
        self._ended.connect(self._finish)

    def begin(self, stored: Layer) -> None:
        """Another take is open, on whose disk lies `stored`."""
        self.wait()
        self.latest = self._stored = stored

    def write(self, layer: Layer, path: Path) -> None:
        """Begin to write a layer."""
        self.latest, self._next = layer, (layer, path)
        if self._thread is None:
            self._start()

    def wait(self) -> None:
        """Until all is written."""
        while self._thread is not None:
            self._finish(self._thread)

    def _start(self) -> None:
        (layer, path), self._next = self._next, None
        self._thread = threading.Thread(target=self._run, args=(layer, path), name="corrections")
        self._thread.start()

    def _run(self, layer: Layer, path: Path) -> None:
        self._outcome = (layer, "")
        try:
            save_layer(layer, path)
        except Exception as error:  # whatever it is: work that is not saved is told, not lost in a thread
            self._outcome = (layer, str(error))
        self._ended.emit(threading.current_thread())

    def _finish(self, thread: threading.Thread) -> None:
        if thread is not self._thread:  # it was waited for
            return
        thread.join()
        self._thread = None
        layer, reason = self._outcome
        if not reason:
            self._stored = layer
        if self._next is not None:
            self._start()
        else:
            self.latest = self._stored
        self.done.emit(reason)
