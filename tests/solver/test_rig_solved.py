"""What is special about a user's rig, held to the solve: names of its own, shapes that only correct another."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from solver import solve as solve_module
from solver.embedding import ARRAYS, Embedding, embed
from solver.face_model import FaceModel
from solver.mediapipe_runtime import SCHEME, find_face
from solver.model_file import load_model
from solver.model_import import import_model
from solver.performance import Performance
from tests.material import shared
from tests.solver.test_solve import FLAT, around, everywhere, few_shapes, made, seen_by, solve


def test_a_rig_with_names_of_its_own_is_solved_in_them():
    model, truth = made()
    names = tuple(f"ctrl_{index:02d}_pose" for index in range(len(model.shape_names)))
    own = replace(model, shape_names=names)
    assert not any(name.startswith(("eye", "mouth", "jaw")) for name in names)
    truth = replace(truth, shape_names=names, gaze=np.zeros_like(truth.gaze))
    rig = around([0, -35, 35])
    found, _ = solve(own, seen_by(own, everywhere(own), truth, rig, 0.0), rig, FLAT)
    assert found.shape_names == names
    assert np.abs(found.weights - truth.weights).max() < 0.02


def test_a_rig_with_names_of_its_own_takes_all_landmarks():
    """No jawOpen by name: the mouth stays shut in all pictures, and eyeballs are found by their roundness."""
    model = import_model(shared("models", "facecap", "FaceCapHeadGeneric.fbx"), "rig")
    own = replace(model, shape_names=tuple(f"ctrl_{index:02d}" for index in range(len(model.shape_names))))
    found = embed(own, find_face, SCHEME)
    assert found.known.sum() >= 470
    points, named = (one.points(model, model.neutral) for one in (found, embed(model, find_face, SCHEME)))
    assert np.median(np.linalg.norm(points - named, axis=1)) < 0.002


@pytest.fixture(scope="module")
def lips() -> tuple[FaceModel, Embedding]:
    """The built-in head's jaw and lips, and landmarks on a few hundred of its triangles."""
    head = load_model(Path(__file__).parents[2] / "assets" / "head.npz")
    model = few_shapes(head, ("jawOpen", "mouthClose", "mouthFunnel"))
    model = replace(model, identity=model.identity[:2], identity_names=model.identity_names[:2])
    moved = np.linalg.norm(model.shapes[1], axis=1) > 0.002
    front = everywhere(model)
    chosen = np.flatnonzero(moved[model.triangles[front.triangle]].all(axis=1))[::6]
    return model, Embedding("made", *(getattr(front, name)[chosen] for name in ARRAYS))


def taken(model: FaceModel, jaw: float, close: float, funnel: float = 0.2) -> Performance:
    _, truth = made(frames=4)
    weights = np.tile([jaw, close, funnel], (4, 1))
    return replace(truth, shape_names=model.shape_names, weights=weights, sigma=weights, identity=np.zeros(2),
                   gaze=np.zeros((4, 2, 2)))


def test_lips_that_close_over_an_open_jaw_are_solved_as_both(lips):
    model, embedding = lips
    truth, rig = taken(model, 0.6, 0.5), around([0, -35, 35])
    found, _ = solve(model, seen_by(model, embedding, truth, rig, 0.2), rig, embedding=embedding)
    assert np.abs(found.weights - truth.weights).max() < 0.05


def test_lips_do_not_close_further_than_the_jaw_has_opened_them(lips, monkeypatch):
    """Landmarks that say so (a detector that errs) are believed by less than half of what they would be alone."""
    model, embedding = lips
    few = slice(None, None, 15)
    embedding = Embedding("made", *(getattr(embedding, name)[few] for name in ARRAYS))
    truth, rig = taken(model, 0.05, 0.35), around([0])
    seen = seen_by(model, embedding, truth, rig, 6.0)
    with_it, _ = solve(model, seen, rig, embedding=embedding)
    monkeypatch.setattr(solve_module, "CORRECTIVES", ())
    without, _ = solve(model, seen, rig, embedding=embedding)
    beyond = [(one.weights[:, 1] - one.weights[:, 0]).mean() for one in (with_it, without)]
    assert beyond[1] > 0.2
    assert beyond[0] < 0.5 * beyond[1]
