"""In-betweens of a rig's shapes: where a format has them they are written, and the face passes through them."""

import dataclasses

import numpy as np
import pytest
from pxr import Usd, UsdGeom, UsdSkel

from exporters import to_fbx, to_gltf, to_usd
from exporters.scene import make_scene
from solver.face_model import Between, deform
from tests.exporters.fbx_file import Read, text, value
from tests.synthetic import made_performance, small_face


def bent():
    """The small face whose jaw swings forward on its way down, by two in-betweens; one would take a shape's name."""
    model = small_face()
    jaw = model.shapes[model.shape_names.index("jawOpen")]
    forward = 0.004 * (np.abs(jaw).max(axis=1, keepdims=True) > 0) * [0.0, 0.0, 1.0]
    names = tuple("jawOpen_50" if name == "tongueOut" else name for name in model.shape_names)
    return dataclasses.replace(model, shape_names=names, between=(
        Between("jawOpen", 0.5, (0.5 * jaw + forward).astype(np.float32)),
        Between("jawOpen", 0.25, (0.25 * jaw + 0.8 * forward).astype(np.float32))))


MODEL = bent()
SKIN = np.setdiff1d(np.arange(len(MODEL.neutral)), np.concatenate([eye.vertices for eye in MODEL.eyes]))
SCENE = make_scene(MODEL, made_performance(MODEL, 20))


@pytest.mark.parametrize("program", ["maya", "unity", "unreal"])
def test_fbx_has_them_in_the_shapes_own_channel(tmp_path, program):
    to_fbx.write(SCENE, tmp_path / "T001.fbx", to_fbx.PRESETS[program])
    file = Read(tmp_path / "T001.fbx")
    channel = file.objects[file.named("Deformer", "jawOpen", "BlendShapeChannel")]
    assert value(channel, "FullWeights").tolist() == [25.0, 50.0, 100.0]
    shapes = [file.objects[key] for key in file.below(file.named("Deformer", "jawOpen"), "Geometry")]
    names = [text(shape.values[1]).split("\0")[0] for shape in shapes]
    assert names == ["jawOpen_25", "jawOpen_50_2", "jawOpen"]  # the file has another shape called jawOpen_50
    for shape, weight in zip(shapes, (0.25, 0.5, 1.0), strict=True):
        found = np.zeros((len(SKIN), 3))
        found[value(shape, "Indexes")] = value(shape, "Vertices").reshape(-1, 3) / 100
        weights = weight * (np.array(MODEL.shape_names) == "jawOpen")
        np.testing.assert_allclose(found, (deform(SCENE.model, weights) - SCENE.model.neutral)[SKIN], atol=2e-6)
    other = file.objects[file.named("Deformer", "mouthPucker", "BlendShapeChannel")]
    assert value(other, "FullWeights").tolist() == [100.0]


def test_programs_that_do_not_know_them_get_the_whole_shape_alone(tmp_path):
    for preset in (to_fbx.ANY_PROGRAM, to_fbx.PRESETS["blender"]):
        to_fbx.write(SCENE, tmp_path / "T001.fbx", preset)
        file = Read(tmp_path / "T001.fbx")
        assert len(file.below(file.named("Deformer", "jawOpen"), "Geometry")) == 1
    table, _ = to_gltf.document(SCENE)
    assert table["meshes"][0]["extras"]["targetNames"] == list(MODEL.shape_names)


def test_usd_keeps_points_that_move_along_one_axis_alone_and_those_that_move_only_on_the_way(tmp_path):
    jaw, out = MODEL.shape_names.index("jawOpen"), np.zeros_like(MODEL.shapes[0])
    bulge = out.copy()
    out[SKIN[3], 1], bulge[SKIN[5], 0] = -0.01, 0.002  # a point that moves down, one that goes aside and comes back
    shapes = MODEL.shapes.copy()
    shapes[jaw] = out
    model = dataclasses.replace(MODEL, shapes=shapes, between=(Between("jawOpen", 0.5, 0.5 * out + bulge),))
    to_usd.write(make_scene(model, SCENE.performance), tmp_path / "T001.usdc")
    stage = Usd.Stage.Open(str(tmp_path / "T001.usdc"))
    shape = UsdSkel.BlendShape(stage.GetPrimAtPath("/T001/Head/Face/jawOpen"))
    assert list(shape.GetPointIndicesAttr().Get()) == [3, 5]
    np.testing.assert_allclose(shape.GetOffsetsAttr().Get(), [[0, -0.01, 0], [0, 0, 0]], atol=1e-7)
    between, = shape.GetInbetweens()
    np.testing.assert_allclose(between.GetOffsets(), [[0, -0.005, 0], [0.002, 0, 0]], atol=1e-7)


@pytest.mark.parametrize("weight", [0.1, 0.25, 0.4, 0.75, 1.0])
def test_usd_moves_through_them(tmp_path, weight):
    to_usd.write(SCENE, tmp_path / "T001.usdc")
    stage = Usd.Stage.Open(str(tmp_path / "T001.usdc"))
    mesh = UsdGeom.Mesh(stage.GetPrimAtPath("/T001/Head/Face"))
    query = UsdSkel.BlendShapeQuery(UsdSkel.BindingAPI(mesh.GetPrim()))
    weights = weight * (np.array(MODEL.shape_names) == "jawOpen")
    points = mesh.GetPointsAttr().Get()
    query.ComputeDeformedPoints(*query.ComputeSubShapeWeights([float(w) for w in weights]),
                                query.ComputeBlendShapePointIndices(), query.ComputeSubShapePointOffsets(), points)
    np.testing.assert_allclose(np.array(points), deform(SCENE.model, weights)[SKIN], atol=2e-6)
