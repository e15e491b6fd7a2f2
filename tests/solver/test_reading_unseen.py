"""Faces that nobody rendered: people with true landmarks, and what networks would have found of them."""

from pathlib import Path

import numpy as np

from solver.model_import import BUILT_IN, find_model
from solver.network import POINTS
from solver.reading_train import EACH, NAMES, Unseen, train
from solver.reading_unseen import errors_of, mixed, unrendered
from tests.solver.test_reading_train import on_front, taught


def test_people_are_made_of_points_alone() -> None:
    model = find_model(BUILT_IN, Path(__file__).parents[2] / "assets" / "head.npz")
    embedding = on_front(model)
    recorded = np.zeros((1, len(model.shape_names)))
    points, weights = unrendered(model, embedding, recorded, 3, 4, 7)
    assert points.shape == (3, 4, POINTS, 2)
    assert np.isfinite(points).all()
    assert (weights[:, 0] == 0).all(), "the first is at rest"
    assert (weights[:, 1:].max(axis=2) > 0).any()
    again, _ = unrendered(model, embedding, recorded, 2, 4, 7)
    np.testing.assert_array_equal(again, points[:2])
    assert np.ptp(points[0, 0], axis=0).max() > 100, "seen large"


def test_mixed_faces_have_all_shapes_and_lips_only_close_over_an_open_jaw() -> None:
    random = np.random.default_rng(0)
    faces = np.array([mixed(random, NAMES) for _ in range(2000)])
    assert faces.min() >= 0
    assert faces.max() <= 1
    assert ((faces > 0.3).mean(axis=0) > 0.005).all()
    assert (faces[:, NAMES.index("mouthClose")] <= faces[:, NAMES.index("jawOpen")] + 1e-9).all()
    left, right = NAMES.index("mouthSmileLeft"), NAMES.index("mouthSmileRight")
    assert np.corrcoef(faces[:, left], faces[:, right])[0, 1] > 0.5


def test_errors_that_follow_the_face_are_told_from_those_that_do_not() -> None:
    random = np.random.default_rng(1)
    basis, follow = random.normal(0, 1, (6, 40)), random.normal(0, 0.03, (6, 40))
    along = random.normal(0, 0.3, (600, 6))
    true = (along @ basis).astype(np.float32)
    found = (true + 0.01 + along @ follow + random.normal(0, 0.004, true.shape)).astype(np.float32)
    errors = errors_of(true[:500], found[:500])
    assert np.abs(errors.found(true[500:]) - true[500:] - 0.01 - along[500:] @ follow).mean() < 0.002
    assert 0.003 < errors.rest.std() < 0.005


def test_unseen_people_are_learnt_from() -> None:
    """A rule that the other people never show is read once unseen ones show it."""
    import torch

    shown, whole = taught(128, 1), taught(160, 2)
    without = shown.weights.copy()
    without[..., :10] = 0  # taught() adds weights @ rule: take what the first ten shapes did out of the points too
    rule = np.random.default_rng(0).normal(0, 0.3, (len(NAMES), 2 * POINTS))
    found = (shown.found - shown.weights[..., :10] @ rule[:10]).astype(np.float32)
    blind = type(shown)(found, found, without)
    unseen = Unseen(whole.found[:128], whole.weights[:128], np.zeros((1, 2 * POINTS), np.float32))
    errors = []
    for more in (None, unseen):
        reader = train(blind, epochs=10, unseen=more)
        faces = torch.from_numpy(((whole.found[128:] - reader.mean) / reader.scale).astype(np.float32))
        with torch.inference_mode():
            read = reader.network(faces, reader.network.person(faces))[0].numpy()
        errors.append(np.sqrt(np.square(read - whole.weights[128:])[..., :10].mean()))
    assert errors[1] < 0.8 * errors[0]
    assert whole.found.shape[1] == EACH
