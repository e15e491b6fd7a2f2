"""`mien export --rig --map`, MetaHuman's controls, .cptake and what is said of each."""

import dataclasses
import json
import socket

import numpy as np
import pytest

from app import cli
from app.models import model_named, own_model_named
from exporters.metahuman import LABEL, PREFIX, SOLVED, by_table
from exporters.own_names import in_the_files, known_names
from exporters.retarget import RetargetMap, Target
from exporters.scene import make_scene
from exporters.to_json import read, write
from solver.face_model import Between, deform
from solver.model_file import save_model
from solver.rig import Rig, RigMesh
from solver.rig_model import rig_model
from tests.clips import numbered, write_clip
from tests.exporters.fbx_file import Read
from tests.exporters.test_gltf import Read as Glb
from tests.solver.vrm_made import vrm
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


@pytest.mark.parametrize("version", [0, 1])
def test_a_vrms_morphs_play_what_was_solved_by_its_expressions(tmp_path, capsys, version):
    avatar = tmp_path / "avatar.vrm"
    avatar.write_bytes(vrm(MODEL, version))
    mien("model", "add", avatar, "--name", "vrm_avatar")
    assert "52 of its shapes are the VRM's expressions" in capsys.readouterr().out
    model, (own, _) = model_named("vrm_avatar"), own_model_named("vrm_avatar")
    write(make_scene(model, made_performance(model, 6)), tmp_path / "T001.mien.json")
    mien("export", tmp_path / "T001.mien.json", "--format", "glb", "--out", tmp_path / "arkit")
    assert "already plays its expressions; --names own plays its morphs" in capsys.readouterr().err
    mien("export", tmp_path / "T001.mien.json", "--format", "glb,fbx,usda", "--names", "own", "--out", tmp_path / "own")
    table = Glb((tmp_path / "own" / "T001.glb").read_bytes()).table
    assert table["meshes"][0]["extras"]["targetNames"] == [morph.name for morph in own.morphs]
    assert b"morph_17" in (tmp_path / "own" / "T001.fbx").read_bytes()
    mien("export", tmp_path / "T001.mien.json", "--format", "vrma", code=2)
    assert "mien stream TAKE --to vmc --rig AVATAR.vrm" in capsys.readouterr().err


def test_correctives_that_a_file_lacks_are_said_once(rig, tmp_path, capsys):
    hero = extended(rig, "hero", {"jawOpen_mouthSmileLeft": "jawOpen", "jawOpen_mouthFunnel": "jawOpen"})
    model = model_named(str(hero))
    path = tmp_path / "solved" / "T001.mien.json"
    write(make_scene(model, dataclasses.replace(PERFORMANCE, model_name="hero", model_sha256=model.sha256)), path)
    mien("export", path, "--out", tmp_path / "out", "--format", "fbx,glb", "--model", hero)
    said = capsys.readouterr().err
    assert said.count("correctives are left out") == 1
    assert "jawOpen_mouthSmileLeft" in said
    assert "mm. --names own writes them" in said
    for quiet in (["--names", "own"], ["--format", "json,csv"]):
        mien("export", path, "--out", tmp_path / "quiet", "--format", "fbx", "--model", hero, *quiet)
        assert "are left out" not in capsys.readouterr().err


