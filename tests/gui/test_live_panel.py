"""The Live page, by its buttons, on a face that plays as if a camera saw it."""

import json
import socket
from types import SimpleNamespace

import numpy as np
import pytest
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QImage

from app.gui.live_view import ROOM, LiveView
from capture.match import probe_take
from exporters.to_json import read

LEFT = Qt.MouseButton.LeftButton
PATIENCE = 90_000


def test_start_record_send_and_stop(window, qtbot, demo, tmp_path):
    panel, session = window.live, window.session
    session.create_shoot(tmp_path / "shoot")
    window.inspector.show_page("Live")
    assert not panel.record.isEnabled()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", 0))
        receiver.settimeout(10)
        panel.source.setEditText(f"loop:{demo / 'takes/T001/camA.mp4'}")
        panel.receiver.setCurrentText("Live Link Face")
        panel.port.setValue(receiver.getsockname()[1])
        qtbot.mouseClick(panel.start, LEFT)
        qtbot.waitUntil(lambda: panel.view.mesh is not None and panel.bars.weights.any(), timeout=PATIENCE)
        assert len(panel.view.points) == 478
        assert not panel.view.picture.isNull()
        assert "ms late" in panel.facts.text()
        assert receiver.recv(4000)[0] == 6
    qtbot.mouseClick(panel.mesh, LEFT)
    qtbot.waitUntil(lambda: panel.view.mesh is None, timeout=PATIENCE)
    qtbot.mouseClick(panel.record, LEFT)
    qtbot.waitUntil(lambda: panel.take == "T001", timeout=PATIENCE)
    assert panel.record.text() == "Cut"
    qtbot.wait(1500)
    qtbot.mouseClick(panel.record, LEFT)
    qtbot.waitUntil(lambda: bool(session.takes), timeout=PATIENCE)
    assert "T001 is recorded" in panel.words.text()
    take = session.takes[0]
    assert read(take.folder / "live.mien.json").frames == probe_take(take)[0].frames > 20
    qtbot.mouseClick(panel.start, LEFT)
    qtbot.waitUntil(lambda: not panel.child.running, timeout=PATIENCE)
    assert (panel.start.text(), panel.view.picture) == ("Start", None)


def test_a_face_fills_the_view_and_nothing_beyond_the_picture_is_shown(qtbot):
    view = LiveView()
    qtbot.addWidget(view)
    view.resize(280, 210)
    view.picture, view.told = QImage(640, 480, QImage.Format.Format_RGB888), {"size": (640, 480)}
    assert view._target()[1] == 210 / 480, "no face: all of it"
    for middle in (320.0, 5.0):
        view._box, view.points = None, middle + np.array([[-60.0, -60.0], [60.0, 60.0]])
        view._follow()
        target, scale = view._target()
        assert scale == pytest.approx(210 / (ROOM * 120))
        assert target.contains(QRectF(view.rect()))
    view.points = view.points + 10.0
    before = view._box.copy()
    view._follow()
    assert 0 < np.abs(view._box - before).max() < 2, "it follows without a jump"


def test_nothing_is_recorded_into_a_shoot_that_was_opened_later(window, monkeypatch, tmp_path):
    panel, session, started = window.live, window.session, []
    child = SimpleNamespace(running=False, start=started.append, close=lambda: None)
    monkeypatch.setattr(panel, "child", child)
    session.create_shoot(tmp_path / "one")
    panel.source.setEditText("/dev/video0")
    panel.toggle()
    assert started[0][-2:] == ["--record", str(tmp_path / "one")]
    child.running = True
    session.create_shoot(tmp_path / "two")
    assert not panel.record.isEnabled()
    assert "start again to record into two" in panel.words.text()
    session.open(tmp_path / "one")
    assert panel.record.isEnabled()
    panel.take = "T001"
    session.open(tmp_path / "two")
    assert panel.record.isEnabled(), "it can be cut"
    assert "T001 goes on in one" in panel.words.text()


def test_bad_input_is_a_sentence(window, qtbot):
    panel = window.live
    window.inspector.show_page("Live")
    panel.source.setEditText("")
    qtbot.mouseClick(panel.start, LEFT)
    assert "write a device" in panel.words.text()
    panel.source.setEditText("clip:nowhere.mp4")
    qtbot.mouseClick(panel.start, LEFT)
    qtbot.waitUntil(lambda: "cannot be opened" in panel.words.text(), timeout=PATIENCE)
    qtbot.waitUntil(lambda: not panel.child.running, timeout=PATIENCE)
    assert panel.start.text() == "Start"


def test_frames_that_came_while_the_window_was_busy_are_drawn_as_one(window, qtbot, monkeypatch):
    panel, drawn = window.live, []
    window.inspector.show_page("Live")
    monkeypatch.setattr(panel.view, "take_event", drawn.append)
    lines = [{"event": "live", "state": "tracking", "fps": 30.0, "latency_ms": 20.0, "missed": 0, "sent": number,
              "take": "", **({"identity": [0.5]} if number == 40 else {})} for number in range(90)]
    text = b"".join(json.dumps(line).encode() + b"\n" for line in lines)
    panel.child._process = SimpleNamespace(readAllStandardOutput=lambda: text)
    panel.child._read()
    qtbot.waitUntil(lambda: bool(drawn))
    panel.child._process = None
    assert [(event["sent"], event["identity"]) for event in drawn] == [(89, [0.5])]


def test_the_app_waits_for_a_long_take_to_be_written(window):
    child, waited = window.live.child, []
    child._process = SimpleNamespace(closeWriteChannel=lambda: None,
                                     waitForFinished=lambda limit: waited.append(limit) or True)
    child.close()
    child._process = None
    assert waited == [60_000], "an hour's weights take half of that on a busy computer"
