"""FBX rigs by hand: in-betweens, jaw joints, hostile numbers."""

import struct
import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from capture.errors import ModelError
from exporters import to_fbx
from exporters.scene import make_scene
from solver import fbx_nodes
from solver import rig as rig_module
from solver.face_model import FaceModel, deform
from solver.model_file import load_model, save_model
from solver.model_import import import_model
from solver.rig import Rig, RigMesh
from solver.rig_fbx import read_fbx
from solver.rig_jaw import find_jaw
from solver.rig_model import rig_model
from tests.material import shared
from tests.solver.gltf_made import made_square
from tests.synthetic import made_performance

FACECAP = ("FaceCapHeadGeneric.fbx", "FaceCapLiveModeAvatar.fbx")
"""ASCII 7.4, metres by a node's scale; and binary 7.5, centimetres, with joints and a chest."""


@pytest.fixture(scope="module")
def head() -> FaceModel:
    return load_model(Path(__file__).parents[2] / "assets" / "head.npz")


SMALL_FBX = """; FBX 7.4.0 project file
FBXHeaderExtension:  {
	FBXVersion: 7400
}
GlobalSettings:  {
	Properties70:  {
		P: "UpAxis", "int", "Integer", "",2
		P: "UpAxisSign", "int", "Integer", "",1
		P: "FrontAxis", "int", "Integer", "",1
		P: "FrontAxisSign", "int", "Integer", "",-1
		P: "CoordAxis", "int", "Integer", "",0
		P: "CoordAxisSign", "int", "Integer", "",1
		P: "UnitScaleFactor", "double", "Number", "",2.54
	}
}
Objects:  {
	Geometry: 1, "Geometry::", "Mesh" {
		Vertices: *15 {
			a: 0,0,0,1,0,0,1,1,0,0,1,0,
			0.5,1.5,0
		}
		PolygonVertexIndex: *5 {
			a: 0,1,2,4,-4
		}
	}
	Geometry: 2, "Geometry::half", "Shape" {
		Indexes: *1 {
			a: 2
		}
		Vertices: *3 {
			a: 0,0,9
		}
	}
	Geometry: 3, "Geometry::whole", "Shape" {
		Indexes: *2 {
			a: 2,3
		}
		Vertices: *6 {
			a: 0,0,1,0,0,2
		}
	}
	Deformer: 4, "Deformer::", "BlendShape" {
	}
	Deformer: 5, "SubDeformer::face.jawOpen", "BlendShapeChannel" {
		FullWeights: *2 {
			a: 50,100
		}
	}
	Model: 6, "Model::head", "Mesh" {
		Properties70:  {
			P: "Lcl Translation", "Lcl Translation", "", "A",10,0,0
			P: "Lcl Rotation", "Lcl Rotation", "", "A",0,0,90
			P: "GeometricTranslation", "Vector3D", "Vector", "",0,0,5
		}
	}
}
Connections:  {
	C: "OO",6,0
	C: "OO",1,6
	C: "OO",4,1
	C: "OO",5,4
	C: "OO",2,5
	C: "OO",3,5
}
"""


def test_fbx_polygons_nodes_axes_and_in_betweens():
    rig = read_fbx(SMALL_FBX.encode(), "small.fbx")
    mesh, = rig.meshes
    assert mesh.faces.tolist() == [[0, 1, 2, -1], [0, 2, 4, -1], [0, 4, 3, -1]]
    np.testing.assert_allclose(mesh.vertices[:3], [[10, 0, 5], [10, 1, 5], [9, 1, 5]], atol=1e-12)
    assert list(mesh.shapes) == ["face.jawOpen"]
    np.testing.assert_allclose(mesh.shapes["face.jawOpen"][[2, 3]], [[0, 0, 1], [0, 0, 2]], atol=1e-12)
    (weight, half), = mesh.between["face.jawOpen"]
    assert weight == 0.5
    np.testing.assert_allclose(half, [[0, 0, 0], [0, 0, 0], [0, 0, 9], [0, 0, 0], [0, 0, 0]], atol=1e-12)
    assert rig.metres == pytest.approx(0.0254)
    np.testing.assert_array_equal(rig.axes @ [0, -1, 0], [0, 0, 1])  # what looks along -y looks along +z
    np.testing.assert_array_equal(rig.axes @ [0, 0, 1], [0, 1, 0])


