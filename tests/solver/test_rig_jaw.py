"""Jaw joints: found, turned about the hinge that the rig tells, in rigs that stand and are scaled any way."""

from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from solver.face_model import FaceModel
from solver.model_file import load_model
from solver.model_import import import_model
from solver.rig_jaw import NAME, NOT, sideways
from tests.solver.jaw_rigs import PIVOT, GameRig, game_fbx, game_glb

WRITERS = {"fbx": game_fbx, "glb": game_glb}


@pytest.fixture(scope="module")
def head() -> FaceModel:
    return load_model(Path(__file__).parents[2] / "assets" / "head.npz")


def read(head: FaceModel, rig: GameRig, kind: str, folder: Path) -> FaceModel:
    path = folder / f"game.{kind}"
    path.write_bytes(WRITERS[kind](head, rig))
    return import_model(path, "game")


def opening(model: FaceModel) -> np.ndarray:
    return model.shapes[model.shape_names.index("jawOpen")].astype(np.float64)


@pytest.mark.parametrize("kind", WRITERS)
@pytest.mark.parametrize(("rig", "stands"), [
    (GameRig(), (0, 0, 0)),
    (GameRig((0, 20, 15), 3.7, (40, 30, 45)), (0, 20, 15)),
    (GameRig((-30, 25, 0), 0.01, (10, 0, 0)), (-30, 25, 0)),
    (GameRig((90, 0, 0), 100.0, (0, 90, 0)), (0, 0, 0)),
    (GameRig((90, 0, 20), 1.0, (0, 0, 90)), (0, 20, 0)),
], ids=["straight", "turned", "nodding", "z up", "z up and turned"])
def test_the_jaw_turns_about_the_faces_own_hinge(head, tmp_path, kind, rig, stands):
    """A file's quarter turns are undone by the reader; what is left stays in the model, and the hinge with it."""
    model = read(head, rig, kind, tmp_path)
    turn = Rotation.from_euler("xyz", stands, degrees=True).as_matrix()
    np.testing.assert_allclose(model.neutral.max(axis=0), (head.neutral @ turn.T).max(axis=0), atol=1e-5)
    assert np.degrees(np.arccos(np.clip(model.jaw.axis @ turn @ [1, 0, 0], -1, 1))) < 0.5
    np.testing.assert_allclose(model.jaw.pivot, turn @ PIVOT, atol=1e-5)
    plain = read(head, GameRig(), kind, tmp_path)
    np.testing.assert_allclose(opening(model), opening(plain) @ turn.T, atol=3e-4)
    ahead, left, right = (model.shapes[model.shape_names.index(name)][model.jaw.share > 0.9].mean(axis=0)
                          for name in ("jawForward", "jawLeft", "jawRight"))
    assert ahead @ model.jaw.axis == pytest.approx(0, abs=1e-6)
    assert ahead[2] > 0.005
    assert left @ model.jaw.axis > 0.004
    np.testing.assert_allclose(left - 2 * (left @ model.jaw.axis) * model.jaw.axis, right, atol=3e-4)


@pytest.mark.parametrize("kind", WRITERS)
def test_the_joints_own_axis_is_believed_where_it_is_nearly_sideways(head, tmp_path, kind):
    own = read(head, GameRig(joint=(0, 4, 6)), kind, tmp_path).jaw.axis
    np.testing.assert_allclose(own, Rotation.from_euler("xyz", (0, 4, 6), degrees=True).apply([1, 0, 0]), atol=1e-5)
    backwards = read(head, GameRig(joint=(0, 176, 0)), kind, tmp_path).jaw.axis  # a joint that looks back
    np.testing.assert_allclose(backwards, Rotation.from_euler("y", -4, degrees=True).apply([1, 0, 0]), atol=1e-5)
    far_off = read(head, GameRig(joint=(0, 30, 25)), kind, tmp_path).jaw.axis
    np.testing.assert_allclose(far_off, [1, 0, 0], atol=0.005)


def joint(*place: float) -> np.ndarray:
    out = np.eye(4)
    out[:3, 3] = place
    return out


@pytest.mark.parametrize(("left", "right"), [
    ("eye_L", "eye_R"), ("L_eye", "R_eye"), ("LeftEye", "RightEye"), ("eyeLeft", "eyeRight"), ("eye.l", "eye.r"),
    ("FACIAL_L_Eye", "FACIAL_R_Eye"), ("left_eye", "right_eye"), ("eyeL", "eyeR")])
def test_sideways_is_told_by_pairs_of_names(left, right):
    across = np.array([0.9, 0.3, -0.2]) / np.linalg.norm([0.9, 0.3, -0.2])
    joints = {left: joint(*across * 0.03), right: joint(*-across * 0.03), "jaw": joint(0, 0.1, 0),
              "hand_L": joint(0.7, 0.6, 0), "hand_R": joint(-0.7, -0.9, 0)}
    np.testing.assert_allclose(sideways(joints, np.zeros((1, 3)), {}), across, atol=1e-12)


def test_without_pairs_sideways_is_x():
    nothing = {"jaw": joint(0, 0, 0), "world": joint(1, 1, 1), "Loop": joint(0, 3, 0), "smile": joint(0, 1, 0)}
    np.testing.assert_array_equal(sideways(nothing, np.zeros((1, 3)), {}), [1, 0, 0])
    upright = {"eye_L": joint(0, 0.03, 0), "eye_R": joint(0, -0.03, 0)}  # names that lie
    np.testing.assert_array_equal(sideways(upright, np.zeros((1, 3)), {}), [1, 0, 0])


@pytest.mark.parametrize(("name", "is_jaw"), [
    ("jaw", True), ("CC_Base_JawRoot", True), ("lowerJaw", True), ("lowerjaw", True), ("head_jaw", True),
    ("mixamorig:Jaw", True), ("C_JAW_JNT", True), ("FACIAL_C_Jaw", True), ("upperJaw", False), ("jawline", False),
    ("jaw_end", False), ("lockjawed", False)])
def test_what_jaws_are_called(name, is_jaw):
    assert bool(NAME.search(name) and not NOT.search(name)) == is_jaw
