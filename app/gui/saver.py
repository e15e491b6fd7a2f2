"""The corrections' way to disk."""

from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from app.corrections import save_layer
from app.gui.writer import Writer
from solver.corrections import Layer


class Saver(QObject):
    """Writes the open take's layer; of layers that come while it writes only the last is written after.

    Attributes:
        latest: what lies on disk once all is written.
    """

    done = Signal(str)
    """A layer was written, "", or could not be: why, in one sentence."""

    def __init__(self, writer: Writer, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.latest = self._stored = Layer()
        self._writer = writer

    def begin(self, stored: Layer) -> None:
        """Another take is open, on whose disk lies `stored`."""
        self._writer.wait()
        self.latest = self._stored = stored

    def write(self, layer: Layer, path: Path) -> None:
        """Begin to write a layer."""
        self.latest = layer
        self._writer.write(lambda: save_layer(layer, path), partial(self._written, layer), instead=path)

    def wait(self) -> None:
        """Until all is written."""
        self._writer.wait()

    def _written(self, layer: Layer, reason: str) -> None:
        if not reason:
            self._stored = layer
        elif layer is self.latest:
            self.latest = self._stored  # so that the next save tries again
        self.done.emit(reason)
