import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QAbstractButton, QApplication, QLineEdit

from app.corrections import load_layer
from app.gui import keys, take_state, viewport
from app.gui.actions import COMMANDS
from app.gui.main_window import MainWindow
from app.gui.pane_faces import HIDDEN, WIREFRAME
from app.gui.session import Session
from capture.errors import MienError
from capture.settings import read_settings
from solver.corrections import Key
from tests.clips import read_number
from tests.gui import faked
from tests.gui.conftest import left_alive, seen

LEFT = Qt.MouseButton.LeftButton


def number_in(picture: QImage) -> int:
    """The frame number burnt into a pane's picture."""
    rows = np.frombuffer(picture.constBits(), np.uint8).reshape(picture.height(), picture.bytesPerLine())
    return read_number(rows[:, :picture.width() * 3].reshape(picture.height(), picture.width(), 3))


def shown(window) -> list[int]:
    return [number_in(pane.picture) for pane in window.grid.panes]


def drag(qtbot, widget, start: QPointF, stop: QPointF, modifier=Qt.KeyboardModifier.NoModifier) -> None:
    begin, middle, end = start.toPoint(), ((start + stop) / 2).toPoint(), stop.toPoint()
    qtbot.mousePress(widget, LEFT, modifier, begin)
    qtbot.mouseMove(widget, middle)
    qtbot.mouseMove(widget, end)
    qtbot.mouseRelease(widget, LEFT, modifier, end)


def add_keys(window, *spots: tuple[str, int, float]) -> None:
    layer = window.session.layer
    for shape, frame, value in spots:
        layer = keys.with_keys(layer, shape, [Key(frame, value)])
    window.session.edit("add", layer)


# ---- takes


def test_takes_are_listed_with_their_states_filtered_and_opened_by_a_click(opened, qtbot):
    browser = opened.browser
    qtbot.waitUntil(lambda: [item.text(2) for item in browser.items()] == [take_state.SOLVED, take_state.CALIBRATED])
    assert [item.text(1) for item in browser.items()] == ["0:01", "0:01"]
    qtbot.keyClicks(browser.filter, "calib")
    assert [item.isHidden() for item in browser.items()] == [True, False]
    place = browser.tree.visualItemRect(browser.items()[1])  # in wide fonts its right half lies out of sight
    qtbot.mouseClick(browser.tree.viewport(), LEFT, pos=QPoint(place.left() + 8, place.center().y()))
    assert opened.session.data.take.name == "T002"
    assert opened.session.weights is None


def test_ratings_and_notes_go_to_take_toml_and_can_be_undone(opened, qtbot, shoot):
    opened.inspector.show_page("Take")
    qtbot.mouseClick(opened.take.stars[3], LEFT)
    qtbot.keyClicks(opened.take.notes, "chin slips")
    toml = shoot / "takes/T001/take.toml"
    qtbot.waitUntil(lambda: read_settings(toml).get("notes") == "chin slips")
    assert read_settings(toml)["rating"] == 4
    opened.actions_by_text["Undo"].trigger()
    opened.actions_by_text["Undo"].trigger()
    opened.session.writer.wait()
    assert read_settings(toml) == {"notes": "", "rating": 0}
    assert opened.take.notes.toPlainText() == ""


def test_notes_are_undone_after_a_look_at_the_disk_and_stay_with_their_take(opened, qtbot, shoot):
    session, toml = opened.session, shoot / "takes/T001/take.toml"
    opened.take._rate(3)
    session.reload()
    session.undo.undo()
    session.writer.wait()
    assert read_settings(toml)["rating"] == 0
    assert opened.take._rating() == 0, "the panel shows what is written"
    assert session.takes[0].settings["rating"] == 0
    opened.inspector.show_page("Take")
    qtbot.keyClicks(opened.take.notes, "typing")
    session.select_take("T002")
    session.writer.wait()
    assert read_settings(toml)["notes"] == "typing"
    assert not session.undo.canUndo(), "it is no step of the next take"


def test_clips_that_vanished_are_told_and_the_rest_goes_on(window, shoot, qtbot):
    (shoot / "takes/T001/camA.mp4").unlink()
    (shoot / "takes/T001/camB.mp4").unlink()
    window.session.open(shoot)
    assert "T001" in window.grid.start.words.text()
    qtbot.waitUntil(lambda: window.browser.items()[0].text(2) == take_state.FAILED)
    window.session.select_take("T002")
    qtbot.waitUntil(lambda: len(window.grid.panes) == 2 and window.grid.panes[0].picture is not None)