@pytest.mark.parametrize("bad", [
    SMALL_FBX.replace("C: \"OO\",6,0", "C: \"OO\",6,6"),
    SMALL_FBX.replace("0,1,2,4,-4", "0,1,2,7,-4"),
    SMALL_FBX.replace("*15", "*16"),
    SMALL_FBX.replace("Connections:  {", "Connections:  {{"),
    SMALL_FBX[:-3],
    SMALL_FBX.replace("a: 50,100", "a: fifty,100"),
    SMALL_FBX.replace("*15", "*99999999999999"),
    SMALL_FBX.replace("C: \"OO\",6,0", "C: \"OO\",6,7\n\tC: \"OO\",7,6").replace(
        "\tModel: 6", "\tModel: 7, \"Model::round\", \"Null\" {\n\t}\n\tModel: 6"),
])
def test_a_wrong_ascii_fbx_gets_a_sentence(bad):
    with pytest.raises(ModelError, match=r"small\.fbx.*export the rig again"):
        read_fbx(bad.encode(), "small.fbx")


def test_a_shape_bends_through_its_in_between(tmp_path):
    (tmp_path / "rig.fbx").write_text(SMALL_FBX.replace('P: "Lcl Rotation"', 'P: "Unused"'))
    model = import_model(tmp_path / "rig.fbx", "rig")
    assert model.shape_names == ("jawOpen",)
    assert [(step.of, step.weight) for step in model.between] == [("jawOpen", 0.5)]
    moved = np.array([np.linalg.norm(deform(model, np.array([w])) - model.neutral, axis=1)
                      for w in (0.25, 0.5, 0.75, 1.0)])
    unit = moved[3, 2]  # full weight moves this vertex by 1 of the file's units, half weight by 9
    np.testing.assert_allclose(moved[:, 2] / unit, [4.5, 9.0, 5.0, 1.0], rtol=1e-5)
    np.testing.assert_allclose(moved[:, 3] / unit, [0.0, 0.0, 1.0, 2.0], atol=1e-5)
    save_model(model, tmp_path / "rig.npz")
    again = load_model(tmp_path / "rig.npz")
    assert again.sha256 == model.sha256 != replace(model, between=()).sha256
    np.testing.assert_array_equal(deform(again, np.array([0.3])), deform(model, np.array([0.3])))


@pytest.fixture(scope="module")
def jaw_rig(head) -> Rig:
    """The built-in head with its jaw on a joint, as a game's rig has it: the tongue hangs from the jaw."""
    points = head.neutral.astype(np.float64)
    tongue = np.zeros(len(points))
    tongue[np.unique(head.faces[head.face_part == head.part_names.index("tongue")])] = 1.0
    opens = np.linalg.norm(head.shapes[head.shape_names.index("jawOpen")], axis=1)
    share = np.where(tongue > 0, 0.0, np.clip(opens / 0.03, 0, 1))
    mesh = RigMesh("head", points, head.faces, head.uv, head.uv_faces, ("skin",), np.zeros(len(head.faces), int),
                   np.array([[0.6, 0.4, 0.3]]), {"eyeBlink_L": head.shapes[0].astype(np.float64)},
                   held={"C_jaw_jnt": share, "tongue1": tongue})
    jaw = np.eye(4)
    jaw[:3, 3] = [0, -0.006, 0.009]
    return Rig("game.fbx", (mesh,), 1.0, np.eye(3), {"C_jaw_jnt": jaw, "tongue1": np.eye(4), "jaw_end": np.eye(4),
                                                     "head": np.eye(4)},
               {"tongue1": "C_jaw_jnt", "C_jaw_jnt": "head", "jaw_end": "C_jaw_jnt"})


def test_a_jaw_joint_makes_the_shapes_that_a_rig_lacks(head, jaw_rig, tmp_path):
    model = rig_model(jaw_rig, "game")
    assert model.jaw.name == "C_jaw_jnt"
    assert model.jaw.made == ("jawForward", "jawLeft", "jawRight", "jawOpen")
    tongue = np.unique(model.faces[head.face_part == head.part_names.index("tongue")])
    assert (model.jaw.share[tongue] == 1).all()  # what hangs from the jaw goes with it
    chin = model.neutral[:, 2].argsort()[-4000:]
    chin = chin[model.neutral[chin, 1] < -0.075]
    for name, axis, sign in (("jawOpen", 1, -1), ("jawForward", 2, 1), ("jawLeft", 0, 1), ("jawRight", 0, -1)):
        move = model.shapes[model.shape_names.index(name)][chin, axis] * sign
        assert move.max() > 0.004, name
    lower = model.shapes[model.shape_names.index("jawOpen")][model.jaw.share > 0.99]
    assert 0.025 < np.linalg.norm(lower, axis=1).max() < 0.06
    still = model.jaw.share == 0
    assert np.abs(model.shapes[model.shape_names.index("jawOpen")][still]).max() == 0
    save_model(model, tmp_path / "game.npz")
    again = load_model(tmp_path / "game.npz").jaw
    np.testing.assert_array_equal(again.share, model.jaw.share.astype(np.float32))
    assert (again.name, again.made) == (model.jaw.name, model.jaw.made)


