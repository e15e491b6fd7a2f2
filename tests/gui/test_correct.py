"""Correcting by hand: landmarks are dragged, frames are right, and the take is solved around it."""

import dataclasses
import json

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from app.corrections import asked_layer, load_layer, save_layer
from app.gui import edits, jobs, keys
from app.gui.landmark_drag import shown_points
from app.gui.session import Session
from app.places import AROUND_LAYER_NAME, AROUND_NAME
from capture.errors import UsageError
from capture.settings import read_settings
from exporters.to_json import write
from solver.corrections import Key, Layer, corrected
from solver.suggest import worth_correcting
from tests.gui import faked
from tests.gui.conftest import seen

FRAME = 6


def screen(pane, xy) -> QPoint:
    """Where a camera's px are on the widget."""
    source, target = pane.source(), pane.target()
    scale = target.width() / source.width()
    return QPoint(round((xy[0] + 0.5 - source.x()) * scale + target.x()),
                  round((xy[1] + 0.5 - source.y()) * scale + target.y()))


def points_of(window, pane) -> np.ndarray:
    data = window.session.data
    return shown_points(data.landmarks[pane.name], window.session.layer, pane.name, window.session.frame, data.first)


def drag_one(window, qtbot, way=(18, -9), modifier=Qt.KeyboardModifier.NoModifier) -> tuple[int, QPoint]:
    """Drag the landmark nearest to the picture's middle. Returns which one, and where it was let go."""
    window.session.seek(FRAME)
    pane = window.grid.panes[0]
    qtbot.waitUntil(lambda: pane.shown_frame == FRAME)
    places = points_of(window, pane)
    point = int(np.argmin(np.hypot(*(places - np.array(faked.SIZE) / 2).T)))
    start = screen(pane, places[point])
    QTest.mousePress(pane, Qt.MouseButton.LeftButton, modifier, start)
    for part in (0.5, 1.0):
        QTest.mouseMove(pane, start + QPoint(round(part * way[0]), round(part * way[1])))
    end = start + QPoint(*way)
    QTest.mouseRelease(pane, Qt.MouseButton.LeftButton, modifier, end)
    return point, end


def test_a_landmark_goes_where_the_mouse_takes_it_and_one_undo_brings_it_back(opened, shoot, qtbot):
    session, pane = opened.session, opened.grid.panes[0]
    found = points_of(opened, pane)
    point, end = drag_one(opened, qtbot)
    shown = screen(pane, points_of(opened, pane)[point])
    assert abs(shown.x() - end.x()) <= 3
    assert abs(shown.y() - end.y()) <= 3
    session.saver.wait()  # saved when it was let go
    assert load_layer(shoot / "takes/T001/corrections.json") == session.layer
    assert {camera for camera, _, _ in session.layer.drags} == {pane.name}
    assert {frame for _, _, frame in session.layer.drags} == {FRAME}
    opened.actions_by_text["Undo"].trigger()
    assert session.layer == Layer()
    session.seek(0)
    np.testing.assert_array_equal(points_of(opened, pane), found)


def test_a_click_that_trembles_moves_no_landmark(opened, qtbot):
    for way in ((0, 0), (1, 0), (2, -2)):
        drag_one(opened, qtbot, way)
        assert opened.session.layer == Layer()
        assert not opened.session.undo.count()


def test_its_neighbours_follow_unless_alt_is_held(opened, qtbot):
    drag_one(opened, qtbot)
    together = len(opened.session.layer.drags)
    opened.session.undo.undo()
    drag_one(opened, qtbot, modifier=Qt.KeyboardModifier.AltModifier)
    assert len(opened.session.layer.drags) == 1 < together