def test_a_path_that_is_nothing_is_one_sentence(window, tmp_path):
    window.session.open(tmp_path / "none")
    assert window.messages.isVisible()
    assert window.messages.sentences == [f"{tmp_path / 'none'} does not exist; check the path"]
    window.messages.close_button.click()
    assert not window.messages.isVisible()


# ---- time


def test_all_panes_show_the_very_frame(opened, qtbot):
    assert shown(opened) == [0, 0]
    step = opened.transport.widgetForAction(opened.actions_by_text["One frame on"])
    for _ in range(3):
        qtbot.mouseClick(step, LEFT)
    qtbot.waitUntil(lambda: shown(opened) == [3, 3])
    overview = opened.timeline.overview
    for frame in (25, 7, 18):
        x = overview.whole.x(frame, overview.width())
        drag(qtbot, overview, QPointF(x - 40, 40), QPointF(x, 40))
        assert opened.session.frame == frame
        qtbot.waitUntil(lambda frame=frame: shown(opened) == [frame, frame])
    assert opened.transport.timecode.text() == "10:00:00:18"


def test_space_plays_and_stops_and_frames_stay_in_step(opened, qtbot):
    seen = []
    opened.grid.shown.connect(lambda pictures, _: seen.append([number_in(picture) for picture in pictures]))
    qtbot.keyClick(opened, Qt.Key.Key_Space)
    assert opened.session.playback.playing
    qtbot.waitUntil(lambda: len(seen) > 8)
    qtbot.keyClick(opened, Qt.Key.Key_Space)
    assert not opened.session.playback.playing
    assert all(left == right for left, right in seen)
    assert len({left for left, _ in seen}) > 4


def test_playing_keeps_time_within_in_and_out(session, shoot, qtbot):
    session.open(shoot)
    session.set_range(10, 14)
    due = []
    session.playback.frame_due.connect(due.append)
    session.play(2.0)
    qtbot.wait(400)
    session.play(0)
    assert set(due) <= set(range(10, 15))
    assert len(set(due)) > 2


def test_in_and_out_are_dragged_and_undone(opened, qtbot):
    overview = opened.timeline.overview
    opened.session.seek(15)
    start, stop = (QPointF(overview.whole.x(frame, overview.width()), 4) for frame in (0, 6))
    drag(qtbot, overview, start, stop)
    assert (opened.session.first, opened.session.last) == (6, 29)
    opened.actions_by_text["Undo"].trigger()
    assert (opened.session.first, opened.session.last) == (0, 29)


# ---- curves


def test_a_locked_curve_takes_no_key_and_none_of_it_is_selected(opened):
    session = opened.session
    session.select_shapes(("jawOpen",))
    session.set_locked(frozenset(["jawOpen"]))
    opened.actions_by_text["Key the selected curves here"].trigger()
    assert (session.layer.spots(), session.spots) == (frozenset(), frozenset())
    opened.actions_by_text["Smooth keys"].trigger()
    session.set_locked(frozenset())
    opened.actions_by_text["Key the selected curves here"].trigger()
    assert session.spots == {("jawOpen", session.frame)}


def test_keys_are_added_moved_scaled_and_undone_one_drag_at_a_time(opened, qtbot, shoot):
    session, view = opened.session, opened.timeline.curves
    session.select_shapes(("jawOpen",))
    column = session.data.scene.performance.shape_names.index("jawOpen")
    place = QPointF(view.x(12), view.y(0.6))
    qtbot.mouseDClick(view, LEFT, pos=place.toPoint())
    assert session.layer.keys["jawOpen"][0].frame == 12
    assert session.weights[12, column] == pytest.approx(0.6, abs=0.02)
    target = QPointF(view.x(16), view.y(0.3))
    drag(qtbot, view, view.place(session.layer.keys["jawOpen"][0]), target)
    assert session.weights[16, column] == pytest.approx(0.3, abs=0.02)
    assert session.undo.count() == 2, "the whole drag is one step"
    session.undo.undo()
    assert session.layer.keys["jawOpen"][0].frame == 12
    session.undo.redo()
    key = session.layer.keys["jawOpen"][0]
    drag(qtbot, view, view.place(key), view.place(key) + QPointF(0, -60), Qt.KeyboardModifier.ControlModifier)
    assert session.layer.keys["jawOpen"][0].value == pytest.approx(2 * key.value, rel=0.05)
    session.saver.wait()  # saved when the drag ended
    assert load_layer(shoot / "takes/T001/corrections.json") == session.layer


