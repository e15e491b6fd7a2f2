"""Awkward names and curves, as programs would keep them."""

import dataclasses

import numpy as np
import pytest

from capture.errors import OutputError
from exporters import WRITERS, to_fbx
from exporters.names import ANY, BLENDER, MAYA, UNREAL, clean
from exporters.scene import make_scene
from tests.consumers.ask import ask, assert_sees
from tests.synthetic import made_performance, small_face

MODEL = small_face()
AWKWARD = ("smile left", "smile.left", "smile_left", "smile/left", "Smile_Left", "öffnen", "口", "x" * 200,
           "x" * 199 + "y", "1st", "a:b", "tab\there", "quote\"d", "-", "été", "blendShape.jaw")


def awkward_scene():
    names = AWKWARD + MODEL.shape_names[len(AWKWARD):]
    model = dataclasses.replace(MODEL, shape_names=names)
    performance = made_performance(model, 20)
    weights = performance.weights.copy()
    weights[7, 20], weights[8, 20], weights[9, 21] = 1.053, 2.0, -0.25
    return make_scene(model, dataclasses.replace(performance, weights=weights))


SCENE = awkward_scene()


@pytest.mark.parametrize(("naming", "allowed"), [
    (MAYA, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_"), (UNREAL, None), (BLENDER, None),
    (ANY, None)])
def test_names_stay_apart_and_hold_what_the_program_allows(naming, allowed):
    found = clean(AWKWARD, naming)
    assert len({name.casefold() for name in found}) == len(AWKWARD)
    assert all(len(name.encode()) <= naming.longest for name in found)
    assert clean(found, naming) == found
    if allowed:
        assert set("".join(found)) <= set(allowed)
        assert not any(name[0].isdigit() for name in found)


def test_what_a_program_leaves_alone_is_left_alone():
    for naming in (ANY, UNREAL, BLENDER, MAYA):
        assert clean(MODEL.shape_names, naming) == MODEL.shape_names
    assert clean(("smile left", "smile.left", "smile_left"), MAYA) == ("smile_left", "smile_left_2", "smile_left_3")


@pytest.mark.parametrize(("script", "preset"), [
    ("ufbx_read.py", to_fbx.ANY_PROGRAM), ("ufbx_read.py", to_fbx.PRESETS["maya"]),
    ("ufbx_read.py", to_fbx.PRESETS["unreal"]), ("three_read.mjs", to_fbx.PRESETS["maya"])])
def test_awkward_names_and_weights_beyond_0_and_1_arrive_in_fbx(tmp_path, script, preset):
    to_fbx.write(SCENE, tmp_path / "T001.fbx", preset)
    kept = clean(SCENE.performance.shape_names, preset.names)
    assert_sees(ask(script, tmp_path / "T001.fbx"), dataclasses.replace(SCENE.performance, shape_names=kept), 0.01)


@pytest.mark.parametrize(("script", "suffix"), [
    ("three_read.mjs", ".glb"), ("babylon_read.mjs", ".glb"), ("usd_read.py", ".usda")])
def test_awkward_names_arrive_elsewhere(tmp_path, script, suffix):
    WRITERS[suffix](SCENE, tmp_path / f"T001{suffix}")
    assert_sees(ask(script, tmp_path / f"T001{suffix}"), SCENE.performance)


@pytest.mark.parametrize("suffix", sorted(WRITERS))
def test_every_format_takes_them(tmp_path, suffix):
    WRITERS[suffix](SCENE, tmp_path / f"T001{suffix}")
    assert (tmp_path / f"T001{suffix}").stat().st_size > 500


@pytest.mark.parametrize("suffix", [".glb", ".unity.anim", ".usda"])
def test_a_name_in_another_encoding_makes_a_file_that_can_be_read(tmp_path, suffix):
    """Its odd letters are half a letter each to Unicode, which readers refuse with all of the file."""
    odd = ("caf\udce9", *MODEL.shape_names[1:])
    performance = dataclasses.replace(made_performance(MODEL, 3), take="caf\udce9", shape_names=odd)
    WRITERS[suffix](make_scene(dataclasses.replace(MODEL, shape_names=odd), performance), tmp_path / f"x{suffix}")
    data = (tmp_path / f"x{suffix}").read_bytes()
    assert b"caf" in data
    assert b"udce9" not in data


def test_nothing_is_written_of_no_frames_or_no_numbers():
    performance = SCENE.performance
    bad = performance.weights.copy()
    bad[13, 3] = np.nan
    with pytest.raises(OutputError, match=r"smile/left in frame 13 is nan"):
        make_scene(SCENE.model, dataclasses.replace(performance, weights=bad, identity=np.zeros(0)))
    none = {name: getattr(performance, name)[:0] for name in
            ("weights", "sigma", "head_rotation", "head_translation", "gaze", "residual_px", "seen", "flags")}
    with pytest.raises(OutputError, match="it has no frames"):
        make_scene(SCENE.model, dataclasses.replace(performance, identity=np.zeros(0), **none))
