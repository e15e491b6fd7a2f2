"""What is before the face: which shapes it hides, and what the curves have there."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from solver.facing import Poses
from solver.hidden import carried_over, counterpart, gaze_carried_over, hidden_shapes, unseen_share
from solver.landmarks import Landmarks
from solver.performance import HIDDEN, UNKNOWN, matrices
from tests.solver.test_solve import around, everywhere, made, seen_by, solve

NAMES = ("mouthSmileLeft", "mouthSmileRight", "jawOpen")


def poses(truth) -> Poses:
    return Poses(matrices(truth.head_rotation), truth.head_translation)


def without(landmarks: Landmarks, hidden: np.ndarray) -> Landmarks:
    """The same with some of it behind something: hidden (C, T, N)."""
    return replace(landmarks, seen=landmarks.seen & ~hidden)


def test_a_shape_is_hidden_as_far_as_what_it_moves_is():
    model, truth = made(kept=30)
    rig, embedding = around([0.0]), everywhere(model)
    landmarks = seen_by(model, embedding, truth, rig, 0.0)
    every = np.arange(truth.frames)
    assert not unseen_share(landmarks, every, model, embedding, rig, poses(truth)).any()
    column = model.shape_names.index("eyeBlinkLeft")
    moved = np.linalg.norm(embedding.points(model, model.shapes[column]), axis=1) > 1e-6
    veil = np.zeros(landmarks.seen.shape, bool)
    veil[0, 4:7, moved] = True
    share = unseen_share(without(landmarks, veil), every, model, embedding, rig, poses(truth))
    assert (share[4:7, column] > 0.4).all()  # its counterpart on the other side is seen
    assert not share[[0, 1, 2, 3, 7, 8]].any()
    both = veil | veil[..., np.abs(embedding.points(model, model.neutral)
                                   - [[-1, 1, 1]] * embedding.points(model, model.neutral)[:, None]
                                   ).sum(2).argmin(1)]
    more = unseen_share(without(landmarks, both), every, model, embedding, rig, poses(truth))
    assert more[5, column] > 0.9


def test_another_camera_that_sees_it_makes_up_for_it():
    model, truth = made(kept=30)
    rig, embedding = around([0.0, 10.0]), everywhere(model)
    landmarks = seen_by(model, embedding, truth, rig, 0.0)
    veil = np.zeros(landmarks.seen.shape, bool)
    veil[0, 4:7] = np.arange(veil.shape[2]) > 5
    share = unseen_share(without(landmarks, veil), np.arange(truth.frames), model, embedding, rig, poses(truth))
    assert share[5].max() < 0.15
    veil[1] = veil[0]
    share = unseen_share(without(landmarks, veil), np.arange(truth.frames), model, embedding, rig, poses(truth))
    assert share[5].max() > 0.95


def test_what_comes_before_a_face_hides_it_a_moment_earlier_and_later():
    share = np.zeros((30, 1))
    share[12:15] = 0.9
    assert np.flatnonzero(hidden_shapes(share, np.arange(30), 30.0)).tolist() == list(range(9, 18))
    assert np.flatnonzero(hidden_shapes(share, np.arange(30), 10.0)).tolist() == list(range(11, 16))


def test_a_face_that_was_gone_for_long_comes_back_unhidden():
    share = np.zeros((30, 1))
    share[12:15] = 0.9
    frames = np.r_[np.arange(15), 135 + np.arange(15)]
    assert np.flatnonzero(hidden_shapes(share, frames, 30.0)).tolist() == list(range(9, 15))


def test_a_hidden_side_does_as_the_other_one():
    weights = np.zeros((9, 3))
    weights[:, 1] = np.linspace(0, 0.8, 9)
    weights[:, 0] = weights[:, 1] + 0.1
    hidden, guessed = np.zeros((9, 3), bool), weights.copy()
    hidden[3:6, 0], guessed[3:6, 0] = True, 1.0
    assert np.allclose(carried_over(guessed, hidden, np.arange(9), NAMES), weights)


def test_where_both_sides_are_hidden_a_shape_goes_straight_from_what_was_seen_to_what_is_seen_next():
    weights = np.random.default_rng(0).uniform(0, 1, (9, 3))
    hidden = np.zeros((9, 3), bool)
    hidden[3:6, :2] = hidden[:2, 2] = hidden[7:, 2] = True
    found = carried_over(weights, hidden, np.array([0, 1, 2, 3, 4, 5, 8, 9, 10]), NAMES)  # frames 6 and 7 have no face
    for column in (0, 1):
        assert np.allclose(found[3:6, column],
                           weights[2, column] + (weights[6, column] - weights[2, column]) * np.array([1, 2, 3]) / 6)
    assert np.array_equal(found[:2, 2], weights[[2, 2], 2])  # held at the take's ends
    assert np.array_equal(found[7:, 2], weights[[6, 6], 2])
    assert np.array_equal(found[~hidden], weights[~hidden])


def test_a_hidden_eye_looks_where_the_other_one_does():
    names = ("eyeLookInLeft", "eyeLookOutRight", "jawOpen")
    gaze = np.zeros((9, 2, 2))
    gaze[:, 1] = np.linspace(0, 0.3, 9)[:, None]
    gaze[:, 0] = gaze[:, 1] - 0.05
    hidden, guessed = np.zeros((9, 3), bool), gaze.copy()
    hidden[3:6, 0], guessed[3:6, 0] = True, 1.0
    assert np.allclose(gaze_carried_over(guessed, hidden, np.arange(9), names), gaze)
    hidden[:, :] = [False, False, True]
    assert np.array_equal(gaze_carried_over(guessed, hidden, np.arange(9), names), guessed)


def test_what_is_hidden_all_the_while_rests():
    assert not carried_over(np.ones((4, 3)), np.ones((4, 3), bool), np.arange(4), NAMES).any()


@pytest.mark.parametrize(("name", "other"), [
    ("mouthSmileLeft", "mouthSmileRight"), ("eyeLookInLeft", "eyeLookOutRight"), ("eyeLookUpRight", "eyeLookUpLeft"),
    ("jawOpen", ""), ("jawLeft", ""), ("mouthRight", "")])
def test_each_shape_knows_its_counterpart(name, other):
    assert counterpart(name) == other


def test_a_solve_carries_over_what_is_hidden_and_says_so():
    """Landmarks behind something lie where a network guesses; the curves do not follow them."""
    model, truth = made(frames=24, kept=30)
    slow = np.linspace(0.1, 0.4, 24)[:, None] * np.ones(30)
    truth = replace(truth, weights=np.where(truth.weights.max(axis=0) > 0, slow, 0.0))
    rig, embedding = around([0.0, 30.0]), everywhere(model)
    clear = seen_by(model, embedding, truth, rig, 0.05)
    column = model.shape_names.index("jawOpen")
    moved = np.linalg.norm(embedding.points(model, model.shapes[column]), axis=1) > 1e-4
    veil = np.zeros(clear.seen.shape, bool)
    veil[:, 10:14, moved] = True
    wild = replace(clear, xy=clear.xy + np.where(veil[..., None], [0.0, 25.0], 0.0))
    believed, _ = solve(model, wild, rig)
    found, _ = solve(model, without(wild, veil), rig)
    usual, _ = solve(model, clear, rig)
    off = [np.abs(one.weights - usual.weights)[10:14, column].max() for one in (believed, found)]
    assert off[0] > 3 * off[1]
    assert off[1] < 0.06
    flagged = [frame for frame, words in enumerate(found.flags) if HIDDEN in words]
    assert set(range(10, 14)) <= set(flagged)
    assert all(b == a + 1 for a, b in pairwise(flagged))
    assert (found.sigma[10:14, column] == UNKNOWN).all()
    assert not any(HIDDEN in words for words in usual.flags)
