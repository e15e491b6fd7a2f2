import dataclasses
from fractions import Fraction

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from exporters import to_fbx
from exporters.scene import make_scene
from solver.face_model import deform
from tests.exporters.fbx_file import Read, setting, text, value
from tests.synthetic import made_performance, small_face

MODEL = small_face()
PERFORMANCE = made_performance(MODEL, 40)
SCENE = make_scene(MODEL, PERFORMANCE)


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("fbx") / "T001.fbx"
    to_fbx.write(SCENE, path)
    return Read(path)


def test_the_graph_hangs_together(file):
    assert file.version == 7400
    head = file.named("Model", "Head", "Null")
    assert ("OO", head, 0) in file.connections
    assert file.below(head, "NodeAttribute")
    names = [file.name(key) for key in file.below(head, "Model")]
    assert names == ["Face", "EyeLeft", "EyeRight"]
    geometry, = file.below(file.named("Model", "Face"), "Geometry")
    deformer, = file.below(geometry, "Deformer")
    channels = file.below(deformer, "Deformer")
    names = [text(file.objects[key].values[1]) for key in channels]
    assert names == [f"{name}\x00\x01SubDeformer" for name in MODEL.shape_names]
    for channel in channels:
        shape, = file.below(channel, "Geometry")
        assert file.objects[shape].values[2] == b"Shape"
        assert value(file.objects[channel], "FullWeights").tolist() == [100.0]
    stack = file.named("AnimationStack", "T001")
    layer, = file.below(stack, "AnimationLayer")
    assert len(file.below(layer, "AnimationCurveNode")) == 52 + 4
    ids = set(file.objects) | {0}
    assert all(c[1] in ids and c[2] in ids for c in file.connections)
    counted = {text(node.values[0]): value(node, "Count") for node in file.top["Definitions"].all("ObjectType")}
    assert counted.pop("GlobalSettings") == 1
    assert sum(counted.values()) == len(file.objects)


def test_every_weight_is_a_linear_key_a_frame(file):
    ticks = [round(frame * 46186158000 / 30) for frame in range(40)]
    for index, name in enumerate(MODEL.shape_names):
        times, values = file.curve(file.named("Deformer", name), "DeformPercent", "DeformPercent")
        assert times.tolist() == ticks
        np.testing.assert_allclose(values, 100 * PERFORMANCE.weights[:, index], atol=1e-5)
    curve = next(node for node in file.objects.values() if node.name == "AnimationCurve")
    assert value(curve, "KeyAttrFlags").tolist() == [4]
    assert value(curve, "KeyAttrRefCount").tolist() == [40]
    assert len(value(curve, "KeyAttrDataFloat")) == 4


def test_head_and_eyes_move_in_centimetres_and_degrees(file):
    def vector(node, prop):
        return np.stack([file.curve(file.named("Model", node), prop, axis)[1] for axis in "XYZ"], axis=-1)

    np.testing.assert_allclose(vector("Head", "Lcl Translation"), 100 * PERFORMANCE.head_translation, atol=1e-4)
    turn = Rotation.from_euler("xyz", vector("Head", "Lcl Rotation"), degrees=True)
    assert (turn * Rotation.from_quat(PERFORMANCE.head_rotation).inv()).magnitude().max() < 1e-5
    eye = Rotation.from_euler("xyz", vector("EyeRight", "Lcl Rotation"), degrees=True).as_matrix()
    placed = np.array(setting(file.objects[file.named("Model", "EyeRight")], "Lcl Translation")) / 100
    np.testing.assert_allclose(placed, SCENE.eye_centres[1], atol=1e-12)
    geometry, = file.below(file.named("Model", "EyeRight"), "Geometry")
    points = value(file.objects[geometry], "Vertices").reshape(-1, 3) / 100
    for frame in (0, 17):
        expected = deform(SCENE.model, PERFORMANCE.weights[frame], None, PERFORMANCE.gaze[frame])
        np.testing.assert_allclose(points @ eye[frame].T + placed, expected[MODEL.eyes[1].vertices], atol=1e-8)


