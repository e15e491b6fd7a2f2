"""Opening and making shoots, and the rest of the buttons that nothing else presses."""

import shutil
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QDialog, QFileDialog, QInputDialog, QPlainTextEdit

from app.gui import jobs
from app.gui.actions import COMMANDS
from app.gui.main_window import MainWindow
from app.gui.session import Session
from capture.shoot import open_shoot
from tests.gui import faked

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def asked(monkeypatch) -> list[Path | list[Path]]:
    """What the person chooses next, wherever a folder or files are asked for."""
    chosen: list[Path | list[Path]] = []
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(chosen.pop(0)))
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(chosen.pop(0)), ""))
    monkeypatch.setattr(QFileDialog, "getOpenFileNames", lambda *_: ([str(path) for path in chosen.pop(0)], ""))
    monkeypatch.setattr(QInputDialog, "getText", lambda *_, **given: (given["text"], True))
    return chosen


@pytest.fixture
def idle(opened, monkeypatch):
    """Jobs that are begun run nothing. Gives the arguments of each."""
    begun = []

    def start(job: jobs.Job) -> None:
        begun.append(job.arguments)
        job.state = jobs.RUNNING

    monkeypatch.setattr(jobs.Job, "start", start)
    yield begun
    for job in opened.session.jobs.jobs:
        job.state = jobs.CANCELLED  # else closing the window would ask


def test_a_shoot_is_made_and_takes_come_in_by_the_menu(window, shoot, qtbot, asked, tmp_path):
    asked += [tmp_path / "mine", [shoot / "takes/T002/camA.mp4", shoot / "takes/T002/camB.mp4"]]
    qtbot.mouseClick(window.grid.start.new, LEFT)
    assert window.session.shoot.folder == tmp_path / "mine"
    assert window.browser.items() == []
    window.actions_by_text["Add clips as a take…"].trigger()
    job = window.session.jobs.jobs[-1]
    qtbot.waitUntil(lambda: job.state in jobs.ENDED, timeout=30_000)
    assert [take.cameras for take in open_shoot(tmp_path / "mine").takes] == [("camA", "camB")]
    qtbot.waitUntil(lambda: [item.text(0) for item in window.browser.items()] == ["T001"])


def test_shoots_and_clips_are_opened_by_buttons_and_again_from_the_recent_ones(window, shoot, qtbot, asked):
    asked += [shoot, shoot / "takes/T002/camB.mp4"]
    qtbot.mouseClick(window.grid.start.open, LEFT)
    assert window.session.data.take.name == "T001"
    window.actions_by_text["Open clip…"].trigger()
    assert (window.session.shoot, window.session.data.take.name) == (None, "camB")
    window.recent_menu.aboutToShow.emit()
    next(action for action in window.recent_menu.actions() if action.text() == str(shoot)).trigger()
    assert window.session.shoot.folder == shoot
    window.session.close_take()
    recent = window.grid.start.recent
    buttons = [recent.itemAt(place).widget() for place in range(recent.count())]
    qtbot.mouseClick(next(button for button in buttons if button.toolTip() == str(shoot)), LEFT)
    qtbot.waitUntil(lambda: window.session.data is not None)


def test_the_list_is_headed_by_the_shoot_that_is_open(opened, tmp_path):
    assert opened.browser.tree.topLevelItem(0).text(0) == "Shoot my-shoot"
    opened.session.open(faked.film_shoot(tmp_path / "tuesday"))
    assert opened.browser.tree.topLevelItem(0).text(0) == "Shoot tuesday"


def test_a_camera_gets_all_the_room_and_gives_it_back(opened, qtbot):
    first, second = opened.grid.panes
    narrow = first.width()
    qtbot.mouseDClick(first, LEFT)
    qtbot.waitUntil(lambda: first.width() > 1.5 * narrow)
    assert not second.isVisible()
    qtbot.mouseDClick(first, LEFT)
    assert second.isVisible()


def test_all_takes_are_solved_by_one_button_that_leaves_out_what_runs(opened, qtbot, idle, shoot):
    (shoot / "takes/T003").mkdir()
    opened.session.reload()
    opened.inspector.show_page("Solve")
    qtbot.mouseClick(opened.solve.all, LEFT)
    named = [(job.take, job.state) for job in opened.session.jobs.jobs]
    assert named == [("T001", jobs.RUNNING), ("T002", jobs.WAITING)], "one after another; an empty take is none"
    assert idle[0][:2] == ["solve", str(shoot / "takes/T001")]
    qtbot.mouseClick(opened.solve.all, LEFT)
    assert len(opened.session.jobs.jobs) == 2


