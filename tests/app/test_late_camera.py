"""A take is solved wherever one of its cameras sees the actor: one that begins late or stops early costs no frame."""

import json
import shutil
from dataclasses import replace
from fractions import Fraction
from functools import partial
from pathlib import Path

import av
import numpy as np
import pytest

from app.accuracy import compare
from app.bench_truth import cut, read_truth
from app.clocks import counted_later, first_frame, range_key
from app.corrections import save_layer
from app.gui.take_data import read_take
from app.places import SOLVE_NAME, places
from capture import match
from capture.match import align
from capture.shoot import find_takes
from capture.sync import Clock, Timeline, save_timeline
from capture.video import Clip
from exporters.scene import make_scene
from exporters.to_json import read, write
from solver.corrections import CORRECTED, Key, Layer
from solver.face_model import FaceModel
from tests.app.command import mien, mien_here
from tests.material import shared
from tests.synthetic import made_performance, small_face

FRAMES, LATE, EARLY = 48, 16, 12
PARTS = {"camA and camC": (0, LATE), "all": (LATE, FRAMES - EARLY), "camA and camB": (FRAMES - EARLY, FRAMES)}


def cut_clip(source: Path, target: Path, first: int, stop: int) -> None:
    """A clip's frames from `first` up to, and without, `stop`, without loss."""
    with av.open(str(source)) as before, av.open(str(target), "w") as after:
        read_from = before.streams.video[0]
        stream = after.add_stream("libx264", rate=read_from.average_rate, options={"qp": "0", "preset": "veryfast"})
        stream.width, stream.height, stream.pix_fmt = read_from.width, read_from.height, read_from.pix_fmt
        for index, frame in enumerate(before.decode(read_from)):
            if first <= index < stop:
                copy = av.VideoFrame.from_ndarray(frame.to_ndarray(), format=frame.format.name)
                copy.pts, copy.time_base = index - first, 1 / Fraction(read_from.average_rate)
                after.mux(stream.encode(copy))
        after.mux(stream.encode(None))


