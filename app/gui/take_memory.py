"""What the window knows of takes besides what is on disk: what can be taken back, in and out, the frame shown last."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass

from PySide6.QtCore import QObject, QTimer
from PySide6.QtGui import QUndoGroup, QUndoStack

from app.gui.recent import Recent
from app.gui.take_data import TakeData, steps_of
from app.gui.undo import Change
from capture.shoot import Take
from solver.corrections import Layer

UNDO_STEPS = 1000
MOST_TAKES = 20
"""So many takes' steps are kept: each holds the corrections before and after it."""
MOST_RANGES = 300
RANGES = "takes/ranges"
DELAY_MS = 1000


@dataclass(frozen=True)
class Left:
    """How a take was left.

    Attributes:
        undo: its steps.
        layer, begins: its corrections, all on disk; and what `Layer.begins` said.
        steps: the keys of the steps of its solves, as `take_data.steps_of`.
        around: the solve around the corrections was shown.
        frames: how many it had.
        frame: the one that was shown.
    """

    undo: QUndoStack
    layer: Layer
    begins: Mapping[str, int]
    steps: list[dict[str, str]]
    around: bool
    frames: int
    frame: int

    def fits(self, data: TakeData) -> bool:
        """Whether its frames are still those of the take: nothing is of use where the clips are in step otherwise."""
        return self.frames == data.frames and dict(self.begins) == dict(data.layer.begins)


class TakeMemory(QObject):
    """Remembers takes by where they lie. In and out are kept over restarts, all else while the window is open.

    Attributes:
        group: tells what can be undone of the open take.
    """

    def __init__(self, recent: Recent, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.group = QUndoGroup(self)
        self._recent = recent
        self._left: dict[str, Left] = {}
        try:
            self._ranges = {str(path): tuple(map(int, row))
                            for path, row in json.loads(recent.choice(RANGES, "{}")).items() if len(row) == 3}
        except (ValueError, TypeError, AttributeError):
            self._ranges = {}  # somebody else's words in the settings
        self._timer = QTimer(self, singleShot=True, interval=DELAY_MS)
        self._timer.timeout.connect(self._write)
        self.group.setActiveStack(self._fresh())

    @property
    def undo(self) -> QUndoStack:
        """The steps of what is open."""
        return self.group.activeStack()

    def enter(self, data: TakeData) -> Left | None:
        """A take is open. Its steps can be taken back again, and how it was left is returned, if that still fits."""
        left = self._left.pop(_key(data.take), None)
        empty = self.undo
        if left is not None and not left.fits(data):
            _drop(left.undo)
            left = None
        if left is not None:
            self.group.setActiveStack(left.undo)
            _drop(empty)
        return left

    def leave(self, take: Take | None, left: Left | None) -> None:
        """No take is open any more. What it is given of the one that was is kept."""
        stack = self.undo
        self._flush()
        # A step that other takes share may stand against what was done there meanwhile.
        kept = left is not None and all(
            not isinstance(step := stack.command(index), Change) or step.own for index in range(stack.count()))
        if kept:
            self._left[_key(take)] = left
            if len(self._left) > MOST_TAKES:
                _drop(self._left.pop(next(iter(self._left))).undo)
        self.group.setActiveStack(self._fresh())
        if not kept:
            _drop(stack)

    def range_of(self, data: TakeData) -> tuple[int, int]:
        """A take's in and out: as they were set last, else its ends."""
        first, last, frames = self._ranges.get(_key(data.take), (0, 0, 0))
        if frames == data.frames and 0 <= first <= last < frames:
            return first, last
        return 0, max(0, data.frames - 1)

    def keep_range(self, data: TakeData, first: int, last: int) -> None:
        """Remember a take's in and out; none where they are its ends."""
        key, whole = _key(data.take), (first, last) == (0, max(0, data.frames - 1))
        before = self._ranges.pop(key, None)
        if not whole:
            self._ranges[key] = first, last, data.frames
        if before != self._ranges.get(key):
            self._timer.start()  # a drag changes them many times, and the settings' file is written each time

    def forget(self) -> None:
        """Nothing can be taken back any more, of any take."""
        for left in self._left.values():
            _drop(left.undo)
        self._left = {}

    def _fresh(self) -> QUndoStack:
        stack = QUndoStack(self.group)
        stack.setUndoLimit(UNDO_STEPS)
        return stack

    def _flush(self) -> None:
        if self._timer.isActive():
            self._timer.stop()
            self._write()

    def _write(self) -> None:
        self._ranges = dict(list(self._ranges.items())[-MOST_RANGES:])
        self._recent.choose(RANGES, json.dumps(self._ranges))


def left_as(undo: QUndoStack, data: TakeData, layer: Layer, around: bool, frame: int) -> Left:
    """How a take is left whose corrections all lie on disk."""
    return Left(undo, layer, data.layer.begins, steps_of(data), around, data.frames, frame)


def _drop(stack: QUndoStack) -> None:
    stack.clear()  # Qt crashes where it deletes steps that are Python's together with their stack
    stack.deleteLater()


def _key(take: Take) -> str:
    return os.path.abspath(take.folder if take.folder is not None else take.clips[0])
