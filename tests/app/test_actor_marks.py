"""Landmarks put right in the neutral frame: they say who the actor is, and nothing of what the face does."""

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from app.corrections import layer_key, load_layer, save_layer
from app.detectors import landmarker_named
from app.models import model_named
from capture.camera import Rig, load_rig, project
from capture.sync import Clock, Timeline, save_timeline
from exporters.to_json import read
from solver.actor import load_actor
from solver.actor_marks import placed
from solver.corrections import Grip, Key, Layer, moved, moved_rest
from solver.face_model import FaceModel, deform
from solver.landmarks import Landmarks
from solver.network_file import SCHEME
from solver.performance import Performance
from solver.posed import posed
from tests.app.command import error_of, mien_here
from tests.app.shoots import FEW

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


def saved(marks: Marks, path: Path, followed: Marks | None = None) -> None:
    """Marks that were dragged one by one, and others that followed them."""
    save_layer(Layer(drags=marks | (followed or {}), scheme=SCHEME, held=frozenset(marks)), path)


def off_mm(model: FaceModel, identity: np.ndarray, truth: Performance) -> float:
    """How far a resting face is off, over all that shapes move."""
    nothing, face = np.zeros(len(model.shapes)), np.abs(model.shapes).max(axis=(0, 2)) > 1e-3
    apart = deform(model, nothing, identity) - deform(model, nothing, truth.identity)
    return 1000 * float(np.linalg.norm(apart[face], axis=1).mean())


def test_a_layer_tells_the_person_from_the_face() -> None:
    drags = {("camA", 5, 0): (1.0, 2.0), ("camB", 5, 0): (3.0, 4.0), ("camA", 5, 7): (5.0, 6.0)}
    layer = Layer({"jawOpen": (Key(0, 0.5),)}, drags={**drags, ("camA", 6, 0): (1.5, 2.5)}, scheme=SCHEME,
                  held=frozenset(drags))
    assert set(layer.of_person(0)) == {("camA", 5, 0), ("camB", 5, 0)}
    assert layer.of_face(0).drags == {("camA", 5, 7): (5.0, 6.0)}
    assert layer.of_face(0).keys == layer.keys
    assert not layer.of_person(None)
    assert layer.of_face(None) == layer


def test_they_bring_the_resting_face_nearer_to_the_truth(shoot: Path, tmp_path: Path) -> None:
    model, truth, rig = model_named("mien"), read(shoot / "truth.mien.json"), load_rig(shoot / "rig.toml")
    marks = marked(model, truth, rig)
    saved(marks, tmp_path / "marks.json")
    mien_here("actor", "make", "without", "--from", shoot, "--corrections", "none")
    mien_here("actor", "make", "told", "--from", shoot, "--corrections", tmp_path / "marks.json")
    without, told = (load_actor(shoot / "actors" / name, model) for name in ("without", "told"))
    assert told.history[0]["marked"] == len(marks)
    assert off_mm(model, told.identity, truth) < 0.6 * off_mm(model, without.identity, truth)
    few, rest = (dict(part) for part in (list(marks.items())[:10], list(marks.items())[10:]))
    saved(few, tmp_path / "few.json", rest)
    said = mien_here("actor", "make", "few", "--from", shoot, "--corrections", tmp_path / "few.json").stderr
    assert "10 landmarks were dragged one by one in the neutral frame 0, too few" in said
    np.testing.assert_array_equal(load_actor(shoot / "actors" / "few", model).identity, without.identity)


def test_a_solve_leaves_them_aside_and_says_so(shoot: Path, tmp_path: Path) -> None:
    model, truth, rig = model_named("mien"), read(shoot / "truth.mien.json"), load_rig(shoot / "rig.toml")
    saved(marked(model, truth, rig), tmp_path / "marks.json")
    take = shoot / "takes" / "T001"
    plain, said = ((out := tmp_path / name, mien_here("solve", take, "--format", "json", "--out", out, "--corrections",
                                                      layer).stderr) for name, layer in (
        ("plain", "none"), ("marked", tmp_path / "marks.json")))
    assert "landmarks were dragged in the neutral frame 0: they say who the actor is" in said[1]
    np.testing.assert_array_equal(*(read(out / "T001.mien.json").weights for out in (plain[0], said[0])))


