"""Rigs as riggers send them: mirrored nodes, Blender's names, sides called from where the viewer stands, old files."""

import time
from pathlib import Path

import numpy as np
import pytest

from capture.errors import ModelError
from solver.face_model import FaceModel
from solver.model_file import load_model
from solver.model_import import import_model
from solver.rig import Rig, RigMesh
from solver.rig_fbx import read_fbx
from solver.rig_gltf import read_gltf
from solver.rig_model import rig_model
from tests.solver.gltf_made import SQUARE, Made, made_square
from tests.solver.test_model_import_rigs import KEPT, write_obj
from tests.solver.test_rig_fbx import SMALL_FBX


@pytest.fixture(scope="module")
def head() -> FaceModel:
    return load_model(Path(__file__).parents[2] / "assets" / "head.npz")


def head_glb(head: FaceModel, names: dict[str, str], mirror: np.ndarray | None = None, **node: object) -> bytes:
    """The built-in head with a few shapes, own name -> which; `mirror` (3) is what its numbers are multiplied by."""
    made = Made()
    by = np.ones(3) if mirror is None else mirror
    triangles = head.triangles if by.prod() > 0 else head.triangles[:, ::-1]
    made.table["meshes"] = [{"primitives": [{
        "attributes": {"POSITION": made.add(head.neutral * by)}, "indices": made.add(triangles.ravel(), "<u4"),
        "targets": [{"POSITION": made.add(head.shapes[head.shape_names.index(name)] * by)} for name in names.values()],
    }], "extras": {"targetNames": list(names)}}]
    made.table["nodes"] = [{"mesh": 0, **node}]
    return made.glb()


def volume(model: FaceModel) -> float:
    """Cubic metres within the faces; negative where they look inwards."""
    a, b, c = (model.neutral.astype(float)[model.triangles[:, corner]] for corner in range(3))
    return float(np.einsum("ij,ij->", a, np.cross(b, c)) / 6)


@pytest.mark.parametrize("scale", [[-1, 1, 1], [-1, -1, -1], [-1, -1, 1]])
def test_a_mirrored_node_does_not_turn_the_head_inside_out(head, tmp_path, scale):
    shapes = {name: name for name in KEPT}
    (tmp_path / "rig.glb").write_bytes(head_glb(head, shapes, np.array(scale), scale=scale))
    model = import_model(tmp_path / "rig.glb", "rig")
    np.testing.assert_allclose(model.neutral, head.neutral, atol=1e-6)
    assert volume(model) == pytest.approx(volume(head), rel=1e-4)


def test_a_mirrored_fbx_node_shows_its_faces_from_the_other_side():
    mirrored = SMALL_FBX.replace('\t\t\tP: "GeometricTranslation"', '\t\t\tP: "Lcl Scaling", "Lcl Scaling", "", "A",'
                                 '-1,1,1\n\t\t\tP: "GeometricTranslation"')
    (mesh,), (straight,) = read_fbx(mirrored.encode(), "rig.fbx").meshes, read_fbx(SMALL_FBX.encode(), "rig.fbx").meshes
    assert straight.faces.tolist() == [[0, 1, 2, -1], [0, 2, 4, -1], [0, 4, 3, -1]]
    assert mesh.faces.tolist() == [[0, 2, 1, -1], [0, 4, 2, -1], [0, 3, 4, -1]]


def test_blenders_sides_are_known_and_belong_together_in_all_meshes():
    """The lashes have one shape alone: it is the face's blink, too."""
    made = made_square()
    made.table["meshes"][0]["extras"]["targetNames"] = ["eyeBlink.L", "smile.L"]
    lashes = {"primitives": [dict(made.table["meshes"][0]["primitives"][0])], "extras": {"targetNames": ["eyeBlink.L"]}}
    lashes["primitives"][0]["targets"] = lashes["primitives"][0]["targets"][:1]
    made.table["meshes"].append(lashes)
    made.table["nodes"].append({"name": "lashes", "mesh": 1, "translation": [0, 0, 1]})
    made.table["scenes"] = [{"nodes": [0, 1]}]
    model = rig_model(read_gltf(made.glb(), "rig.glb", lambda _: b""), "rig")
    assert model.shape_names == ("eyeBlink.L", "smile.L")
    assert np.linalg.norm(model.shapes[0], axis=1).all()


