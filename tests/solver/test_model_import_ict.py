import dataclasses
import json
import struct
import zipfile
from pathlib import Path
from random import Random

import numpy as np
import pytest

from capture.errors import ModelError, UsageError
from solver import model_import
from solver.eyeballs import ball_eye, fit_ball
from solver.face_model import ARKIT, deform
from solver.ict import read_facekit
from solver.model_file import save_model
from solver.model_import import add_model, find_model, import_model, list_models, names_file
from solver.obj_file import read_obj, read_vertices
from tests.material import shared
from tests.synthetic import small_face


def test_ict_has_arkits_shapes_in_arkits_order(ict):
    assert ict.shape_names == tuple(name for name in ARKIT if name != "tongueOut")
    assert ict.neutral.shape == (26719, 3)
    assert ict.identity.shape == (40, 26719, 3)
    height = np.ptp(ict.neutral[:, 1])
    assert 0.25 < height < 0.45  # metres: a head with its neck


def test_ict_shapes_move_the_side_that_their_name_says(ict):
    for index, name in enumerate(ict.shape_names):
        if not name.endswith(("Left", "Right")) or name.startswith(("mouthLeft", "mouthRight", "jaw")):
            continue
        size = np.linalg.norm(ict.shapes[index], axis=1)
        side = np.average(ict.neutral[:, 0], weights=size)
        assert (side > 0.005) if name.endswith("Left") else (side < -0.005), name
    jaw_left = ict.shapes[ict.shape_names.index("jawLeft")]
    assert jaw_left[np.linalg.norm(jaw_left, axis=1).argmax(), 0] > 0


def test_the_sides_that_ict_splits_are_summed(ict):
    # Straight from the file's text, past our own readers.
    with zipfile.ZipFile(shared("models", "ICT-FaceKit-master.zip")) as archive:
        def vertex(name: str, number: int) -> np.ndarray:
            lines = archive.read(f"ICT-FaceKit-master/FaceXModel/{name}.obj").decode().splitlines()
            return np.array([line.split()[1:4] for line in lines if line.startswith("v ")][number], dtype=float)
        delta = ict.shapes[ict.shape_names.index("browInnerUp")]
        number = int(np.linalg.norm(delta, axis=1).argmax())
        neutral = vertex("generic_neutral_mesh", number)
        expected = sum(vertex(name, number) - neutral for name in ("browInnerUp_L", "browInnerUp_R"))
    np.testing.assert_allclose(delta[number], expected / 100, atol=1e-7)
    assert np.linalg.norm(delta[number]) > 0.003


def test_both_sides_of_what_is_summed_are_kept(ict):
    assert [(side.name, side.of) for side in ict.sides] == [
        ("browInnerUp_L", "browInnerUp"), ("browInnerUp_R", "browInnerUp"), ("cheekPuff_L", "cheekPuff"),
        ("cheekPuff_R", "cheekPuff")]
    for of in ("browInnerUp", "cheekPuff"):
        left, right = (side.offsets for side in ict.sides if side.of == of)
        np.testing.assert_array_equal(left + right, ict.shapes[ict.shape_names.index(of)])
        at = [np.average(ict.neutral[:, 0], weights=np.linalg.norm(side, axis=1)) for side in (left, right)]
        assert at[0] > 0.01 > -0.01 > at[1]


def test_the_users_table_takes_icts_53_shapes_apart(ict):
    add_model(shared("models", "ICT-FaceKit-master.zip"), "apart")
    table = names_file("apart")
    text = table.read_text()
    for own in ("browInnerUp_L", "browInnerUp_R"):
        text = text.replace(f'"{own}" = "browInnerUp"', f'"{own}" = "{own}"')
    table.write_text(text.replace('"cheekPuff_L" = "cheekPuff"', '"cheekPuff_L" = "puffLeft"')
                     .replace('"cheekPuff_R" = "cheekPuff"', '"cheekPuff_R" = "puffRight"'))
    apart = find_model("apart")
    assert len(apart.shape_names) == 53
    assert apart.shape_names[-4:] == ("browInnerUp_L", "browInnerUp_R", "puffLeft", "puffRight")
    assert apart.sides == ()
    np.testing.assert_array_equal(apart.shapes[-4] + apart.shapes[-3],
                                  ict.shapes[ict.shape_names.index("browInnerUp")])
    names_file("apart").with_suffix(".npz").unlink()
    table.unlink()


