"""`mien export --rig --map`, MetaHuman's controls, .cptake and what is said of each."""

import dataclasses
import json

import numpy as np
import pytest

from app import cli
from app.models import model_named, own_model_named
from exporters.metahuman import LABEL, PREFIX, SOLVED, by_table
from exporters.own_names import known_names
from exporters.retarget import RetargetMap, Target
from exporters.scene import make_scene
from exporters.to_json import read, write
from solver.face_model import Between, deform
from solver.model_file import save_model
from tests.clips import numbered, write_clip
from tests.exporters.fbx_file import Read
from tests.synthetic import made_performance

MODEL = model_named("mien")
PERFORMANCE = made_performance(MODEL, 8)


@pytest.fixture
def take(tmp_path):
    path = tmp_path / "solved" / "T001.mien.json"
    write(make_scene(MODEL, PERFORMANCE), path)
    return path


@pytest.fixture
def rig(tmp_path):
    """Saves a model as a rig file and gives its path."""
    def saved(name, **changes):
        save_model(dataclasses.replace(MODEL, name=name, **changes), tmp_path / f"{name}.npz")
        return tmp_path / f"{name}.npz"

    return saved


def mien(*arguments, code=0):
    assert cli.main([str(argument) for argument in arguments]) == code


def column(performance, name):
    return performance.weights[:, performance.shape_names.index(name)]


def test_what_the_map_says_holds_and_the_rest_follows_the_deformation(take, rig, tmp_path):
    hero = rig("hero")
    (tmp_path / "hero.toml").write_text("version = 1\n[targets.jawOpen]\nfrom = { jawOpen = 0.5 }\n")
    mien("export", take, "--out", tmp_path / "out", "--format", "json,fbx", "--rig", hero,
         "--map", tmp_path / "hero.toml")
    out = read(tmp_path / "out" / "T001.mien.json")
    np.testing.assert_array_equal(column(out, "jawOpen"), 0.5 * column(PERFORMANCE, "jawOpen"))
    np.testing.assert_allclose(column(out, "browInnerUp"), column(PERFORMANCE, "browInnerUp"), atol=0.02)


def test_what_a_rig_lacks_is_said(take, rig, tmp_path, capsys):
    keep = [index for index, name in enumerate(MODEL.shape_names) if name not in ("jawOpen", "mouthSmileLeft")]
    order = np.random.default_rng(0).permutation(len(MODEL.neutral))
    few = rig("few", shapes=MODEL.shapes[keep][:, order], shape_names=tuple(MODEL.shape_names[k] for k in keep),
              neutral=MODEL.neutral[order], identity=MODEL.identity[:, order])
    (tmp_path / "map.toml").write_text("version = 1\n[targets.Smile]\nfrom = { mouthSmileRight = 1.0 }\n")
    mien("export", take, "--out", tmp_path / "out", "--format", "json", "--rig", few, "--map", tmp_path / "map.toml")
    said = capsys.readouterr().err
    assert "few lacks the map's Smile: dropped" in said
    assert "50 of few's 50 shapes found by name" in said
    assert "few has nothing for jawOpen, mouthSmileLeft: dropped" in said


def test_metahumans_controls_come_from_the_deformation_or_are_labelled_as_the_tables(take, rig, tmp_path):
    names = [PREFIX + "jawOpen" if name == "jawOpen" else PREFIX + f"c{index}" for index, name in
             enumerate(MODEL.shape_names)]
    human = rig("human", shapes=2 * MODEL.shapes, shape_names=tuple(names))
    formats = "metahuman,metahuman-fbx,metahuman-json"
    mien("export", take, "--out", tmp_path / "solved_on", "--format", formats, "--rig", human)
    out = read(tmp_path / "solved_on" / "T001.metahuman.json")
    assert out.model_name == f"{SOLVED}human"
    np.testing.assert_allclose(column(out, PREFIX + "jawOpen"), column(PERFORMANCE, "jawOpen") / 2, atol=0.02)
    assert (tmp_path / "solved_on" / "T001.metahuman.csv").read_text().startswith(f"# {SOLVED}human\n")
    assert f"{SOLVED}human".encode() in (tmp_path / "solved_on" / "T001.metahuman.fbx").read_bytes()
    mien("export", take, "--out", tmp_path / "table", "--format", formats)
    out = read(tmp_path / "table" / "T001.metahuman.json")
    assert out.model_name == LABEL
    np.testing.assert_array_equal(out.weights, by_table(PERFORMANCE).weights)
    assert LABEL.encode() in (tmp_path / "table" / "T001.metahuman.fbx").read_bytes()


