"""`mien actor`: a profile made from takes, used by solves, moved, and refused where it must be."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from app.actor_guide import POSES
from app.corrections import save_layer
from app.detectors import landmarker_named
from app.locks import held
from app.models import model_named
from capture.arrays import load_arrays
from exporters.to_json import read
from solver.actor import NAME, Taught, load_actor, save_actor
from solver.actor_network import LAYERS, own_eyes, shared_eyes
from solver.corrections import Key, Layer
from solver.face_model import ARKIT
from solver.network_onnx import OnnxNetwork
from solver.network_parts import EYE, MOUTH
from solver.obj_file import read_obj
from tests.app.command import error_of, mien_here
from tests.app.shoots import FEW


@pytest.fixture(scope="module")
def shoot(demo: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo's shoot with a profile made from it, which the take does not name."""
    folder = tmp_path_factory.mktemp("actor") / "shoot"
    shutil.copytree(demo, folder)
    (folder / "said.txt").write_text(mien_here("actor", "make", "anna", "--from", folder).stderr)
    return folder


def test_a_profile_is_made_and_says_what_it_is_worth(shoot: Path) -> None:
    assert "hidden landmarks of held-out frames are foretold to" in (shoot / "said.txt").read_text()
    actor = load_actor(shoot / "actors" / "anna", model_named("mien"))
    assert 0.05 < actor.measures["interocular"] < 0.08
    assert actor.history[0]["px_with"] < actor.history[0]["px_without"]
    assert not actor.shape_names  # nobody corrected anything


def test_a_take_that_names_the_actor_is_solved_with_the_profile(shoot: Path, tmp_path: Path) -> None:
    take = shoot / "takes" / "T001"
    mien_here("solve", take, "--out", tmp_path, "--format", "json", "--actor", "anna", "--end", "20")
    found = read(tmp_path / "T001.mien.json")
    actor = load_actor(shoot / "actors" / "anna")
    np.testing.assert_allclose(found.identity, actor.identity, atol=1e-5)
    assert found.steps["profile"] == actor.key
    assert found.model_sha256 == model_named("mien").sha256
    before = (tmp_path / "T001.mien.json").read_bytes()
    mien_here("solve", take, "--out", tmp_path, "--format", "json", "--actor", "anna", "--end", "20")
    assert (tmp_path / "T001.mien.json").read_bytes() == before


def test_the_profile_of_somebody_else_is_left_out_and_that_is_said(shoot: Path, tmp_path: Path) -> None:
    actor = load_actor(shoot / "actors" / "anna")
    bert = shoot / "actors" / "bert"
    save_actor(type(actor)(**{**vars(actor), "name": "bert", "identity": -2.5 * np.sign(actor.identity)}), bert)
    said = mien_here("solve", shoot / "takes" / "T001", "--out", tmp_path, "--format", "json", "--actor", "bert",
                     "--end", "20").stderr
    assert "the profile of bert is not of this face" in said
    found = read(tmp_path / "T001.mien.json")
    assert "profile" not in found.steps
    assert not np.allclose(found.identity, -2.5 * np.sign(actor.identity))
    shutil.rmtree(bert)


def test_a_network_of_the_actors_own_moves_the_landmarks_beside_those_of_everybody(shoot: Path, tmp_path: Path) -> None:
    """A made one, that moves each point of the eyes by a share of the cut-out."""
    actor, take = load_actor(shoot / "actors" / "anna"), shoot / "takes" / "T001"
    state = shared_eyes().state_dict()
    layers = {name: np.zeros(tuple(state[name].shape), np.float16) for name in LAYERS}
    layers["nearby.bias"][:, 0] = 0.1
    key = landmarker_named("auto", "cpu").detector.key
    for name, detector in (("dora", key), ("eve", "another")):
        save_actor(replace(actor, name=name, taught=Taught(detector, layers, actor.points)), shoot / "actors" / name)
    solve = ("solve", take, "--out", tmp_path, "--format", "json", "--end", "8", "--actor")
    mien_here(*solve, "anna")
    work = tmp_path / ".mien" / "T001"
    before = {path.name: path.read_bytes() for path in work.glob("detect.*.npz")}
    mien_here(*solve, "dora")
    assert {path.name: path.read_bytes() for path in work.glob("detect.*.npz")} == before
    for camera in ("camA", "camB", "camC"):
        found, moved = (load_arrays(work / f"{step}.{camera}.npz")["xy"] for step in ("detect", "actor"))
        apart = np.linalg.norm(moved - found, axis=2).mean(axis=0)
        assert (apart[list(EYE.points)] > 0.2).all()
        assert not apart[list(MOUTH.points)].any()
    own = (tmp_path / "T001.mien.json").read_bytes()
    mien_here(*solve, "anna")
    mien_here(*solve, "dora")
    assert (tmp_path / "T001.mien.json").read_bytes() == own
    assert "taught on another detector" in mien_here(*solve, "eve").stderr
    mien_here("actor", "export", "dora", "--in", shoot, "--out", tmp_path / "onnx")
    shown = np.random.default_rng(0).uniform(0, 1, (2, 3, EYE.size, EYE.size)).astype(np.float32)
    with torch.inference_mode():
        points, _ = own_eyes(layers)(torch.from_numpy(shown))
    np.testing.assert_allclose(OnnxNetwork(tmp_path / "onnx" / "eye.onnx")(shown)[0], points.numpy(), atol=1e-3)
    assert "holds no network" in error_of(mien_here("actor", "export", "anna", "--in", shoot, "--out", tmp_path,
                                                    check=2))
    for name in ("dora", "eve"):
        shutil.rmtree(shoot / "actors" / name)


