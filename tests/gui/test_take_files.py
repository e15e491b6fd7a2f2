import dataclasses
import threading

import numpy as np
import pytest
from PySide6.QtCore import QCoreApplication

from app import records
from app.corrections import corrections_path, load_layer, save_layer
from app.gui import curve_levels, take_state
from app.gui.copy_in import copy
from app.gui.copy_in import main as copy_in
from app.gui.take_data import model_named, read_take
from app.gui.take_notes import write_settings
from app.gui.take_state import CALIBRATED, FAILED, state_of, survey
from app.places import places
from app.quality import BAD, DOUBTFUL, GOOD, levels, needs_a_look
from capture.arrays import load_arrays, save_arrays
from capture.errors import DataError, OutputError
from capture.settings import read_settings
from capture.shoot import open_shoot
from capture.sync import Clock, Timeline, save_timeline
from exporters.scene import make_scene
from exporters.to_json import write
from solver.corrections import Key, Layer
from tests.gui import faked


def test_notes_leave_the_rest_of_take_toml_alone(tmp_path):
    (tmp_path / "take.toml").write_text('# slate 4\nactor = "ben"\nnotes = "old"\n\n[lens]\nname = "85 mm"\n')
    write_settings(tmp_path, {"notes": 'chin "slips" at 12\nsecond line \x7f', "rating": 4})
    text = (tmp_path / "take.toml").read_text()
    assert text.startswith('# slate 4\nactor = "ben"\n')
    assert text.endswith('[lens]\nname = "85 mm"\n')
    settings = read_settings(tmp_path / "take.toml")
    assert (settings["notes"], settings["rating"]) == ('chin "slips" at 12\nsecond line \x7f', 4)
    assert settings["lens"] == {"name": "85 mm"}


def test_a_name_that_would_make_the_take_unusable_is_not_written(tmp_path):
    (tmp_path / "take.toml").write_text('actor = "ben"\n')
    with pytest.raises(DataError, match="actor: 'Mara / Idris' cannot be a name"):
        write_settings(tmp_path, {"actor": "Mara / Idris"})
    assert read_settings(tmp_path / "take.toml") == {"actor": "ben"}
    write_settings(tmp_path, {"actor": None, "rating": 0})
    assert read_settings(tmp_path / "take.toml") == {"rating": 0}


def test_notes_written_by_hand_over_several_lines_are_not_torn_apart(tmp_path):
    (tmp_path / "take.toml").write_text('notes = """\nrating = 9\nmany\n"""\n')
    before = (tmp_path / "take.toml").read_bytes()
    with pytest.raises(DataError, match=r"take\.toml"):
        write_settings(tmp_path, {"notes": "new", "rating": 3})
    assert (tmp_path / "take.toml").read_bytes() == before


def test_states_are_computed_from_the_disk_and_the_jobs(shoot):
    first, second = open_shoot(shoot).takes
    assert survey(first).state == take_state.SOLVED
    assert survey(first).seconds == pytest.approx(1.0)
    assert survey(second).state == take_state.CALIBRATED
    (shoot / "rig.toml").unlink()
    second = open_shoot(shoot).takes[1]
    assert survey(second).state == take_state.NEW
    (shoot / "takes/T002/camB.mp4").write_bytes(b"no clip")
    broken = survey(open_shoot(shoot).takes[1])
    assert broken.state == take_state.FAILED
    assert "camB.mp4" in broken.reason
    assert state_of(survey(first), "running", "")[0] == take_state.SOLVING
    assert state_of(survey(first), "waiting", "")[0] == take_state.WAITING
    assert state_of(survey(first), "failed", "no face") == (take_state.FAILED, "no face")


def test_doubtful_frames_make_a_take_need_a_look(shoot):
    performance = faked.solved(shoot, "T001")
    assert needs_a_look(performance) == ""
    performance.residual_px[4] = 9.0
    performance.seen[5] = 0.0
    performance.residual_px[6] = np.nan
    assert levels(performance)[3:7].tolist() == [GOOD, DOUBTFUL, BAD, GOOD]
    assert "2 of 30 frames are doubtful, 0 of them flagged, 1 without a face" in needs_a_look(performance)
    assert "frame 4" in needs_a_look(performance)


