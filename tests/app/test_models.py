"""Adding a face model as a user does: names shown and mended in the table; what is wrong with a file said in one
sentence, with nothing written but in the cache."""

import struct
import tomllib
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from solver.face_model import ARKIT, FaceModel
from tests.app.command import error_of, mien_here
from tests.solver.gltf_made import SQUARE, Made, made_square
from tests.solver.jaw_rigs import GameRig, game_fbx
from tests.synthetic import small_face


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "cache"
    monkeypatch.setenv("MIEN_CACHE", str(folder))
    monkeypatch.chdir(tmp_path)
    return folder


def glb_with(names: tuple[str, ...]) -> bytes:
    """A square with shapes of these names, each of which moves another corner."""
    made = made_square()
    targets = [{"POSITION": made.sparse(6, [index % 6], [[0.1, 0, 0.1 + index / 50]])} for index in range(len(names))]
    made.table["meshes"][0]["primitives"][0]["targets"] = targets
    made.table["meshes"][0]["extras"]["targetNames"] = list(names)
    return made.glb()


@pytest.mark.parametrize(("own", "meaning"), [
    ("JawOpen", "jawOpen"), ("EyeBlink_L", "eyeBlinkLeft"), ("eyeBlink_R", "eyeBlinkRight"),
    ("MouthSmileLeft", "mouthSmileLeft"), ("blendShape1.browDown_L", "browDownLeft"),
    ("lipCornerPullerR", "mouthSmileRight"), ("Jaw_Drop", "jawOpen"), ("Eyes_Closed_L", "eyeBlinkLeft"),
    ("BrowsU_C", "browInnerUp"), ("LipsFunnel", "mouthFunnel"), ("Blink_L", "eyeBlinkLeft"),
    ("blinkRight", "eyeBlinkRight"),
    ("left_eye_blink", "eyeBlinkLeft"), ("phoneme_ou", None)])
def test_names_are_shown_when_a_rig_is_added(cache: Path, tmp_path: Path, own: str, meaning: str | None) -> None:
    (tmp_path / "rig.glb").write_bytes(glb_with((own, "other")))
    said = mien_here("model", "add", tmp_path / "rig.glb", "--name", "hero").stdout
    line = next(line for line in said.splitlines() if own.rsplit(".", 1)[-1] in line)
    if meaning is None:
        assert line.startswith("of no known meaning, they keep their own names:")
    else:
        assert line.split()[-3:] == ["stands", "for", meaning]
    assert f"Look this over; whatever is wrong can be changed in {cache / 'models' / 'hero.toml'}" in said


def test_what_others_make_is_told_and_left_out_of_a_file_and_of_a_name(cache: Path, tmp_path: Path) -> None:
    """Solved beside them they took a share of each weight; a solve by the file's path said nothing of it."""
    (tmp_path / "rig.glb").write_bytes(glb_with((*ARKIT, "viseme_aa", "mouthSmile", "jawOpen_mouthFunnel", "nostril")))
    by_path = mien_here("model", "show", tmp_path / "rig.glb").stdout
    added = mien_here("model", "add", tmp_path / "rig.glb", "--name", "hero").stdout
    for said in (by_path, added):
        assert "52 of ARKit's 52 shapes and 1 of its own" in said
        assert "left out, as others of its shapes make it (a sound): viseme_aa" in said
        assert "left out, as others of its shapes make it (both sides at once): mouthSmile" in said
        assert "make it (jawOpen and mouthFunnel at once): jawOpen_mouthFunnel" in said
    table = cache / "models" / "hero.toml"
    table.write_text(table.read_text().replace('"viseme_aa" = ""', ""))  # who wants it solved has it
    assert "52 of ARKit's 52 shapes and 2 of its own" in mien_here("model", "show", "hero").stdout


def test_the_options_of_an_action_stand_before_and_after_its_file(cache: Path, tmp_path: Path) -> None:
    (tmp_path / "rig.glb").write_bytes(glb_with(("JawOpen",)))
    mien_here("model", "add", "--name", "hero", tmp_path / "rig.glb")
    assert "hero: " in mien_here("model", "list").stdout
    assert "list, add, show or check" in error_of(mien_here("model", check=2))


