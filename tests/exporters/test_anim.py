import dataclasses
import re
from fractions import Fraction

import numpy as np
import pytest

from exporters import to_fbx
from exporters.metahuman import LABEL, PREFIX, convert
from exporters.rotations import euler_xyz
from exporters.scene import bare_scene, make_scene
from exporters.to_anim import write_maya, write_unity
from tests.exporters.fbx_file import Read
from tests.synthetic import made_performance, small_face

MODEL = small_face()
PERFORMANCE = made_performance(MODEL, 25)
SCENE = make_scene(MODEL, PERFORMANCE)


def maya_curves(path):
    """Curves of a Maya clip: (node, attribute) -> (frames, values); and the settings above them."""
    text = path.read_text()
    found = re.findall(r"anim (\S+) (\S+) (\S+) 0 0 \d+;\nanimData \{\n(.*?)\n\}", text, re.S)
    curves = {}
    for _, leaf, node, body in found:
        keys = re.findall(r"^    (\d+) (\S+) linear linear 1 1 0;$", body, re.M)
        curves[node, leaf] = np.array(keys, dtype=float).T
        assert len(keys) == body.count(";") - 5
    return curves, text[:text.index("anim ")]


def test_mayas_clip_holds_every_curve(tmp_path):
    write_maya(SCENE, tmp_path / "T001.anim")
    curves, settings = maya_curves(tmp_path / "T001.anim")
    assert "timeUnit ntsc;" in settings
    assert "linearUnit cm;\nangularUnit deg;\nstartTime 0;\nendTime 24;" in settings
    assert len(curves) == 52 + 6 + 6
    for index, name in enumerate(MODEL.shape_names):
        frames, values = curves["FaceBlendShapes", name]
        found = np.interp(np.arange(25), frames, values)
        assert np.abs(found - PERFORMANCE.weights[:, index]).max() < 1.01e-3
    place = np.stack([curves["Head", f"translate{axis}"][1] for axis in "XYZ"], axis=-1)
    np.testing.assert_allclose(place, 100 * PERFORMANCE.head_translation, atol=1e-6)
    turn = np.stack([curves["Head", f"rotate{axis}"][1] for axis in "XYZ"], axis=-1)
    np.testing.assert_allclose(turn, np.degrees(euler_xyz(PERFORMANCE.head_rotation)), atol=1e-6)


@pytest.mark.parametrize(("rate", "unit"), [
    (15, "game"), (24, "film"), (25, "pal"), (30, "ntsc"), (48, "show"), (50, "palf"), (60, "ntscf"), (120, "120fps"),
    (Fraction(24000, 1001), "23.976fps"), (Fraction(30000, 1001), "29.97fps"), (Fraction(48000, 1001), "47.952fps"),
    (Fraction(60000, 1001), "59.94fps")])
def test_mayas_time_units(tmp_path, rate, unit):
    write_maya(make_scene(MODEL, made_performance(MODEL, 3, rate)), tmp_path / "T001.anim")
    assert f"timeUnit {unit};" in (tmp_path / "T001.anim").read_text()


def unity_curves(path):
    """Curves of a Unity clip: (attribute, path) -> (times, values)."""
    text = path.read_text()
    assert text.startswith("%YAML 1.1\n%TAG !u! tag:unity3d.com,2011:\n--- !u!74 &7400000\nAnimationClip:\n")
    curves = {}
    for section in re.split(r"^  m_", text, flags=re.M)[1:]:
        kind, body = section.split(":", 1)
        for curve in re.split(r"^  - ", body, flags=re.M)[1:]:
            attribute = re.search(r"^    attribute: (.*)$", curve, re.M)
            node = re.search(r"^    path: (.*)$", curve, re.M)
            times = np.array(re.findall(r"^        time: (\S+)$", curve, re.M), dtype=float)
            values = re.findall(r"^        value: (.*)$", curve, re.M)
            numbers = np.array([[float(x) for x in re.findall(r"-?\d+(?:\.\d+)?(?:e-?\d+)?", value)]
                                for value in values])
            curves[attribute[1] if attribute else kind, node[1]] = times, numbers
    return curves, text


def test_unitys_clip_holds_every_curve(tmp_path):
    write_unity(SCENE, tmp_path / "T001.anim")
    curves, text = unity_curves(tmp_path / "T001.anim")
    assert len(curves) == 52 + 1 + 3
    assert "m_SampleRate: 30\n" in text
    assert f"m_StopTime: {24 / 30:.9g}\n" in text
    for index, name in enumerate(MODEL.shape_names):
        times, values = curves[f"blendShape.{name}", "Face"]
        found = np.interp(SCENE.times, times, values[:, 0]) / 100
        assert np.abs(found - PERFORMANCE.weights[:, index]).max() < 1.01e-3
    np.testing.assert_allclose(curves["PositionCurves", ""][1], PERFORMANCE.head_translation * [-1, 1, 1], atol=1e-8)
    x, y, z, w = PERFORMANCE.head_rotation.T
    np.testing.assert_allclose(curves["RotationCurves", ""][1], np.stack([x, -y, -z, w], axis=-1), atol=1e-8)
    assert ("RotationCurves", "EyeRight") in curves


