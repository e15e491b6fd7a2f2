"""Jobs are real child processes: of a small made-up command line where its behaviour matters, else of ours."""

import shutil
import textwrap

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMessageBox

from app.gui import intake, jobs
from app.gui.jobs import Job, Jobs
from app.gui.take_state import FAILED
from exporters.to_json import read
from tests.gui import faked

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def command(tmp_path, monkeypatch):
    """Makes a module to run in place of the command line."""
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))

    def make(text: str) -> str:
        (tmp_path / "madeup.py").write_text(textwrap.dedent(text))
        return "madeup"

    return make


def ended(qtbot, job: Job) -> Job:
    qtbot.waitUntil(lambda: job.state in jobs.ENDED, timeout=60_000)
    return job


def test_events_are_read_even_when_they_come_in_pieces(qtbot, command):
    module = command('''
        import sys, time
        for text in ('{"event": "progress", "take": "T1", "step": "solve", "do', 'ne": 3, "total": 9}\\n',
                     '{"event": "note", "take": "T1", "text": "ünder"}\\nno json\\n',
                     '{"event": "take", "take": "T1", "state": "done", "error": "", "outputs": ["/x/T1.fbx"]}\\n'):
            sys.stdout.write(text); sys.stdout.flush(); time.sleep(0.05)
    ''')
    job = ended(qtbot, Jobs().add("x", [], module=module))
    assert (job.state, job.step, job.outputs) == (jobs.DONE, "solve", ["/x/T1.fbx"])
    assert "T1: ünder" in job.log
    assert "no json" in job.log


def test_cancel_closes_stdin_and_leaves_time_to_end_well(qtbot, command, tmp_path):
    module = command(f'''
        import sys
        print('{{"event": "progress", "take": "T1", "step": "s", "done": 1, "total": 9}}', flush=True)
        sys.stdin.read()
        open({str(tmp_path / "tidy")!r}, "w").close()
        sys.exit(130)
    ''')
    job = Jobs().add("x", [], module=module)
    qtbot.waitUntil(lambda: job.done == 1)
    job.cancel()
    assert ended(qtbot, job).state == jobs.CANCELLED
    assert (tmp_path / "tidy").exists()


def test_a_job_that_does_not_end_is_killed(qtbot, command, monkeypatch):
    monkeypatch.setattr(jobs, "GRACE_MS", 200)
    module = command('''
        import time
        print('{"event": "progress", "take": "T1", "step": "s", "done": 1, "total": 9}', flush=True)
        time.sleep(60)
    ''')
    job = Jobs().add("x", [], module=module)
    qtbot.waitUntil(lambda: job.done == 1)
    job.cancel()
    assert ended(qtbot, job).state == jobs.CANCELLED


@pytest.mark.parametrize(("text", "said"), [
    ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "its process was killed"),
    ("import sys; sys.exit('mien: there is no face in T1')", "there is no face in T1"),
    ("import sys; sys.exit(3)", "it ended with code 3"),
    ("print('{\"event\": \"take\", \"take\": \"T1\", \"state\": \"failed\", \"error\": \"camA.mp4 is cut off\", "
     "\"outputs\": []}'); raise SystemExit(3)", "camA.mp4 is cut off")])
def test_a_job_that_fails_says_why(qtbot, command, text, said):
    job = ended(qtbot, Jobs().add("x", [], module=command(text)))
    assert job.state == jobs.FAILED
    assert said in job.error


def test_heavy_jobs_wait_for_one_another_and_light_ones_do_not(qtbot, command):
    module = command("import sys; sys.stdin.read()")
    queue = Jobs()
    first, second = (queue.add(name, [], module=module) for name in "ab")
    light = queue.add("c", [], module=module, light=True)
    assert (first.state, second.state, light.state) == (jobs.RUNNING, jobs.WAITING, jobs.RUNNING)
    first.cancel()
    ended(qtbot, first)
    assert second.state == jobs.RUNNING
    queue.stop_all()
    assert {job.state for job in queue.jobs} == {jobs.CANCELLED}


def test_export_with_corrections_by_its_button(opened, qtbot, shoot):
    session = opened.session
    session.seek(10)
    session.select_shapes(("jawOpen",))
    opened.actions_by_text["Key the selected curves here"].trigger()
    opened.actions_by_text["Keys up"].trigger()
    opened.inspector.show_page("Export")
    for name, box in opened.export.boxes.items():
        box.setChecked(name == "json")
    qtbot.mouseClick(opened.export.export, LEFT)
    job = ended(qtbot, session.jobs.jobs[-1])
    assert job.state == jobs.DONE, job.error
    column = session.data.scene.performance.shape_names.index("jawOpen")
    written = read(shoot / "solved" / "T001.mien.json")
    assert written.weights[10, column] == session.weights[10, column]
    assert "correct" in written.steps
    assert opened.jobs.rows[job].folder.isVisible()
    qtbot.mouseClick(opened.jobs.clear, LEFT)
    assert not opened.jobs.rows