def test_a_tangent_is_bent_by_its_handle(opened, qtbot):
    session, view = opened.session, opened.timeline.curves
    session.select_shapes(("jawOpen",))
    add_keys(opened, ("jawOpen", 15, 0.5))
    session.select_spots(frozenset([("jawOpen", 15)]))
    end = view.handle_places(("jawOpen", 15))["out"]
    here = view.place(session.layer.keys["jawOpen"][0])
    drag(qtbot, view, end, here + QPointF(40, -40))
    key = session.layer.keys["jawOpen"][0]
    assert key.slope_out == key.slope_in > 0
    opened.actions_by_text["Flat tangents"].trigger()
    assert session.layer.keys["jawOpen"][0].slope_out == 0.0


def test_box_copy_paste_mirror_smooth_delete(opened, qtbot):
    session, view = opened.session, opened.timeline.curves
    session.select_shapes(("mouthSmileLeft",))
    add_keys(opened, ("mouthSmileLeft", 5, 0.2), ("mouthSmileLeft", 9, 0.8), ("mouthSmileLeft", 25, 0.9))
    drag(qtbot, view, QPointF(view.x(3), view.y(0.95)), QPointF(view.x(11), view.y(0.05)))
    assert session.spots == {("mouthSmileLeft", 5), ("mouthSmileLeft", 9)}
    opened.actions_by_text["Copy keys"].trigger()
    session.seek(15)
    opened.actions_by_text["Paste keys here"].trigger()
    assert session.layer.key(("mouthSmileLeft", 19)).value == 0.8
    opened.actions_by_text["Mirror keys left to right"].trigger()
    assert session.layer.key(("mouthSmileRight", 19)).value == 0.8
    opened.actions_by_text["Delete keys"].trigger()
    assert "mouthSmileRight" not in session.layer.keys
    session.undo.undo()
    assert session.layer.key(("mouthSmileRight", 19)).value == 0.8