def test_unitys_clip_fits_the_hierarchy_of_the_fbx_for_unity(tmp_path):
    shapes = MODEL.shapes.copy()
    shapes[MODEL.shape_names.index("jawForward"), MODEL.eyes[0].vertices] = [0.0, 0.0, 0.01]
    scene = make_scene(dataclasses.replace(MODEL, shapes=shapes), PERFORMANCE)
    to_fbx.write(scene, tmp_path / "T001.fbx", to_fbx.PRESETS["unity"])
    file = Read(tmp_path / "T001.fbx")

    def below(parent, place=""):
        for model in file.below(parent, "Model"):
            yield place + file.name(model), model
            yield from below(model, f"{place}{file.name(model)}/")

    nodes = dict(below(0))
    write_unity(scene, tmp_path / "T001.anim", bones=True)
    curves, _ = unity_curves(tmp_path / "T001.anim")
    assert {node for _, node in curves} == {"Head", "Head/EyeLeft", "Head/EyeRight", "Face", "EyeLeftMesh"}
    assert {node for _, node in curves} <= nodes.keys()
    assert ("blendShape.jawForward", "EyeLeftMesh") in curves
    write_unity(scene, tmp_path / "plain.anim")
    assert {node for _, node in unity_curves(tmp_path / "plain.anim")[0]} == {"", "EyeLeft", "EyeRight", "Face"}
    for axis, sign in zip("XYZ", (-1, 1, 1), strict=True):
        _, values = file.curve(nodes["Head"], "Lcl Translation", axis)
        np.testing.assert_allclose(curves["PositionCurves", "Head"][1][:, "XYZ".index(axis)], sign * values / 100,
                                   atol=1e-6)


def test_unitys_tangents_point_at_the_neighbours(tmp_path):
    write_unity(SCENE, tmp_path / "T001.anim")
    text = (tmp_path / "T001.anim").read_text()
    curve = next(part for part in text.split("  - serializedVersion: 2\n") if "blendShape.jawOpen" in part)
    times, values, into, out = (np.array(re.findall(rf"^        {name}: (\S+)$", curve, re.M), dtype=float)
                                for name in ("time", "value", "inSlope", "outSlope"))
    slopes = np.diff(values) / np.diff(times)
    np.testing.assert_allclose(into[1:], slopes, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(out[:-1], slopes, rtol=1e-4, atol=1e-4)


def test_both_clips_are_the_same_bytes_again(tmp_path):
    for write in (write_maya, write_unity):
        write(SCENE, tmp_path / "a.anim")
        write(SCENE, tmp_path / "b.anim")
        assert (tmp_path / "a.anim").read_bytes() == (tmp_path / "b.anim").read_bytes()


def test_metahuman_controls_follow_epics_table():
    out = convert(PERFORMANCE)
    assert out.model_name == LABEL
    name = {n.removeprefix(PREFIX): index for index, n in enumerate(out.shape_names)}
    assert len(name) == len(out.shape_names)
    assert all(n.startswith(PREFIX) for n in out.shape_names)
    w = dict(zip(MODEL.shape_names, PERFORMANCE.weights.T, strict=True))

    def control(which):
        return out.weights[:, name[which]]

    np.testing.assert_allclose(control("eyeLookRightL"), w["eyeLookInLeft"])
    np.testing.assert_allclose(control("browRaiseInL"), np.clip(w["browInnerUp"] + w["browOuterUpLeft"], 0, 1))
    np.testing.assert_allclose(control("mouthFunnelUR"), np.clip(w["mouthFunnel"] + 0.752 * w["mouthPucker"], 0, 1))
    np.testing.assert_allclose(control("mouthUpperLipRollInL"),
                               np.clip(0.499 * w["mouthRollLower"] + w["mouthRollUpper"], 0, 1))
    jaw, close = w["jawOpen"], w["mouthClose"]
    expected = [min(c / j, 1.0) if j > 0 else 0.0 for c, j in zip(close, jaw, strict=True)]
    for lip in ("UL", "UR", "DL", "DR"):
        np.testing.assert_allclose(control(f"mouthLipsTogether{lip}"), expected)
    assert not control("mouthUp").any()
    assert out.weights.min() >= 0
    assert out.weights.max() <= 1


def test_curves_of_a_rig_without_a_mesh_can_be_written(tmp_path):
    scene = bare_scene(convert(PERFORMANCE))
    write_maya(scene, tmp_path / "mh.anim")
    curves, _ = maya_curves(tmp_path / "mh.anim")
    assert ("FaceBlendShapes", "CTRL_expressions_jawOpen") in curves