def test_an_actor_that_was_typed_is_the_open_takes_and_no_others(opened, qtbot, idle):
    opened.inspector.show_page("Solve")
    qtbot.keyClicks(opened.solve.actor, "anna")
    opened.session.reload()
    assert opened.solve.actor.text() == "anna"
    qtbot.mouseClick(opened.solve.solve, LEFT)
    qtbot.mouseClick(opened.solve.all, LEFT)
    named = [(job.take, "anna" in job.arguments) for job in opened.session.jobs.jobs]
    assert named == [("T001", True), ("T002", False)]
    opened.session.select_take("T002")
    assert opened.solve.actor.text() == ""


def test_the_model_that_a_take_names_is_that_takes_and_no_others(opened, shoot, qtbot, idle, monkeypatch):
    monkeypatch.setattr("app.gui.panel_solve.list_models", lambda: ["hero"])
    (shoot / "takes/T001/take.toml").write_text('model = "hero"\n')
    opened.session.select_take("T002")
    opened.session.open(shoot)
    chosen = {}
    for name in ("T001", "T002"):
        opened.session.select_take(name)
        chosen[name] = opened.solve.model.currentText()
    assert chosen == {"T001": "hero", "T002": "mien"}
    opened.inspector.show_page("Solve")
    qtbot.mouseClick(opened.solve.all, LEFT)
    said = {job.take: job.arguments[job.arguments.index("--model") + 1] for job in opened.session.jobs.jobs}
    assert said == chosen


def test_the_log_of_a_job_is_shown(opened, qtbot, idle):
    opened.inspector.show_page("Solve")
    qtbot.mouseClick(opened.solve.solve, LEFT)
    job = opened.session.jobs.jobs[-1]
    job.log = ["T001: detect camA", "T001: solve"]
    qtbot.mouseClick(opened.jobs.rows[job].log, LEFT)
    dialog = next(widget for widget in QApplication.topLevelWidgets() if isinstance(widget, QDialog))
    assert dialog.findChild(QPlainTextEdit).toPlainText() == "T001: detect camA\nT001: solve"
    dialog.close()


def test_export_remembers_its_formats_and_folder(opened, qtbot, idle, asked, tmp_path):
    asked.append(tmp_path / "out")
    opened.inspector.show_page("Export")
    opened.export.preset.textActivated.emit(opened.export.preset.itemText(1))
    chosen = opened.export.formats()
    assert chosen
    qtbot.mouseClick(opened.export.choose, LEFT)
    qtbot.mouseClick(opened.export.export, LEFT)
    assert idle[-1][-4:] == ["--out", str(tmp_path / "out"), "--format", ",".join(chosen)]
    session = Session()
    again = MainWindow(session)
    assert (again.export.formats(), again.export.folder.text()) == (chosen, str(tmp_path / "out"))
    again.close()
    again.deleteLater()
    session.deleteLater()


def test_curves_are_filtered_by_name_and_by_region(opened, qtbot):
    channels = opened.timeline.channels
    every = len(channels.shown())
    qtbot.keyClicks(channels.filter, "smile")
    assert set(channels.shown()) == {"mouthSmileLeft", "mouthSmileRight"}
    channels.filter.clear()
    assert len(channels.shown()) == every
    qtbot.keyClick(channels.region, Qt.Key.Key_Down)
    assert channels.region.currentText() == "brow"
    assert set(channels.shown()) == {"browDownLeft", "browDownRight", "browInnerUp", "browOuterUpLeft",
                                     "browOuterUpRight"}
    qtbot.keyClicks(channels.filter, "left")
    assert set(channels.shown()) == {"browDownLeft", "browOuterUpLeft"}


def test_a_copied_shoot_opens_without_the_one_it_was_copied_from(window, shoot, qtbot, tmp_path):
    moved = shutil.move(shoot, tmp_path / "elsewhere")
    window.session.open(Path(moved))
    assert window.session.data.scene is not None
    qtbot.waitUntil(lambda: window.grid.panes[0].picture is not None)


def test_the_report_of_the_open_take_is_shown_or_said_to_be_missing(window, shoot, tmp_path, monkeypatch):
    asked, said, found = [], [], [True]
    monkeypatch.setattr("app.gui.report_page.QDesktopServices.openUrl",
                        lambda url: asked.append(url.toLocalFile()) or found[0])
    session = window.session
    session.message.connect(said.append)
    show = next(command for command in COMMANDS if command.text == "Show the report").run
    show(window)
    assert "open a take first" in said[-1]
    session.open(shoot)
    show(window)
    assert "T001 has no report" in said[-1]
    page = shoot / "solved/T001.report.html"
    page.parent.mkdir(exist_ok=True)
    page.write_text("<p>fine")
    show(window)
    assert asked == [str(page)]
    found[0] = False
    show(window)
    assert str(page) in said[-1]