def test_icts_regions_materials_and_teeth_are_kept(ict):
    assert {"skin", "mouthSocket", "gums", "teeth", "eyeLeft", "eyeRight", "irisLeft", "irisRight", "pupilLeft",
            "pupilRight", "lacrimal", "lashCards"} <= set(ict.part_names)
    assert len(ict.albedo) == len(ict.part_names)
    assert np.bincount(ict.face_part, minlength=len(ict.part_names)).min() > 0
    assert len(ict.uv) > 0
    assert (ict.uv_faces[ict.faces >= 0] >= 0).all()
    teeth = np.unique(ict.triangles[ict.triangle_part == ict.part_names.index("teeth")])
    opens = np.linalg.norm(ict.shapes[ict.shape_names.index("jawOpen")][teeth], axis=1)
    lower = ict.neutral[teeth, 1] < np.median(ict.neutral[teeth, 1])
    assert np.median(opens[lower]) > 0.01  # the lower row goes with the jaw, the upper stays
    assert np.median(opens[~lower]) < 0.001


def test_ict_eyes_turn_about_the_middle_of_the_ball(ict):
    left, right = (eye.centre(ict.neutral.astype(float)) for eye in ict.eyes)
    assert left[0] > 0 > right[0]
    np.testing.assert_allclose(left * [-1, 1, 1], right, atol=1e-5)
    skin = ict.neutral[np.unique(ict.triangles[ict.triangle_part == ict.part_names.index("skin")])]
    for eye, centre in zip(ict.eyes, (left, right), strict=True):
        ball = ict.neutral[eye.vertices].astype(float)
        back = ball[ball[:, 2] < centre[2]]
        distance = np.linalg.norm(back - centre, axis=1)
        outer = distance[distance > np.median(distance)]
        assert outer.std() < 0.0004  # metres, so it is the centre of the ball's back
        assert np.linalg.norm(skin - centre, axis=1).min() > 0.010  # no skin inside
    turned = deform(ict, np.zeros(len(ict.shape_names)), gaze=np.array([[0.3, 0.0], [0.3, 0.0]]))
    iris = np.unique(ict.triangles[ict.triangle_part == ict.part_names.index("irisLeft")])
    assert (turned[iris] - ict.neutral[iris])[:, 0].min() > 0.002


def test_the_second_reading_comes_from_the_cache(ict, monkeypatch):
    monkeypatch.setattr(model_import, "ict_model", lambda *_: pytest.fail("the source was read again"))
    again = find_model(str(shared("models", "ICT-FaceKit-master.zip")), paths=True)
    assert again.name == "ICT-FaceKit-master"
    assert again.sha256 == ict.sha256


def test_models_are_known_by_name(tmp_path, monkeypatch):
    monkeypatch.setenv("MIEN_CACHE", str(tmp_path / "cache"))
    source = tmp_path / "face.npz"
    save_model(small_face(), source)
    assert list_models() == []
    add_model(source, "ours")
    assert list_models() == ["ours"]
    found = find_model("ours")
    assert (found.name, found.sha256) == ("ours", small_face().sha256)
    assert find_model(str(source), paths=True).name == "face"
    assert find_model("mien", built_in=source).name == "mien"
    with pytest.raises(ModelError, match=r"known are: mien, ours.*mien model add"):
        find_model("theirs")
    for name in ("../x", "", "mien", "a/b", "x" * 65):
        with pytest.raises(UsageError, match="cannot be named"):
            add_model(source, name)