def test_a_take_is_read_with_what_can_be_read(shoot):
    data = read_take(open_shoot(shoot).takes[0])
    assert (data.frames, data.problems, data.first) == (faked.FRAMES, (), 0)
    assert set(data.landmarks) == {"camA", "camB"}
    (shoot / "takes/T001/.mien/solve.json").write_text("{")
    (shoot / "takes/T001/corrections.json").write_text("{")
    (shoot / "takes/T001/.mien/detect.camA.npz").write_bytes(b"PK")
    (shoot / "takes/T001/camB.mp4").write_bytes(b"")
    data = read_take(open_shoot(shoot).takes[0])
    assert data.scene is None
    assert not data.layer_readable
    assert data.clips is None
    assert set(data.landmarks) == {"camB"}
    assert len(data.problems) == 3


def test_a_solve_of_a_range_says_where_it_begins(shoot):
    performance = dataclasses.replace(faked.solved(shoot, "T001"), start_timecode="10:00:00:07")
    data = read_take(open_shoot(shoot).takes[0])
    write(make_scene(model_named("mien"), performance), data.where.work / "solve.json")
    assert read_take(open_shoot(shoot).takes[0]).first == 7


def test_clips_are_copied_whole_or_not_at_all(tmp_path, shoot, capsys):
    clip = shoot / "takes/T001/camA.mp4"
    target = tmp_path / "takes" / "T009"
    assert copy_in([str(target), str(clip)]) == 0
    assert (target / "camA.mp4").read_bytes() == clip.read_bytes()
    assert copy_in([str(target), str(clip)]) == 1
    assert "is there already" in capsys.readouterr().out
    assert copy_in([str(tmp_path / "other"), str(tmp_path / "none.mp4")]) == 3
    assert not list((tmp_path / "other").glob("*") if (tmp_path / "other").exists() else [])


def test_clips_of_one_name_are_called_after_their_folders(tmp_path, capsys):
    clips = [tmp_path / name for name in ("left/GX01.mp4", "right/GX01.mp4", "right/top.mov", "right/top.wav")]
    for clip in clips:
        clip.parent.mkdir(exist_ok=True)
        clip.write_text(str(clip))
    target = tmp_path / "takes/T009"
    assert copy_in([str(target), *map(str, clips)]) == 0
    assert {path.name: path.read_text() for path in target.iterdir()} == {
        "left.mp4": str(clips[0]), "right.mp4": str(clips[1]), "top.mov": str(clips[2]),
        "top.wav": str(clips[3])}
    (tmp_path / "right/GX01.mov").write_text("of the same camera")
    assert copy_in([str(tmp_path / "other"), str(clips[1]), str(tmp_path / "right/GX01.mov")]) == 3
    assert "rename" in capsys.readouterr().out
    assert not (tmp_path / "other").exists()
    (tmp_path / "right/top.mp4").write_text("of a camera that the take has")
    assert copy_in([str(target), str(tmp_path / "right/top.mp4")]) == 1
    assert "top.mov is there already" in capsys.readouterr().out


def test_a_file_that_came_while_clips_are_copied_is_not_overwritten(tmp_path):
    clips = [tmp_path / "a.mp4", tmp_path / "b.mp4"]
    for clip in clips:
        clip.write_text("new")

    def report(done, total):
        (tmp_path / "take/b.mp4").write_text("precious")

    with pytest.raises(OutputError, match="already"):
        copy(tmp_path / "take", clips, report, threading.Event())
    assert (tmp_path / "take/b.mp4").read_text() == "precious"


def test_curve_levels_hold_every_extreme():
    random = np.random.default_rng(3)
    values = random.random((18_000, 5))
    built = curve_levels.build(values)
    for first, last, pixels in ((0, 17_999, 300), (100, 9000, 500), (17_000, 17_999, 1200)):
        frames, lows, highs = curve_levels.visible(built, first, last, pixels)
        part = values[first:last + 1]
        assert (lows.min(axis=0) <= part.min(axis=0)).all()
        assert (highs.max(axis=0) >= part.max(axis=0)).all()
        assert len(frames) <= 8 * pixels + 8
    frames, lows, highs = curve_levels.visible(built, 200, 300, 1000)
    np.testing.assert_array_equal(lows, highs)
    np.testing.assert_array_equal(lows, values[frames.astype(int)])