def test_a_cptake_lies_beside_the_clips(tmp_path):
    shoot = tmp_path / "shoot"
    clip = shoot / "takes" / "T001" / "camA.mp4"
    clip.parent.mkdir(parents=True)
    write_clip(clip, numbered(6))
    write(make_scene(MODEL, PERFORMANCE), shoot / "solved" / "T001.mien.json")
    mien("export", shoot / "solved" / "T001.mien.json", "--format", "cptake")
    described = json.loads((clip.parent / "T001.cptake").read_text())
    assert described["Slate"] == "shoot"
    assert described["Video"][0]["Path"] == "camA.mp4"
    assert described["Video"][0]["FramesCount"] > 0


def test_fewer_keys_and_other_names_are_told(take, tmp_path, capsys):
    mien("export", take, "--out", tmp_path / "out", "--format", "fbx,maya", "--key-tolerance", "0.01", "--for", "maya",
         "--up", "z", "--unit", "m", "--fbx", "7.5")
    assert "leaving out keys changed " in capsys.readouterr().err


def test_a_rigs_own_names_and_both_halves_of_a_shape(take, tmp_path, capsys):
    """A rig such as ICT-FaceKit: other names, and two shapes for ARKit's browInnerUp."""
    brow = MODEL.shape_names.index("browInnerUp")
    left = (MODEL.neutral[:, :1] > 0) * MODEL.shapes[brow]
    order = np.random.default_rng(0).permutation(len(MODEL.neutral))  # other vertices: found by names
    shapes = np.concatenate([MODEL.shapes, (MODEL.shapes[brow] - left)[None]])
    shapes[brow] = left
    names = [f"my.{name.replace('Left', '_L').replace('Right', '_R')}" for name in MODEL.shape_names]
    names[brow] = "my.browInnerUp_L"
    path = tmp_path / "halves.npz"
    save_model(dataclasses.replace(MODEL, shapes=shapes[:, order], neutral=MODEL.neutral[order], name="halves",
                                   identity=MODEL.identity[:, order], shape_names=(*names, "my.browInnerUp_R")), path)
    own, table = own_model_named(str(path))
    assert table["my.browInnerUp_L"] == table["my.browInnerUp_R"] == "browInnerUp"

    mien("export", take, "--out", tmp_path / "arkit", "--format", "json,fbx,glb,usda", "--rig", path)
    assert "halves has my.browInnerUp_L and my.browInnerUp_R where ARKit has browInnerUp" in capsys.readouterr().err
    whole = read(tmp_path / "arkit" / "T001.mien.json")
    assert whole.shape_names == MODEL.shape_names

    mien("export", take, "--out", tmp_path / "own", "--format", "json,csv,fbx,glb,usda,maya,unity,metahuman", "--rig",
         path, "--names", "own")
    assert read(tmp_path / "own" / "T001.mien.json").shape_names == MODEL.shape_names
    file = Read(tmp_path / "own" / "T001.fbx")
    weights = np.zeros((8, len(own.shape_names)))
    geometry, = file.below(file.named("Model", "Face", "Mesh"), "Geometry")
    channels = file.below(file.below(geometry, "Deformer")[0], "Deformer")
    assert [file.name(channel) for channel in channels] == list(own.shape_names)
    for index, (name, channel) in enumerate(zip(own.shape_names, channels, strict=True)):
        _, values = file.curve(channel, "DeformPercent", "DeformPercent")
        weights[:, index] = values / 100
        np.testing.assert_allclose(weights[:, index], column(whole, table[name]), atol=1e-6)
    frame = column(whole, "browInnerUp").argmax()
    np.testing.assert_allclose(deform(own, weights[frame]), deform(model_named(str(path)), whole.weights[frame]),
                               atol=1e-6)
    for suffix in ("glb", "usda", "maya.anim", "unity.anim"):
        name = b"my_browInnerUp_R" if suffix == "maya.anim" else b"my.browInnerUp_R"
        assert name in (tmp_path / "own" / f"T001.{suffix}").read_bytes()
    assert (tmp_path / "own" / "T001.csv").read_bytes().startswith(b"Timecode,BlendShapeCount,EyeBlinkLeft")
    mien("export", take, "--names", "own", "--format", "fbx", "--map", "assets/retarget-example.toml", code=2)