def test_a_shape_that_is_shared_keeps_its_own_name_where_it_must_in_all_meshes():
    def mesh(name: str, *shapes: str) -> RigMesh:
        return RigMesh(name, SQUARE, np.array([[0, 1, 2, 3]]), np.zeros((0, 2)), np.full((1, 4), -1), (name,),
                       np.zeros(1, int), np.full((1, 3), 0.5), {shape: np.ones((4, 3)) for shape in shapes})

    rig = Rig("rig", (mesh("face", "a.wide", "b.wide"), mesh("teeth", "a.wide")), 1.0, np.eye(3))
    model = rig_model(rig, "rig")
    assert model.shape_names == ("a.wide", "b.wide")
    assert model.shapes[0].all()


def test_many_in_betweens_take_no_longer_than_their_number():
    """Four times the shapes took sixty times as long; MetaHuman's hundreds, minutes."""
    def seconds(count: int) -> float:
        shapes = {f"blend.shape{index}": np.full((4, 3), index + 1.0) for index in range(count)}
        between = {name: [(0.5, delta)] for name, delta in shapes.items()}
        mesh = RigMesh("face", SQUARE, np.array([[0, 1, 2, 3]]), np.zeros((0, 2)), np.full((1, 4), -1), ("face",),
                       np.zeros(1, int), np.full((1, 3), 0.5), shapes, between)
        start = time.process_time()
        assert len(rig_model(Rig("rig", (mesh,), 1.0, np.eye(3)), "rig").between) == count
        return time.process_time() - start

    seconds(10)
    assert seconds(800) < 40 * max(seconds(100), 0.02)


@pytest.mark.parametrize("swapped", [True, False])
def test_sides_called_from_where_the_viewer_stands_are_refused(head, tmp_path, swapped):
    other = {"Left": "Right", "Right": "Left"}
    names = {name[:-len(side)] + other[side] if (side := next((end for end in other if name.endswith(end)), ""))
             and swapped else name: name for name in KEPT}
    (tmp_path / "rig.glb").write_bytes(head_glb(head, names))
    if not swapped:
        assert import_model(tmp_path / "rig.glb", "rig").neutral[:, 2].max() > 0.11
        return
    with pytest.raises(ModelError, match="left and right exchanged"):
        import_model(tmp_path / "rig.glb", "rig")


def test_a_prefixed_rig_is_placed_by_what_its_names_mean(head, tmp_path):
    (tmp_path / "rig.glb").write_bytes(head_glb(head, {f"hero_{name}": name for name in KEPT},
                                                np.array([100.0, 100.0, 100.0])))
    model = import_model(tmp_path / "rig.glb", "rig")
    assert set(model.shape_names) == set(KEPT)
    np.testing.assert_allclose(model.neutral, head.neutral, atol=1e-6)  # its file says metres, its eyes centimetres


@pytest.mark.parametrize("data", [
    b"; FBX 6.1.0 project file\nFBXHeaderExtension:  {\n\tFBXVersion: 6100\n}\nObjects:  {\n}\n",
    b"Kaydara FBX Binary  \x00\x1a\x00" + (6100).to_bytes(4, "little") + bytes(200)])
def test_an_old_fbx_is_said_to_be_old(data):
    with pytest.raises(ModelError, match=r"rig.fbx is FBX 6.1, and mien reads 7.x; export"):
        read_fbx(data, "rig.fbx")


