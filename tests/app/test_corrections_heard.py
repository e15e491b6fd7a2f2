"""Corrections stay with the pictures that they were made on; those that a solve has no place for are told, and no frame
is flagged for them."""

import json
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from app.corrections import layer_key, load_layer, on_clips, rest_on_clips, save_layer
from capture.match import TakeClips, align
from capture.sync import Clock, Timeline, save_timeline
from capture.video import Clip, probe
from solver.corrections import CORRECTED, Key, Layer, heard, moved
from tests.app.command import mien_here
from tests.app.shoots import FEW, shoot_of
from tests.clips import numbered, write_clip

SHAPES, CAMERAS = ("jawOpen", "mouthFunnel"), ("camA", "camB")


def test_what_has_a_place_is_kept_and_the_rest_is_named() -> None:
    layer = Layer({"jawOpen": (Key(2, 0.5), Key(400, 0.5)), "jawopen": (Key(2, 0.5),)}, frozenset([3, 99]),
                  {("camA", 4, 2): (1.0, 2.0), ("front", 4, 2): (1.0, 2.0), ("camB", 999, 2): (1.0, 2.0)}, "made")
    kept, left_out = heard(layer, SHAPES, CAMERAS, "made", 478, 48)
    assert kept == Layer({"jawOpen": (Key(2, 0.5),)}, frozenset([3]), {("camA", 4, 2): (1.0, 2.0)}, "made")
    told = "\n".join(left_out)
    assert all(word in told for word in ("99, 400", "jawopen", "front", "999")), told
    assert heard(kept, SHAPES, CAMERAS, "made", 478, 48) == (kept, ())
    others, left_out = heard(kept, SHAPES, CAMERAS, "others", 478, 48)
    assert not others.drags
    assert not others.scheme
    assert len(left_out) == 1
    assert "made's" in left_out[0]


def test_many_of_them_make_no_long_sentence() -> None:
    layer = Layer({f"shape{number}": (Key(2, 0.5),) for number in range(40)})
    _, (sentence,) = heard(layer, SHAPES, CAMERAS, "made", 478, 48)
    assert "and 35 more" in sentence


def test_a_solve_says_what_it_left_out_and_flags_only_what_it_went_around(demo: Path, tmp_path: Path) -> None:
    shoot = shoot_of(demo, tmp_path, ("T001",))
    save_layer(Layer({"jawOpen": (Key(2, 0.5),), "jawopen": (Key(1, 0.5),)}), shoot / "takes/T001/corrections.json")
    said = mien_here("solve", shoot, *FEW).stderr
    assert "keys of jawopen are of shapes that this model has not: left out" in said
    flags = json.loads((shoot / "solved/T001.mien.json").read_text())["quality"]["flags"]
    assert [frame for frame, words in enumerate(flags) if CORRECTED in words] == [2]


def test_what_was_said_moves_with_the_pictures_it_was_said_of() -> None:
    layer = Layer({"jawOpen": (Key(2, 0.5), Key(9, 0.7)), "mouthFunnel": (Key(1, 0.1),)}, frozenset([9]),
                  {("camA", 4, 9): (1.0, 2.0), ("camB", 4, 9): (3.0, 4.0), ("camB", 5, 1): (5.0, 6.0)}, "made",
                  begins={"camA": 0, "camB": 0, "camC": 2})
    after, shifts = moved(layer, {"camA": 3, "camB": 3, "camC": 2, "camD": 7})
    assert after == Layer({"jawOpen": (Key(6, 0.7),)}, frozenset([6]),
                          {("camA", 4, 6): (1.0, 2.0), ("camB", 4, 6): (3.0, 4.0)}, "made")
    assert shifts == {"camA": -3, "camB": -3}
    assert after.begins == {"camA": 3, "camB": 3, "camC": 2, "camD": 7}
    assert moved(after, after.begins) == (after, {})
    assert moved(Layer({"jawOpen": (Key(2, 0.5),)}), after.begins)[0].keys == {"jawOpen": (Key(2, 0.5),)}


def test_a_layer_keeps_where_its_clips_began(tmp_path: Path) -> None:
    layer = Layer({"jawOpen": (Key(6, 0.5),)}, begins={"camB": 3, "camA": 0})
    save_layer(layer, tmp_path / "new.json")
    read = load_layer(tmp_path / "new.json")
    assert (read, read.begins) == (layer, layer.begins)
    assert layer_key(read) == layer_key(Layer(layer.keys)), "it is no matter of what is said"


