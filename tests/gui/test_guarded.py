"""Faults in methods that Qt calls are told; no class forgets."""

import importlib
import pkgutil
from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QUndoCommand, QUndoStack
from PySide6.QtWidgets import QWidget
from shiboken6 import Shiboken

import app.gui
from app.gui.guarded import guarded, is_guarded, overridden


def below(kind: type) -> Iterator[type]:
    for one in kind.__subclasses__():
        yield one
        yield from below(one)


def test_every_class_that_overrides_a_method_of_qts_is_guarded():
    for module in pkgutil.iter_modules(app.gui.__path__):
        if module.name != "__main__":
            importlib.import_module(f"app.gui.{module.name}")
    ours = {kind for kind in below(Shiboken.Object) if kind.__module__.startswith("app.gui.") and overridden(kind)}
    assert len(ours) > 15
    assert not [kind.__name__ for kind in ours if not is_guarded(kind)]


@pytest.mark.parametrize(("kind", "fault"), [
    (ValueError, lambda: int("x")), (ValueError, lambda: min([])), (IndexError, lambda: [][0]),
    (KeyError, lambda: {}[3])])
def test_what_was_raised_in_c_is_told_and_the_process_lives(qtbot, kind, fault):
    @guarded
    class Faulty(QWidget):
        def mouseReleaseEvent(self, event):
            fault()

    widget = Faulty()
    qtbot.addWidget(widget)
    widget.show()
    with pytest.raises(kind):
        qtbot.mouseClick(widget, Qt.MouseButton.LeftButton)


def test_a_step_that_cannot_be_undone_is_told(qapp):
    @guarded
    class Step(QUndoCommand):
        def undo(self):
            int("x")

    stack = QUndoStack()
    stack.push(Step())
    with pytest.raises(ValueError, match="invalid literal"):
        stack.undo()