@pytest.fixture(scope="module")
def ragged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The rendered shoot, whose camB begins LATE frames late and whose camC stops EARLY frames early."""
    folder = tmp_path_factory.mktemp("ragged")
    source, take = shared("truth", "actor1"), folder / "takes" / "T001"
    take.mkdir(parents=True)
    for name, (first, stop) in {"camA": (0, FRAMES), "camB": (LATE, FRAMES), "camC": (0, FRAMES - EARLY)}.items():
        cut_clip(source / "takes" / "T001" / f"{name}.mp4", take / f"{name}.mp4", first, stop)
    shutil.copyfile(source / "rig.toml", folder / "rig.toml")
    save_timeline(Timeline((Clock("camA", 0.0), Clock("camB", LATE / 30), Clock("camC", 0.0)), "by hand"),
                  take / "sync.toml")
    return folder


def test_each_part_is_solved_by_the_cameras_that_are_there(ragged: Path, ict: FaceModel) -> None:
    save_layer(Layer({"jawOpen": (Key(5, 0.9),)}), ragged / "takes/T001/corrections.json")  # from the shared frames on
    said = mien("solve", ragged, "--model", shared("models", "ICT-FaceKit-master.zip"), "--preset", "draft", "--format",
                "json").stderr
    assert "saw no face" not in said
    found = read(ragged / "solved" / "T001.mien.json")
    truth = read_truth(shared("truth", "actor1") / "truth.npz", ict).performance
    assert found.frames == FRAMES
    corrected = [frame for frame, words in enumerate(found.flags) if CORRECTED in words]
    assert corrected == [LATE + 5], "counted from the first frame that all cameras show"
    solved = read(ragged / "takes/T001/.mien" / SOLVE_NAME)
    for name, (first, stop) in PARTS.items():
        accuracy = compare(cut(solved, first, stop), cut(truth, first, stop))
        assert accuracy.mean_rmse < 0.45 * accuracy.mean_zero_rmse, name
        assert accuracy.head_degrees < 1.8, name
        assert accuracy.head_metres < 0.003, name
    assert np.allclose(found.seen, [2 / 3] * LATE + [1.0] * (FRAMES - LATE - EARLY) + [2 / 3] * EARLY)
    page = (ragged / "solved" / "T001.report.html").read_text()
    assert f"camB has no picture in {LATE} of {FRAMES} frames" in page
    assert f"camC has no picture in {EARLY} of {FRAMES} frames" in page
    assert "misses the face" not in page
    assert "1 done, of 1 takes" in mien_here("status", ragged).stdout
    assert read_take(find_takes(ragged)[0]).first == 0


def test_what_an_older_mien_solved_is_made_again_and_that_is_said_once(ragged: Path, tmp_path: Path) -> None:
    shoot = tmp_path / "shoot"
    shutil.copytree(ragged, shoot, ignore=shutil.ignore_patterns(".mien", "solved", "corrections.json"))
    (shoot / "takes/T001/take.toml").write_text("neutral = 3\n")
    take = find_takes(shoot)[0]
    work, model = places(take, None).work, small_face()
    work.mkdir(parents=True)
    old = made_performance(model, FRAMES - LATE - EARLY, 30, 0)
    old = replace(old, take="T001", cameras=take.cameras, start_timecode="00:00:00:00",
                  steps={"detect camA": "a", "solve": "s"})
    write(make_scene(model, old), work / SOLVE_NAME)
    options = ("--preset", "draft", "--format", "json")
    said = mien_here("solve", shoot, *options).stderr
    assert f"what was frame 0 is frame {LATE}" in said
    assert f"if that was said before, write `neutral = {3 + LATE}`" in said
    assert json.loads((shoot / "solved/T001.mien.json").read_text())["frames"] == FRAMES
    (shoot / "takes/T001/take.toml").write_text(f"neutral = {3 + LATE}\n")
    assert "what was frame 0" not in mien_here("solve", shoot, *options).stderr


def clips_of(**begins: float) -> list[Clip]:
    return [Clip(Path(name), name, (64, 48), Fraction(30), 60, np.arange(60) / 30, None, False, "h264", False, ())
            for name in begins]


def test_only_a_solve_of_an_older_mien_is_counted_from_the_last_camera() -> None:
    begins = {"camA": 0.0, "camB": 0.5}
    clips = align("it", clips_of(**begins), begins)
    old = made_performance(small_face(), 45, 30, 0)
    old = replace(old, start_timecode="00:00:00:00", steps={"detect camA": "a"})
    now = replace(old, steps={**old.steps, **range_key(clips)})
    live = replace(old, steps={"live": "a"})
    assert [first_frame(clips, one) for one in (old, now, live)] == [15, 0, 0]
    assert (counted_later(clips, None), counted_later(None, old)) == (0, 0)
    together = align("it", clips_of(**begins))
    assert range_key(together) == {}
    assert first_frame(together, old) == 0


def test_an_older_solve_of_the_same_pictures_is_not_taken_for_one_of_other_frames(
        ragged: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As the note says, what all saw is chosen by its numbers: the pictures are those of the older solve, whose first
    frame was 0."""
    shoot, options = tmp_path / "shoot", ("--preset", "draft", "--format", "json")
    shutil.copytree(ragged, shoot, ignore=shutil.ignore_patterns(".mien", "solved", "corrections.json"))
    with monkeypatch.context() as older:
        older.setattr(match, "align", partial(align, only_shared=True))
        mien_here("solve", shoot, *options)
    assert read(shoot / "solved/T001.mien.json").start_timecode == "00:00:00:00"
    some = ("--start", str(LATE), "--end", str(FRAMES - EARLY))
    mien_here("solve", shoot, *options, *some)
    assert read(shoot / "solved/T001.mien.json").start_timecode == f"00:00:00:{LATE}"
    assert read_take(find_takes(shoot)[0]).first == LATE
