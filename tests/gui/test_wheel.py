"""The wheel over a drop-down or a number, on the way through a page."""

import pytest
from PySide6.QtCore import QPoint, QPointF
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget


def turn(widget: QWidget, steps: int) -> None:
    """As a hand does: by the window, so that what does not want it lets it through to what it lies in."""
    middle = QPointF(widget.mapTo(widget.window(), widget.rect().center()))
    QTest.wheelEvent(widget.window().windowHandle(), middle, QPoint(0, 120 * steps))
    QApplication.processEvents()


def settings(window, shoot) -> str:
    window.session.writer.wait()
    return (shoot / "takes/T001/take.toml").read_text()


def test_it_says_nothing_of_who_is_filmed(opened, shoot, qtbot):
    opened.inspector.show_page("Actor")
    opened.actor.set_actor("Mara")
    opened.actor.set_apart(62.0)
    opened.session.select_take("T002")
    opened.actor.set_actor("Anna")
    opened.session.select_take("T001")
    QApplication.processEvents()
    before = settings(opened, shoot)
    assert "62.0" in before
    for field in (opened.actor.apart, opened.actor.apart.lineEdit(), opened.actor.actor, opened.actor.actor.lineEdit()):
        for steps in (-1, 1, -2):
            turn(field, steps)
    assert settings(opened, shoot) == before


@pytest.mark.parametrize("find", [lambda window: window.solve.preset, lambda window: window.transport.workspace,
                                  lambda window: window.viewport.shading, lambda window: window.grid.look])
def test_it_leaves_choices_as_they_are(opened, find):
    field = find(opened)
    before = field.currentText()
    for steps in (-1, 1, 2):
        turn(field, steps)
        assert field.currentText() == before


def test_it_scrolls_the_page_and_changes_what_the_keyboard_is_at(opened, qtbot):
    opened.inspector.show_page("Record")
    area = opened.inspector.pages["Record"]
    area.setFixedHeight(120)
    qtbot.waitUntil(lambda: area.verticalScrollBar().maximum() > 0)
    turn(opened.record.number, -1)
    assert area.verticalScrollBar().value() > 0
    opened.activateWindow()
    opened.record.number.setFocus()
    turn(opened.record.number, 1)
    assert opened.record.number.value() == 1