def test_what_was_put_right_by_itself_stays_when_a_neighbour_is_dragged(opened, qtbot):
    session = opened.session
    held = {(opened.grid.panes[0].name, drag_one(opened, qtbot)[0], FRAME)}
    assert session.layer.held == held < set(session.layer.drags)
    before = session.layer.drags
    session.edit("one by one", dataclasses.replace(session.layer, held=frozenset(before)))
    point, _ = drag_one(opened, qtbot)
    after = session.layer.drags
    assert {place for _, place, _ in (grip for grip in before if after[grip] != before[grip])} <= {point}
    opened.actions_by_text["Landmarks of this frame as they were found"].trigger()
    assert not session.layer.held


def test_a_landmark_behind_a_hand_is_taken_hold_of_where_it_is_likely(opened, qtbot):
    pane = opened.grid.panes[0]
    opened.session.data.landmarks[pane.name].seen[FRAME, 1:] = False
    point, end = drag_one(opened, qtbot, modifier=Qt.KeyboardModifier.AltModifier)
    assert point > 0
    assert (screen(pane, points_of(opened, pane)[point]) - end).manhattanLength() <= 6


def test_dragged_landmarks_go_back_to_where_they_were_found(opened, qtbot):
    drag_one(opened, qtbot)
    opened.actions_by_text["Landmarks of this frame as they were found"].trigger()
    assert opened.session.layer == Layer()
    opened.session.undo.undo()
    assert opened.session.layer.drags


def test_the_frames_most_worth_correcting_are_shown_one_after_another(opened):
    session, told = opened.session, []
    session.hint.connect(told.append)
    performance, first = session.data.solved.performance, session.data.first
    wanted = [first + frame for frame, _ in worth_correcting(performance, [], edits.SUGGESTIONS)]
    shown = []
    for _ in range(len(wanted) + 1):
        opened.actions_by_text["To the frame most worth correcting"].trigger()
        shown.append(session.frame)
    assert shown == [*wanted, wanted[0]]
    assert told[0].startswith(f"frame {wanted[0]}: correcting it takes away ")
    edits.mark_right(session, True)
    opened.actions_by_text["To the frame most worth correcting"].trigger()
    assert session.frame != wanted[0], "it is corrected"


def test_the_frame_at_rest_is_named_in_take_toml_and_undone(opened, shoot):
    session, path = opened.session, shoot / "takes/T001/take.toml"
    before = path.read_text() if path.is_file() else ""
    session.seek(FRAME)
    opened.actions_by_text["The face is at rest in this frame"].trigger()
    session.writer.wait()
    assert read_settings(path)["neutral"] == str(FRAME)
    assert f"face at rest: frame {FRAME}, as named" in opened.take.facts.text()
    session.undo.undo()
    session.writer.wait()
    assert "neutral" not in path.read_text()
    assert "face at rest" not in opened.take.facts.text()
    session.undo.redo()
    opened.actions_by_text["No frame is named as at rest"].trigger()
    session.writer.wait()
    assert "neutral" not in path.read_text()
    path.write_text(before)


def test_beside_the_landmarks_nothing_is_dragged(opened, qtbot):
    pane = opened.grid.panes[0]
    QTest.mousePress(pane, Qt.MouseButton.LeftButton, pos=QPoint(3, pane.height() - 3))
    QTest.mouseMove(pane, QPoint(60, 60))
    QTest.mouseRelease(pane, Qt.MouseButton.LeftButton, pos=QPoint(60, 60))
    assert opened.session.layer == Layer()