def test_a_solve_is_started_stopped_and_started_again_by_buttons(opened, qtbot):
    opened.session.select_take("T002")
    qtbot.mouseClick(opened.solve.solve, LEFT)
    job = opened.session.jobs.jobs[-1]
    assert opened.session.state(opened.session.data.take)[0] == "solving"
    assert not opened.solve.solve.isEnabled()
    qtbot.waitUntil(lambda: job.step != "" or job.state in jobs.ENDED, timeout=60_000)
    qtbot.mouseClick(opened.jobs.rows[job].cancel, LEFT)
    assert ended(qtbot, job).state in (jobs.CANCELLED, jobs.FAILED)  # there is no face in these clips
    assert opened.solve.solve.isEnabled()


def test_a_solve_that_fails_leaves_a_sentence_and_the_old_solve(opened, qtbot, shoot):
    session = opened.session
    before = (shoot / "takes/T001/.mien/solve.json").read_bytes()
    (shoot / "takes/T001/camB.mp4").write_bytes(b"torn")
    qtbot.mouseClick(opened.solve.solve, LEFT)
    job = ended(qtbot, session.jobs.jobs[-1])
    assert job.state == jobs.FAILED
    assert "camB.mp4" in opened.messages.text()
    qtbot.waitUntil(lambda: opened.browser.items()[0].text(2) == "failed")
    assert (shoot / "takes/T001/.mien/solve.json").read_bytes() == before
    assert session.weights is not None


def test_a_failure_is_one_takes_until_the_disk_is_looked_at_again(opened, qtbot, shoot, command, tmp_path):
    session, other = opened.session, faked.film_shoot(tmp_path / "other", ("T001",))
    job = session.jobs.add("Solve T001", [], "T001", command("import sys; sys.exit('mien: it broke')"))
    ended(qtbot, job)
    assert session.state(session.data.take) == (FAILED, "it broke")
    session.open(other)
    assert session.state(session.data.take)[0] != FAILED, "another shoot has a take of that name"
    session.open(shoot)
    assert session.state(session.data.take)[0] == FAILED
    session.reload()
    assert session.state(session.data.take)[0] != FAILED


def test_closing_the_window_ends_every_job(qtbot, session, shoot, command):
    job = session.jobs.add("x", [], module=command("import sys; sys.stdin.read()"))
    session.close()
    assert job.state == jobs.CANCELLED


def test_dropped_clips_become_a_take(opened, qtbot, shoot):
    intake.copy_files(opened.session, "T003", [shoot / "takes/T002/camA.mp4"])
    ended(qtbot, opened.session.jobs.jobs[-1])
    qtbot.waitUntil(lambda: [take.name for take in opened.session.takes] == ["T001", "T002", "T003"])
    intake.copy_files(opened.session, "../evil", [shoot / "takes/T002/camA.mp4"])
    assert "cannot be a take's name" in opened.messages.text()


def test_cameras_are_calibrated_by_the_button_and_a_rig_is_not_lost(opened, qtbot, shoot, monkeypatch):
    answers = [QMessageBox.StandardButton.No, QMessageBox.StandardButton.Yes]
    monkeypatch.setattr(QMessageBox, "question", lambda *_: answers.pop(0))
    (shoot / "calibration").mkdir()
    for name in ("camA", "camB"):
        shutil.copy(shoot / "takes/T001" / f"{name}.mp4", shoot / "calibration")
    opened.session.reload()
    before = (shoot / "rig.toml").read_bytes()
    opened.inspector.show_page("Calibration")
    qtbot.mouseClick(opened.cameras.calibrate, LEFT)
    assert not opened.session.jobs.jobs
    qtbot.mouseClick(opened.cameras.calibrate, LEFT)
    job = ended(qtbot, opened.session.jobs.jobs[-1])
    assert job.state == jobs.FAILED
    assert "board" in opened.messages.text(), "there is none in these clips"
    assert (shoot / "rig.toml").read_bytes() == before


def test_the_estimate_is_what_a_solve_ran_not_what_it_waited(opened):
    solve, session = opened.solve, opened.session
    assert "after the first solve" in solve.estimate.text()
    for state, log, seconds in ((jobs.FAILED, "T001: detect camA", 3), (jobs.DONE, "T001: done", 1),
                                (jobs.DONE, "T001: detect camA", 30)):
        job = Job("Solve T001", [], "T001", parent=session)
        job.state, job.log, job.seconds = state, [log], seconds
        solve._learn(job, solve._work(), solve.preset.currentData())
    assert solve.estimate.text() == "about 30 seconds, from the last solve on this machine"
    session.set_range(0, 9)
    opened.solve.part.setChecked(True)
    assert "about 10 seconds" in solve.estimate.text()