def test_the_face_deforms_as_the_model_does(file):
    geometry, = file.below(file.named("Model", "Face"), "Geometry")
    points = value(file.objects[geometry], "Vertices").reshape(-1, 3).copy()
    for index, name in enumerate(MODEL.shape_names):
        shape, = file.below(file.named("Deformer", name), "Geometry")
        node = file.objects[shape]
        rows = value(node, "Indexes")
        assert (np.diff(rows) > 0).all()
        assert len(value(node, "Normals")) == len(value(node, "Vertices")) == 3 * len(rows)
        points[rows] += PERFORMANCE.weights[9, index] * value(node, "Vertices").reshape(-1, 3)
    skin = np.setdiff1d(np.arange(len(MODEL.neutral)), np.concatenate([eye.vertices for eye in MODEL.eyes]))
    expected = deform(SCENE.model, PERFORMANCE.weights[9])[skin]
    np.testing.assert_allclose(points / 100, expected, atol=1e-7)


def test_faces_uvs_and_materials_come_back(file):
    model, = (node for node in [file.named("Model", "Face")])
    geometry = file.objects[file.below(model, "Geometry")[0]]
    corners = value(geometry, "PolygonVertexIndex")
    ends = np.flatnonzero(corners < 0)
    polygons = [row[row >= 0] for row in MODEL.faces[MODEL.face_part == 0]]
    assert len(ends) == len(polygons)
    np.testing.assert_array_equal(np.where(corners < 0, ~corners, corners), np.concatenate(polygons))
    layer = geometry.first("LayerElementUV")
    uv = value(layer, "UV").reshape(-1, 2)[value(layer, "UVIndex")]
    expected = MODEL.uv_faces[MODEL.face_part == 0]
    np.testing.assert_allclose(uv, MODEL.uv[expected[expected >= 0]])
    normals = value(geometry.first("LayerElementNormal"), "Normals").reshape(-1, 3)
    np.testing.assert_allclose(np.linalg.norm(normals, axis=1), 1.0)
    points = value(geometry, "Vertices").reshape(-1, 3)
    assert (normals * points).sum(axis=1).min() > 0  # an egg's normals point out
    material, = file.below(model, "Material")
    np.testing.assert_allclose(setting(file.objects[material], "DiffuseColor"), MODEL.albedo[0], atol=1e-7)


@pytest.mark.parametrize(("rate", "mode", "custom"), [
    (Fraction(24), 11, -1.0), (Fraction(25), 10, -1.0), (Fraction(30), 6, -1.0), (Fraction(50), 4, -1.0),
    (Fraction(60), 3, -1.0), (Fraction(24000, 1001), 13, -1.0), (Fraction(30000, 1001), 14, 30000 / 1001),
    (Fraction(60000, 1001), 17, -1.0), (Fraction(25, 2), 14, 12.5)])
def test_frame_rate_and_times(tmp_path, rate, mode, custom):
    scene = make_scene(MODEL, made_performance(MODEL, 5, rate))
    to_fbx.write(scene, tmp_path / "rate.fbx")
    file = Read(tmp_path / "rate.fbx")
    assert setting(file.top["GlobalSettings"], "TimeMode") == mode
    assert setting(file.top["GlobalSettings"], "CustomFrameRate") == custom
    assert setting(file.objects[file.named("AnimationStack", "T001")], "LocalStop") == to_fbx.key_times(5, rate)[-1]
    assert setting(file.objects[file.named("Model", "Head")], "start_timecode") == "10:00:00:00"


def test_key_times_do_not_drift_and_do_not_overflow():
    times = to_fbx.key_times(200_000, Fraction(30000, 1001))
    exact = Fraction(199_999) * 1001 / 30000 * 46186158000
    assert abs(int(times[-1]) - exact) <= Fraction(1, 2)
    assert np.diff(times).max() - np.diff(times).min() <= 1


def test_a_turning_head_has_no_jump(tmp_path):
    angle = np.linspace(0, 4 * np.pi, 90)
    turn = Rotation.from_euler("YX", np.stack([angle, 0.2 * np.sin(angle)], axis=-1)).as_quat()
    turn[::2] *= -1
    to_fbx.write(make_scene(MODEL, dataclasses.replace(made_performance(MODEL, 90), head_rotation=turn)),
                 tmp_path / "turn.fbx")
    file = Read(tmp_path / "turn.fbx")
    head = file.named("Model", "Head")
    for axis in "XYZ":
        assert np.abs(np.diff(file.curve(head, "Lcl Rotation", axis)[1])).max() < 60


def test_the_same_take_gives_the_same_bytes(tmp_path):
    for preset in (to_fbx.Preset(version=7500), *to_fbx.PRESETS.values()):
        to_fbx.write(make_scene(small_face(), made_performance(MODEL, 40)), tmp_path / "a.fbx", preset)
        to_fbx.write(SCENE, tmp_path / "b.fbx", preset)
        assert (tmp_path / "a.fbx").read_bytes() == (tmp_path / "b.fbx").read_bytes()


