"""A jaw joint is turned in the files to where the solve's shapes point, in the rig's own axes."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from app import cli
from exporters import to_fbx, to_gltf, to_usd
from exporters.jaw import can_turn, on_joint
from exporters.scene import Scene, make_scene
from exporters.to_json import write
from solver.face_model import deform
from solver.model_file import load_model, save_model
from solver.model_import import import_model
from tests.consumers.ask import ask
from tests.exporters.fbx_file import Read, setting
from tests.exporters.test_gltf import Read as Glb
from tests.solver.jaw_rigs import GameRig, game_fbx, game_glb
from tests.synthetic import made_performance

MADE = ("jawForward", "jawLeft", "jawRight", "jawOpen")
HEAD = load_model(Path(__file__).parents[2] / "assets" / "head.npz")
RIG = GameRig((0, 20, 15), 1.0, (40, 30, 45))
"""Turned in its file, with a jaw whose own axes lie anywhere."""


@pytest.fixture(scope="module", params=["glb", "fbx"])
def scene(request, tmp_path_factory) -> Scene:
    """Frames: at rest, open, half open, to the left, forward, all at once."""
    path = tmp_path_factory.mktemp("rig") / f"game.{request.param}"
    path.write_bytes((game_glb if request.param == "glb" else game_fbx)(HEAD, RIG))
    model = import_model(path, "game")
    save_model(model, path.with_suffix(".npz"))
    model = load_model(path.with_suffix(".npz"))
    performance = made_performance(model, 6)
    weights = performance.weights.copy()
    columns = [model.shape_names.index(name) for name in MADE]
    weights[:, columns] = [[0, 0, 0, 0], [0, 0, 0, 1], [0, 0, 0, 0.5], [0, 1, 0, 0], [1, 0, 0, 0], [0.5, 0, 0.7, 0.8]]
    return make_scene(model, dataclasses.replace(performance, weights=weights))


def expected(scene: Scene, frame: int) -> np.ndarray:
    """(V, 3) in the head, by the shapes."""
    return deform(dataclasses.replace(scene.model, eyes=()), scene.performance.weights[frame])


def near(shown: np.ndarray, scene: Scene, frame: int) -> None:
    """All shown points lie where the shapes have them; on the way the chin is up to 2.7 mm outside, as a joint goes
    round: 1 - cos 12 degrees of its distance from the hinge."""
    true = expected(scene, frame)
    apart = np.array([np.linalg.norm(true - point, axis=1).min() for point in shown[::7]])
    assert apart.max() < {2: 0.0027, 5: 0.003}.get(frame, 2e-5), frame


def test_its_shapes_are_gone_and_all_else_stays(scene):
    assert can_turn(scene)
    out = on_joint(scene)
    assert out.performance.shape_names == tuple(name for name in scene.performance.shape_names if name not in MADE)
    assert out.jaw.degrees == pytest.approx([0, 24, 12, 5, 0, out.jaw.degrees[5]], abs=1e-4)
    assert not can_turn(out)
    old = dataclasses.replace(scene.model, jaw=dataclasses.replace(scene.model.jaw, joint=None))
    assert not can_turn(dataclasses.replace(scene, model=old))


def test_its_local_turn_is_the_rigs_own(scene):
    """At rest it is what the file has: the joint's own turn below the head, whose axes are the file's."""
    jaw = on_joint(scene).jaw
    assert jaw.name == "jaw"
    assert jaw.above == "head_2"  # the files have a Head already
    own = Rotation.from_euler("xyz", RIG.joint, degrees=True)
    assert (Rotation.from_quat(jaw.local[0]) * own.inv()).magnitude() < 1e-5
    assert (Rotation.from_quat(jaw.above_turn) * Rotation.from_euler("xyz", RIG.turn, degrees=True).inv()
            ).magnitude() < 1e-5
    np.testing.assert_allclose(jaw.place, [0.0, -0.006, 0.009], atol=1e-6)


def test_glb(scene, tmp_path):
    to_gltf.write(on_joint(scene), tmp_path / "T001.glb")
    file = Glb((tmp_path / "T001.glb").read_bytes())
    table = file.table
    skin, = table["skins"]
    above = {child: index for index, node in enumerate(table["nodes"]) for child in node.get("children", ())}
    assert len(set(above)) + len(table["scenes"][0]["nodes"]) == len(table["nodes"])
    back = file.view(table["accessors"][skin["inverseBindMatrices"]]["bufferView"], 5126, 32
                     ).reshape(2, 4, 4).transpose(0, 2, 1)
    attributes = [primitive["attributes"] for primitive in table["meshes"][0]["primitives"]]
    rotations = dict.fromkeys(("rotation", "translation"))
    for frame in range(6):
        def world(node, frame=frame):
            local = np.eye(4)
            entry = table["nodes"][node]
            for path in rotations:
                channel = [channel for channel in table["animations"][0]["channels"]
                           if channel["target"] == {"node": node, "path": path}]
                value = file.accessor(table["animations"][0]["samplers"][channel[0]["sampler"]]["output"])[frame] \
                    if channel else entry.get(path, [0, 0, 0, 1] if path == "rotation" else [0, 0, 0])
                if path == "rotation":
                    local[:3, :3] = Rotation.from_quat(value).as_matrix()
                else:
                    local[:3, 3] = value
            return (world(above[node]) if node in above else np.eye(4)) @ local

        to_head = np.linalg.inv(world(0))
        joints = [to_head @ world(node) @ bind for node, bind in zip(skin["joints"], back, strict=True)]
        played, = (channel["sampler"] for channel in table["animations"][0]["channels"]
                   if channel["target"] == {"node": 1, "path": "weights"})
        weights = file.accessor(table["animations"][0]["samplers"][played]["output"]).reshape(6, -1)[frame]
        for primitive, attribute in zip(table["meshes"][0]["primitives"], attributes, strict=True):
            points = file.accessor(attribute["POSITION"]).astype(float)
            for weight, target in zip(weights, primitive["targets"], strict=True):
                points = points + weight * file.accessor(target["POSITION"])
            entry = table["accessors"][attribute["JOINTS_0"]]
            which = np.frombuffer(file.binary, "u1", 4 * entry["count"],
                                  table["bufferViews"][entry["bufferView"]]["byteOffset"]).reshape(-1, 4)
            much = file.accessor(attribute["WEIGHTS_0"])
            np.testing.assert_allclose(much.sum(axis=1), 1, atol=1e-6)
            moved = sum(much[:, [k]] * np.einsum("vij,vj->vi", np.stack(joints)[which[:, k]],
                                                 np.column_stack([points, np.ones(len(points))]))[:, :3]
                        for k in range(4))
            near(moved, scene, frame)


@pytest.mark.parametrize("program", [None, *to_fbx.PRESETS])
def test_fbx(scene, tmp_path, program):
    pytest.importorskip("ufbx")
    turned = on_joint(scene)
    preset = to_fbx.PRESETS[program] if program else to_fbx.ANY_PROGRAM
    to_fbx.write(turned, tmp_path / "T001.fbx", preset)
    seen = ask("ufbx_read.py", tmp_path / "T001.fbx")
    assert not seen["warnings"]
    shown = Rotation.from_quat(seen["transforms"]["jaw"]["rotation_xyzw"])
    assert np.degrees((shown * Rotation.from_quat(turned.jaw.local).inv()).magnitude()).max() < 0.01
    np.testing.assert_allclose(np.array(seen["transforms"]["jaw"]["translation"]) * preset.unit / 100,
                               turned.jaw.places, atol=1e-6)
    file = Read(tmp_path / "T001.fbx")
    jaw = file.named("Model", "jaw", "LimbNode")
    assert setting(file.objects[jaw], "RotationActive") == 1
    again = import_model(tmp_path / "T001.fbx", "again")  # the reader finds the joint and what it holds
    assert again.jaw.name == "jaw"
    np.testing.assert_allclose(again.jaw.pivot, scene.model.jaw.pivot, atol=1e-5)
    for end in ("min", "max"):
        np.testing.assert_allclose(getattr(again.neutral, end)(axis=0), getattr(scene.model.neutral, end)(axis=0),
                                   atol=1e-5)


def test_usd(scene, tmp_path):
    pytest.importorskip("pxr")
    from pxr import Usd, UsdGeom, UsdSkel
    to_usd.write(on_joint(scene), tmp_path / "T001.usdc")
    stage = Usd.Stage.Open(str(tmp_path / "T001.usdc"))
    UsdSkel.BakeSkinning(stage.Traverse())
    for frame in range(6):
        points = np.array(UsdGeom.Mesh(stage.GetPrimAtPath("/T001/Head/Face")).GetPointsAttr().Get(frame))
        near(points, scene, frame)


def test_the_command_turns_it_for_a_rig_and_says_so(tmp_path, capsys):
    path = tmp_path / "game.glb"
    path.write_bytes(game_glb(HEAD, RIG))
    model = import_model(path, "game")
    write(make_scene(model, made_performance(model, 4)), tmp_path / "T001.mien.json")

    def export(*more: object) -> str:
        assert cli.main([str(word) for word in ("export", tmp_path / "T001.mien.json", "--model", path, "--format",
                                                "fbx,glb,usda,maya,unity", *more)]) == 0
        return capsys.readouterr().err

    assert "game's jaw is the joint 'jaw'" in export("--out", tmp_path / "plain")
    assert b"jawOpen" in (tmp_path / "plain" / "T001.glb").read_bytes()
    for folder, more in (("own", ["--names", "own"]), ("rig", ["--rig", path])):
        said = export("--out", tmp_path / folder, *more)
        assert "game's jaw joint 'jaw' is turned, by up to" in said
        assert "is the joint" not in said
        for suffix in ("fbx", "glb", "usda", "maya.anim", "unity.anim"):
            data = (tmp_path / folder / f"T001.{suffix}").read_bytes()
            assert b"jawOpen" not in data
            assert b"jaw" in data
