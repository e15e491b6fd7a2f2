"""What is told of a camera that was moved during a take."""

from types import SimpleNamespace

import pytest

from app import face_cameras
from capture.camera import Rig, lone_camera
from solver.rig_check import Bump


def test_its_frame_is_the_takes_own_where_a_solve_begins_later(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is the one to give to --start and --end."""
    ready = SimpleNamespace(rig=Rig(tuple(lone_camera(name, (192, 64), 200.0) for name in ("camA", "camB"))),
                            lone=False, first=40, clips=SimpleNamespace(rate=30))
    monkeypatch.setattr(face_cameras, "surely", lambda landmarks: landmarks)
    monkeypatch.setattr(face_cameras, "lagging", lambda *_: {})
    monkeypatch.setattr(face_cameras, "find_bump", lambda *_: Bump(("camB",), 7, 3.0))
    notes = []
    face_cameras.cameras_for(ready, None, {}, SimpleNamespace(embedding=lambda model: None), None, False,
                             lambda *_: None, notes.append)
    assert notes[0].startswith("camB was moved at frame 47: ")