def test_a_take_that_is_brought_into_step_later_is_corrected_in_the_same_pictures(demo: Path, tmp_path: Path) -> None:
    shoot = shoot_of(demo, tmp_path, ("T001",))
    save_layer(Layer({"jawOpen": (Key(0, 0.7),)}, begins={"camA": 3, "camB": 3, "camC": 0}),
               shoot / "takes/T001/corrections.json")
    save_timeline(Timeline((Clock("camA", 0.0), Clock("camB", 0.0), Clock("camC", 0.1)), "by hand"),
                  shoot / "takes/T001/sync.toml")
    said = mien_here("solve", shoot, *FEW).stderr
    assert "camA by +3, camB by +3, camC by +3 frames" in said
    found = json.loads((shoot / "solved/T001.mien.json").read_text())
    assert [frame for frame, words in enumerate(found["quality"]["flags"]) if CORRECTED in words] == [3]
    assert abs(found["weights"][3][found["shapes"].index("jawOpen")] - 0.7) < 0.02


def test_a_drag_stays_with_its_picture_where_its_camera_films_faster(tmp_path: Path) -> None:
    clips = [probe(write_clip(tmp_path / f"{name}.mp4", numbered(2 * rate), rate))
             for name, rate in (("camA", 30), ("camB", 60))]
    before, after = (align("it", clips, {"camA": late, "camB": 0.0}) for late in (0.0, 0.2))
    layer, _ = on_clips(Layer(drags={("camB", 5, 30): (1.0, 2.0)}, scheme="made"), before)
    layer, shifts = on_clips(layer, after)
    (_, _, frame), = layer.drags
    assert after.numbers[1, frame] == before.numbers[1, 30]
    assert (frame, shifts) == (30, {"camA": 6})


def later_by(camera: str, frames: int) -> tuple[TakeClips, TakeClips]:
    """A take of three cameras of several rates of which one begins later: as mien takes it, and as it did before it
    took what not all of them show."""
    clips = [Clip(Path(name), name, (64, 48), Fraction(rate), 2 * rate, np.arange(2 * rate) / rate, None, False, "h264",
                  False, ()) for name, rate in (("camA", 30), ("camB", 60), ("camC", 30))]
    offsets = {**dict.fromkeys(("camA", "camB", "camC"), 0.0), camera: frames / 30}
    return align("it", clips, offsets), align("it", clips, offsets, only_shared=True)


@pytest.mark.parametrize("frames", [1, 15, 16])
@pytest.mark.parametrize("camera", ["camA", "camB", "camC"])
@pytest.mark.parametrize("knows", [True, False])
def test_corrections_of_a_take_that_began_with_its_last_camera_stay_with_their_pictures(
        camera: str, frames: int, knows: bool, tmp_path: Path) -> None:
    now, before = later_by(camera, frames)
    said = Layer({"jawOpen": (Key(0, 0.5), Key(7, 0.7))}, frozenset([3]),
                 {(name, 4, 5): (1.0, 2.0) for name in ("camA", "camB", "camC")}, "made",
                 held=frozenset([("camB", 4, 5)]))
    then, _ = on_clips(said, before)
    layer, shifts = on_clips(then if knows else said, now)
    assert shifts == dict.fromkeys(("camA", "camB", "camC"), frames)
    assert layer.spots() == {("jawOpen", frames), ("jawOpen", 7 + frames)}
    assert (layer.right, layer.held) == ({3 + frames}, {("camB", 4, 5 + frames)})
    for index, name in enumerate(("camA", "camB", "camC")):
        assert (name, 4, 5 + frames) in layer.drags
        assert now.numbers[index, 5 + frames] == before.numbers[index, 5]
    assert rest_on_clips(then if knows else said, now, 5) == 5 + frames
    save_layer(layer, tmp_path / "corrections.json")
    read = load_layer(tmp_path / "corrections.json")
    assert (read, read.begins, on_clips(read, now)) == (layer, layer.begins, (layer, {}))
    assert json.loads((tmp_path / "corrections.json").read_text())["version"] == 4, "an older mien must not slide them"


def test_corrections_of_a_take_whose_cameras_begin_together_are_written_as_ever(tmp_path: Path) -> None:
    now, _ = later_by("camC", 0)
    layer, shifts = on_clips(Layer({"jawOpen": (Key(2, 0.5),)}), now)
    assert (layer.spots(), shifts) == ({("jawOpen", 2)}, {})
    save_layer(layer, tmp_path / "corrections.json")
    assert json.loads((tmp_path / "corrections.json").read_text())["version"] == 3
