import json
import subprocess
import sys
import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from capture.errors import ModelError, OutputError
from exporters import to_fbx, to_gltf
from exporters.scene import make_scene
from solver import rig
from solver.face_model import ARKIT, FaceModel, deform
from solver.model_file import load_model
from solver.model_import import add_model, find_model, import_model, list_models, names_file
from solver.parts import EYEBALL, is_part
from solver.rig_fbx import read_fbx
from solver.rig_gltf import read_gltf
from tests.closed import close
from tests.material import shared
from tests.solver.gltf_made import SQUARE, Made, made_square
from tests.synthetic import made_performance

FACECAP = ("FaceCapHeadGeneric.fbx", "FaceCapLiveModeAvatar.fbx")
"""ASCII 7.4, metres by a node's scale; and binary 7.5, centimetres, with joints and a chest."""


@pytest.fixture(scope="module")
def facecap() -> dict[str, FaceModel]:
    return {name: import_model(shared("models", "facecap", name), "facecap") for name in FACECAP}


@pytest.fixture(scope="module")
def head() -> FaceModel:
    return load_model(Path(__file__).parents[2] / "assets" / "head.npz")


@pytest.mark.parametrize("name", FACECAP)
def test_facecap_becomes_a_face_model(facecap, name):
    model = facecap[name]
    assert model.shape_names == tuple(shape for shape in ARKIT if shape != "tongueOut")  # there it is empty or missing
    assert len(model.eyes) == 2
    left, right = (eye.centre(model.neutral) for eye in model.eyes)
    assert 0.055 < left[0] - right[0] < 0.075  # metres, left first
    blink = model.shapes[model.shape_names.index("eyeBlinkLeft")]
    lids = model.neutral[np.linalg.norm(blink, axis=1) > 0.004]
    assert lids[:, 0].min() > 0
    assert np.linalg.norm(lids - left, axis=1).max() < 0.035
    assert blink[:, 1].min() < -0.008  # the upper lid comes down by about a centimetre
    jaw = model.shapes[model.shape_names.index("jawOpen")]
    assert jaw[:, 1].min() < -0.03
    ball = np.array([is_part(part, EYEBALL) for part in model.part_names])[model.triangle_part]
    assert np.isin(model.triangles[ball], np.concatenate([eye.vertices for eye in model.eyes])).all()


def test_facecaps_two_files_agree(facecap):
    # One sculpt in two formats, units and topologies: the shapes' longest moves must be equal, in metres.
    one, other = facecap.values()
    for name in ("eyeBlinkLeft", "jawOpen", "mouthSmileRight", "browInnerUp", "cheekSquintLeft"):
        longest = [np.linalg.norm(model.shapes[model.shape_names.index(name)], axis=1).max() for model in (one, other)]
        assert longest[0] == pytest.approx(longest[1], rel=1e-3)
        assert longest[0] > 0.005


