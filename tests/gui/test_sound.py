"""Sound seen and heard: the Sync page's waveforms, and what plays with the pictures."""

import dataclasses

import numpy as np
import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtWidgets import QApplication

from app.gui import jobs
from app.gui.sound import HEARD_RATE, PER_SECOND, loudness, sound_begins
from app.gui.sound_player import SILENT, SoundPlayer
from capture.match import NO_PICTURE
from capture.sync import Clock, Timeline, load_timeline, save_timeline
from tests.clips import numbered, write_clip

LEFT = Qt.MouseButton.LeftButton
RATE, FRAMES, LATE = 48_000, 45, 0.2
CLAP = 0.7


@pytest.fixture
def clapped(tmp_path):
    """A take of two cameras that hear one clap; camB begins LATE seconds later."""
    folder = tmp_path / "T001"
    folder.mkdir()
    draw = np.random.default_rng(4)
    noise = draw.normal(0, 0.3, 2400) * np.linspace(1, 0, 2400) ** 2
    for name, begins in (("camA", 0.0), ("camB", LATE)):
        sound = draw.normal(0, 0.004, FRAMES * RATE // 30)
        place = round((CLAP - begins) * RATE)
        sound[place:place + len(noise)] += noise
        write_clip(folder / f"{name}.mkv", numbered(FRAMES), 30, sound=np.clip(sound, -1, 1), sound_rate=RATE)
    return folder


class Heard:
    """A sound output that remembers what it was given, and which frame was shown then."""

    def __init__(self, session):
        self.session, self.given, self.frames = session, [], []

    def start(self, samples):
        self.given.append(samples)
        self.frames.append(self.session.frame)

    def stop(self):
        self.given.append(None)


def loudest(row) -> float:
    """Seconds on the take's clock at which a recording is loudest."""
    return row.starts + float(row.peaks.argmax()) / PER_SECOND


def test_the_clap_stands_where_each_camera_heard_it_until_they_are_in_step(window, clapped, qtbot):
    window.session.open(clapped)
    window.inspector.show_page("Sync")
    panel = window.sync
    qtbot.waitUntil(lambda: len(panel.waves.rows) == 2 and all(row.peaks is not None for row in panel.waves.rows))
    apart = loudest(panel.waves.rows[0]) - loudest(panel.waves.rows[1])
    assert apart == pytest.approx(LATE, abs=0.02)
    assert "as if they began together" in panel.words.text()
    qtbot.mouseClick(panel.sync, LEFT)
    job = window.session.jobs.jobs[-1]
    qtbot.waitUntil(lambda: job.state in jobs.ENDED, timeout=60_000)
    assert job.state == jobs.DONE, job.error
    qtbot.waitUntil(lambda: "sound" in panel.words.text())
    apart = loudest(panel.waves.rows[0]) - loudest(panel.waves.rows[1])
    assert apart == pytest.approx(0.0, abs=0.011)
    assert f"{LATE:+.2f}" in panel.waves.rows[1].says
    assert window.session.data.frames == FRAMES + round(LATE * 30)
    assert window.session.data.clips.shared == (round(LATE * 30), FRAMES)


def test_a_waveform_is_dragged_into_place_and_the_drag_undone(window, clapped, qtbot):
    window.session.open(clapped)
    window.inspector.show_page("Sync")
    waves = window.sync.waves
    qtbot.waitUntil(lambda: len(waves.rows) == 2 and all(row.peaks is not None for row in waves.rows))
    begin = QPointF(waves.x(0.5), 18 + 46 + 23)
    end = begin + QPointF(waves.x(0.5 + LATE) - waves.x(0.5), 0)
    qtbot.mousePress(waves, LEFT, pos=begin.toPoint())
    qtbot.mouseMove(waves, end.toPoint())
    assert waves.grab().toImage() is not None
    qtbot.mouseRelease(waves, LEFT, pos=end.toPoint())
    window.session.writer.wait()
    written = load_timeline(clapped / "sync.toml")
    assert written.method == "by hand"
    assert written.offsets["camB"] == pytest.approx(LATE, abs=0.02)
    assert window.session.data.clips.numbers[:, round(LATE * 30)].tolist() == [round(LATE * 30), 0]
    assert window.session.data.clips.numbers[1, 0] == NO_PICTURE
    window.actions_by_text["Undo"].trigger()
    window.session.writer.wait()
    assert not (clapped / "sync.toml").exists()
    assert window.session.data.clips.numbers[:, 0].tolist() == [0, 0]


def test_a_take_that_becomes_shorter_is_shown_at_its_new_end(window, clapped, qtbot):
    window.session.open(clapped)
    window.sync.move_clock("camB", 1.0)
    window.session.writer.wait()
    assert window.session.data.frames == FRAMES + 30
    window.session.seek(FRAMES + 29)
    window.sync.move_clock("camB", -1.0)
    window.session.writer.wait()
    end = window.session.data.frames - 1
    assert end == FRAMES - 1
    assert (window.session.frame, window.session.first, window.session.last) == (end, 0, end)
    qtbot.waitUntil(lambda: all(pane.shown_frame == end and pane.picture is not None for pane in window.grid.panes))
    window.sync.waves.grab()
    window.sync.move_clock("camB", 100.0)
    window.session.writer.wait()
    assert window.messages.isVisible(), "no moment is in all clips"
    for _ in range(3):
        window.actions_by_text["Undo"].trigger()
    window.session.writer.wait()
    assert (window.session.data.frames, window.session.last) == (FRAMES, FRAMES - 1)
    window.session.seek(40)
    qtbot.waitUntil(lambda: all(pane.shown_frame == 40 for pane in window.grid.panes))


def test_the_ruler_seeks(window, clapped, qtbot):
    window.session.open(clapped)
    window.inspector.show_page("Sync")
    waves = window.sync.waves
    QApplication.processEvents()
    qtbot.mouseClick(waves, LEFT, pos=QPointF(waves.x(0.9), 6).toPoint())
    assert abs(window.session.frame - 27) <= 1


def test_sound_starts_at_the_frame_that_is_shown(session, clapped, qtbot):
    save_timeline(Timeline((Clock("camA", 0.0), Clock("camB", LATE)), "sound"), clapped / "sync.toml")
    output = Heard(session)
    player = SoundPlayer(session, lambda _: output)
    session.open(clapped)
    session.set_range(2, 13)  # before the clap
    session.seek(4)
    session.play(1.0)
    qtbot.waitUntil(lambda: bool(output.given))
    session.play(0.0)
    assert output.given[-1] is None, "it stops with the picture"
    heard = output.given[0]
    shown = float(session.data.clips.clips[0].times[session.data.clips.numbers[0, output.frames[0]]])
    clap = np.abs(heard.astype(int)).argmax() / HEARD_RATE + shown
    assert clap == pytest.approx(CLAP, abs=0.02)
    session.play(2.0)
    assert output.given[-1] is None, "double speed is silent"
    session.play(0.0)
    player.set_on(False)
    session.play(1.0)
    assert output.given[-1] is None
    player.stop()


def test_sound_begins_anew_with_each_round(session, clapped, qtbot):
    output = Heard(session)
    player = SoundPlayer(session, lambda _: output)
    session.open(clapped)
    session.set_range(0, 8)
    session.play(1.0)
    qtbot.waitUntil(lambda: sum(given is not None for given in output.given) >= 3, timeout=8000)
    session.play(0.0)
    player.stop()


def test_without_a_sound_card_it_is_said_once_and_the_picture_plays_on(window, clapped, qtbot):
    def none(_):
        raise OSError("no device")

    window.player._make = none
    window.session.open(clapped)
    for _ in range(2):
        qtbot.keyClick(window, Qt.Key.Key_Space)
        before = window.session.frame
        qtbot.waitUntil(lambda before=before: window.session.frame != before)
        qtbot.waitUntil(lambda: SILENT in window.messages.sentences)
        qtbot.keyClick(window, Qt.Key.Key_Space)
    assert window.messages.sentences.count(SILENT) == 1


def test_a_recording_of_its_own_begins_where_its_clock_says(session, clapped):
    session.open(clapped)
    data = session.data
    assert sound_begins(data) == pytest.approx(data.clips.clips[0].begins)
    take = dataclasses.replace(data.take, audio=clapped / "boom.wav", sync_path=clapped / "sync.toml")
    save_timeline(Timeline((Clock("camA", 0.0), Clock("camB", 0.0), Clock("audio", -1.25)), "sound"),
                  clapped / "sync.toml")
    assert sound_begins(dataclasses.replace(data, take=take)) == pytest.approx(1.25)


def test_what_has_no_sound_has_no_loudness(tmp_path):
    (tmp_path / "a.wav").write_bytes(b"RIFF torn")
    assert loudness(tmp_path / "a.wav") is None
    assert loudness(tmp_path / "none.wav") is None


def test_a_first_camera_that_begins_late_is_not_heard_before(session, clapped, qtbot):
    """Its pictures are not there, nor is its sound, which comes when they do."""
    save_timeline(Timeline((Clock("camA", 0.0), Clock("camB", -1.0)), "by hand"), clapped / "sync.toml")
    output = Heard(session)
    player = SoundPlayer(session, lambda _: output)
    session.open(clapped)
    assert (session.data.clips.lead, sound_begins(session.data)) == (30, pytest.approx(-1.0))
    session.seek(0)
    session.play(1.0)
    qtbot.waitUntil(lambda: bool(output.given))
    session.play(0.0)
    clap = np.abs(output.given[0].astype(int)).argmax() / HEARD_RATE + output.frames[0] / 30
    assert clap == pytest.approx(CLAP + 1.0, abs=0.02)
    player.stop()
