"""The Record page, by its buttons, with clips that stand for cameras."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMessageBox

from capture.match import plan, probe_take
from tests.clips import numbered, write_clip

LEFT = Qt.MouseButton.LeftButton
PATIENCE = 30_000


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    return write_clip(tmp_path_factory.mktemp("cameras") / "mjpeg.avi", numbered(60, (320, 240)), 30, codec="mjpeg",
                      pix_fmt="yuvj420p")


@pytest.fixture
def panel(window, tmp_path):
    window.session.create_shoot(tmp_path / "shoot")
    window.inspector.show_page("Record")
    return window.record


def arm(qtbot, panel, *lines: str) -> None:
    panel.sources.setPlainText("\n".join(lines))
    qtbot.mouseClick(panel.arm, LEFT)
    qtbot.waitUntil(lambda: panel.state == "armed", timeout=PATIENCE)


@pytest.mark.parametrize("count", [1, 3, 8])
def test_arm_roll_and_cut(window, panel, qtbot, clip, count):
    session = window.session
    arm(qtbot, panel, *(f"cam{name}=loop:{clip}" for name in "ABCDEFGH"[:count]))
    qtbot.waitUntil(lambda: all(tile.picture is not None and tile.verdicts() for tile in panel.tiles.values()),
                    timeout=PATIENCE)
    assert not panel.cut.isEnabled()
    qtbot.keyClicks(panel.scene, "sc04")
    qtbot.keyClicks(panel.actor, "anna")
    qtbot.mouseClick(panel.roll, LEFT)
    qtbot.waitUntil(lambda: panel.state == "rolling", timeout=PATIENCE)
    assert not panel.roll.isEnabled()
    assert "sc04_t01" in panel.facts.text()
    qtbot.waitUntil(lambda: all(tile.status["frames"] > 20 for tile in panel.tiles.values()), timeout=PATIENCE)
    qtbot.mouseClick(panel.cut, LEFT)
    qtbot.waitUntil(lambda: bool(session.takes), timeout=PATIENCE)
    assert panel.words.text() == "sc04_t01 is recorded and ready to solve"
    take = session.takes[0]
    assert (take.name, take.settings["actor"], len(take.clips)) == ("sc04_t01", "anna", count)
    assert plan(take, probe_take(take)).frames > 15
    qtbot.waitUntil(lambda: "sc04_t02" in panel.facts.text(), timeout=PATIENCE)
    qtbot.mouseClick(panel.arm, LEFT)
    qtbot.waitUntil(lambda: not panel.child.running, timeout=PATIENCE)
    assert (panel.arm.text(), panel.tiles, panel.clock.text()) == ("Arm", {}, "--:--:--:--")


def test_closing_the_app_cuts_the_take(window, panel, qtbot, clip, tmp_path, monkeypatch):
    monkeypatch.setattr(QMessageBox, "warning", lambda *_: QMessageBox.StandardButton.Yes)
    arm(qtbot, panel, f"camA=loop:{clip}")
    qtbot.mouseClick(panel.roll, LEFT)
    qtbot.waitUntil(lambda: panel.tiles["camA"].status.get("frames", 0) > 10, timeout=PATIENCE)
    window.close()
    assert (tmp_path / "shoot/takes/T001/take.toml").read_text().count("frames = ") == 1


def test_an_unplugged_camera_is_seen(window, panel, qtbot, clip):
    arm(qtbot, panel, f"camA=loop:{clip}", f"camB=clip:{clip}")
    qtbot.mouseClick(panel.roll, LEFT)
    qtbot.waitUntil(lambda: panel.state == "rolling" and panel.tiles["camB"].status["problem"] != "", timeout=PATIENCE)
    assert "camB gives no more pictures" in panel.tiles["camB"].toolTip()
    qtbot.waitUntil(lambda: "camB gives no more pictures" in panel.words.text(), timeout=PATIENCE)
    qtbot.waitUntil(lambda: panel.tiles["camB"].left_out, timeout=PATIENCE)  # plugged in again: for the next take
    assert not panel.tiles["camA"].left_out
    qtbot.mouseClick(panel.cut, LEFT)
    qtbot.waitUntil(lambda: not panel.tiles["camB"].left_out, timeout=PATIENCE)
    qtbot.waitUntil(lambda: bool(window.session.takes), timeout=PATIENCE)
    assert "T001: camB gives no more pictures" in panel.words.text()
    assert len(window.session.takes[0].clips) == 2


def test_bad_input_is_a_sentence(window, panel, qtbot, clip):
    for text, said in (("camA", "is no camera"), ("", "name at least one camera"), ("a=exec://x", "is no stream")):
        panel.sources.setPlainText(text)
        qtbot.mouseClick(panel.arm, LEFT)
        assert said in panel.words.text()
        assert not panel.child.running
    panel.sources.setPlainText(f"camA=loop:{clip}\ncamA=loop:{clip}")
    qtbot.mouseClick(panel.arm, LEFT)
    qtbot.waitUntil(lambda: "two cameras are called camA" in panel.words.text(), timeout=PATIENCE)
    assert panel.arm.text() == "Arm"


def test_find_says_what_is_attached(panel, qtbot, monkeypatch):
    monkeypatch.setattr("app.gui.record_panel.attached", lambda: ())
    qtbot.mouseClick(panel.find, LEFT)
    assert "no camera is attached" in panel.words.text()


def test_cameras_are_let_go_when_another_shoot_is_opened(window, panel, qtbot, clip, tmp_path):
    arm(qtbot, panel, f"camA=loop:{clip}")
    window.session.create_shoot(tmp_path / "other")
    qtbot.waitUntil(lambda: not panel.child.running, timeout=PATIENCE)
    assert "another shoot" in panel.words.text()
    assert panel.arm.isEnabled()


def test_a_take_that_rolls_goes_on_in_its_shoot_and_then_the_cameras_are_let_go(window, panel, qtbot, clip, tmp_path):
    arm(qtbot, panel, f"camA=loop:{clip}")
    qtbot.mouseClick(panel.roll, LEFT)
    qtbot.waitUntil(lambda: panel.state == "rolling", timeout=PATIENCE)
    window.session.create_shoot(tmp_path / "other")
    assert "goes on in shoot" in panel.words.text()
    qtbot.waitUntil(lambda: "in shoot" in panel.facts.text(), timeout=PATIENCE)
    qtbot.waitUntil(lambda: panel.tiles["camA"].status.get("frames", 0) > 10, timeout=PATIENCE)
    qtbot.mouseClick(panel.cut, LEFT)
    qtbot.waitUntil(lambda: not panel.child.running, timeout=PATIENCE)
    assert panel.words.text() == "T001 is recorded in shoot and ready to solve"
    assert (tmp_path / "shoot/takes/T001").is_dir()
    assert not list((tmp_path / "other/takes").glob("*"))


def test_a_slate_that_is_refused_rolls_nothing(panel, monkeypatch):
    said = []
    monkeypatch.setattr(panel.child, "tell", said.append)
    for scene, actor in ((".sc04", ""), ("sc 04/b", ""), ("sc04", ".anna")):
        panel.scene.setText(scene)
        panel.actor.setText(actor)
        panel.start_roll()
        assert panel.words.text().startswith("actor: " if actor else "slate: ")
    assert not said


def test_nothing_of_a_rolling_take_is_cut_off(window, panel, qtbot):
    window.resize(1600, 950)
    panel._into = window.session.shoot.folder
    panel._take_state({"state": "rolling", "timecode": "21:25:42:17", "seconds": 4000.0, "take": "sc04_t01",
                       "free_bytes": 62 << 30, "seconds_left": 153594})
    area = window.inspector.pages["Record"]
    qtbot.wait(50)
    assert area.widget().minimumSizeHint().width() <= area.viewport().width()
    panel._ended("")
