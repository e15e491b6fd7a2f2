"""What Blender's, Godot's and the web's readers see in our files must be what mien.json says."""

import dataclasses
from fractions import Fraction

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from exporters import WRITERS, to_fbx, to_json
from exporters.scene import make_scene
from tests.consumers.ask import ask, assert_eyes, assert_sees
from tests.synthetic import made_performance, small_face

MODEL = small_face()
RATES = [Fraction(24000, 1001), Fraction(24), Fraction(25), Fraction(30000, 1001), Fraction(30), Fraction(48),
         Fraction(50), Fraction(60000, 1001), Fraction(60), Fraction(120), Fraction(25, 2)]


@pytest.fixture(scope="module")
def take(tmp_path_factory):
    """A take of 90 frames at 29.97 whose head turns right round, exported to every format; and as mien.json says it."""
    folder = tmp_path_factory.mktemp("take")
    performance = made_performance(MODEL, 90, Fraction(30000, 1001))
    turn = np.stack([np.linspace(-0.5, 7.0, 90), 0.3 * np.sin(np.arange(90) / 9), 0.1 * np.cos(np.arange(90) / 7)], -1)
    head = Rotation.from_euler("YXZ", turn).as_quat()
    scene = make_scene(MODEL, dataclasses.replace(performance, head_rotation=head))
    for suffix, write in WRITERS.items():
        write(scene, folder / f"T001{suffix}")
    to_fbx.write(scene, folder / "T001_7500.fbx", to_fbx.Preset(version=7500))
    for name, preset in to_fbx.PRESETS.items():
        to_fbx.write(scene, folder / f"T001_{name}.fbx", preset)
    to_fbx.write(scene, folder / "T001_curves.fbx", dataclasses.replace(to_fbx.PRESETS["unreal"], geometry=False))
    to_fbx.write(scene, folder / "T001_few.fbx", to_fbx.Preset(tolerance=0.005))
    return folder, to_json.read(folder / "T001.mien.json")


@pytest.mark.parametrize("name", ["T001.fbx", "T001_7500.fbx"])
def test_ufbx_reads_the_fbx(take, name):
    folder, truth = take
    seen = ask("ufbx_read.py", folder / name)
    assert_sees(seen, truth, seen["unit_meters"])
    assert_eyes(seen, truth)
    assert seen["warnings"] == []
    assert seen["unit_meters"] == 0.01
    assert seen["up"] == "POSITIVE_Y"
    assert seen["has_normals"]
    assert seen["vertices"] == len(MODEL.neutral)
    assert seen["faces"] == len(MODEL.faces)
    assert seen["start"] == 0
    biggest = np.linalg.norm(MODEL.shapes, axis=-1).max(axis=1)
    for name, size in zip(MODEL.shape_names, biggest, strict=True):
        assert seen["morph_deltas"][name]["max"] == pytest.approx(100 * size, rel=1e-5)


@pytest.mark.parametrize("name", ["unity", "unreal", "blender", "curves"])
def test_ufbx_reads_each_programs_fbx(take, name):
    folder, truth = take
    seen = ask("ufbx_read.py", folder / f"T001_{name}.fbx")
    up = Rotation.from_euler("x", 90 if name == "blender" else 0, degrees=True)  # Blender's z points up
    assert_sees(seen, standing(truth, up), seen["unit_meters"])
    assert_eyes(seen, truth, up=up)
    assert seen["warnings"] == []
    assert seen["bones"] == (0 if name == "blender" else 3)
    assert seen["unit_meters"] == (1.0 if name == "blender" else 0.01)
    assert seen["vertices"] == (9 if name == "curves" else len(MODEL.neutral))


def standing(performance, up):
    """The same in axes that `up` leads to, in the world as in the head."""
    turned = up * Rotation.from_quat(performance.head_rotation) * up.inv()
    return dataclasses.replace(performance, head_rotation=turned.as_quat(),
                               head_translation=up.apply(performance.head_translation))


@pytest.mark.parametrize("name", ["T001.fbx", "T001_unreal.fbx"])
def test_three_reads_the_fbx(take, name):
    folder, truth = take
    seen = ask("three_read.mjs", folder / name)
    assert_sees(seen, truth, 0.01)
    assert_eyes(seen, truth)
    assert seen["warnings"] == []


@pytest.mark.parametrize("script", ["three_read.mjs", "babylon_read.mjs"])
def test_the_web_reads_the_glb(take, script):
    folder, truth = take
    seen = ask(script, folder / "T001.glb")
    assert_sees(seen, truth)
    assert_eyes(seen, truth)
    assert seen["warnings"] == []
    assert {"Head", "Face", "EyeLeft", "EyeRight"} <= set(seen["nodes"])
    assert seen["faces"] == len(MODEL.triangles)
    biggest = np.linalg.norm(MODEL.shapes, axis=-1).max(axis=1)
    for name, size in zip(MODEL.shape_names, biggest, strict=True):
        assert seen["morph_deltas"][name]["max"] == pytest.approx(size, rel=1e-4)


def test_khronos_finds_nothing_wrong_with_the_glb(take):
    seen = ask("gltf_validate.mjs", take[0] / "T001.glb")
    assert seen["counts"]["errors"] == seen["counts"]["warnings"] == 0
    # Its one remark is that UVs are not used by a picture yet: they are there for the user's own.
    assert all("UNUSED_OBJECT" in remark and "TEXCOORD_0" in remark for remark in seen["warnings"])
    assert seen["has_morph_targets"]
    assert seen["animations"] == 1


@pytest.mark.parametrize("suffix", [".usda", ".usdc"])
def test_openusd_reads_the_usd_and_its_validators_are_silent(take, suffix):
    folder, truth = take
    seen = ask("usd_read.py", folder / f"T001{suffix}")
    assert_sees(seen, truth, seen["unit_meters"])
    assert_eyes(seen, truth)
    assert seen["warnings"] == []
    assert seen["unit_meters"] == 1.0
    assert seen["up"] == "Y"
    assert seen["vertices"] == len(MODEL.neutral)


def test_fewer_keys_are_read_as_straight_lines(take):
    folder, truth = take
    seen = ask("ufbx_read.py", folder / "T001_few.fbx")
    assert_sees(seen, truth, 0.01, weight=0.0051)
    assert seen["keys"] < 0.6 * ask("ufbx_read.py", folder / "T001.fbx")["keys"]


@pytest.mark.parametrize("rate", RATES, ids=str)
def test_each_frame_rate_is_seen_exactly(tmp_path, rate):
    performance = made_performance(MODEL, 20, rate)
    to_fbx.write(make_scene(MODEL, performance), tmp_path / "T001.fbx")
    seen = ask("ufbx_read.py", tmp_path / "T001.fbx")
    assert_sees(seen, performance, 0.01)
    assert seen["warnings"] == []


def test_the_comparison_can_fail(take):
    folder, truth = take
    seen = ask("ufbx_read.py", folder / "T001.fbx")
    weights = truth.weights.copy()
    weights[40, 7] += 2e-3
    turned = Rotation.from_euler("x", 0.1, degrees=True) * Rotation.from_quat(truth.head_rotation)
    for change in ({"weights": weights}, {"head_translation": truth.head_translation + 2e-4},
                   {"head_rotation": turned.as_quat()}, {"frame_rate": Fraction(30)}):
        with pytest.raises(AssertionError):
            assert_sees(seen, dataclasses.replace(truth, **change), 0.01)