def test_the_box_marks_the_frame_as_right_and_says_so(opened, shoot):
    session, box = opened.session, opened.grid.right_box
    session.seek(FRAME)
    QTest.mouseClick(box, Qt.MouseButton.LeftButton, pos=QPoint(8, box.height() // 2))
    assert session.layer.right == {FRAME}
    assert set(session.layer.keys) == set(session.data.scene.performance.shape_names)
    session.seek(0)
    assert not box.isChecked()
    session.seek(FRAME)
    assert box.isChecked()
    session.undo.undo()
    assert not box.isChecked()
    assert not session.layer


def test_a_frame_that_is_not_right_after_all_keeps_only_the_keys_that_say_something(opened):
    session = opened.session
    session.seek(FRAME)
    key(opened, FRAME, 0.9)
    alone = session.layer
    opened.actions_by_text["This frame is right"].trigger()
    assert len(session.layer.spots()) == len(session.data.scene.performance.shape_names)
    opened.actions_by_text["This frame is not right"].trigger()
    assert session.layer == alone
    session.undo.undo()
    assert session.layer.right == {FRAME}
    assert len(session.layer.spots()) > 1


# ---- whose face it is


def test_shift_and_a_click_say_whose_face_it_is_and_can_be_undone(opened, shoot, qtbot):
    session, pane = opened.session, opened.grid.panes[1]
    session.seek(FRAME)
    qtbot.waitUntil(lambda: pane.shown_frame == FRAME)
    before = seen(opened, pane)
    where = screen(pane, (40.0, 60.0))
    QTest.mouseClick(pane, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ShiftModifier, where)
    (sight, place), = session.layer.faces.items()
    assert sight == ("camB", FRAME)
    assert place == pytest.approx((40, 60), abs=1)
    assert seen(opened, pane) != before
    session.saver.wait()
    assert load_layer(shoot / "takes/T001/corrections.json") == session.layer
    assert not session.layer.drags
    session.seek(0)
    QTest.mouseClick(pane, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ShiftModifier, QPoint(pane.width() // 2, 5))
    assert len(session.layer.faces) == 1, "that is no place in the picture"
    opened.actions_by_text["The actor's face as mien chooses it, in all cameras"].trigger()
    assert session.layer == Layer()
    session.undo.undo()
    assert session.layer.faces == {sight: place}
    session.undo.undo()
    assert session.layer == Layer()


def test_a_panes_menu_says_it_of_the_place_where_it_was_opened(opened, monkeypatch):
    pane, action = opened.grid.panes[0], opened.actions_by_text["This face is the actor's (Shift+click)"]
    monkeypatch.setattr(opened, "_pop_up", lambda name, place: action.trigger())  # a menu waits for a hand
    QTest.mouseClick(pane, Qt.MouseButton.RightButton, pos=screen(pane, (90.0, 50.0)))
    assert list(opened.session.layer.faces) == [("camA", 0)]
    opened.session.undo.undo()
    QTest.mouseMove(pane, screen(pane, (20.0, 20.0)))
    action.trigger()
    assert not opened.session.layer.faces
    assert "Shift" in opened.messages.text()


# ---- solving around them


@pytest.fixture
def solves(opened, monkeypatch):
    """Jobs do at once what `mien solve` would leave on disk. Returns the arguments of each."""
    session, started = opened.session, []

    def run(title, arguments, take="", light=False):
        started.append(arguments)
        session.save()
        data = session.data
        performance = data.solved.performance
        layer = asked_layer(data.take, "")
        bent = corrected(layer, performance.weights, performance.shape_names, data.first)
        bent[20] = 0.123  # what a solve knows and a layer does not
        around = dataclasses.replace(performance, weights=bent,
                                     steps={**performance.steps, "correct": str(len(started))})
        save_layer(layer, data.where.work / AROUND_LAYER_NAME)
        write(dataclasses.replace(data.solved, performance=around), data.where.work / AROUND_NAME)
        job = jobs.Job(title, arguments, take, parent=session)
        job.state, job.place = jobs.DONE, session.jobs.place
        session._job_ended(job)
        return job

    monkeypatch.setattr(session, "run", run)
    return started


def jaw(session: Session, frame: int) -> float:
    return float(session.weights[frame, session.data.scene.performance.shape_names.index("jawOpen")])


def key(window, frame: int, value: float) -> None:
    window.session.edit("key", keys.with_keys(window.session.layer, "jawOpen", [Key(frame, value)]))


def test_solving_around_corrections_shows_the_difference_and_can_be_undone(opened, solves):
    session, solve = opened.session, opened.solve
    assert not solve.around.isEnabled(), "there is nothing to solve around"
    (session.data.where.work / "solve.asked.json").write_text(json.dumps({"preset": "final", "model": "mien",
                                                                         "start": ""}))
    before, far = jaw(session, FRAME), jaw(session, 20)
    key(opened, FRAME, 0.77)
    assert solve.around.isEnabled()
    QTest.mouseClick(solve.around, Qt.MouseButton.LeftButton)
    assert solves == [["solve", str(session.data.take.folder), "--model", "mien", "--preset", "final"]]
    assert jaw(session, FRAME) == pytest.approx(0.77)
    assert jaw(session, 20) == pytest.approx(0.123)
    assert "1 frame changed" in opened.messages.text(), "the layer showed the others already"
    assert opened.viewport.compare.isChecked()
    assert session.before is not None
    session.undo.undo()
    assert jaw(session, 20) == pytest.approx(far)
    assert jaw(session, FRAME) == pytest.approx(0.77)
    session.undo.undo()
    assert jaw(session, FRAME) == pytest.approx(before)
    session.undo.redo()
    session.undo.redo()
    assert jaw(session, 20) == pytest.approx(0.123)


def test_a_further_correction_lies_over_the_new_solve_and_an_undone_one_leaves_it(opened, solves):
    session = opened.session
    far = jaw(session, 20)
    key(opened, FRAME, 0.77)
    solve_around(opened)
    session.edit("smile", keys.with_keys(session.layer, "mouthSmileLeft", [Key(2, 0.4)]))
    assert jaw(session, 20) == pytest.approx(0.123)
    session.edit("away", Layer())
    assert jaw(session, 20) == pytest.approx(far), "what the solve went around is no longer said"


def test_everything_is_found_again(opened, solves, shoot):
    key(opened, FRAME, 0.77)
    solve_around(opened)
    opened.session.close_take()
    other = Session()
    other.open(shoot)
    assert jaw(other, 20) == pytest.approx(0.123)
    assert jaw(other, FRAME) == pytest.approx(0.77)
    faked.solved(shoot, "T001", seed=9)  # another solve: what went around the old one counts no more
    other.reload()
    assert jaw(other, 20) != pytest.approx(0.123)
    assert jaw(other, FRAME) == pytest.approx(0.77)
    other.close()


def test_a_missing_file_of_corrections_is_told(opened, tmp_path):
    with pytest.raises(UsageError, match="no such file"):
        asked_layer(opened.session.data.take, str(tmp_path / "none.json"))
    assert asked_layer(opened.session.data.take, "none") == Layer()


def solve_around(window) -> None:
    window.actions_by_text["Solve around the corrections"].trigger()


def test_the_3d_view_is_drawn_anew_in_another_size(opened, qtbot):
    """A picture that was drawn for another shape of window would be stretched."""
    canvas = opened.viewport.canvas
    qtbot.waitUntil(lambda: canvas._picture is not None)
    opened.set_workspace("Animate")
    opened.resize(900, 700)

    def shape_fits() -> bool:
        picture = canvas._picture
        return picture.width() / picture.height() == pytest.approx(canvas.width() / canvas.height(), rel=0.05)

    qtbot.waitUntil(shape_fits)


def test_a_face_in_a_picture_of_clips_that_have_changed_is_not_pointed_at(opened):
    session, pane = opened.session, opened.grid.panes[0]
    edits.point_at(session, pane.name, session.data.clips.frames, (10.0, 10.0))
    assert not session.layer.faces
    edits.point_at(session, pane.name, 0, (10.0, 10.0))
    assert session.layer.faces


def test_a_lone_clip_says_that_it_cannot_name_the_frame_at_rest(opened):
    session, told = opened.session, []
    session.message.connect(told.append)
    session.data = dataclasses.replace(session.data, take=dataclasses.replace(session.data.take, folder=None))
    edits.name_neutral(session, True)
    assert "a lone clip has no take.toml" in told[-1]
