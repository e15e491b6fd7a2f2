"""VRM avatars are solved by what their expressions bind, whatever their morphs are called."""

from pathlib import Path

import numpy as np
import pytest

from exporters.own_names import in_own_names, in_the_files
from solver import rig_morphs
from solver.face_model import ARKIT, FaceModel, deform
from solver.model_file import load_model, save_model
from solver.model_import import import_model, own_model
from solver.rig_gltf import read_gltf
from tests.solver.gltf_made import made_square
from tests.solver.vrm_made import morph, vrm
from tests.synthetic import made_performance


@pytest.fixture(scope="module")
def head() -> FaceModel:
    return load_model(Path(__file__).parents[2] / "assets" / "head.npz")


@pytest.mark.parametrize("version", [0, 1])
def test_perfect_sync_is_solved_by_what_the_expressions_bind(head, tmp_path, version):
    path = tmp_path / "avatar.vrm"
    path.write_bytes(vrm(head, version, custom={"HeartEyes": [("eyeWideLeft", 0.5)], "Glasses": [("cheekPuff", 1.0)]},
                         binary=("Glasses",)))
    model = import_model(path, "avatar")
    assert model.shape_names == ARKIT
    same = np.linalg.norm(model.neutral[:, None] - head.neutral[None, ::97], axis=-1).min(axis=0)
    assert same.max() < 1e-5  # it looks ahead, whichever way its file does
    for name in ("jawOpen", "mouthFunnel", "eyeBlinkLeft", "browInnerUp"):
        mine = np.linalg.norm(model.shapes[model.shape_names.index(name)], axis=1)
        true = np.linalg.norm(head.shapes[head.shape_names.index(name)], axis=1)
        assert mine.max() == pytest.approx(true.max(), abs=1e-6)
        assert np.sort(mine[mine > 1e-3])[::-1][:50] == pytest.approx(np.sort(true)[::-1][:50], abs=1e-3)
    said = "\n".join(model.remarks)
    assert "52 of its shapes are the VRM's expressions, 1 of them of several morphs" in said
    assert f"not solved: {'a' if version == 0 else 'aa'}, blink, {'joy' if version == 0 else 'happy'}" in said
    assert "mean none of ARKit's shapes are not solved: HeartEyes" in said
    assert "all or not at all are not solved: Glasses" in said


@pytest.mark.parametrize("version", [0, 1])
def test_the_files_morphs_do_what_the_expressions_do(head, tmp_path, version):
    path = tmp_path / "avatar.vrm"
    path.write_bytes(vrm(head, version))
    model, (own, names) = import_model(path, "avatar"), own_model(str(path), paths=True)
    save_model(own, tmp_path / "again.npz")
    own = load_model(tmp_path / "again.npz")
    assert (len(own.morphs), own.remarks) == (52, model.remarks)
    performance = made_performance(model, 5)
    played, file = in_the_files(in_own_names(performance, own, names, {}), own)
    assert set(played.shape_names) == {morph(name) for name in ARKIT}
    jaw, funnel = (performance.weights[:, ARKIT.index(name)] for name in ("jawOpen", "mouthFunnel"))
    np.testing.assert_allclose(played.weights[:, played.shape_names.index(morph("jawOpen"))],
                               0.4 * jaw + 0.2 * funnel, atol=1e-7)
    for one, other in zip(performance.weights, played.weights, strict=True):
        np.testing.assert_allclose(deform(file, other), deform(model, one), atol=2e-6)


@pytest.mark.parametrize("version", [0, 1])
def test_a_preset_of_one_eye_counts_where_nothing_else_says_it(head, tmp_path, version):
    path = tmp_path / "avatar.vrm"
    path.write_bytes(vrm(head, version, perfect=False))
    own, names = own_model(str(path), paths=True)
    blinks = ("Blink_L", "Blink_R") if version == 0 else ("blinkLeft", "blinkRight")
    assert names == dict(zip(blinks, ("eyeBlinkLeft", "eyeBlinkRight"), strict=True))
    assert set(own.shape_names) == {*blinks, *(morph(name) for name in ARKIT if "Blink" not in name)}


def test_a_morph_that_is_called_what_its_expression_says_is_solved_as_ever(head, tmp_path):
    """So a take that was solved on it before expressions were read is of the same model still."""
    (tmp_path / "plain.glb").write_bytes(vrm(head, 1, perfect=False, called=str).replace(b"VRMC_vrm", b"VRMC_xyz"))
    (tmp_path / "blinks.vrm").write_bytes(vrm(head, 1, perfect=False, called=str))
    plain = import_model(tmp_path / "plain.glb", "plain")
    assert plain.shape_names == ARKIT
    assert import_model(tmp_path / "blinks.vrm", "blinks").sha256 == plain.sha256
    custom = {f"My{name}": [(name, 1.0)] for name in ARKIT[:20]}
    (tmp_path / "same.vrm").write_bytes(vrm(head, 1, perfect=False, called=str, custom=custom))
    assert import_model(tmp_path / "same.vrm", "same").sha256 == plain.sha256


@pytest.mark.parametrize("broken", [
    {"VRMC_vrm": 5}, {"VRMC_vrm": {"expressions": [1]}}, {"VRM": {"blendShapeMaster": {"blendShapeGroups": {"a": 1}}}},
    {"VRMC_vrm": {"expressions": {"custom": {"JawOpen": {"morphTargetBinds": [
        {"node": 0, "index": 99, "weight": 1}, {"node": "x"}, 7, {"node": 0, "index": 0, "weight": float("inf")}]}}}}}])
def test_binds_that_lead_nowhere_are_passed_over(broken):
    made = made_square()
    made.table["extensions"] = broken
    rig = read_gltf(made.glb(), "rig.vrm", lambda _: b"")
    assert all(not mesh.binds for mesh in rig.meshes)


def test_shapes_beyond_all_measure_are_not_kept_twice(monkeypatch, head, tmp_path):
    monkeypatch.setattr(rig_morphs, "MOST_NUMBERS", 1000)
    (tmp_path / "avatar.vrm").write_bytes(vrm(head, 1))
    model = import_model(tmp_path / "avatar.vrm", "avatar")
    assert model.shape_names == ARKIT
    assert "its file's 52 shapes are too many to be played by their own names" in model.remarks
