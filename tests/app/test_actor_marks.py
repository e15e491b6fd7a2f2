"""Landmarks put right in the neutral frame: they say who the actor is, and nothing of what the face does."""

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from app.corrections import save_layer
from app.detectors import landmarker_named
from app.models import model_named
from capture.camera import Rig, load_rig, project
from exporters.to_json import read
from solver.actor import load_actor
from solver.corrections import Grip, Key, Layer
from solver.face_model import FaceModel, deform
from solver.network_file import SCHEME
from solver.performance import Performance
from solver.posed import posed
from tests.app.command import error_of, mien_here

REST = 0
EVERY = 5
"""One landmark in so many is put right: 90 and more of each camera."""
Marks = dict[Grip, tuple[float, float]]


@pytest.fixture(scope="module")
def shoot(demo: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo's shoot; its take says which frame shows the face at rest."""
    folder = tmp_path_factory.mktemp("marks") / "shoot"
    shutil.copytree(demo, folder)
    (folder / "takes" / "T001" / "take.toml").write_text(f"neutral = {REST}\n")
    return folder


def marked(model: FaceModel, truth: Performance, rig: Rig, moved: Callable[[int], int] = lambda point: point) -> Marks:
    """Where landmarks truly are in the resting frame; `moved` takes one for another."""
    points = landmarker_named("mien").embedding(model).points(model, posed(model, truth, REST))
    return {(camera.name, moved(point), REST): tuple(project(camera, points[[point]])[0].tolist())
            for camera in rig.cameras for point in range(0, len(points), EVERY)}


def off_mm(model: FaceModel, identity: np.ndarray, truth: Performance) -> float:
    """How far a resting face is off, over all that shapes move."""
    nothing, face = np.zeros(len(model.shapes)), np.abs(model.shapes).max(axis=(0, 2)) > 1e-3
    apart = deform(model, nothing, identity) - deform(model, nothing, truth.identity)
    return 1000 * float(np.linalg.norm(apart[face], axis=1).mean())


def test_a_layer_tells_the_person_from_the_face() -> None:
    drags = {("camA", 5, 0): (1.0, 2.0), ("camB", 5, 0): (3.0, 4.0), ("camA", 5, 7): (5.0, 6.0)}
    layer = Layer({"jawOpen": (Key(0, 0.5),)}, drags=drags, scheme=SCHEME)
    assert set(layer.of_person(0)) == {("camA", 5, 0), ("camB", 5, 0)}
    assert layer.of_face(0).drags == {("camA", 5, 7): (5.0, 6.0)}
    assert layer.of_face(0).keys == layer.keys
    assert not layer.of_person(None)
    assert layer.of_face(None) == layer


def test_they_bring_the_resting_face_nearer_to_the_truth(shoot: Path, tmp_path: Path) -> None:
    model, truth, rig = model_named("mien"), read(shoot / "truth.mien.json"), load_rig(shoot / "rig.toml")
    marks = marked(model, truth, rig)
    save_layer(Layer(drags=marks, scheme=SCHEME), tmp_path / "marks.json")
    mien_here("actor", "make", "without", "--from", shoot, "--corrections", "none")
    mien_here("actor", "make", "told", "--from", shoot, "--corrections", tmp_path / "marks.json")
    without, told = (load_actor(shoot / "actors" / name, model) for name in ("without", "told"))
    assert told.history[0]["marked"] == len(marks)
    assert off_mm(model, told.identity, truth) < 0.6 * off_mm(model, without.identity, truth)
    few = dict(list(marks.items())[:10])
    save_layer(Layer(drags=few, scheme=SCHEME), tmp_path / "few.json")
    said = mien_here("actor", "make", "few", "--from", shoot, "--corrections", tmp_path / "few.json").stderr
    assert "10 landmarks were dragged in the neutral frame 0, too few" in said
    np.testing.assert_array_equal(load_actor(shoot / "actors" / "few", model).identity, without.identity)


def test_a_solve_leaves_them_aside_and_says_so(shoot: Path, tmp_path: Path) -> None:
    model, truth, rig = model_named("mien"), read(shoot / "truth.mien.json"), load_rig(shoot / "rig.toml")
    save_layer(Layer(drags=marked(model, truth, rig), scheme=SCHEME), tmp_path / "marks.json")
    take = shoot / "takes" / "T001"
    plain, said = ((out := tmp_path / name, mien_here("solve", take, "--format", "json", "--out", out, "--corrections",
                                                      layer).stderr) for name, layer in (
        ("plain", "none"), ("marked", tmp_path / "marks.json")))
    assert "landmarks were dragged in the neutral frame 0: they say who the actor is" in said[1]
    np.testing.assert_array_equal(*(read(out / "T001.mien.json").weights for out in (plain[0], said[0])))


def test_marks_of_no_face_are_refused(shoot: Path, tmp_path: Path) -> None:
    model, truth, rig = model_named("mien"), read(shoot / "truth.mien.json"), load_rig(shoot / "rig.toml")
    save_layer(Layer(drags=marked(model, truth, rig, lambda point: (point + 100) % 478), scheme=SCHEME),
               tmp_path / "wrong.json")
    ended = mien_here("actor", "make", "wrong", "--from", shoot, "--corrections", tmp_path / "wrong.json", check=3)
    assert "dragged in its neutral frame 0 are of no face" in error_of(ended)
    assert not (shoot / "actors" / "wrong" / "actor.json").exists()
