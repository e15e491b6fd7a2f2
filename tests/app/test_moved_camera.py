"""What is told of a camera that was moved during a take."""

from dataclasses import replace
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from app import face_cameras
from capture.camera import Rig, lone_camera, project
from capture.errors import RigError
from solver.landmarks import Landmarks
from solver.rig_check import Bump, find_bump
from tests.capture.test_sync import RIG, face

FRAMES = 60


def nothing(rig: Rig, frames: int) -> Landmarks:
    shape = len(rig.cameras), frames, 4
    return Landmarks(rig.names, "made", np.full((*shape, 2), np.nan), np.full(shape, np.inf), np.zeros(shape, bool))


def filmed(there: np.ndarray) -> Landmarks:
    """What cameras of which not all have a picture in all frames see of a head that moves."""
    world = face(np.arange(FRAMES) / 30, 0)
    xy = np.stack([project(camera, world) for camera in RIG.cameras])
    xy += np.random.default_rng(0).normal(0, 0.5, xy.shape)
    seen = np.repeat(there[..., None], xy.shape[2], axis=2)
    return Landmarks(RIG.names, "made", np.where(seen[..., None], xy, np.nan), np.ones(seen.shape), seen)


def panned(rig: Rig, name: str, degrees: float) -> Rig:
    turn = cv2.Rodrigues(np.array([0.0, np.radians(degrees), 0.0]))[0]
    return Rig(tuple(replace(one, rotation=turn @ one.rotation, translation=turn @ one.translation)
                     if one.name == name else one for one in rig.cameras))


def late_and_early() -> np.ndarray:
    there = np.ones((3, FRAMES), bool)
    there[1, :25] = False
    there[2, 55:] = False
    return there


def test_a_camera_of_a_rig_that_is_off_was_not_moved_where_it_begins() -> None:
    there = late_and_early()
    seen, rig = filmed(there), panned(RIG, "camB", 1.5)
    points = seen.xy.shape[2]
    embedding = SimpleNamespace(known=np.ones(points, bool), contour=np.zeros(points, bool), scheme="made")
    assert find_bump(seen, rig, embedding) is not None, "the face jumps there all the same"
    assert face_cameras._bump(seen, rig, embedding, there) is None
    aside = project(panned(RIG, "camB", 1.5)["camB"], face(np.arange(40, FRAMES) / 30, 0))
    xy = seen.xy.copy()
    xy[1, 40:] = aside
    bump = face_cameras._bump(replace(seen, xy=xy), RIG, embedding, there)
    assert (bump.cameras, bump.frame) == (("camB",), 40)


def test_without_a_rig_a_camera_that_has_no_picture_is_named() -> None:
    there = late_and_early()[:, :20]
    ready = SimpleNamespace(rig=RIG, lone=True, first=30, stop=50, there=there, take=SimpleNamespace(
        setting=lambda name: None), where=SimpleNamespace(work=None))
    with pytest.raises(RigError, match=r"camB has no picture in frames 30 to 49, .* `cameras` in take\.toml"):
        face_cameras.cameras_for(ready, nothing(RIG, 20), {}, SimpleNamespace(embedding=lambda model: None),
                                 SimpleNamespace(sha256="0"), True, lambda *_: None, lambda text: None)


def test_its_frame_is_the_takes_own_where_a_solve_begins_later(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is the one to give to --start and --end."""
    ready = SimpleNamespace(rig=Rig(tuple(lone_camera(name, (192, 64), 200.0) for name in ("camA", "camB"))),
                            lone=False, first=40, clips=SimpleNamespace(rate=30), there=np.ones((2, 20), bool))
    monkeypatch.setattr(face_cameras, "surely", lambda landmarks: landmarks)
    monkeypatch.setattr(face_cameras, "lagging", lambda *_: {})
    monkeypatch.setattr(face_cameras, "find_bump", lambda *_: Bump(("camB",), 7, 3.0))
    notes = []
    face_cameras.cameras_for(ready, nothing(ready.rig, 20), {}, SimpleNamespace(embedding=lambda model: None), None,
                             False, lambda *_: None, notes.append)
    assert notes[0].startswith("camB was moved at frame 47: ")
