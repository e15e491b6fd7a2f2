"""One step that can be taken back."""

from collections.abc import Callable

from PySide6.QtGui import QUndoCommand

from app.gui.guarded import guarded


@guarded
class Change(QUndoCommand):
    """A value before and after, and what puts it in place. Neighbours with the same `merge` become one step. It is the
    open take's `own`, or concerns others, too."""

    def __init__(self, text: str, before: object, after: object, put: Callable[[object], None],
                 merge: str | None = None, own: bool = True) -> None:
        super().__init__(text)
        self.before, self.after, self.put, self.merge, self.own = before, after, put, merge, own

    def redo(self) -> None:
        self.put(self.after)

    def undo(self) -> None:
        self.put(self.before)

    def id(self) -> int:
        return 1 if self.merge else -1

    def mergeWith(self, other: QUndoCommand) -> bool:
        if self.merge != other.merge:
            return False
        self.after = other.after
        return True


