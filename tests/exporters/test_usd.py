import dataclasses
import subprocess
import sys

import numpy as np
import pytest
from pxr import Gf, Usd, UsdGeom, UsdShade, UsdSkel

from capture.errors import OutputError
from exporters import to_usd
from exporters.mesh import meshes
from exporters.scene import make_scene
from solver.face_model import deform
from tests.synthetic import made_performance, small_face

MODEL = small_face()
PERFORMANCE = made_performance(MODEL, 20, 24)
SCENE = make_scene(MODEL, PERFORMANCE)


@pytest.fixture(scope="module")
def stage(tmp_path_factory):
    path = tmp_path_factory.mktemp("usd") / "T001.usdc"
    to_usd.write(SCENE, path)
    return Usd.Stage.Open(str(path))


def test_the_stage_says_units_rate_and_span(stage):
    assert UsdGeom.GetStageUpAxis(stage) == "Y"
    assert UsdGeom.GetStageMetersPerUnit(stage) == 1.0
    assert (stage.GetTimeCodesPerSecond(), stage.GetStartTimeCode(), stage.GetEndTimeCode()) == (24, 0, 19)
    assert stage.GetDefaultPrim().GetName() == "T001"
    assert stage.GetRootLayer().customLayerData["startTimecode"] == "10:00:00:00"


def test_skinned_points_are_the_models(stage):
    """OpenUSD's own skinning, weights and blend shapes, against `deform`."""
    mesh = UsdGeom.Mesh(stage.GetPrimAtPath("/T001/Head/Face"))
    cache = UsdSkel.Cache()
    cache.Populate(UsdSkel.Root(stage.GetPrimAtPath("/T001/Head")), Usd.PrimDefaultPredicate)
    query = cache.GetSkinningQuery(mesh.GetPrim())
    animation = cache.GetSkelQuery(UsdSkel.Skeleton(stage.GetPrimAtPath("/T001/Head/Skeleton"))).GetAnimQuery()
    shapes = UsdSkel.BlendShapeQuery(UsdSkel.BindingAPI(mesh.GetPrim()))
    weights = query.GetBlendShapeMapper().Remap(animation.ComputeBlendShapeWeights(13))
    sub_weights, shape_index, sub_index = shapes.ComputeSubShapeWeights(weights)
    points = mesh.GetPointsAttr().Get()
    shapes.ComputeDeformedPoints(sub_weights, shape_index, sub_index, shapes.ComputeBlendShapePointIndices(),
                                 shapes.ComputeSubShapePointOffsets(), points)
    skin = np.setdiff1d(np.arange(len(MODEL.neutral)), np.concatenate([eye.vertices for eye in MODEL.eyes]))
    np.testing.assert_allclose(np.array(points), deform(SCENE.model, PERFORMANCE.weights[13])[skin], atol=1e-7)


def test_eyes_stand_and_turn_in_the_head(stage):
    prim = UsdGeom.Xformable(stage.GetPrimAtPath("/T001/Head/EyeLeft"))
    matrix = np.array(prim.GetLocalTransformation(7))
    points = np.array(UsdGeom.Mesh(prim.GetPrim()).GetPointsAttr().Get())
    found = points @ matrix[:3, :3] + matrix[3, :3]
    expected = deform(SCENE.model, PERFORMANCE.weights[7], None, PERFORMANCE.gaze[7])[MODEL.eyes[0].vertices]
    np.testing.assert_allclose(found, expected, atol=1e-7)


def test_a_shape_that_moves_an_eyeball_leaves_it_where_its_node_is(tmp_path):
    """What OpenUSD bakes for a program that knows no blend shapes, against `deform`."""
    jaw = MODEL.shape_names.index("jawForward")
    shapes = MODEL.shapes.copy()
    for eye in MODEL.eyes:
        shapes[jaw, eye.vertices] = [0.0, 0.0, 0.01]
    weights = PERFORMANCE.weights.copy()
    weights[:, jaw] = np.linspace(0, 1, 20)
    performance = dataclasses.replace(PERFORMANCE, weights=weights, gaze=np.zeros((20, 2, 2)))
    scene = make_scene(dataclasses.replace(MODEL, shapes=shapes), performance)
    to_usd.write(scene, tmp_path / "T001.usdc")
    stage = Usd.Stage.Open(str(tmp_path / "T001.usdc"))
    assert UsdSkel.BakeSkinning(UsdSkel.Root(stage.GetPrimAtPath("/T001/Head")), Gf.Interval(0, 19))
    for name, eye in zip(("EyeLeft", "EyeRight"), MODEL.eyes, strict=True):
        mesh = UsdGeom.Mesh(stage.GetPrimAtPath(f"/T001/Head/{name}"))
        for frame in (0, 13, 19):
            matrix = np.array(mesh.GetLocalTransformation(frame))
            found = np.array(mesh.GetPointsAttr().Get(frame)) @ matrix[:3, :3] + matrix[3, :3]
            expected = deform(scene.model, weights[frame], None, performance.gaze[frame])[eye.vertices]
            np.testing.assert_allclose(found, expected, atol=1e-6)