def test_a_deformers_name_stays_in_a_rigs_own_names_and_out_of_its_digest(rig, tmp_path):
    """Two meshes with a deformer each, as Maya writes them: an engine has a curve for each."""
    count = len(MODEL.neutral)
    mesh = RigMesh("face", MODEL.neutral.astype(float), MODEL.faces, np.zeros((0, 2)), np.full(MODEL.faces.shape, -1),
                   ("skin",), np.zeros(len(MODEL.faces), int), np.full((1, 3), 0.5),
                   {f"Shapes.{name}": shape.astype(float) for name, shape in
                    zip(MODEL.shape_names, MODEL.shapes, strict=True)},
                   between={"Shapes.jawOpen": [(0.5, 0.4 * MODEL.shapes[MODEL.shape_names.index("jawOpen")])]})
    apart = dataclasses.replace(mesh, name="double", vertices=mesh.vertices + 0.001, between={},
                                shapes={f"Double{name}": move for name, move in mesh.shapes.items() if "jaw" in name})
    plain = [dataclasses.replace(each, shapes={name.split(".")[1]: move for name, move in each.shapes.items()},
                                 between={name.split(".")[1]: steps for name, steps in each.between.items()})
             for each in (mesh, apart)]
    own, without = (rig_model(Rig("hero.fbx", tuple(meshes), 1.0, np.eye(3)), "hero")
                    for meshes in ((mesh, apart), plain))
    assert own.shape_names == without.shape_names
    assert own.sha256 == without.sha256
    assert not without.morphs
    save_model(own, tmp_path / "hero.npz")
    model = model_named(str(tmp_path / "hero.npz"))
    performance = made_performance(model, 4)
    write(make_scene(model, performance), tmp_path / "T001.mien.json")
    mien("export", tmp_path / "T001.mien.json", "--format", "fbx", "--for", "maya", "--model", tmp_path / "hero.npz",
         "--names", "own", "--out", tmp_path / "own")
    mien("export", tmp_path / "T001.mien.json", "--format", "fbx", "--for", "unreal", "--model", tmp_path / "hero.npz",
         "--names", "own", "--out", tmp_path / "unreal")
    assert b"Shapes_" not in (tmp_path / "unreal" / "T001.fbx").read_bytes()
    played, file = in_the_files(dataclasses.replace(performance, shape_names=own.shape_names, weights=np.stack(
        [column(performance, name) for name in own.shape_names], axis=1)), own)
    assert {"Shapes.browInnerUp", "Shapes.jawOpen", "DoubleShapes.jawOpen"} <= set(played.shape_names)
    assert len(played.shape_names) == 52 + 4
    assert b"Shapes_browInnerUp" in (tmp_path / "own" / "T001.fbx").read_bytes()  # Maya's names have no dots
    for one, other in zip(performance.weights, played.weights, strict=True):
        np.testing.assert_allclose(deform(file, other), deform(model, one), atol=1e-6)
    assert len(file.neutral) == 2 * count


def test_a_take_whose_model_reads_otherwise_now_says_what_to_do(tmp_path, capsys, monkeypatch):
    avatar = tmp_path / "avatar.vrm"
    avatar.write_bytes(vrm(MODEL, 1))
    monkeypatch.setenv("MIEN_CACHE", str(tmp_path / "cache"))
    before = dataclasses.replace(model_named(str(avatar)), morphs=(), shapes=0.9 * model_named(str(avatar)).shapes)
    write(make_scene(before, made_performance(before, 3)), tmp_path / "T001.mien.json")
    packed, = (tmp_path / "cache" / "packed").iterdir()
    mien("export", tmp_path / "T001.mien.json", "--model", avatar, "--format", "glb", code=3)
    said = capsys.readouterr().err
    assert "the file has changed, or an earlier mien read it otherwise; solve it again with --model" in said
    old = packed.with_name(packed.name.replace("-6", "-5"))
    save_model(before, old)
    mien("export", tmp_path / "T001.mien.json", "--model", avatar, "--format", "glb", code=3)
    assert f"export it with --model {old}" in capsys.readouterr().err
    mien("export", tmp_path / "T001.mien.json", "--model", old, "--format", "glb", "--out", tmp_path / "out")
    mien("model", "add", avatar, "--name", "avatar")
    mien("export", tmp_path / "T001.mien.json", "--format", "glb", code=3)
    assert "its table of names was changed, or it was added anew; solve it again" in capsys.readouterr().err


def test_a_vmc_receiver_gets_an_avatars_own_names(take, tmp_path, capsys):
    avatar = tmp_path / "avatar.vrm"
    avatar.write_bytes(vrm(MODEL, 0))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", 0))
        mien("stream", take, "--to", "vmc", "--port", receiver.getsockname()[1], "--rig", avatar)
        receiver.settimeout(0.3)
        received = b"".join(receiver.recv(4000) for _ in range(3))
    assert b"BrowInnerUp" in received
    assert b"browInnerUp" not in received
    mien("stream", take, "--rig", avatar, code=2)
    assert "Live Link Face has ARKit's alone" in capsys.readouterr().err