def test_a_rigs_own_jaw_shape_is_believed(head, jaw_rig):
    mesh = jaw_rig.meshes[0]
    own = {"JawOpen": head.shapes[head.shape_names.index("jawOpen")].astype(np.float64)}
    model = rig_model(replace(jaw_rig, meshes=(replace(mesh, shapes=mesh.shapes | own),)), "game")
    assert model.jaw.made == ()
    assert model.shape_names == ("eyeBlink_L", "JawOpen")
    assert rig_model(replace(jaw_rig, meshes=(replace(mesh, held={}),)), "game").jaw is None


@pytest.mark.parametrize(("name", "jaw"), [("jaw", True), ("Jaw_M", True), ("mixamorig:Jaw", True), ("LowerJaw", True),
                                           ("CC_Base_JawRoot", True), ("jaw_upper", False), ("jawCorner_L", False),
                                           ("head", False), ("jawbreaker_belt", False), ("chin", False)])
def test_jaw_joints_are_known_by_name(name, jaw):
    found = find_jaw({name: np.eye(4)}, {}, {name: np.ones(30)}, np.zeros((30, 3)), {})
    assert (found is not None) == jaw


def test_joints_hang_from_one_another(tmp_path):
    rig = read_fbx(shared("models", "facecap", FACECAP[1]).read_bytes(), "rig.fbx")
    assert rig.above["LeftEye_Joint"] == "Head_Joint"
    assert rig.above["Head_Joint"] == "Neck_Joint"
    circle = {"jaw": "a", "a": "jaw"}
    assert find_jaw({"jaw": np.eye(4)}, circle, {"jaw": np.ones(30)}, np.zeros((30, 3)), {}) is not None


def test_fbx_arrays_that_together_claim_to_be_huge_are_refused(monkeypatch):
    monkeypatch.setattr(fbx_nodes, "LARGEST_ALL", 1000)
    packed = zlib.compress(bytes(800))
    values = (b"d" + struct.pack("<III", 100, 1, len(packed)) + packed) * 2
    end = 27 + 13 + 1 + len(values)
    data = b"Kaydara FBX Binary  \x00\x1a\x00" + struct.pack("<I", 7400) \
        + struct.pack("<IIIB", end, 2, len(values), 1) + b"V" + values + bytes(13)
    with pytest.raises(ModelError, match="arrays have more"):
        read_fbx(data, "small.fbx")


@pytest.mark.parametrize("version", [7400, 7500])
def test_binary_fbx_of_both_widths_is_read_and_cut_short_refused(head, tmp_path, version):
    path = tmp_path / "take.fbx"
    to_fbx.write(make_scene(head, made_performance(head, 2)), path, to_fbx.Preset(version=version))
    whole = path.read_bytes()
    assert struct.unpack_from("<I", whole, 23) == (version,)
    assert sum(len(mesh.shapes) for mesh in read_fbx(whole, "take.fbx").meshes) >= 52
    for share in (0.2, 0.6, 0.99):
        with pytest.raises(ModelError, match=r"take\.fbx.*cut short or damaged"):
            read_fbx(whole[:int(len(whole) * share)], "take.fbx")


def test_shapes_that_would_fill_the_memory_are_refused(monkeypatch, tmp_path):
    monkeypatch.setattr(rig_module, "MOST_MOVES", 20)
    (tmp_path / "rig.glb").write_bytes(made_square().glb())
    (tmp_path / "rig.fbx").write_text(SMALL_FBX)
    for name in ("rig.glb", "rig.fbx"):
        with pytest.raises(ModelError, match=r"\d vertices.* are more than it can hold"):
            import_model(tmp_path / name, "rig")


def test_an_fbx_array_that_claims_to_be_huge_is_refused():
    # One node with one deflated array of 2^31 numbers, which would fill the memory.
    values = b"d" + struct.pack("<III", 1 << 31, 1, 20) + b"x" * 20
    end = 27 + 13 + 1 + len(values)
    data = b"Kaydara FBX Binary  \x00\x1a\x00" + struct.pack("<I", 7400) \
        + struct.pack("<IIIB", end, 1, len(values), 1) + b"V" + values + bytes(13)
    with pytest.raises(ModelError, match="says that it has 2147483648 numbers"):
        read_fbx(data, "small.fbx")