def test_parts_and_awkward_names_are_kept_apart(tmp_path):
    face_part = MODEL.face_part.copy()
    face_part[:40] = 1
    names = ("smile left", "smile_left", "1st", *MODEL.shape_names[3:])
    model = dataclasses.replace(MODEL, face_part=face_part, shape_names=names)
    performance = dataclasses.replace(PERFORMANCE, shape_names=names, take="12 take/é")
    to_usd.write(make_scene(model, performance), tmp_path / "odd.usda")
    stage = Usd.Stage.Open(str(tmp_path / "odd.usda"))
    face = stage.GetDefaultPrim().GetPrimAtPath("Head/Face")
    assert tuple(UsdSkel.BindingAPI(face).GetBlendShapesAttr().Get()) == names
    assert len(set(UsdSkel.BindingAPI(face).GetBlendShapeTargetsRel().GetTargets())) == 52
    subsets = UsdShade.MaterialBindingAPI(face).GetMaterialBindSubsets()
    assert sum(len(subset.GetIndicesAttr().Get()) for subset in subsets) == 144
    assert stage.GetRootLayer().customLayerData["take"] == "12 take/é"


def test_names_that_become_one_are_counted_up_until_one_is_free(tmp_path):
    face_part = MODEL.face_part.copy()
    face_part[:40] = 1
    parts = [f"{name}_{number}" for number, name in enumerate(MODEL.part_names)]
    names = (parts[0], "a_b_3", "a b", "a-b", parts[1], *MODEL.shape_names[5:])
    model = dataclasses.replace(MODEL, face_part=face_part, shape_names=names)
    scene = make_scene(model, dataclasses.replace(PERFORMANCE, shape_names=names))
    to_usd.write(scene, tmp_path / "odd.usda")
    stage = Usd.Stage.Open(str(tmp_path / "odd.usda"))
    face = stage.GetPrimAtPath("/T001/Head/Face")
    targets = UsdSkel.BindingAPI(face).GetBlendShapeTargetsRel().GetTargets()
    assert len(set(targets)) == 52
    assert all(stage.GetPrimAtPath(target).IsA(UsdSkel.BlendShape) for target in targets)
    assert len(UsdShade.MaterialBindingAPI(face).GetMaterialBindSubsets()) == len(set(meshes(scene)[0].face_part))


@pytest.mark.parametrize("suffix", [".usda", ".usdc", ".usd"])
def test_the_same_take_gives_the_same_bytes_and_no_path(tmp_path, suffix):
    to_usd.write(SCENE, tmp_path / f"a{suffix}")
    to_usd.write(SCENE, tmp_path / f"b{suffix}")
    data = (tmp_path / f"a{suffix}").read_bytes()
    assert data == (tmp_path / f"b{suffix}").read_bytes()
    assert str(tmp_path.parent).encode() not in data
    assert b"take.usdc" not in data


def test_without_the_library_one_sentence_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pxr", None)
    with pytest.raises(OutputError, match="pip install usd-core"):
        to_usd.write(SCENE, tmp_path / "T001.usdc")
    assert not list(tmp_path.iterdir())


def test_the_exporters_load_without_the_library():
    code = "import sys; sys.modules['pxr'] = None; import exporters; assert exporters.WRITERS['.usdc']"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_every_fields_name_comes_first_so_that_no_compiler_decides_their_numbers(stage):
    """Builds of OpenUSD for x86-64 and for ARM number a field's name and its value in another order."""
    layer = stage.GetRootLayer()
    names = layer.customLayerData["customLayerData"]
    assert min(layer.customLayerData) == "customLayerData"
    paths = []
    layer.Traverse("/", paths.append)
    used = {key for path in paths if (spec := layer.GetObjectAtPath(path)) for key in spec.ListInfoKeys()}
    assert used <= set(names)
    assert {"customLayerData", "interpolation", "apiSchemas", "kind", "typeName"} <= used
