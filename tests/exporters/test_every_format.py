"""What every format must stand: awkward names, weights beyond 0 and 1, an hour, no number, no frames.

Each file is read back for its names, its curves and the time of its last key.
"""

import csv
import dataclasses
import json
import re
from fractions import Fraction

import numpy as np
import pytest
from pxr import Usd, UsdSkel

from capture.errors import OutputError
from exporters import WRITERS, to_fbx, to_json
from exporters.live import live_link, vmc
from exporters.metahuman import PREFIX
from exporters.names import ANY, MAYA, clean
from exporters.scene import Scene, bare_scene, make_scene
from solver.performance import Performance
from tests.exporters.fbx_file import Read as ReadFbx
from tests.exporters.live_link_csv import read as read_csv
from tests.exporters.test_anim import maya_curves, unity_curves
from tests.exporters.test_gltf import Read as ReadGlb
from tests.synthetic import made_performance, small_face

MODEL = small_face()
FILM, SLOW = Fraction(24000, 1001), Fraction(2000, 1001)
"""Hours of all formats at 23.976 would take CI minutes: those that write text or a value at a time get fewer frames."""

COLLIDING = ("smile left", "smile.left", "smile_left", "Smile_Left", "öffnen", "x" * 200, "x" * 199 + "y", "1st", "a/b")


def awkward() -> Scene:
    """Names that become one another in a program's clean-up, and weights of 2, 1.053 and -0.25."""
    model = dataclasses.replace(MODEL, shape_names=COLLIDING + MODEL.shape_names[len(COLLIDING):])
    performance = made_performance(model, 20)
    weights = performance.weights.copy()
    weights[7, 17], weights[8, 17], weights[9, 18], weights[:4, 2] = 1.053, 2.0, -0.25, [-0.5, 0.0, 1.5, 1.0]
    return make_scene(model, dataclasses.replace(performance, weights=weights))


def hour(rate: Fraction) -> Scene:
    """One shape for an hour and a frame."""
    frames = int(3600 * rate) + 1
    short = made_performance(MODEL, 2, rate)
    return bare_scene(dataclasses.replace(
        short, shape_names=("jawOpen",), weights=np.abs(np.sin(np.arange(frames) / 9))[:, None],
        sigma=np.zeros((frames, 1)), head_rotation=np.tile([[0.0, 0.0, 0.0, 1.0]], (frames, 1)),
        head_translation=np.zeros((frames, 3)), gaze=np.zeros((frames, 2, 2)), identity=np.zeros(0),
        residual_px=np.zeros(frames), seen=np.ones(frames), flags=((),) * frames))


def seen_in_json(path):
    performance = to_json.read(path)
    return dict(zip(performance.shape_names, performance.weights.T, strict=True)), (
        (performance.frames - 1) / float(performance.frame_rate))


def seen_in_csv(path):
    table = read_csv(path)
    names = ("jawOpen", *MODEL.shape_names[len(COLLIDING):])
    return dict(zip(names, table.shapes(names).T, strict=True)), table.seconds()[-1] - 36000


def seen_in_fbx(path):
    file = ReadFbx(path)
    out, last = {}, 0
    for key in file.below(file.below(file.below(file.named("Model", "Face", "Mesh"), "Geometry")[0], "Deformer")[0],
                          "Deformer"):
        times, values = file.curve(key, "DeformPercent", "DeformPercent")
        out[file.name(key)], last = values / 100, times[-1] / to_fbx.TICKS
    return out, last


def seen_in_glb(path):
    file = ReadGlb(path.read_bytes())
    names = file.table["meshes"][0]["extras"]["targetNames"]
    times = file.accessor(file.table["animations"][0]["samplers"][0]["input"])[:, 0]
    return dict(zip(names, file.channel("Face", "weights").reshape(len(times), -1).T, strict=True)), float(times[-1])


def seen_in_usd(path):
    stage = Usd.Stage.Open(str(path))
    animation, = (UsdSkel.Animation(prim) for prim in stage.Traverse() if prim.IsA(UsdSkel.Animation))
    weights = animation.GetBlendShapeWeightsAttr()
    times = weights.GetTimeSamples()
    table = np.array([weights.Get(time) for time in times])
    assert stage.GetEndTimeCode() == times[-1]
    return (dict(zip(animation.GetBlendShapesAttr().Get(), table.T, strict=True)),
            times[-1] / stage.GetTimeCodesPerSecond())


def seen_in_maya(path):
    curves, settings = maya_curves(path)
    unit = re.search(r"timeUnit (\S+);", settings)[1]
    known = {"film": 24.0, "pal": 25.0, "ntsc": 30.0, "palf": 50.0, "ntscf": 60.0}
    rate = known.get(unit) or float(unit.removesuffix("fps"))
    every = np.arange(int(re.search(r"endTime (\d+);", settings)[1]) + 1)
    return ({leaf: np.interp(every, *keys) for (node, leaf), keys in curves.items() if node == "FaceBlendShapes"},
            every[-1] / rate)


def seen_in_unity(path):
    curves, text = unity_curves(path)
    rate, last = (float(re.search(rf"m_{name}: (\S+)", text)[1]) for name in ("SampleRate", "StopTime"))
    every = np.arange(round(last * rate) + 1) / rate
    return {json.loads(name)[11:] if name[0] == '"' else name[11:]: np.interp(every, times, values[:, 0]) / 100
            for (name, path), (times, values) in curves.items() if "blendShape." in name}, last