def test_corrected_frames_teach_a_network_which_is_kept_only_where_it_is_better(shoot: Path, tmp_path: Path,
                                                                             monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.actor_teach.PARTS", 2)  # each part that is held out costs CI seconds
    truth = read(shoot / "truth.mien.json")
    keys = {name: tuple(Key(frame, float(truth.weights[frame, column])) for frame in range(1, 16, 2))
            for column, name in enumerate(truth.shape_names)}
    save_layer(Layer(keys=keys), tmp_path / "said.json")
    said = mien_here("actor", "teach", "gail", "--from", shoot, "--corrections", tmp_path / "said.json", "--end",
                     "16").stderr
    kept = "a network of the actor's own is kept" in said
    assert kept or "a network of the actor's own is not kept" in said
    actor = load_actor(shoot / "actors" / "gail")
    assert (actor.taught is not None) == kept
    assert ("for the eyes: yes" in mien_here("actor", "show", "gail", "--in", shoot).stdout) == kept
    assert not list((shoot / "actors" / "gail" / ".mien").glob("network-*"))
    shutil.rmtree(shoot / "actors" / "gail")


def test_broken_newer_and_foreign_profiles_stop_a_solve_with_a_sentence(shoot: Path, tmp_path: Path) -> None:
    for name, change in (("newer", {"version": 4}), ("foreign", {"model": {"name": "ict", "sha256": "0"}})):
        folder = shoot / "actors" / name
        shutil.copytree(shoot / "actors" / "anna", folder)
        document = json.loads((folder / NAME).read_text())
        (folder / NAME).write_text(json.dumps({**document, **change}))
        ended = mien_here("solve", shoot / "takes" / "T001", "--out", tmp_path, "--actor", name, check=3)
        assert ("newer mien" if name == "newer" else "is of the model 'ict'") in error_of(ended)
        shutil.rmtree(folder)


def test_corrections_of_other_frames_are_refused(shoot: Path) -> None:
    """Flipped labels: what the left did is said of the right."""
    truth = read(shoot / "truth.mien.json")
    flipped = [name.replace("Left", "#").replace("Right", "Left").replace("#", "Right") for name in truth.shape_names]
    keys = {name: tuple(Key(frame, float(truth.weights[frame, truth.shape_names.index(other)]))
                        for frame in range(2, 46, 4)) for name, other in zip(truth.shape_names, flipped, strict=True)
            if other in truth.shape_names}
    opposite = {name: tuple(Key(key.frame, 1.0 - key.value) for key in row) for name, row in keys.items()}
    layer = shoot / "flipped.json"
    save_layer(Layer(keys=opposite), layer)
    before = (shoot / "actors" / "anna" / NAME).read_bytes()
    ended = mien_here("actor", "make", "anna", "--from", shoot, "--corrections", layer, check=3)
    assert "corrections disagree with its footage" in error_of(ended)
    assert (shoot / "actors" / "anna" / NAME).read_bytes() == before


def test_frames_to_correct_are_suggested_and_teaching_wants_them(shoot: Path) -> None:
    said = mien_here("actor", "suggest", shoot / "takes" / "T001", "--count", "2").stdout.splitlines()
    assert len(said) == 2
    assert all(line.startswith("frame ") and "% of the error" in line for line in said)
    ended = mien_here("actor", "teach", "anna", "--from", shoot, check=2)
    assert "there are 0 corrected frames" in error_of(ended)
    ended = mien_here("actor", "suggest", shoot / "takes" / "T001", "--count", "0", check=2)
    assert "--count 0" in error_of(ended)
    shutil.copytree(shoot / "takes" / "T001", shoot / "takes" / "T002")
    ended = mien_here("actor", "suggest", shoot, check=2)
    assert "holds 2 takes" in error_of(ended)
    shutil.rmtree(shoot / "takes" / "T002")


def test_a_name_that_no_profile_has_is_told_where_there_are_others(shoot: Path, tmp_path: Path) -> None:
    take = shoot / "takes" / "T001"
    said = mien_here("solve", take, "--out", tmp_path, "--actor", "annna", *FEW).stderr
    assert "there is no profile of annna, but of anna" in said
    assert "there is no profile" not in mien_here("solve", take, "--out", tmp_path, "--actor", "anna", *FEW).stderr
    assert "no profile of an actor lies in" in mien_here("actor", "list", "--in", tmp_path).stdout


def test_what_an_earlier_profile_was_learnt_from_is_not_dropped_without_a_word(shoot: Path) -> None:
    actor = load_actor(shoot / "actors" / "anna")
    fay = shoot / "actors" / "fay"
    save_actor(replace(actor, name="fay", history=({**actor.history[0], "from": ["ROM", "T001"]},)), fay)
    said = mien_here("actor", "make", "fay", "--from", shoot).stderr
    assert "was learnt from ROM, too" in said
    assert "learnt from ROM" not in mien_here("actor", "make", "fay", "--from", shoot).stderr
    shutil.rmtree(fay)


def test_too_few_frames_and_a_profile_in_use_are_refused(shoot: Path) -> None:
    ended = mien_here("actor", "make", "carl", "--from", shoot, "--end", "8", check=3)
    assert "a profile needs 16" in error_of(ended)
    with held(shoot / "actors" / "anna", lambda text: None):
        ended = mien_here("actor", "make", "anna", "--from", shoot, check=None)
    assert ended.returncode != 0
    assert "works on it; wait until it has ended" in ended.stderr


def test_a_profile_moves_to_another_shoot_whole_or_not_at_all(shoot: Path, tmp_path: Path) -> None:
    packed = tmp_path / "anna.mienactor"
    mien_here("actor", "pack", "anna", "--in", shoot, "--out", packed)
    first = packed.read_bytes()
    mien_here("actor", "pack", shoot / "actors" / "anna", "--out", packed)
    assert packed.read_bytes() == first
    other = tmp_path / "other"
    mien_here("actor", "unpack", packed, "--in", other)
    assert load_actor(other / "actors" / "anna").key == load_actor(shoot / "actors" / "anna").key
    assert "anna: model mien" in mien_here("actor", "list", "--in", other).stdout
    assert "interocular" in mien_here("actor", "show", "anna", "--in", other).stdout
    assert "whole" in mien_here("actor", "check", "anna", "--in", other).stdout
    assert "--force" in error_of(mien_here("actor", "unpack", packed, "--in", other, check=2))
    for name, data in (("cut", first[:len(first) // 2]), ("empty", b""),
                       ("changed", first.replace(b'"interocular": 0.0', b'"interocular": 9.0'))):
        assert data != first
        (tmp_path / name).write_bytes(data)
        mien_here("actor", "unpack", tmp_path / name, "--in", tmp_path / "third", check=3)
    assert not (tmp_path / "third" / "actors" / "anna" / NAME).exists()


def test_the_resting_face_is_written_as_a_mesh(shoot: Path, tmp_path: Path) -> None:
    mien_here("actor", "mesh", "anna", "--in", shoot, "--out", tmp_path / "anna.obj")
    mesh, model = read_obj((tmp_path / "anna.obj").read_bytes(), "anna.obj"), model_named("mien")
    actor = load_actor(shoot / "actors" / "anna", model)
    left, right = (eye.centre(mesh.vertices) for eye in model.eyes)
    assert np.linalg.norm(left - right) == pytest.approx(actor.measures["interocular"], abs=1e-4)
    assert len(mesh.vertices) == len(model.neutral)
    assert np.abs(mesh.vertices - model.neutral).max() > 0.001  # it is the actor's, not the model's
    assert (actor.skin[:, 3] > 0).mean() > 0.2
    rows = [line.split() for line in (tmp_path / "anna.obj").read_text().splitlines() if line.startswith("v ")]
    assert {len(row) for row in rows} == {7}
    assert all(0 <= float(value) <= 1 for row in rows for value in row[4:])


def test_the_guide_names_poses_that_move_every_region(tmp_path: Path) -> None:
    said = mien_here("actor", "guide", "--out", tmp_path / "poses").stdout
    assert "Blink" in said
    assert (tmp_path / "poses" / "poses.png").stat().st_size > 50_000
    shapes = {name for _, _, pose in POSES for name in pose}
    assert shapes <= set(ARKIT)
    for region in ("brow", "eye", "cheek", "nose", "mouth", "jaw"):
        assert any(name.startswith(region) for name in shapes), region


def test_names_that_are_no_names_are_refused(shoot: Path) -> None:
    ended = mien_here("actor", "make", "../anna", "--from", shoot, check=2)
    assert "cannot be called" in error_of(ended)
    assert "what to do" in error_of(mien_here("actor", check=2))
