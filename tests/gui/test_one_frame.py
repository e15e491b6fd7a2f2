"""The 3D view through a camera: the face and the footage behind it are of one frame of one take."""

import numpy as np
import pytest
from PySide6.QtTest import QTest

from tests.gui import faked


@pytest.fixture
def drawn(opened, qtbot, monkeypatch):
    """The window looking through camA. Gives the vertices that are drawn, and what is behind them."""
    calls = []
    qtbot.waitUntil(lambda: opened.viewport.canvas.renderer is not None)
    draw = opened.viewport.canvas.renderer.draw

    def watched(view, size, vertices, colours, wire, floor, behind, *rest):
        calls.append((vertices, behind))
        return draw(view, size, vertices, colours, wire, floor, behind, *rest)

    monkeypatch.setattr(opened.viewport.canvas.renderer, "draw", watched)
    opened.viewport.camera.setCurrentText("camA")
    qtbot.waitUntil(lambda: bool(calls) and calls[-1][1] is not None)
    return calls


def test_the_face_waits_for_footage_that_is_slow_to_come(opened, drawn, monkeypatch, qtbot):
    session, first = opened.session, opened.session.vertices().copy()
    with monkeypatch.context() as slow:
        slow.setattr(opened.grid.loader, "ask", lambda *_: 1 << 30)
        session.seek(20)
        QTest.qWait(300)
        opened.turns.finish()
        assert not np.array_equal(session.vertices(), first), "the face moves"
        assert all(np.array_equal(vertices, first) for vertices, _ in drawn)
    opened.grid._ask()
    qtbot.waitUntil(lambda: np.array_equal(drawn[-1][0], session.vertices()))


def test_no_footage_of_another_take_is_behind(opened, drawn, shoot, qtbot):
    faked.solved(shoot, "T002", seed=1)
    for clip in (shoot / "takes/T002").glob("*.mp4"):
        clip.write_bytes(b"torn")
    opened.session.reload()
    drawn.clear()
    opened.session.select_take("T002")
    qtbot.waitUntil(lambda: bool(drawn))
    QTest.qWait(300)
    assert opened.session.data.clips is None
    assert opened.viewport.camera.currentText() == "camA", "the choice of a camera stays from take to take"
    assert all(behind is None for _, behind in drawn)