def test_a_failed_solve_is_told_by_the_next_session_until_its_files_change(shoot):
    take = next(take for take in open_shoot(shoot).takes if take.name == "T002")
    where = places(take, None)
    where.work.mkdir(exist_ok=True)
    records.save_failed(where, take, None, "T002: no camera saw a face")
    assert survey(take).state == FAILED
    assert survey(take).reason == "T002: no camera saw a face"
    (take.folder / "take.toml").write_text('actor = "anna"\n')
    changed = next(take for take in open_shoot(shoot).takes if take.name == "T002")
    assert survey(changed).state == CALIBRATED


def test_landmarks_that_are_not_as_many_as_their_kind_has_are_not_compared(shoot, monkeypatch):
    known = dataclasses.replace(faked.embedding(), known=np.ones(478, dtype=bool))
    monkeypatch.setattr("solver.embedding.cached_embedding", lambda model, scheme: known)
    take = next(take for take in open_shoot(shoot).takes if take.name == "T001")
    assert read_take(take).embedding is None
    monkeypatch.setattr("solver.embedding.cached_embedding", lambda model, scheme: faked.embedding())
    assert read_take(take).embedding is not None


@pytest.mark.parametrize("poison", [lambda arrays: arrays.update(seen=np.array(True)),
                                    lambda arrays: arrays.update(xy=arrays["xy"][:, :, 0]),
                                    lambda arrays: arrays.update(xy=arrays["xy"].astype("U8"))])
def test_landmarks_that_others_wrote_are_not_shown(shoot, monkeypatch, poison):
    monkeypatch.setattr("solver.embedding.cached_embedding", lambda model, scheme: faked.embedding())
    path = shoot / "takes/T001/.mien/detect.camA.npz"
    arrays = load_arrays(path)
    poison(arrays)
    save_arrays(path, arrays)
    assert set(read_take(open_shoot(shoot).takes[0]).landmarks) == {"camB"}


def test_corrections_stay_with_their_pictures_when_the_clips_are_brought_into_step(session, shoot):
    session.open(shoot)
    path, cameras = corrections_path(session.data.take), session.data.take.cameras
    session.edit("key", faked.keyed(session, "jawOpen", 9, 0.8))
    session.save()
    assert load_layer(path).begins == dict.fromkeys(cameras, 0)
    late = 4 / session.data.rate
    save_timeline(Timeline((*(Clock(name, 0.0) for name in cameras[:-1]), Clock(cameras[-1], late)), "by hand"),
                  session.data.take.folder / "sync.toml")
    session.reload()
    assert session.data.clips.numbers[:, 4].tolist() == [*[4] * (len(cameras) - 1), 0]
    assert session.layer.spots() == {("jawOpen", 9)}
    session.edit("key", faked.keyed(session, "jawOpen", 12, 0.3))
    session.save()
    assert load_layer(path).begins == {**dict.fromkeys(cameras[:-1], 0), cameras[-1]: -4}
    save_timeline(Timeline((*(Clock(name, 0.0) for name in cameras[:-1]), Clock(cameras[-1], -late)), "by hand"),
                  session.data.take.folder / "sync.toml")
    session.reload()
    assert session.layer.spots() == {("jawOpen", 13), ("jawOpen", 16)}, "the take begins with the last camera now"
    session.edit("key", faked.keyed(session, "jawOpen", 17, 0.3))
    session.save()
    layer = load_layer(path)
    assert layer.spots() == {("jawOpen", 13), ("jawOpen", 16), ("jawOpen", 17)}
    assert layer.begins == {**dict.fromkeys(cameras[:-1], -4), cameras[-1]: 0}


def test_what_another_program_made_of_the_corrections_is_kept_beside_them(session, shoot):
    told = []
    session.message.connect(told.append)
    session.open(shoot)
    path = corrections_path(session.data.take)
    for frame in (3, 9):
        session.edit("key", faked.keyed(session, "jawOpen", frame, 0.8))
        session.save()
    assert not list(path.parent.glob("*others*")), "its own writes are nobody else's"
    theirs = Layer({"cheekPuff": (Key(5, 0.5),)})
    for number in (1, 2):
        save_layer(theirs, path)
        session.edit("key", faked.keyed(session, "jawOpen", 9 + number, 0.3))
        session.save()
        QCoreApplication.processEvents()
        assert load_layer(path) == session.layer
        assert load_layer(path.with_name(f"corrections.others-{number}.json")) == theirs
    assert [text for text in told if "corrections.others-2.json" in text]
    path.unlink()
    session.edit("key", faked.keyed(session, "jawOpen", 20, 0.3))
    session.save()
    assert load_layer(path) == session.layer
