import dataclasses
import json
import struct

import numpy as np
import pytest

from exporters import to_gltf
from exporters.scene import make_scene
from solver.face_model import deform
from solver.performance import matrices
from tests.synthetic import made_performance, small_face

MODEL = small_face()
PERFORMANCE = made_performance(MODEL, 25)
SCENE = make_scene(MODEL, PERFORMANCE)


class Read:
    """A GLB file with its accessors unpacked."""

    def __init__(self, data: bytes):
        magic, version, length = struct.unpack_from("<4sII", data)
        assert (magic, version, length) == (b"glTF", 2, len(data))
        size, kind = struct.unpack_from("<I4s", data, 12)
        assert kind == b"JSON"
        assert size % 4 == 0
        self.table = json.loads(data[20:20 + size])
        rest, kind = struct.unpack_from("<I4s", data, 20 + size)
        assert kind == b"BIN\0"
        assert 28 + size + rest == len(data)
        self.binary = data[28 + size:]
        assert self.table["buffers"][0]["byteLength"] <= rest

    def view(self, index, kind, count):
        view = self.table["bufferViews"][index]
        dtype = np.dtype({5126: "<f4", 5123: "<u2", 5125: "<u4"}[kind])
        assert view["byteOffset"] % 4 == 0
        return np.frombuffer(self.binary, dtype, count, view["byteOffset"])

    def accessor(self, index):
        entry = self.table["accessors"][index]
        width = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4}[entry["type"]]
        if "sparse" in entry:
            sparse = entry["sparse"]
            out = np.zeros((entry["count"], width), np.float32)
            rows = self.view(sparse["indices"]["bufferView"], sparse["indices"]["componentType"], sparse["count"])
            out[rows] = self.view(sparse["values"]["bufferView"], 5126, sparse["count"] * width).reshape(-1, width)
        else:
            out = self.view(entry["bufferView"], entry["componentType"], entry["count"] * width).reshape(-1, width)
        if "min" in entry:
            assert out.min(axis=0).tolist() == entry["min"]
            assert out.max(axis=0).tolist() == entry["max"]
        return out

    def node(self, name):
        return next(node for node in self.table["nodes"] if node["name"] == name)

    def channel(self, name, path):
        animation, = self.table["animations"]
        index = self.table["nodes"].index(self.node(name))
        found, = (c["sampler"] for c in animation["channels"] if c["target"] == {"node": index, "path": path})
        return self.accessor(animation["samplers"][found]["output"])


def test_the_graph_and_the_single_animation():
    file = Read(to_gltf.pack(*to_gltf.document(SCENE)))
    assert [node["name"] for node in file.table["nodes"]] == ["Head", "Face", "EyeLeft", "EyeRight"]
    assert file.node("Head")["children"] == [1, 2, 3]
    animation, = file.table["animations"]
    assert animation["name"] == "T001"
    assert animation["extras"] == {"frame_rate": [30, 1], "start_timecode": "10:00:00:00"}
    times = file.accessor(animation["samplers"][0]["input"])[:, 0]
    np.testing.assert_allclose(times, np.arange(25) / 30, rtol=1e-6)
    assert {sampler["interpolation"] for sampler in animation["samplers"]} == {"LINEAR"}
    face = file.table["meshes"][0]
    assert face["extras"]["targetNames"] == list(MODEL.shape_names)
    assert face["weights"] == [0.0] * 52
    assert "targets" not in file.table["meshes"][1]["primitives"][0]


def test_curves_head_and_gaze_come_back():
    file = Read(to_gltf.pack(*to_gltf.document(SCENE)))
    np.testing.assert_array_equal(file.channel("Face", "weights").reshape(25, 52),
                                  PERFORMANCE.weights.astype(np.float32))
    np.testing.assert_allclose(file.channel("Head", "translation"), PERFORMANCE.head_translation, atol=1e-7)
    turn = matrices(file.channel("Head", "rotation").astype(float))
    np.testing.assert_allclose(turn, matrices(PERFORMANCE.head_rotation), atol=1e-6)
    turn = matrices(file.channel("EyeLeft", "rotation").astype(float))
    points = file.accessor(file.table["meshes"][1]["primitives"][0]["attributes"]["POSITION"])
    expected = deform(SCENE.model, PERFORMANCE.weights[11], None, PERFORMANCE.gaze[11])[MODEL.eyes[0].vertices]
    found = points @ turn[11].T + file.node("EyeLeft")["translation"]
    assert max(np.abs(expected - point).max(axis=1).min() for point in found) < 1e-7