def test_a_face_without_eyes_uvs_or_movement_can_be_written(tmp_path):
    bare = dataclasses.replace(MODEL, eyes=(), uv=np.zeros((0, 2), np.float32),
                               uv_faces=np.full_like(MODEL.faces, -1), shapes=np.zeros_like(MODEL.shapes))
    to_fbx.write(make_scene(bare, made_performance(bare, 1)), tmp_path / "bare.fbx")
    file = Read(tmp_path / "bare.fbx")
    geometry = file.objects[file.below(file.named("Model", "Face"), "Geometry")[0]]
    assert geometry.first("LayerElementUV") is None
    assert len(value(geometry, "Vertices")) == 3 * len(MODEL.neutral)
    shape, = file.below(file.named("Deformer", "jawOpen"), "Geometry")
    assert value(file.objects[shape], "Indexes").tolist() == [0]


def test_bones_carry_the_meshes_where_they_were_bound(tmp_path):
    to_fbx.write(SCENE, tmp_path / "bones.fbx", to_fbx.PRESETS["unreal"])
    file = Read(tmp_path / "bones.fbx")
    head = file.named("Model", "Head", "LimbNode")
    eye = file.named("Model", "EyeRight", "LimbNode")
    assert ("OO", eye, head) in file.connections
    mesh = file.named("Model", "EyeRightMesh", "Mesh")
    assert ("OO", mesh, 0) in file.connections
    geometry, = file.below(mesh, "Geometry")
    points = value(file.objects[geometry], "Vertices").reshape(-1, 3) / 100
    np.testing.assert_allclose(points, SCENE.model.neutral[MODEL.eyes[1].vertices], atol=1e-9)
    skin, = file.below(geometry, "Deformer")
    cluster, = file.below(skin, "Deformer")
    assert file.below(cluster, "Model") == [eye]
    assert value(file.objects[cluster], "Weights").tolist() == [1.0] * len(points)
    link = value(file.objects[cluster], "TransformLink").reshape(4, 4)
    np.testing.assert_allclose(link[3, :3] / 100, SCENE.eye_centres[1], atol=1e-9)
    np.testing.assert_allclose(link @ value(file.objects[cluster], "Transform").reshape(4, 4), np.eye(4), atol=1e-12)
    poses = file.objects[file.named("Pose", "BindPose")].all("PoseNode")
    assert len(poses) == value(file.objects[file.named("Pose", "BindPose")], "NbPoseNodes") == 6
    stamp = [setting(file.objects[head], name) for name in ("TCHour", "TCMinute", "TCSecond", "TCFrame")]
    assert stamp == [10, 0, 0, 0]


def test_curves_alone_are_small_and_complete(tmp_path):
    to_fbx.write(SCENE, tmp_path / "curves.fbx", to_fbx.Preset(geometry=False))
    file = Read(tmp_path / "curves.fbx")
    for index, name in enumerate(MODEL.shape_names):
        _, values = file.curve(file.named("Deformer", name), "DeformPercent", "DeformPercent")
        np.testing.assert_allclose(values, 100 * PERFORMANCE.weights[:, index], atol=1e-5)
    to_fbx.write(SCENE, tmp_path / "whole.fbx")
    # 198 vertices and 52 shapes; what is left beside the curves is a triangle a mesh and one row a shape.
    assert (tmp_path / "whole.fbx").stat().st_size - (tmp_path / "curves.fbx").stat().st_size > 50_000
    alone = [node for node in file.objects.values() if node.name == "Geometry"]
    assert sum(value(node, "Vertices").size for node in alone) == 3 * (3 * 3 + len(MODEL.shape_names))
    geometry, = file.below(file.named("Model", "Face"), "Geometry")
    assert len(value(file.objects[geometry], "Vertices")) == 9


def test_fewer_keys_stay_within_the_tolerance(tmp_path):
    to_fbx.write(SCENE, tmp_path / "few.fbx", to_fbx.Preset(tolerance=0.01))
    file = Read(tmp_path / "few.fbx")
    every, count = to_fbx.key_times(40, SCENE.frame_rate), 0
    for index, name in enumerate(MODEL.shape_names):
        times, values = file.curve(file.named("Deformer", name), "DeformPercent", "DeformPercent")
        count += len(times)
        assert set(times.tolist()) <= set(every.tolist())
        found = np.interp(every, times, values) / 100
        assert np.abs(found - PERFORMANCE.weights[:, index]).max() < 0.0101
    assert count < 52 * 40 / 3
