"""The corrections' way to disk."""

import contextlib
import itertools
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from app.corrections import save_layer
from app.gui.writer import Writer
from capture.files import write_bytes
from solver.corrections import Layer


class Saver(QObject):
    """Writes the open take's layer; of layers that come while it writes only the last is written after. What others
    have put in its place since it was read or written here is kept beside it.

    Attributes:
        latest: what lies on disk once all is written.
    """

    done = Signal(str)
    """A layer was written, "", or could not be: why, in one sentence."""
    kept = Signal(str)
    """What others wrote was in the way, and where it is now, in one sentence."""

    def __init__(self, writer: Writer, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.latest = self._stored = Layer()
        self._writer = writer
        self._bytes: bytes | None = None
        self._left_out = False

    def begin(self, stored: Layer, path: Path, left_out: bool = False) -> None:
        """Another take is open, on whose disk lies `stored` at `path`, or more than that: what has no place in it."""
        self._writer.wait()
        self.latest = self._stored = stored
        self._bytes, self._left_out = None, left_out
        with contextlib.suppress(OSError):
            self._bytes = _bytes_of(path)

    def write(self, layer: Layer, path: Path) -> None:
        """Begin to write a layer."""
        self.latest = layer
        self._writer.write(partial(self._save, layer, path), partial(self._written, layer), instead=path)

    def wait(self) -> None:
        """Until all is written."""
        self._writer.wait()

    def _save(self, layer: Layer, path: Path) -> None:
        """Runs in the writer's thread."""
        found = _bytes_of(path)
        others = found != self._bytes
        if found is not None and (others or self._left_out):
            aside = next(name for number in itertools.count(1)
                         if not (name := path.with_name(f"{path.stem}.others-{number}.json")).exists())
            write_bytes(aside, found)
            self.kept.emit(("another program changed the corrections meanwhile: what it wrote is" if others else
                            "some corrections are before the take's first frame since its clips are in step otherwise: "
                            "all of them as they were are") + f" kept beside them, in {aside.name}")
        save_layer(layer, path)
        self._bytes, self._left_out = _bytes_of(path), False

    def _written(self, layer: Layer, reason: str) -> None:
        if not reason:
            self._stored = layer
        elif layer is self.latest:
            self.latest = self._stored  # so that the next save tries again
        self.done.emit(reason)


def _bytes_of(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