def test_keyboard_reaches_every_edit(opened, qtbot):
    session = opened.session
    session.select_shapes(("jawOpen", "browInnerUp"))
    opened.timeline.curves.setFocus()
    session.seek(8)
    qtbot.keyClick(opened.timeline.curves, Qt.Key.Key_S)
    assert session.spots == {("jawOpen", 8), ("browInnerUp", 8)}
    before = session.layer.key(("jawOpen", 8)).value
    qtbot.keyClick(opened.timeline.curves, Qt.Key.Key_Up, Qt.KeyboardModifier.AltModifier)
    assert session.layer.key(("jawOpen", 8)).value == pytest.approx(min(1.0, before + 0.01))
    qtbot.keyClick(opened.timeline.curves, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert session.layer.key(("jawOpen", 8)).value == before
    qtbot.keyClick(opened.timeline.curves, Qt.Key.Key_Delete)
    assert not session.layer.keys
    for key, frame in ((Qt.Key.Key_Right, 9), (Qt.Key.Key_End, 29), (Qt.Key.Key_Home, 0)):
        qtbot.keyClick(opened.timeline.curves, key)
        assert session.frame == frame


def test_letters_in_a_text_field_are_letters(opened, qtbot):
    opened.timeline.channels.filter.setFocus()
    qtbot.keyClicks(opened.timeline.channels.filter, "smile")
    assert opened.timeline.channels.filter.text() == "smile"
    assert not opened.session.layer.keys, "S did not set keys"
    assert set(opened.timeline.channels.shown()) == {"mouthSmileLeft", "mouthSmileRight"}


def test_locked_curves_cannot_be_changed_and_solo_hides_the_others(opened, qtbot):
    session, channels = opened.session, opened.timeline.channels
    add_keys(opened, ("jawOpen", 5, 0.9))
    item = next(item for item in channels._items() if item.text(0) == "jawOpen")
    channels.tree.scrollToItem(item)
    for column in (2, 3):
        place = channels.tree.visualItemRect(item)
        x = channels.tree.header().sectionViewportPosition(column) + 8
        qtbot.mouseClick(channels.tree.viewport(), LEFT, pos=QPoint(x, place.center().y()))
    assert (session.solo, session.locked) == ({"jawOpen"}, {"jawOpen"})
    assert channels.shown() == ("jawOpen",)
    before = session.layer
    session.edit("delete", keys.deleted(session.layer, session.layer.spots()))
    assert session.layer == before


def test_marking_a_frame_right_keeps_it_through_another_solve(opened, shoot):
    session = opened.session
    session.seek(10)
    was = session.weights[10].copy()
    opened.actions_by_text["This frame is right"].trigger()
    assert session.layer.right == {10}
    faked.solved(shoot, "T001", seed=5)
    session.reload()
    np.testing.assert_allclose(session.weights[10], was, atol=1e-12)
    assert session.before is not None
    assert np.abs(session.weights[25] - session.before[25]).max() > 0.1, "elsewhere the new solve counts"


# ---- what is kept


def test_corrections_are_found_again_and_another_window_cannot_overwrite_them(opened, shoot, qtbot):
    add_keys(opened, ("jawOpen", 5, 0.9))
    opened.session.save()
    other = Session()
    said = []
    other.message.connect(said.append)
    other.open(shoot)
    assert other.layer == opened.session.layer
    other.edit("x", keys.deleted(other.layer, other.layer.spots()))
    other.save()
    assert any("another window" in sentence for sentence in said)
    assert load_layer(shoot / "takes/T001/corrections.json") == opened.session.layer
    other.close()


def test_corrections_that_cannot_be_saved_stay_and_are_told(opened, shoot):
    blocked = shoot / "takes/T001/corrections.json"
    blocked.mkdir()
    add_keys(opened, ("jawOpen", 5, 0.9))
    opened.session.save()
    assert "not saved" in opened.messages.text()
    assert opened.session.layer.keys
    blocked.rmdir()
    opened.session.save()
    assert load_layer(blocked) == opened.session.layer
    assert opened.session.unsaved == ""


def test_the_layout_and_recent_shoots_are_remembered(qtbot, shoot, tmp_path):
    for visible in (True, False):
        session = Session()
        window = MainWindow(session)
        window.show()
        assert window.docks["Jobs"].isVisible() == visible
        session.open(shoot)
        window.docks["Jobs"].hide()
        window.close()
        window.deleteLater()
        assert session.recent.shoots() == [shoot]
        session.deleteLater()


# ---- pictures


def test_the_view_shows_the_face_and_its_choices(opened, qtbot):
    canvas = opened.viewport.canvas

    def drawn() -> np.ndarray:
        image = seen(opened, canvas).convertToFormat(QImage.Format.Format_RGB888)
        rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
        return rows[:, :image.width() * 3].reshape(image.height(), image.width(), 3).astype(int)

    shaded = drawn()
    assert canvas.problem == ""
    middle = shaded[shaded.shape[0] // 2, shaded.shape[1] // 2]
    assert middle.min() > 60, "a face in the middle"
    assert shaded[5, 5].max() < 50, "on a dark ground"
    opened.viewport.shading.setCurrentText("Heat")
    assert np.abs(drawn() - shaded).mean() > 2
    opened.viewport.shading.setCurrentText("Shaded")
    drag(qtbot, canvas, QPointF(100, 100), QPointF(160, 100))
    assert np.abs(drawn() - shaded).mean() > 1
    opened.viewport.camera.setCurrentText("camA")
    assert canvas._room().width() / canvas._room().height() == pytest.approx(faked.SIZE[0] / faked.SIZE[1])
    opened.viewport.compare.setChecked(True)
    drawn()


def test_overlays_and_workspaces(opened, qtbot):
    pane = opened.grid.panes[0]
    without = pane.grab().toImage()
    qtbot.keyClick(opened, Qt.Key.Key_3)
    assert opened.grid.look.currentText() == WIREFRAME
    assert seen(opened, pane) != without
    qtbot.keyClick(opened, Qt.Key.Key_3)
    assert opened.grid.look.currentText() == HIDDEN
    assert pane.grab().toImage() == without
    qtbot.keyClick(opened, Qt.Key.Key_4)
    assert pane.source().width() < faked.SIZE[0]
    for name in ("Animate", "Cameras", "Solve", "Review"):
        opened.set_workspace(name)
        QApplication.processEvents()
    assert all(dock.isVisible() for dock in opened.docks.values())


def test_every_button_has_a_name_and_every_shortcut_one_meaning(opened):
    nameless = [button for button in opened.findChildren(QAbstractButton) if button.isVisible()
                and not button.text() and not button.accessibleName() and not button.toolTip()
                and not isinstance(button.parent(), QLineEdit)]
    assert not nameless
    shortcuts = [command.shortcut for command in COMMANDS if command.shortcut]
    assert len(shortcuts) == len(set(shortcuts))


def test_the_leak_check_sees_what_is_left(qtbot):
    session = Session()
    window = MainWindow(session)
    assert any("MainWindow" in text for text in left_alive())
    window.close()
    window.deleteLater()
    session.deleteLater()


def test_without_opengl_the_view_says_so_and_the_rest_works(opened, monkeypatch):
    def refuse():
        raise MienError("no OpenGL 3.3 to draw with; install a driver")

    opened.viewport.canvas.stop()
    monkeypatch.setattr(viewport, "ViewRenderer", refuse)
    opened.viewport.canvas.changed()
    opened.turns.finish()
    assert "install a driver" in opened.viewport.canvas.problem
    opened.session.seek(4)
    assert opened.session.weights is not None