@pytest.mark.parametrize("name", FACECAP)
def test_ufbx_reads_the_same_numbers(name):
    pytest.importorskip("ufbx")
    path = shared("models", "facecap", name)
    # In a process of its own that leaves without a farewell: ufbx 0.0.5 crashes when its wrappers are freed.
    code = ("import json, os, sys, ufbx\n"
            "scene = ufbx.load_file(sys.argv[1])\nkeep = [scene]\nout = {}\n"
            "for mesh in list(scene.meshes):\n    keep.append(mesh)\n"
            "    node = mesh.instances[0]\n    keep.append(node)\n    m = node.geometry_to_world\n"
            "    point = lambda p: [m.c0.x*p.x+m.c1.x*p.y+m.c2.x*p.z+m.c3.x, m.c0.y*p.x+m.c1.y*p.y+m.c2.y*p.z+m.c3.y,"
            " m.c0.z*p.x+m.c1.z*p.y+m.c2.z*p.z+m.c3.z]\n"
            "    out[node.name] = [point(p) for p in list(mesh.vertices)]\n"
            "print(json.dumps(out))\nsys.stdout.flush()\nos._exit(0)\n")
    run = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, timeout=60)
    assert run.returncode == 0, run.stderr
    theirs = json.loads(run.stdout)
    ours = read_fbx(path.read_bytes(), name)
    assert {mesh.name for mesh in ours.meshes} == set(theirs)
    for mesh in ours.meshes:
        np.testing.assert_allclose(mesh.vertices, theirs[mesh.name], rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("kind", ["fbx", "glb", "vrm"])
def test_what_mien_exports_comes_back(head, tmp_path, kind):
    path = tmp_path / f"take.{kind}"  # a .vrm is a GLB
    still = replace(made_performance(head, 2), head_rotation=np.array([[0.0, 0, 0, 1]] * 2), gaze=np.zeros((2, 2, 2)),
                    head_translation=np.zeros((2, 3)), identity=np.zeros(len(head.identity_names)))
    (to_fbx if kind == "fbx" else to_gltf).write(make_scene(head, still), path)
    model = import_model(path, "back")
    assert model.shape_names == head.shape_names
    for name in head.shape_names:
        ours = np.linalg.norm(model.shapes[model.shape_names.index(name)], axis=1)
        theirs = np.linalg.norm(head.shapes[head.shape_names.index(name)], axis=1)
        assert ours.max() == pytest.approx(theirs.max(), rel=1e-3)
        assert (ours > 1e-4).sum() == pytest.approx((theirs > 1e-4).sum(), rel=0.02)
    for ours, theirs in zip(model.eyes, head.eyes, strict=True):
        np.testing.assert_allclose(ours.centre(model.neutral), theirs.centre(head.neutral), atol=1e-5)
    np.testing.assert_allclose(model.neutral.max(axis=0), head.neutral.max(axis=0), atol=1e-5)


KEPT = ("eyeBlinkLeft", "eyeBlinkRight", "jawOpen", "browInnerUp")


def write_obj(path: Path, vertices: np.ndarray, faces: np.ndarray) -> None:
    lines = [f"v {x:.6f} {y:.6f} {z:.6f}" for x, y, z in vertices]
    lines += ["f " + " ".join(str(index + 1) for index in face if index >= 0) for face in faces]
    path.write_text("\n".join(lines) + "\n")


@pytest.fixture(scope="module")
def obj_folder(head, tmp_path_factory) -> Path:
    """Four shapes of the built-in head, as a modeller with Z up and centimetres would write them, looking along -y."""
    folder = tmp_path_factory.mktemp("rig")
    z_up = np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]]).T * 100
    write_obj(folder / "neutral.obj", head.neutral @ z_up, head.faces)
    for name in KEPT:
        own = name.replace("Left", "_L").replace("Right", "_R")
        write_obj(folder / f"{own}.obj", (head.neutral + head.shapes[head.shape_names.index(name)]) @ z_up, head.faces)
    return folder


def test_a_folder_of_obj_shapes_is_turned_and_scaled(head, obj_folder):
    model = import_model(obj_folder, "rig")
    assert model.shape_names == tuple(name for name in ARKIT if name in KEPT)
    np.testing.assert_allclose(model.neutral, head.neutral, atol=2e-6)
    for name in KEPT:
        np.testing.assert_allclose(model.shapes[model.shape_names.index(name)],
                                   head.shapes[head.shape_names.index(name)], atol=4e-6)
    np.testing.assert_array_equal(model.faces, head.faces)


def test_the_users_table_of_names_has_the_last_word(obj_folder, tmp_path, monkeypatch):
    monkeypatch.setenv("MIEN_CACHE", str(tmp_path))
    added = add_model(obj_folder, "mine")
    assert find_model("mine").sha256 == added.sha256
    table = names_file("mine")
    table.write_text(table.read_text().replace('"jawOpen" = "jawOpen"', '"jawOpen" = "mouthFunnel"')
                     .replace('"browInnerUp" = "browInnerUp"', '"browInnerUp" = ""'))
    assert find_model("mine").shape_names == ("eyeBlinkLeft", "eyeBlinkRight", "mouthFunnel")