def test_what_the_user_changes_in_the_table_counts(cache: Path, tmp_path: Path) -> None:
    (tmp_path / "rig.glb").write_bytes(glb_with(("JawOpen", "grin_L", "tongue_up", "helper")))
    mien_here("model", "add", tmp_path / "rig.glb", "--name", "hero")
    table = cache / "models" / "hero.toml"
    text = table.read_text()
    assert '"JawOpen" = "jawOpen"' in text
    assert '# "grin_L" = "grin_L"' in text
    table.write_text(text.replace('# "grin_L" = "grin_L"', '"grin_L" = "mouthSmileLeft"')
                     .replace('# "helper" = "helper"', '"helper" = ""'))
    said = mien_here("model", "show", "hero").stdout
    lines = [line.split() for line in said.splitlines()]
    assert ["grin_L", "stands", "for", "mouthSmileLeft"] in lines
    assert "left out: helper" in said
    assert [line[0] for line in lines if "moves" in line] == ["jawOpen", "mouthSmileLeft", "tongue_up"]
    table.write_text(text.replace('"JawOpen" = "jawOpen"', '"Jaw" = "jawOpen"'))
    assert "no shape named 'Jaw'" in error_of(mien_here("model", "show", "hero", check=2))
    table.write_text("[names\n")
    assert "hero.toml" in error_of(mien_here("model", "show", "hero", check=None))
    assert "hero.toml" in error_of(mien_here("model", "add", tmp_path / "rig.glb", "--name", "hero", check=3))
    table.unlink()
    mien_here("model", "add", tmp_path / "rig.glb", "--name", "hero")  # without a table it starts from the guess
    assert table.read_text() == text


def test_a_model_that_is_added_again_keeps_what_the_user_said_of_its_names(cache: Path, tmp_path: Path) -> None:
    (tmp_path / "rig.glb").write_bytes(glb_with(("JawOpen", "grin_L", "gone", "MouthPucker")))
    assert "replaced" not in mien_here("model", "add", tmp_path / "rig.glb", "--name", "hero").stdout
    table = cache / "models" / "hero.toml"
    table.write_text('[names]\n"grin_L" = "mouthSmileLeft"\n"gone" = "jawLeft"\n"MouthPucker" = ""\n')
    (tmp_path / "rig.glb").write_bytes(glb_with(("JawOpen", "grin_L", "MouthPucker", "EyeBlink_L", "MouthSmile_L")))
    said = mien_here("model", "add", tmp_path / "rig.glb", "--name", "hero").stdout
    assert "hero was there, and is replaced" in said
    assert tomllib.loads(table.read_text())["names"] == {
        "grin_L": "mouthSmileLeft", "MouthPucker": "", "EyeBlink_L": "eyeBlinkLeft"}
    (cache / "models" / "hero.npz").write_bytes(b"damaged")
    mien_here("model", "add", tmp_path / "rig.glb", "--name", "hero")
    assert tomllib.loads(table.read_text())["names"]["grin_L"] == "mouthSmileLeft"


def obj(vertices: np.ndarray) -> str:
    return "".join(f"v {x} {y} {z}\n" for x, y, z in vertices) + "f 1 2 3 4\n"


def zip_of(members: dict[str, bytes]) -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        with zipfile.ZipFile(folder / "rig.zip", "w", zipfile.ZIP_DEFLATED) as archive:
            for name, data in members.items():
                archive.writestr(name, data)
        return folder / "rig.zip"
    return write


def bomb(folder: Path) -> Path:
    """A zip of 500 files, each of which says that it unpacks to 205 MB: 100 GB."""
    path = zip_of({f"{index}.obj": b"v 0 0 0\n" for index in range(500)})(folder)
    data = bytearray(path.read_bytes())
    at = data.index(b"PK\x01\x02")
    while at >= 0:
        data[at + 24:at + 28] = struct.pack("<I", 205 << 20)
        at = data.find(b"PK\x01\x02", at + 1)
    path.write_bytes(data)
    return path