def test_marks_of_no_face_are_refused(shoot: Path, tmp_path: Path) -> None:
    model, truth, rig = model_named("mien"), read(shoot / "truth.mien.json"), load_rig(shoot / "rig.toml")
    saved(marked(model, truth, rig, lambda point: (point + 100) % 478), tmp_path / "wrong.json")
    ended = mien_here("actor", "make", "wrong", "--from", shoot, "--corrections", tmp_path / "wrong.json", check=3)
    assert "dragged in its neutral frame 0 are of no face" in error_of(ended)
    assert not (shoot / "actors" / "wrong" / "actor.json").exists()


def test_marks_that_have_no_place_do_not_count_and_a_slip_is_named(shoot: Path, tmp_path: Path) -> None:
    model, truth, rig = model_named("mien"), read(shoot / "truth.mien.json"), load_rig(shoot / "rig.toml")
    marks = marked(model, truth, rig)
    strange = {("front" if camera == "camA" else camera, point + 500 * (camera == "camB"), frame): place
               for (camera, point, frame), place in marks.items() if camera != "camC"}
    saved(strange, tmp_path / "strange.json")
    said = mien_here("actor", "make", "strange", "--from", shoot, "--corrections", tmp_path / "strange.json").stderr
    assert "0 landmarks were dragged one by one in the neutral frame 0, too few" in said
    saved(marks | {("camB", 10, REST): (0.0, 0.0)}, tmp_path / "slip.json")
    ended = mien_here("actor", "make", "slip", "--from", shoot, "--corrections", tmp_path / "slip.json", check=3)
    assert "landmark 10, dragged in camB in its neutral frame 0, lies" in error_of(ended)


def test_a_camera_that_saw_no_face_at_rest_has_no_marks() -> None:
    seen = np.ones((2, 1, 9), bool)
    seen[1] = False
    found = Landmarks(("camA", "camB"), SCHEME, np.zeros((2, 1, 9, 2)), np.ones((2, 1, 9)), seen)
    marks = {("camA", 4, 7): (1.0, 2.0), ("camB", 4, 7): (1.0, 2.0), ("camC", 4, 7): (1.0, 2.0),
             ("camA", 9, 7): (1.0, 2.0)}
    assert set(placed(marks, found)) == {("camA", 4, 7)}


def test_the_frame_at_rest_goes_with_its_marks_when_clips_are_brought_into_step(shoot: Path, tmp_path: Path) -> None:
    folder = tmp_path / "shoot"
    shutil.copytree(shoot, folder, ignore=shutil.ignore_patterns(".mien", "solved", "actors"))
    take = folder / "takes" / "T001"
    (take / "take.toml").write_text("neutral = 0\n")
    (take / "corrections.json").unlink(missing_ok=True)
    drags = {(camera, point, 0): (200.0, 300.0) for camera in ("camA", "camB") for point in range(3)}
    save_layer(Layer(drags=drags, scheme=SCHEME, held=frozenset(drags), begins={"camA": 3, "camB": 3, "camC": 0}),
               take / "corrections.json")
    save_timeline(Timeline((Clock("camA", 0.0), Clock("camB", 0.0), Clock("camC", 0.1)), "by hand"), take / "sync.toml")
    said = mien_here("solve", take, *FEW).stderr
    assert "the neutral frame 0 goes with the landmarks dragged in it: it is 3 now" in said
    assert "6 landmarks were dragged in the neutral frame 3: they say who the actor is" in said
    (take / "take.toml").write_text("neutral = 3\n")
    said = mien_here("solve", take, *FEW).stderr
    assert "6 landmarks were dragged in the neutral frame 3: they say who the actor is" in said
    assert "goes with" not in said


def test_a_layer_keeps_which_landmarks_were_held(tmp_path: Path) -> None:
    drags = {("camA", 5, 4): (1.0, 2.0), ("camA", 6, 4): (3.0, 4.0)}
    layer = Layer(drags=drags, scheme=SCHEME, held=frozenset([("camA", 5, 4)]), begins={"camA": 3})
    save_layer(layer, tmp_path / "held.json")
    assert load_layer(tmp_path / "held.json") == layer
    assert layer_key(layer) == layer_key(Layer(drags=drags, scheme=SCHEME)), "a solve goes around both alike"
    assert moved(layer, {"camA": 5})[0].held == {("camA", 5, 2)}
    assert moved_rest(layer, {"camA": 5}, 4) == 2
    assert moved_rest(layer, {"camA": 5}, 2) == 2, "it was named since"
    assert moved_rest(layer, {"camA": 5}, 9) == 9