@pytest.mark.parametrize("parts", [1, 2])
def test_the_face_deforms_as_the_model_does_across_seams_and_parts(parts):
    face_part = MODEL.face_part.copy()
    if parts == 2:
        face_part[:40] = 1
    model = dataclasses.replace(MODEL, face_part=face_part)
    scene = make_scene(model, PERFORMANCE)
    file = Read(to_gltf.pack(*to_gltf.document(scene)))
    primitives = file.table["meshes"][0]["primitives"]
    assert [primitive["material"] for primitive in primitives] == list(range(parts))
    weights = PERFORMANCE.weights[3]
    expected = deform(scene.model, weights)
    triangles = model.triangles[np.isin(model.triangles, np.concatenate([e.vertices for e in model.eyes])).sum(1) == 0]
    want = {tuple(np.round(expected[corner], 5).ravel()) for corner in triangles}
    got, vertices = set(), 0
    for primitive in primitives:
        points = file.accessor(primitive["attributes"]["POSITION"]).astype(float)
        vertices += len(points)
        assert len(primitive["targets"]) == 52
        for weight, target in zip(weights, primitive["targets"], strict=True):
            points = points + weight * file.accessor(target["POSITION"])
        corners = file.accessor(primitive["indices"])[:, 0].reshape(-1, 3)
        assert corners.max() == len(points) - 1
        got |= {tuple(np.round(points[corner], 5).ravel()) for corner in corners}
    assert len(got) == len(triangles)
    near = np.array(sorted(got)) - np.array(sorted(want))
    assert np.abs(near).max() < 2e-5
    assert vertices > 134  # the seam is split


def test_uvs_turn_their_origin_to_the_top():
    file = Read(to_gltf.pack(*to_gltf.document(SCENE)))
    attributes = file.table["meshes"][0]["primitives"][0]["attributes"]
    points, uv = file.accessor(attributes["POSITION"]), file.accessor(attributes["TEXCOORD_0"])
    assert uv[points[:, 1].argmax(), 1] == 0.0  # the top of the head is the top of the picture
    assert uv[points[:, 1].argmin(), 1] == 1.0


def test_normals_and_their_changes_are_those_of_the_moved_mesh():
    file = Read(to_gltf.pack(*to_gltf.document(SCENE)))
    primitive = file.table["meshes"][0]["primitives"][0]
    points = file.accessor(primitive["attributes"]["POSITION"]).astype(float)
    rest = file.accessor(primitive["attributes"]["NORMAL"])
    np.testing.assert_allclose(np.linalg.norm(rest, axis=1), 1, atol=1e-6)
    assert (rest * points).sum(axis=1).min() > 0
    target = max(primitive["targets"], key=lambda target: np.abs(file.accessor(target["NORMAL"])).max())
    moved = points + file.accessor(target["POSITION"])
    normals = rest + file.accessor(target["NORMAL"])
    corners = file.accessor(primitive["indices"])[:, 0].reshape(-1, 3)
    # By hand: merge the seam, sum the faces around each point.
    _, same = np.unique(np.round(points, 6), axis=0, return_inverse=True)
    same = same.ravel()
    sums = np.zeros((same.max() + 1, 3))
    face = np.cross(moved[corners[:, 1]] - moved[corners[:, 0]], moved[corners[:, 2]] - moved[corners[:, 0]])
    for corner in range(3):
        np.add.at(sums, same[corners[:, corner]], face)
    expected = (sums / np.linalg.norm(sums, axis=1, keepdims=True))[same]
    np.testing.assert_allclose(normals, expected, atol=0.01)
    assert np.abs(expected - rest).max() > 0.05


def test_shapes_that_move_an_eyeball_go_with_it():
    shapes = MODEL.shapes.copy()
    shapes[3, MODEL.eyes[0].vertices[:5]] = [0, 0.001, 0]
    model = dataclasses.replace(MODEL, shapes=shapes)
    file = Read(to_gltf.pack(*to_gltf.document(make_scene(model, PERFORMANCE))))
    assert file.table["meshes"][1]["extras"]["targetNames"] == ["eyeLookOutLeft"]
    np.testing.assert_allclose(file.channel("EyeLeft", "weights")[:, 0], PERFORMANCE.weights[:, 3], atol=1e-7)
    assert len(file.table["meshes"][0]["primitives"][0]["targets"]) == 52


def test_the_same_take_gives_the_same_bytes(tmp_path):
    to_gltf.write(SCENE, tmp_path / "a.glb")
    to_gltf.write(make_scene(small_face(), made_performance(MODEL, 25)), tmp_path / "b.glb")
    assert (tmp_path / "a.glb").read_bytes() == (tmp_path / "b.glb").read_bytes()


def test_a_face_without_eyes_uvs_or_movement_can_be_written(tmp_path):
    bare = dataclasses.replace(MODEL, eyes=(), uv=np.zeros((0, 2), np.float32),
                               uv_faces=np.zeros((0, 4), np.int32), shapes=np.zeros_like(MODEL.shapes))
    to_gltf.write(make_scene(bare, made_performance(bare, 1)), tmp_path / "bare.glb")
    file = Read((tmp_path / "bare.glb").read_bytes())
    assert len(file.table["nodes"]) == 2
    primitives = file.table["meshes"][0]["primitives"]
    assert "TEXCOORD_0" not in primitives[0]["attributes"]
    assert sum(len(file.accessor(p["attributes"]["POSITION"])) for p in primitives) == len(MODEL.neutral)