def test_a_damaged_packed_copy_is_made_again(tmp_path, monkeypatch):
    monkeypatch.setenv("MIEN_CACHE", str(tmp_path / "cache"))
    source = tmp_path / "kit"
    source.mkdir()
    (source / "x.txt").write_text("any")
    monkeypatch.setattr(model_import, "_read", lambda _, name: dataclasses.replace(small_face(), name=name))
    find_model(str(source), paths=True)
    (packed,) = (tmp_path / "cache" / "packed").iterdir()
    packed.write_bytes(packed.read_bytes()[:1000])
    assert find_model(str(source), paths=True).sha256 == small_face().sha256
    assert packed.stat().st_size > 1000


def make_zip(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


OBJ = b"v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 3\n"


@pytest.mark.parametrize(("members", "message"), [
    ({"../FaceXModel/generic_neutral_mesh.obj": OBJ}, "leads out"),
    ({"/etc/x": OBJ}, "leads out"),
    ({"a/FaceXModel/generic_neutral_mesh.obj": OBJ}, "3 vertices and 1 faces"),
    ({"a/FaceXModel/generic_neutral_mesh.obj": b"v 0 0 nan\nf 1 1 1\n"}, "not a finite number"),
    ({"a/FaceXModel/generic_neutral_mesh.obj": b"v 0 0\nf 1 1 1\n"}, "damaged `v` line"),
    ({"a/FaceXModel/generic_neutral_mesh.obj": b"v 0 0 0\nf 1 2 9\n"}, "line 2"),
    ({"a/FaceXModel/generic_neutral_mesh.obj": b""}, "no faces"),
    ({"readme.txt": b"hello"}, "no face model"),
])
def test_a_wrong_zip_gets_a_sentence(tmp_path, members, message):
    before = sorted(tmp_path.parent.iterdir())
    with pytest.raises(ModelError, match=message):
        import_model(make_zip(tmp_path / "kit.zip", members), "kit")
    assert [path.name for path in tmp_path.iterdir()] == ["kit.zip"]
    assert sorted(tmp_path.parent.iterdir()) == before


def test_a_zip_that_claims_to_be_huge_is_refused(tmp_path):
    path = make_zip(tmp_path / "kit.zip", {"FaceXModel/generic_neutral_mesh.obj": OBJ})
    data = bytearray(path.read_bytes())
    entry = data.rindex(b"PK\x01\x02")
    data[entry + 24:entry + 28] = struct.pack("<I", 0xFFFFFFF0)
    path.write_bytes(data)
    with pytest.raises(ModelError, match="unpacks to 4095 MB"):
        import_model(path, "kit")


def test_a_zip_bomb_is_refused(tmp_path):
    """Packed a thousand times smaller; and one whose files are all the same bytes of the zip."""
    path = make_zip(tmp_path / "kit.zip", {"neutral.obj": b" " * 50_000_000})
    with pytest.raises(ModelError, match=r"neutral\.obj unpacks to 47 MB from 47 kB"):
        import_model(path, "kit")
    path = make_zip(tmp_path / "kit.zip", {f"{index:02}.obj": Random(0).randbytes(5000) for index in range(50)})
    data = bytearray(path.read_bytes())
    start = data.index(b"PK\x01\x02")
    length = struct.unpack_from("<I", data, start + 20)[0]
    at, first = start, data[:30 + 6 + length]
    while at >= 0:
        data[at + 42:at + 46] = bytes(4)
        at = data.find(b"PK\x01\x02", at + 1)
    end = data.rindex(b"PK\x05\x06")
    data[end + 16:end + 20] = struct.pack("<I", len(first))
    path.write_bytes(first + data[start:])
    with pytest.raises(ModelError, match="longer than the zip"):
        import_model(path, "kit")


def test_a_zip_of_a_hundred_gigabytes_is_refused(tmp_path):
    path = make_zip(tmp_path / "kit.zip", {f"FaceXModel/{index}.obj": OBJ for index in range(500)})
    data = bytearray(path.read_bytes())
    at = data.index(b"PK\x01\x02")
    while at >= 0:  # each file claims to be 200 MB
        data[at + 24:at + 28] = struct.pack("<I", 200 << 20)
        at = data.find(b"PK\x01\x02", at + 1)
    path.write_bytes(data)
    with pytest.raises(ModelError, match="unpacks to 97 GB"):
        import_model(path, "kit")
    assert [file.name for file in tmp_path.iterdir()] == ["kit.zip"]


def test_a_truncated_or_mislabelled_zip_gets_a_sentence(tmp_path):
    whole = make_zip(tmp_path / "kit.zip", {"FaceXModel/generic_neutral_mesh.obj": OBJ * 1000}).read_bytes()
    for data in (whole[:len(whole) // 2], b"", b"not a zip at all"):
        path = tmp_path / "bad.zip"
        path.write_bytes(data)
        with pytest.raises(ModelError, match="cannot be opened as a zip"):
            import_model(path, "bad")
    flipped = bytearray(whole)
    flipped[60:70] = b"\xff" * 10
    path.write_bytes(flipped)
    with pytest.raises(ModelError, match="damaged"):
        read_facekit(path)


def test_what_is_no_model_gets_a_sentence(tmp_path):
    for name, data in (("a.txt", b"x"), ("a.npz", b"x"), ("b.npz", json.dumps({}).encode())):
        (tmp_path / name).write_bytes(data)
        with pytest.raises(ModelError):
            import_model(tmp_path / name, "a")
    with pytest.raises(ModelError, match="there is no"):
        import_model(tmp_path / "absent", "a")
    with pytest.raises(ModelError, match="no face model"):
        import_model(tmp_path, "a")


def test_obj_faces_of_all_kinds():
    data = b"""# comment
o thing
v 0 0 0
v 1 0 0 1 0 0
v 1 1 0
v 0 1 0
v 0.5 1.5 0
vt 0 0
vt 1 0
vt 1 1 0
usemtl red
f 1/1 2/2 3/3
f 1//1 2//1 3//1 4//1
usemtl blue
f 1 2 3 4 5
f -5/-3/1 -4/-2/1 -3/-1/1
"""
    mesh = read_obj(data, "x.obj")
    assert mesh.faces.tolist() == [[0, 1, 2, -1], [0, 1, 2, 3], [0, 1, 2, -1], [0, 2, 3, -1], [0, 3, 4, -1],
                                   [0, 1, 2, -1]]
    assert mesh.uv_faces[0].tolist() == [0, 1, 2, -1] == mesh.uv_faces[5].tolist()
    assert (mesh.uv_faces[1:5] == -1).all()
    assert mesh.group_names == ("red", "blue")
    assert mesh.face_group.tolist() == [0, 0, 1, 1, 1, 1]
    np.testing.assert_array_equal(read_vertices(data, "x.obj"), mesh.vertices)


def test_a_ball_with_a_bulge_keeps_its_centre():
    random = np.random.default_rng(3)
    directions = random.normal(size=(600, 3))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    dense = directions[:200] * [0.2, 0.2, 0.0] + [0, 0, 1]  # many vertices in front, bulging
    points = np.concatenate([0.012 * directions, 0.0135 * dense / np.linalg.norm(dense, axis=1, keepdims=True)])
    points += [0.03, 0.02, 0.08]
    centre, radius, off = fit_ball(points)
    np.testing.assert_allclose(centre, [0.03, 0.02, 0.08], atol=1e-6)
    assert radius == pytest.approx(0.012, abs=1e-6)
    assert off < 1e-6
    eye = ball_eye(points, np.arange(len(points)))
    assert np.linalg.norm(points.mean(axis=0) - centre) > 0.002
    np.testing.assert_allclose(eye.centre(points), centre, atol=2e-4)