def test_without_a_cache_models_are_read_and_none_is_added(obj_folder, tmp_path, monkeypatch):
    (tmp_path / "a file").write_text("no cache can be kept below it")
    monkeypatch.setenv("MIEN_CACHE", str(tmp_path / "a file" / "cache"))
    assert find_model(str(obj_folder), paths=True).shape_names
    with pytest.raises(OutputError, match=r"the model mine cannot be kept: .* in the environment variable MIEN_CACHE"):
        add_model(obj_folder, "mine")
    monkeypatch.setenv("MIEN_CACHE", str(tmp_path / "theirs" / "cache"))
    close(monkeypatch, tmp_path / "theirs")
    assert list_models() == []


@pytest.mark.parametrize(("change", "message"), [
    (lambda folder: (folder / "neutral.obj").unlink(), "has none"),
    (lambda folder: (folder / "base.obj").write_text("v 0 0 0\n"), "has several"),
    (lambda folder: (folder / "jawOpen.obj").write_text("v 0 0 0\n"), "jawOpen.obj has 1 vertices"),
    (lambda folder: (folder / "jawOpen.obj").write_text("v 0 0 nan\n"), "not a finite number"),
    (lambda folder: (folder / "neutral.obj").write_text("v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 4\n"), "line 4: the face"),
    (lambda folder: (folder / "neutral.obj").write_text("v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 -4\n"), "line 4: the face"),
    (lambda folder: (folder / "jawOpen.obj").write_bytes(bytes(range(256))), "no vertices"),
    (lambda folder: [path.unlink() for path in folder.glob("*.obj") if path.stem != "neutral"], "no named shapes"),
])
def test_a_wrong_obj_folder_gets_a_sentence(obj_folder, tmp_path, change, message):
    for path in obj_folder.glob("*.obj"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    change(tmp_path)
    with pytest.raises(ModelError, match=message):
        import_model(tmp_path, "rig")


def test_gltf_seams_are_welded_and_nodes_place_the_mesh():
    rig = read_gltf(made_square().glb(), "made.glb", lambda _: b"")
    mesh, = rig.meshes
    np.testing.assert_allclose(mesh.vertices, SQUARE * 2 + [2, 0, 0])
    assert mesh.faces.tolist() == [[0, 1, 2, -1], [0, 2, 3, -1]]
    assert mesh.uv_faces.tolist() == [[0, 1, 2, -1], [3, 4, 5, -1]]
    np.testing.assert_allclose(mesh.uv[[0, 4]], [[0, 0], [0.5, 0.5]])  # v counted from the bottom
    np.testing.assert_allclose(mesh.shapes["jawOpen"], [[0, 0, 1]] * 4)
    np.testing.assert_allclose(mesh.shapes["wobble"], [[0, 0, 0], [0, 0.5, 0], [0, 0, 0], [0, 0, 0]])


def test_gltf_skins_place_the_mesh_by_their_joints():
    made = made_square()
    block = made.table["meshes"][0]["primitives"][0]
    block["attributes"] |= {"JOINTS_0": made.add([[0, 1, 0, 0]] * 6, "<u1"),
                            "WEIGHTS_0": made.add([[255, 0, 0, 0]] * 3 + [[0, 255, 0, 0]] * 3, "<u1", normalized=True)}
    made.table["nodes"][0]["skin"] = 0
    made.table["nodes"] += [{"name": "leftEye", "translation": [0, 5, 0]},
                            {"name": "rightEye", "translation": [0, 7, 0]}]
    made.table["scenes"] = [{"nodes": [0, 1, 2]}]
    inverse = np.eye(4)
    inverse[1, 3] = -5.0
    made.table["skins"] = [{"joints": [1, 2], "inverseBindMatrices": made.add([inverse.T.ravel()] * 2)}]
    rig = read_gltf(made.glb(), "made.glb", lambda _: b"")
    mesh, = rig.meshes
    np.testing.assert_allclose(mesh.vertices[:3], SQUARE[:3])  # the mesh's own node does not count
    np.testing.assert_allclose(mesh.vertices[3:], SQUARE[[0, 2, 3]] + [0, 2, 0])
    np.testing.assert_allclose(mesh.held["leftEye"], [1, 1, 1, 0, 0, 0])
    np.testing.assert_allclose(rig.joints["rightEye"][:3, 3], [0, 7, 0])


def two_meshes() -> bytes:
    """A face and, behind it, teeth, in two meshes: both know jawOpen, each by its own deformer's name."""
    made = made_square()
    teeth = {"primitives": [dict(made.table["meshes"][0]["primitives"][0])],
             "extras": {"targetNames": ["blendShape2.jawOpen", "blendShape2.bite"]}}
    made.table["meshes"][0]["extras"]["targetNames"] = ["blendShape1.jawOpen", "blendShape1.smile_L"]
    made.table["meshes"].append(teeth)
    made.table["nodes"] += [{"name": "teeth", "mesh": 1, "translation": [2, 0, -3]}]
    made.table["scenes"] = [{"nodes": [0, 1]}]
    return made.glb()


def test_meshes_that_share_a_shape_move_together(tmp_path):
    (tmp_path / "rig.glb").write_bytes(two_meshes())
    model = import_model(tmp_path / "rig.glb", "rig")
    assert model.shape_names == ("jawOpen", "mouthSmileLeft", "bite")
    assert len(model.neutral) == 8
    face, teeth = model.neutral[:4], model.neutral[4:]
    assert face[:, 2].mean() > teeth[:, 2].mean()
    moved = np.linalg.norm(model.shapes, axis=2) > 0
    assert moved[0].all()  # jawOpen: both
    assert not moved[1, 4:].any()
    assert not moved[2, :4].any()
    np.testing.assert_allclose(model.shapes[0, :4], 2 * model.shapes[0, 4:])  # the face's node is twice as large
    assert {name.split()[-1] for name in model.part_names} == {"head", "teeth"}


def wrong_gltf(**changes: object) -> bytes:
    made = made_square()
    made.table |= changes
    return made.glb()


def gltf_with(change: Callable[[dict], object]) -> bytes:
    made = made_square()
    change(made.table)
    return made.glb()


def nan_vertex() -> bytes:
    made = made_square()
    points = SQUARE[[0, 1, 2, 0, 2, 3]].copy()
    points[3, 1] = np.nan
    made.table["meshes"][0]["primitives"][0]["attributes"]["POSITION"] = made.add(points)
    return made.glb()


def other_count() -> bytes:
    made = made_square()
    made.table["meshes"][0]["primitives"][0]["targets"][0]["POSITION"] = made.add([[0, 0, 1]] * 5)
    return made.glb()


@pytest.mark.parametrize(("data", "message"), [
    (nan_vertex(), "'neutral' has a vertex that is not finite"),
    (other_count(), "the shape 'jawOpen' has 5 vertices, and its mesh 'head' has 6; export the rig again"),
    (gltf_with(lambda table: table["accessors"][0].update(byteOffset=-12)), "shorter than what is read"),
    (gltf_with(lambda table: table["accessors"][0].update(count=7)), "shorter than what is read"),
    (gltf_with(lambda table: table["accessors"][0].update(bufferView=99)), "damaged"),
    (gltf_with(lambda table: table["bufferViews"][0].update(byteOffset=10 ** 9)), "shorter than what is read"),
    (gltf_with(lambda table: table["accessors"][0].update(componentType=9)), "damaged"),
    (gltf_with(lambda table: table["accessors"][0].update(count=-1)), "damaged"),
    (gltf_with(lambda table: table["meshes"][0]["primitives"][0].pop("targets")), "no named shapes"),
    (b"", "cut short or damaged"),
    (b"{}", "cut short or damaged"),
    (made_square().glb()[:200], "cut short or damaged"),
    (made_square().glb()[:-100], "cut short or damaged"),
    (wrong_gltf(extensionsRequired=["KHR_draco_mesh_compression"]), "KHR_draco_mesh_compression"),
    (wrong_gltf(nodes=[{"mesh": 7}]), "cut short or damaged"),
    (wrong_gltf(nodes=[{"mesh": 0, "children": [0]}]), "hangs from two"),
    (wrong_gltf(nodes=[{}]), "has no mesh"),
    (wrong_gltf(asset={"version": "1.0"}), "glTF version 1.0"),
    (wrong_gltf(accessors=[{"componentType": 5126, "type": "VEC3", "count": 10 ** 12}] * 9), "damaged"),
])
def test_a_wrong_glb_gets_a_sentence(tmp_path, data, message):
    path = tmp_path / "rig.glb"
    path.write_bytes(data)
    with pytest.raises(ModelError, match=message):
        import_model(path, "rig")


def test_two_shapes_of_one_name_get_a_sentence(tmp_path):
    made = made_square()
    made.table["meshes"][0]["extras"]["targetNames"] = ["same", "same"]
    (tmp_path / "rig.glb").write_bytes(made.glb())
    with pytest.raises(ModelError, match="two shapes named 'same'"):
        import_model(tmp_path / "rig.glb", "rig")


def test_a_gltf_reads_only_what_lies_beside_it(tmp_path):
    made = made_square()
    made.table["buffers"] = [{"byteLength": len(made.data), "uri": "rig.bin"}]
    (tmp_path / "rig.gltf").write_text(json.dumps(made.table))
    (tmp_path / "rig.bin").write_bytes(made.data)
    assert import_model(tmp_path / "rig.gltf", "rig").shape_names == ("jawOpen", "wobble")
    (tmp_path / "rig.bin").unlink()
    with pytest.raises(ModelError, match=r"needs rig\.bin beside it"):
        import_model(tmp_path / "rig.gltf", "rig")
    for uri in ("../rig.bin", "/etc/passwd", "file:///etc/passwd", "%2e%2e/rig.bin"):
        made.table["buffers"][0]["uri"] = uri
        (tmp_path / "rig.gltf").write_text(json.dumps(made.table))
        with pytest.raises(ModelError, match="not beside it"):
            import_model(tmp_path / "rig.gltf", "rig")


def test_a_gltf_follows_no_link_out_of_its_folder(tmp_path):
    made = made_square()
    made.table["buffers"] = [{"byteLength": len(made.data), "uri": "rig.bin"}]
    (tmp_path / "rig").mkdir()
    (tmp_path / "rig" / "rig.gltf").write_text(json.dumps(made.table))
    (tmp_path / "secret.bin").write_bytes(made.data)
    (tmp_path / "rig" / "rig.bin").symlink_to(tmp_path / "secret.bin")
    with pytest.raises(ModelError, match=r"needs rig\.bin beside it"):
        import_model(tmp_path / "rig" / "rig.gltf", "rig")


def test_a_folder_of_shapes_follows_no_link_out_of_it(tmp_path):
    (tmp_path / "rig").mkdir()
    for name in ("neutral", "jawOpen"):
        (tmp_path / f"{name}.obj").write_text("v 0 0 0\nv 1 0 0\nv 1 1 0\nf 1 2 3\n")
        (tmp_path / "rig" / f"{name}.obj").symlink_to(tmp_path / f"{name}.obj")
    with pytest.raises(ModelError, match="no face model"):
        import_model(tmp_path / "rig", "rig")


def many_nodes() -> Made:
    """10,000 nodes that all show one mesh of 50,000 vertices, each its own copy in the world."""
    made = made_square()
    made.table["accessors"][0] = {"componentType": 5126, "count": 50_000, "type": "VEC3"}
    made.table["meshes"][0]["primitives"] = [{"attributes": {"POSITION": 0}}]
    made.table["nodes"] *= 10_000
    made.table["scenes"] = [{"nodes": list(range(10_000))}]
    return made


def many_indices() -> Made:
    """A thousand primitives of 90,000,000 corners each, of which not one is in the file."""
    made = made_square()
    made.table["accessors"].append({"componentType": 5125, "count": 90_000_000, "type": "SCALAR"})
    block = made.table["meshes"][0]["primitives"][0]
    made.table["meshes"][0]["primitives"] = [block | {"indices": len(made.table["accessors"]) - 1}] * 1000
    return made


@pytest.mark.parametrize("make", [many_nodes, many_indices])
def test_a_gltf_that_declares_more_than_it_holds_is_refused_before_memory_is_taken(make, tmp_path, monkeypatch):
    monkeypatch.setattr(rig, "FEW_MOVES", 1_000_000)  # a twentieth, to be quick
    (tmp_path / "rig.glb").write_bytes(make().glb())
    tracemalloc.start()
    try:
        with pytest.raises(ModelError, match="are more than it can hold"):
            import_model(tmp_path / "rig.glb", "rig")
        assert tracemalloc.get_traced_memory()[1] < 64 << 20
    finally:
        tracemalloc.stop()


def test_damaged_fbx_files_get_a_sentence(tmp_path):
    path = tmp_path / "rig.fbx"
    for name in FACECAP:
        whole = shared("models", "facecap", name).read_bytes()
        for data in (whole[:len(whole) // 2], whole[:40], whole[:5], b"", b"not an FBX file"):
            path.write_bytes(data)
            with pytest.raises(ModelError, match=r"rig\.fbx"):
                import_model(path, "rig")


def test_scrambled_fbx_files_get_a_sentence_or_a_whole_model(tmp_path):
    random = np.random.default_rng(11)
    path = tmp_path / "rig.fbx"
    whole = shared("models", "facecap", FACECAP[1]).read_bytes()
    refused = whole_models = 0
    for _ in range(12):
        data = np.frombuffer(whole, np.uint8).copy()
        places = random.integers(27, len(data), 40)
        data[places] = random.integers(0, 256, 40)
        path.write_bytes(data.tobytes())
        try:
            model = import_model(path, "rig")
        except ModelError as error:
            refused += "rig.fbx" in str(error)
            continue
        assert np.isfinite(deform(model, np.ones(len(model.shape_names)))).all()
        whole_models += 1
    assert refused + whole_models == 12
    assert refused > 3


def test_fbx_shapes_that_do_not_fit_get_a_sentence(tmp_path):
    text = shared("models", "facecap", FACECAP[0]).read_text()
    start = text.index('"Geometry::shapes.eyeBlink_L"') if '"Geometry::shapes.eyeBlink_L"' in text else \
        text.index(', "Shape" {')
    at = text.index("Indexes: *", start)
    first = text.index("a: ", at) + 3
    stop = min(text.index(",", first), text.index("\n", first))
    path = tmp_path / "rig.fbx"
    path.write_text(text[:first] + "99999999" + text[stop:])
    with pytest.raises(ModelError, match="does not fit the mesh 'head'"):
        import_model(path, "rig")
    path.write_text(text.replace('"SubDeformer::shapes.eyeBlink_R"', '"SubDeformer::shapes.eyeBlink_L"'))
    with pytest.raises(ModelError, match=r"two shapes named 'shapes\.eyeBlink_L'"):
        import_model(path, "rig")
    vertices = text.index("a: ", text.index("Vertices: *")) + 3
    path.write_text(text[:vertices] + "nan" + text[text.index(",", vertices):])
    with pytest.raises(ModelError, match=r"finite|damaged"):
        import_model(path, "rig")