def test_in_betweens_are_written_or_said_to_be_dropped(take, rig, tmp_path, capsys):
    jaw = MODEL.shapes[MODEL.shape_names.index("jawOpen")]
    swing = (0.5 * jaw + [0, 0, 0.003] * (np.abs(jaw) > 1e-4).any(axis=1, keepdims=True)).astype(np.float32)
    hero = rig("hero", between=(Between("jawOpen", 0.5, swing),))
    mien("export", take, "--out", tmp_path / "any", "--format", "fbx,glb,usda", "--rig", hero)
    assert "in-betweens are dropped in fbx and glb: jawOpen goes straight to its full weight, up to 3.0 mm beside" in (
        capsys.readouterr().err)
    assert b"inbetweens:jawOpen_50" in (tmp_path / "any" / "T001.usda").read_bytes()
    mien("export", take, "--out", tmp_path / "maya", "--format", "fbx", "--rig", hero, "--for", "maya")
    assert "in-betweens" not in capsys.readouterr().err
    file = Read(tmp_path / "maya" / "T001.fbx")
    assert len(file.below(file.named("Deformer", "jawOpen"), "Geometry")) == 2


def test_what_the_csv_has_no_column_for_is_said(take, rig, tmp_path, capsys):
    """A rig in names of its own would leave a table of zeros without a word."""
    own = [f"face {index}" for index in range(len(MODEL.shape_names))]
    hero = rig("hero", shape_names=tuple(own))
    mien("export", take, "--out", tmp_path / "out", "--format", "csv,glb", "--rig", hero)
    said = capsys.readouterr().err
    assert "the CSV has ARKit's shapes alone, and nothing of face " in said
    assert "more; where they stand for one of ARKit's" in said
    mien("export", take, "--out", tmp_path / "own", "--format", "glb", "--rig", hero)
    mien("export", take, "--out", tmp_path / "arkit", "--format", "csv,glb", "--names", "own")
    assert "the CSV" not in capsys.readouterr().err


def extended(rig, name, extras):
    """The built-in head with other shapes besides: name -> which of its own it is a tenth of."""
    more = [0.1 * MODEL.shapes[MODEL.shape_names.index(like)] for like in extras.values()]
    return rig(name, shapes=np.concatenate([MODEL.shapes, np.array(more)]).astype(np.float32),
               shape_names=(*MODEL.shape_names, *extras))