def test_a_folder_from_a_mac_and_marks_of_windows_are_read(head, tmp_path):
    write_obj(tmp_path / "neutral.obj", head.neutral, head.faces)
    for name in KEPT:
        write_obj(tmp_path / f"{name}.obj", head.neutral + head.shapes[head.shape_names.index(name)], head.faces)
    for path in list(tmp_path.iterdir()):
        path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
        (tmp_path / f"._{path.name}").write_bytes(b"\x00\x05\x16\x07Mac OS X")
    model = import_model(tmp_path, "rig")
    assert set(model.shape_names) == set(KEPT)
    np.testing.assert_allclose(model.neutral, head.neutral, atol=2e-6)


@pytest.mark.parametrize("extras", [None, [], "names", 3])
def test_gltf_extras_may_be_anything(tmp_path, extras):
    made = made_square()
    made.table["meshes"][0]["extras"] = extras
    (tmp_path / "rig.glb").write_bytes(made.glb())
    assert import_model(tmp_path / "rig.glb", "rig").shape_names == ("shape0", "shape1")


@pytest.mark.parametrize("node", [(0, 0, 0), (3, 4, 5)])
def test_fbx_skins_place_the_mesh_by_their_joints(node):
    """Its own node has been moved since it was bound: the jaw would turn about a place outside of the face."""
    model = f'\t\t\tP: "Lcl Translation", "Lcl Translation", "", "A",{",".join(map(str, node))}\n\t\t}}\n\t}}\n'
    joint = ('\tModel: 7, "Model::jaw", "LimbNode" {\n\t\tProperties70:  {\n'
             '\t\t\tP: "Lcl Translation", "", "", "A",0,150,0\n\t\t}\n\t}\n'
             '\tDeformer: 8, "Deformer::", "Skin" {\n\t}\n\tDeformer: 9, "SubDeformer::", "Cluster" {\n'
             "\t\tIndexes: *4 {\n\t\t\ta: 0,1,2,3\n\t\t}\n\t\tWeights: *4 {\n\t\t\ta: 1,1,1,0.5\n\t\t}\n"
             "\t\tTransform: *16 {\n\t\t\ta: 1,0,0,0,0,1,0,0,0,0,1,0,0,-50,0,1\n\t\t}\n\t}\n")
    start = SMALL_FBX.index('\t\t\tP: "Lcl Translation"')
    text = SMALL_FBX[:start] + model + joint + SMALL_FBX[SMALL_FBX.index("}\nConnections"):]
    text = text.replace('\tC: "OO",6,0', '\tC: "OO",6,0\n\tC: "OO",7,0\n\tC: "OO",8,1\n\tC: "OO",9,8\n\tC: "OO",7,9')
    mesh, = read_fbx(text.encode(), "rig.fbx").meshes
    rest = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0], [0.5, 1.5, 0]])
    held = np.array([1, 1, 1, 0.5, 0])[:, None]
    np.testing.assert_allclose(mesh.vertices, rest + held * [0, 100, 0] + (1 - held) * node, atol=1e-12)
    np.testing.assert_allclose(mesh.shapes["face.jawOpen"][[2, 3]], [[0, 0, 1], [0, 0, 2]], atol=1e-12)


def test_of_several_levels_of_detail_the_finest_is_taken():
    def mesh(name: str) -> RigMesh:
        return RigMesh(name, SQUARE, np.array([[0, 1, 2, 3]]), np.zeros((0, 2)), np.full((1, 4), -1), (name,),
                       np.zeros(1, int), np.full((1, 3), 0.5), {"jawOpen": np.ones((4, 3))})

    names = ("head_LOD1", "Head_LOD0", "teeth_lod2", "head_LOD10", "melody2", "brows", "brows_LOD1", "lod" + 5000 * "9")
    model = rig_model(Rig("rig", tuple(mesh(name) for name in names), 1.0, np.eye(3)), "rig")
    assert {part.split()[-1] for part in model.part_names} == {"Head_LOD0", "teeth_lod2", "melody2", "brows", names[-1]}
    assert len(model.neutral) == 5 * 4
