"""A camera that began late or stopped early: its pane says so where it has no picture, and the others go on."""

import dataclasses

import pytest
from PySide6.QtCore import QPoint, Qt

from app.gui import edits
from app.gui.session import Session
from app.gui.take_data import model_named, read_take
from app.places import SOLVE_NAME, places
from capture.match import NO_PICTURE
from capture.shoot import open_shoot
from capture.sync import Clock, Timeline, save_timeline
from exporters.scene import make_scene
from exporters.to_json import read, write
from tests.clips import numbered, write_clip
from tests.gui import faked
from tests.gui.conftest import seen

LATE = 6


@pytest.fixture
def late(shoot):
    """The shoot whose first take's camB begins LATE frames after camA and stops as many later."""
    save_timeline(Timeline((Clock("camA", 0.0), Clock("camB", LATE / 30)), "by hand"), shoot / "takes/T001/sync.toml")
    return shoot


def shows(window, frame: int, qtbot, *pictures: bool) -> None:
    """Go to a frame and wait until those panes, and no others, have a picture of it."""
    window.session.seek(frame)
    qtbot.waitUntil(lambda: [(pane.shown_frame, pane.picture is not None) for pane in window.grid.panes]
                    == [(frame, there) for there in pictures])


def test_a_pane_without_a_picture_says_so_and_the_others_play_on(window, late, qtbot):
    window.session.open(late)
    assert window.session.data.frames == faked.FRAMES + LATE
    last = faked.FRAMES + LATE - 1
    for frame in (0, LATE - 1, LATE, faked.FRAMES - 1, faked.FRAMES, last, 0):
        shows(window, frame, qtbot, frame < faked.FRAMES, frame >= LATE)
    pane = window.grid.panes[1]
    assert pane._verdict()[0] == "not filming"
    without = seen(window, pane)
    shows(window, LATE, qtbot, True, True)
    assert seen(window, pane) != without
    assert not window.messages.isVisible(), "a camera that is not there is no fault"


def test_nothing_can_be_said_in_a_picture_that_is_not_there(window, late, qtbot):
    window.session.open(late)
    shows(window, 0, qtbot, True, False)
    before, pane = window.session.layer, window.grid.panes[1]
    qtbot.mouseClick(pane, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ShiftModifier, QPoint(60, 60))
    edits.point_at(window.session, "camB", 0, (20.0, 20.0))
    assert window.session.layer == before
    edits.point_at(window.session, "camB", LATE + 2, (20.0, 20.0))
    assert list(window.session.layer.faces) == [("camB", 2)]


def test_clips_that_lie_apart_are_shown_side_by_side_to_their_ends(session, shoot):
    write_clip(shoot / "takes/T001/camB.mp4", numbered(12, faked.SIZE), 30, timecode="10:00:00:00")
    save_timeline(Timeline((Clock("camA", 0.0), Clock("camB", 99.0)), "by hand"), shoot / "takes/T001/sync.toml")
    session.open(shoot)
    assert "no moment in common" in session.data.problems[0]
    assert session.data.frames == faked.FRAMES
    assert session.data.clips.numbers[:, 11:13].tolist() == [[11, 12], [11, NO_PICTURE]]


@pytest.mark.parametrize("timecode", [True, False])
def test_a_solve_of_an_older_mien_lies_on_its_own_pictures(session: Session, late, timecode):
    """It left out what not all cameras saw, so that its first frame is the take's frame LATE."""
    if not timecode:
        for name in ("camA", "camB"):
            write_clip(late / f"takes/T001/{name}.mp4", numbered(faked.FRAMES, faked.SIZE), 30)
    take = open_shoot(late).takes[0]
    path = places(take, None).work / SOLVE_NAME
    session.open(late)
    scene = session.data.solved
    steps = {"detect camA": "a", "detect camB": "b", **scene.performance.steps}
    count = faked.FRAMES - LATE
    short = dataclasses.replace(
        scene.performance, start_timecode=f"10:00:00:{LATE:02}" if timecode else "00:00:00:00", steps=steps,
        **{name: getattr(scene.performance, name)[:count] for name in (
            "weights", "head_rotation", "head_translation", "gaze", "sigma", "residual_px", "seen", "flags")})
    write(make_scene(model_named("mien"), short), path)
    assert read(path).frames == count
    assert read_take(take).first == LATE
    now = dataclasses.replace(short, steps={**steps, "range": "r"})
    write(make_scene(model_named("mien"), now), path)
    assert read_take(take).first == (LATE if timecode else 0), "a solve of today counts from the first camera"