def test_correctives_are_not_solved_but_played_under_the_rigs_own_names(rig, tmp_path):
    hero = extended(rig, "hero", {"jawOpen_mouthSmileLeft": "jawOpen", "viseme_aa": "jawOpen", "mouthSmile": "jawOpen"})
    model = model_named(str(hero))
    assert model.shape_names == MODEL.shape_names
    path = tmp_path / "solved" / "T001.mien.json"
    write(make_scene(model, dataclasses.replace(PERFORMANCE, model_name="hero", model_sha256=model.sha256)), path)
    mien("export", path, "--out", tmp_path / "out", "--format", "fbx", "--model", hero, "--names", "own")
    file = Read(tmp_path / "out" / "T001.fbx")
    played = {name: file.curve(file.named("Deformer", name, "BlendShapeChannel"), "DeformPercent", "DeformPercent")[1]
              for name in ("jawOpen_mouthSmileLeft", "viseme_aa", "mouthSmile")}
    np.testing.assert_allclose(played["jawOpen_mouthSmileLeft"] / 100,
                               column(PERFORMANCE, "jawOpen") * column(PERFORMANCE, "mouthSmileLeft"), atol=1e-5)
    assert not played["viseme_aa"].any()
    assert not played["mouthSmile"].any()


def test_a_map_may_be_a_vocabularys(take, tmp_path, capsys):
    mien("export", take, "--out", tmp_path / "out", "--format", "json", "--map", "unified")
    out = read(tmp_path / "out" / "T001.mien.json")
    assert (len(out.shape_names), out.model_name) == (68, "unified")
    for own, of in (("EyeClosedLeft", "eyeBlinkLeft"), ("BrowPinchRight", "browDownRight"),
                    ("LipFunnelLowerLeft", "mouthFunnel"), ("MouthUpperLeft", "mouthLeft")):
        np.testing.assert_array_equal(column(out, own), column(PERFORMANCE, of))
    mien("export", take, "--out", tmp_path / "out", "--format", "json", "--map", "mixamo", code=2)
    assert "neither a file nor one of unified, sranipal" in capsys.readouterr().err


def test_a_vocabularys_name_is_whole_and_no_folder_stands_for_it(take, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for _ in range(2):  # the first makes the folder
        mien("export", take, "--out", "genesis8.1", "--format", "json", "--map", "genesis8.1")
    assert read(tmp_path / "genesis8.1" / "T001.mien.json").model_name == "genesis8.1"


def test_a_take_without_arkits_shapes_is_no_empty_file(rig, tmp_path, capsys):
    hero = rig("hero", shape_names=tuple(f"own{index}" for index in range(len(MODEL.shape_names))))
    model, path = model_named(str(hero)), tmp_path / "solved" / "T001.mien.json"
    write(make_scene(model, dataclasses.replace(PERFORMANCE, model_name="hero", model_sha256=model.sha256,
                                                shape_names=model.shape_names)), path)
    mien("export", path, "--model", hero, "--out", tmp_path / "out", "--format", "json,fbx", "--map", "unified", code=3)
    assert "has none of ARKit's shapes that Unified Expressions" in capsys.readouterr().err
    assert not (tmp_path / "out" / "T001.fbx").exists()


def test_a_maps_target_that_mien_knows_is_not_turned_round_by_a_rigs_table(rig):
    """A rig whose left is the viewer's, and whose table says so: half a map went to the other side."""
    half = RetargetMap((Target("mouthSmileLeft", (("jawOpen", 0.5),)),))
    turned = {"mouthSmileLeft": "mouthSmileRight", "mouthSmileRight": "mouthSmileLeft"}
    assert known_names(half, MODEL, turned) == half


def test_a_map_may_name_a_rigs_own_shapes(take, rig, tmp_path):
    names = tuple({"mouthSmileLeft": "Mouth_Smile_L"}.get(name, name) for name in MODEL.shape_names)
    hero = rig("hero", shape_names=names)
    (tmp_path / "map.toml").write_text("version = 1\n[targets.Mouth_Smile_L]\nfrom = { jawOpen = 0.5 }\n")
    mien("export", take, "--out", tmp_path / "out", "--format", "json", "--rig", hero, "--map", tmp_path / "map.toml")
    out = read(tmp_path / "out" / "T001.mien.json")
    np.testing.assert_array_equal(column(out, "mouthSmileLeft"), 0.5 * column(PERFORMANCE, "jawOpen"))
