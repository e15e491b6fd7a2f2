"""Whether a solve notices cameras that were not started together."""

from types import SimpleNamespace

import numpy as np
import pytest

from app import clocks, face_cameras
from app.clocks import lagging, out_of_step
from capture.camera import Rig
from solver.landmarks import Landmarks
from tests.capture.test_sync import RIG, seen


def landmarks(**begins: float) -> Landmarks:
    xy = np.stack([seen(RIG[name], begin, 3) for name, begin in begins.items()])
    return Landmarks(tuple(begins), "test", xy, np.ones(xy.shape[:3]), np.isfinite(xy).all(axis=-1))


def rig_of(*names: str) -> Rig:
    return Rig(tuple(RIG[name] for name in names))


def test_a_camera_that_began_later_is_named_with_its_frames() -> None:
    late = lagging(landmarks(camA=0, camB=5, camC=0), 30.0, RIG)
    assert late == {"camB": pytest.approx(5.0, abs=0.1)}
    assert "camB's clip begins 5.0 frames later than was taken; run `mien sync`" in out_of_step(late)
    assert list(lagging(landmarks(camB=0, camC=-4), 30.0, rig_of("camB", "camC"))) == ["camB"]


def test_a_long_take_of_a_whole_face_costs_no_more() -> None:
    """478 landmarks in 600 frames: the rig is asked of 24 in 300, a fiftieth of the work."""
    assert clocks._few(np.zeros((600, 478, 2))).shape == (300, 24, 2)
    assert clocks._few(np.zeros((48, 17, 2))).shape == (48, 17, 2)


def test_cameras_without_genlock_are_in_step() -> None:
    assert lagging(landmarks(camA=0, camB=0.5, camC=-0.5), 30.0, RIG) == {}


def test_a_face_that_keeps_still_tells_nothing() -> None:
    still = landmarks(camA=0, camB=0, camC=0)
    held = np.repeat(still.xy[:, :1], still.xy.shape[1], axis=1)
    noisy = held + np.random.default_rng(0).normal(0, 0.5, held.shape)
    assert lagging(Landmarks(still.cameras, "test", noisy, still.sigma, still.seen), 30.0, RIG) == {}


def test_a_solve_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(face_cameras, "_check", lambda *_: None)
    notes = []
    found = landmarks(camA=0, camB=5, camC=0)
    ready = SimpleNamespace(rig=RIG, lone=False, first=0, clips=SimpleNamespace(rate=30), there=found.found)
    face_cameras.cameras_for(ready, found, {}, SimpleNamespace(embedding=lambda model: None), None, False,
                             lambda *_: None, notes.append)
    assert [note.startswith("the cameras do not show the same moments") for note in notes] == [True]


def test_a_few_frames_and_a_camera_without_a_face_tell_nothing() -> None:
    found = landmarks(camA=0, camB=5, camC=0)
    short = Landmarks(found.cameras, "test", found.xy[:, :6], found.sigma[:, :6], found.seen[:, :6])
    blind = Landmarks(found.cameras, "test", found.xy, found.sigma, found.seen & (np.arange(3) > 0)[:, None, None])
    assert lagging(short, 30.0, RIG) == {}
    assert lagging(blind, 30.0, RIG) == {}


def test_only_moments_that_all_cameras_show_are_compared() -> None:
    found = landmarks(camA=0, camB=5, camC=0)
    total = found.xy.shape[1]
    there = np.ones((3, 2 * total), bool)
    there[1, :total] = False
    xy = np.concatenate([np.roll(found.xy, 40, axis=1), found.xy], axis=1)  # of the first half nothing may be heard
    longer = Landmarks(found.cameras, "test", xy, np.ones(xy.shape[:3]), np.isfinite(xy).all(axis=-1))
    assert lagging(longer, 30.0, RIG, there) == lagging(found, 30.0, RIG)
    there[0, total:] = False
    assert lagging(longer, 30.0, RIG, there) == {}