def seen_in_metahuman(path):
    label, *lines = path.read_text().splitlines()
    assert label.startswith("# MetaHuman controls")
    rows = list(csv.reader(lines))
    values = np.array([row[2:] for row in rows[1:]], float)
    return dict(zip(rows[0][2:], values.T, strict=True)), None


SEEN = {".mien.json": seen_in_json, ".csv": seen_in_csv, ".fbx": seen_in_fbx, ".glb": seen_in_glb,
        ".usda": seen_in_usd, ".usdc": seen_in_usd, ".maya.anim": seen_in_maya, ".unity.anim": seen_in_unity}
"""Formats that hold the take's own shapes -> what is seen in a file: name -> (T), and the last key's second."""


@pytest.mark.parametrize("suffix", WRITERS)
def test_names_of_files_in_another_encoding_can_be_written(tmp_path, suffix):
    """A folder whose name is no UTF-8 gives a take such letters."""
    model = dataclasses.replace(MODEL, name="m\udce9", shape_names=("s\udce9", *MODEL.shape_names[1:]))
    performance = dataclasses.replace(made_performance(model, 3), take="T\udce9")
    WRITERS[suffix](make_scene(model, performance), tmp_path / f"T001{suffix}")
    assert (tmp_path / f"T001{suffix}").stat().st_size > 500
    assert live_link(performance)(0)
    assert vmc(performance)(0)
    if suffix == ".mien.json":
        again = to_json.read(tmp_path / "T001.mien.json")
        assert (again.take, again.model_name, again.shape_names) == ("T\udce9", "m\udce9", model.shape_names)


@pytest.mark.parametrize("suffix", SEEN)
def test_names_that_collide_and_weights_beyond_0_and_1_come_back(tmp_path, suffix):
    scene = awkward()
    path = tmp_path / f"T001{suffix}"
    WRITERS[suffix](scene, path)
    seen, _ = SEEN[suffix](path)
    names = scene.performance.shape_names
    called = {".maya.anim": clean(names, MAYA), ".fbx": clean(names, ANY), ".unity.anim": clean(names, ANY)}.get(
        suffix, names)
    if suffix == ".csv":  # it has ARKit's shapes alone
        assert not set(seen) & set(COLLIDING)
        called = tuple(name if name in seen else None for name in names)
    else:
        assert list(seen) == list(called)
    for name, weights in zip(called, scene.performance.weights.T, strict=True):
        if name is not None:
            np.testing.assert_allclose(seen[name], weights, atol=1e-6)


def test_metahumans_controls_stay_within_0_and_1_in_all_three_files(tmp_path):
    weights = made_performance(MODEL, 20).weights
    weights[3, MODEL.shape_names.index("jawOpen")], weights[4, MODEL.shape_names.index("jawOpen")] = 1.4, -0.3
    scene = make_scene(MODEL, dataclasses.replace(made_performance(MODEL, 20), weights=weights))
    for kind in ("csv", "json", "fbx"):
        WRITERS[f".metahuman.{kind}"](scene, tmp_path / f"T001.metahuman.{kind}")
    exact, _ = seen_in_json(tmp_path / "T001.metahuman.json")
    assert exact[PREFIX + "jawOpen"][3:5].tolist() == [1.0, 0.0]
    for seen in (seen_in_metahuman(tmp_path / "T001.metahuman.csv")[0],
                 seen_in_fbx(tmp_path / "T001.metahuman.fbx")[0]):
        assert list(seen) == list(exact)
        for name, values in exact.items():
            assert values.min() >= 0
            assert values.max() <= 1
            np.testing.assert_allclose(seen[name], values, atol=1e-6)


@pytest.mark.parametrize("suffix", SEEN)
def test_an_hour_ends_in_time(tmp_path, suffix):
    rate = FILM if suffix in (".fbx", ".glb") else SLOW
    scene = hour(rate)
    WRITERS[suffix](scene, tmp_path / f"T001{suffix}")
    seen, last = SEEN[suffix](tmp_path / f"T001{suffix}")
    np.testing.assert_allclose(seen["jawOpen"], scene.performance.weights[:, 0], atol=5e-6)
    frames = scene.performance.frames - 1
    # A timecode's label counts whole frames a second; GLB's times have 24 bits.
    assert last == pytest.approx(frames / round(rate) if suffix == ".csv" else float(frames / rate), abs=2e-4)


def without(performance: Performance, **tables) -> Performance:
    return dataclasses.replace(performance, **tables)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_no_scene_holds_what_is_no_number(value):
    """However a scene is made, its curves are looked through: so no writer can meet one."""
    scene = make_scene(MODEL, made_performance(MODEL, 20))
    weights = scene.performance.weights.copy()
    weights[13, 3] = value
    bad = without(scene.performance, weights=weights)
    for make in (lambda: make_scene(MODEL, without(bad, identity=np.zeros(4))), lambda: bare_scene(bad),
                 lambda: dataclasses.replace(scene, performance=bad), lambda: to_json.dumps(bad)):
        with pytest.raises(OutputError, match=f"weight of {MODEL.shape_names[3]} in frame 13 is {value}, not a number"):
            make()


def test_no_scene_has_no_frames():
    scene = make_scene(MODEL, made_performance(MODEL, 3))
    none = made_performance(MODEL, 0)
    for make in (lambda: make_scene(MODEL, none), lambda: bare_scene(none), lambda: to_json.dumps(none),
                 lambda: dataclasses.replace(scene, performance=none)):
        with pytest.raises(OutputError, match="it has no frames"):
            make()