def file_of(name: str, data: bytes) -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        (folder / name).write_bytes(data)
        return folder / name
    return write


def folder_of(**files: str) -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        (folder / "rig").mkdir()
        for name, text in files.items():
            (folder / "rig" / f"{name}.obj").write_text(text)
        return folder / "rig"
    return write


def nan_glb() -> bytes:
    made = made_square()
    points = SQUARE[[0, 1, 2, 0, 2, 3]].copy()
    points[1, 2] = np.nan
    made.table["meshes"][0]["primitives"][0]["attributes"]["POSITION"] = made.add(points)
    return made.glb()


def without_shapes() -> bytes:
    made = made_square()
    made.table["meshes"][0]["primitives"][0].pop("targets")
    return made.glb()


def other_count() -> bytes:
    made: Made = made_square()
    made.table["meshes"][0]["primitives"][0]["targets"][0]["POSITION"] = made.add([[0, 0, 1]] * 7)
    return made.glb()


def cut_fbx(face: FaceModel, share: float) -> bytes:
    whole = game_fbx(face, GameRig())
    return whole[:int(len(whole) * share)]


def dates(folder: Path, without: Path) -> dict[Path, int]:
    return {path: path.lstat().st_mtime_ns for path in folder.rglob("*") if without not in (path, *path.parents)}


NAN_OBJ = "v 0 0 nan\nv 1 0 0\nv 1 1 0\nv 0 1 0\nf 1 2 3 4\n"


@pytest.mark.parametrize(("write", "sentence"), [
    (zip_of({"../evil.obj": b"v 0 0 0\n"}), "leads out of its folder ('../evil.obj')"),
    (zip_of({"a/../../evil.obj": b"v 0 0 0\n"}), "leads out of its folder"),
    (zip_of({"C:\\evil.obj": b"v 0 0 0\n"}), "leads out of its folder"),
    (bomb, "says that it unpacks to 100 GB"),
    (file_of("rig.fbx", cut_fbx(small_face(), 0.6)), "cut short or damaged"),
    (file_of("rig.fbx", b"Kaydara FBX Binary  \x00\x1a\x00" + struct.pack("<I", 7400) + bytes(5)), "cut short"),
    (file_of("rig.glb", nan_glb()), "has a vertex that is not finite"),
    (folder_of(neutral=NAN_OBJ, jawOpen=obj(SQUARE + 0.1)), "not a finite number"),
    (folder_of(neutral=obj(SQUARE), jawOpen=NAN_OBJ), "not a finite number"),
    (file_of("rig.glb", glb_with(("same", "same"))), "two shapes named 'same'"),
    (file_of("rig.glb", without_shapes()), "no named shapes"),
    (folder_of(neutral=obj(SQUARE)), "no named shapes"),
    (file_of("rig.glb", other_count()), "'jawOpen' has 7 vertices"),
    (folder_of(neutral=obj(SQUARE), jawOpen=obj(SQUARE[:3]) + "v 1 1 1\nv 2 2 2\n"), "has 5 vertices"),
], ids=["zip out", "zip deep out", "zip drive", "zip bomb", "fbx cut", "fbx stub", "glb nan", "obj nan", "shape nan",
        "one name twice", "glb without shapes", "obj without shapes", "glb another count", "obj another count"])
def test_a_bad_rig_gets_a_sentence_and_nothing_is_written(cache: Path, tmp_path: Path, write: Callable[[Path], Path],
                                                          sentence: str) -> None:
    source = write(tmp_path)
    before = dates(tmp_path.parent, cache)
    said = error_of(mien_here("model", "add", source, "--name", "bad", check=3))
    assert sentence in said
    assert str(source) in said
    assert dates(tmp_path.parent, cache) == before
    assert not list((cache / "models").glob("*")) if (cache / "models").exists() else True
    assert mien_here("model", "list").stdout.count("\n") == 1  # the built-in head alone
