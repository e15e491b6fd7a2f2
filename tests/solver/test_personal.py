"""Personal points and shapes: what was put in comes out, no more, and nobody else fits them."""

from dataclasses import replace

import numpy as np
import pytest

from solver.actor_fit import OTHER, Case, Face, foretold, misfit, without_blurred
from solver.face_model import FaceModel
from solver.performance import Performance
from solver.personal import evidence, kept_meaning, on_mesh, personal_points
from solver.solve import problem_of
from tests.solver.test_solve import around, everywhere, few_shapes, seen_by
from tests.synthetic import made_performance, small_face

SHAPES = ("jawOpen", "mouthSmileLeft", "browInnerUp", "eyeBlinkRight")
SMILE = SHAPES.index("mouthSmileLeft")
RIG = around([-30.0, 30.0])


def own_way() -> tuple[FaceModel, FaceModel, Performance]:
    """A model; an actor whose smile goes sideways and whose landmarks lie 1 mm in front; a performance."""
    model = few_shapes(small_face(), SHAPES)
    shapes = model.shapes.copy()
    length = np.linalg.norm(shapes[SMILE], axis=1)
    shapes[SMILE, :, 0] += 0.4 * length
    truth = made_performance(model, 40)
    return model, replace(model, shapes=shapes), replace(truth, identity=np.zeros(len(model.identity)))


def learnt(model: FaceModel, actor: FaceModel, truth: Performance, share: float = 0.2) -> np.ndarray:
    embedding = everywhere(model)
    landmarks = seen_by(actor, embedding, truth, RIG, 0.2)
    frames = np.arange(truth.frames)
    problem, _ = problem_of(landmarks, RIG, False, model, embedding, truth.frame_rate, frames)
    return personal_points(evidence(problem, truth, frames, np.ones(len(frames))), problem, share)


def test_a_smile_that_goes_sideways_is_learnt_and_the_mesh_follows() -> None:
    model, actor, truth = own_way()
    offsets = learnt(model, actor, truth)
    change = kept_meaning(model, on_mesh(model, everywhere(model), offsets[:, :, 1:]))
    front = np.unique(model.triangles[everywhere(model).triangle])
    before = np.linalg.norm(actor.shapes - model.shapes, axis=2)[SMILE, front].mean()
    after = np.linalg.norm(actor.shapes - model.shapes - change, axis=2)[:, front].mean(axis=1)
    assert after[SMILE] < 0.5 * before
    others = np.linalg.norm(change[[0, 2, 3]], axis=2)[:, front].mean(axis=1)
    assert others.max() < 0.15 * before


def test_less_is_learnt_of_shapes_where_landmarks_are_believed_less() -> None:
    """What landmarks that err alike feign; it is the smile that changes, and the change only gets smaller."""
    model, actor, truth = own_way()
    whole, part = (learnt(model, actor, truth, share)[:, :, 1 + SMILE] for share in (0.2, 0.03))
    assert 0.05 < np.linalg.norm(part) / np.linalg.norm(whole) < 0.6
    assert (whole * part).sum() > 0.9 * np.linalg.norm(whole) * np.linalg.norm(part)


def test_without_corrected_frames_shapes_stay_as_they_are() -> None:
    model, actor, truth = own_way()
    offsets = learnt(model, actor, truth, 0.0)
    assert np.abs(offsets[:, :, 1:]).max() < 1e-6


def test_a_resting_face_does_not_absorb_expressions() -> None:
    """A neutral that lies 1 mm aside is found on a face that is never at rest."""
    model, _, truth = own_way()
    aside = replace(model, neutral=(model.neutral + np.float32([0.0, 0.001, 0.0])))
    weights = np.clip(truth.weights, 0.2, 1.0)
    found = learnt(model, aside, replace(truth, weights=weights))[:, :, 0]
    seen = everywhere(model)
    skin = ~np.isin(model.triangles[seen.triangle], np.concatenate([eye.vertices for eye in model.eyes])).any(axis=1)
    assert np.median(np.linalg.norm(found[skin] - [0.0, 0.001, 0.0], axis=1)) < 0.0003


def test_a_mesh_goes_where_all_its_landmarks_go() -> None:
    model = small_face()
    embedding = everywhere(model)
    offsets = np.tile(np.array([0.0, 0.002, 0.0])[:, None], (len(embedding.known), 1, 1))
    field, = on_mesh(model, embedding, offsets)
    balls = np.concatenate([eye.vertices for eye in model.eyes])
    front = np.setdiff1d(np.unique(model.triangles[embedding.triangle]), balls)
    np.testing.assert_allclose(field[front], np.tile([0.0, 0.002, 0.0], (len(front), 1)), atol=2e-4)
    assert not field[balls].any()


def test_a_shape_changes_only_where_it_moves() -> None:
    model = small_face()
    change = kept_meaning(model, np.full(model.shapes.shape, 0.001))
    still = np.linalg.norm(model.shapes, axis=2) == 0
    assert not change[still].any()
    assert change.any()


def test_blurred_frames_are_nothing_to_learn_from() -> None:
    """By what the network says of its points: a camera that sees the face sharply is enough."""
    model = few_shapes(small_face(), SHAPES)
    landmarks = seen_by(model, everywhere(model), made_performance(model, 12), RIG, 0.5)
    height = np.ptp(landmarks.xy[..., 1], axis=2)[..., None]
    share = np.full(landmarks.seen.shape, 0.008)
    share[:, 3:6] = 0.02
    share[0, 8] = 0.02
    known = replace(landmarks, scheme="mien478", sigma=share * height)
    assert np.flatnonzero(~without_blurred(known).found.any(axis=0)).tolist() == [3, 4, 5]
    assert without_blurred(replace(known, scheme="mediapipe478")).seen.all()


def test_another_person_fits_worse_and_the_right_one_foretells_hidden_landmarks() -> None:
    model = few_shapes(small_face(), SHAPES)
    embedding, truth = everywhere(model), made_performance(model, 24)
    case = Case(seen_by(model, embedding, truth, RIG, 0.5), RIG, False, truth.frame_rate)
    nobody = Face(model, embedding)
    assert misfit(case, replace(nobody, identity=truth.identity), nobody) < 1.1
    assert misfit(case, replace(nobody, identity=truth.identity + np.array([3.0, -3.0, 3.0, 3.0])), nobody) > OTHER
    own = foretold(case, replace(nobody, identity=truth.identity), 0)
    assert np.nanmean(own) == pytest.approx(0.5 * np.sqrt(2), rel=0.15)
    assert np.nanmean(own) <= np.nanmean(foretold(case, nobody, 0)) + 1e-3
