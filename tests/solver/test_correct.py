"""Solving around corrections, on landmarks that read a smile at half its size."""

import tracemalloc
from dataclasses import dataclass, replace

import numpy as np
import pytest

from capture.camera import Rig
from solver.correct import solve_around
from solver.corrections import CORRECTED, REACH, Key, Layer
from solver.embedding import Embedding
from solver.face_model import FaceModel
from solver.landmarks import Landmarks
from solver.likeness import LIKE, SURE, carried, influence, likeness
from solver.performance import Performance
from solver.solve import solve_take
from tests.solver.test_solve import FACTS, around, everywhere, few_shapes, seen_by
from tests.synthetic import made_performance, small_face

SMILE, FRAME, FIRST = "mouthSmileLeft", 25, 100
SHAPES = ("jawOpen", SMILE, "browInnerUp", "eyeBlinkRight")


@dataclass(frozen=True)
class Made:
    model: FaceModel
    embedding: Embedding
    rig: Rig
    truth: Performance
    landmarks: Landmarks
    base: Performance

    def again(self, layer: Layer) -> Performance:
        return solve_around(layer, self.base, FIRST, self.landmarks, self.rig, self.rig, self.model, self.embedding,
                            None, {"solve": "k", "correct": "c"}, lambda done, total: None)

    def error(self, solved: Performance) -> np.ndarray:
        """(T) of the smile."""
        column = SHAPES.index(SMILE)
        return np.abs(solved.weights[:, column] - self.truth.weights[:, column])


@pytest.fixture(scope="module")
def made() -> Made:
    model = few_shapes(small_face(), SHAPES)
    embedding, rig = everywhere(model), around([-30.0, 30.0])
    truth = made_performance(model, 50)
    smile = 0.5 + 0.2 * np.sin(np.arange(50) / 8.0)
    truth = replace(truth, identity=np.zeros(len(model.identity)),
                    weights=np.stack([smile if name == SMILE else weights for name, weights in
                                      zip(SHAPES, truth.weights.T, strict=True)], axis=1))
    halved = truth.weights * np.where(np.array(SHAPES) == SMILE, 0.5, 1.0)
    landmarks = seen_by(model, embedding, replace(truth, weights=halved), rig, 0.3)
    landmarks.seen[:, FRAME + 2] = False  # nobody saw this one
    base, _ = solve_take(landmarks, rig, False, model, embedding, FACTS, lambda done, total: None)
    return Made(model, embedding, rig, truth, landmarks, base)


def right(made: Made) -> Layer:
    """The frame with all its true weights, marked as right."""
    at = FRAME + FIRST
    return Layer({name: (Key(at, float(made.truth.weights[FRAME, column])),) for column, name in enumerate(SHAPES)},
                 frozenset([at]))


def test_a_frame_that_is_right_stays_and_pulls_its_neighbours_and_those_like_it(made):
    solved = made.again(right(made))
    before, after = made.error(made.base), made.error(solved)
    assert before[FRAME] > 0.15, "the detector errs"
    np.testing.assert_allclose(solved.weights[FRAME], made.truth.weights[FRAME], atol=0.01)
    near = [FRAME + away for away in (-3, -2, -1, 1, 2, 3)]
    assert (after[near] < 0.7 * before[near]).all()
    far = np.abs(np.arange(50) - FRAME) >= REACH
    for name in ("head_rotation", "head_translation", "gaze", "sigma", "residual_px"):
        np.testing.assert_array_equal(getattr(solved, name)[far], getattr(made.base, name)[far], err_msg=name)
    unlike = far & (likeness([FRAME], made.base.weights)[:, 0] == 0)
    alike = far & (likeness([FRAME], made.base.weights)[:, 0] > 0.6)
    assert alike.any()
    np.testing.assert_array_equal(solved.weights[unlike], made.base.weights[unlike])
    assert after[alike].mean() < 0.6 * before[alike].mean(), "the same expression later in the take is corrected, too"
    assert np.abs(np.diff(solved.weights[:, SHAPES.index(SMILE)])).max() < 0.12, "it does not jump"
    assert [frame for frame, words in enumerate(solved.flags) if CORRECTED in words] == [FRAME]
    assert solved.sigma[FRAME].max() < 0.01 < made.base.sigma[FRAME].min()


def test_dragged_landmarks_take_the_face_with_them(made):
    column, camera = SHAPES.index(SMILE), made.rig.cameras[0]
    moves = np.linalg.norm(np.einsum("ncx,nc->nx", made.model.shapes[column][made.model.triangles[
        made.embedding.triangle]], made.embedding.barycentric), axis=1)
    true = seen_by(made.model, made.embedding, made.truth, made.rig, 0.0).xy[0, FRAME]
    points = np.argsort(-moves)[:6]
    drags = {(camera.name, int(point), FRAME + FIRST): tuple(true[point].tolist()) for point in points}
    solved = made.again(Layer(drags=drags, scheme="made"))
    before, after = made.error(made.base), made.error(solved)
    assert after[FRAME] < 0.35 * before[FRAME]
    assert (after[[FRAME - 2, FRAME + 1]] < 0.7 * before[[FRAME - 2, FRAME + 1]]).all()
    np.testing.assert_array_equal(solved.weights[:FRAME - REACH], made.base.weights[:FRAME - REACH])
    again = made.again(Layer(drags=drags, scheme="others"))
    np.testing.assert_array_equal(again.weights, made.base.weights)


def test_landmarks_behind_a_hand_count_where_somebody_puts_them(made):
    """The shape's landmarks are hidden in both cameras around a frame; in one they are put where they are."""
    column, camera = SHAPES.index(SMILE), made.rig.cameras[0]
    moves = np.linalg.norm(np.einsum("ncx,nc->nx", made.model.shapes[column][made.model.triangles[
        made.embedding.triangle]], made.embedding.barycentric), axis=1)
    points = np.argsort(-moves)[:len(moves) // 3]
    seen = made.landmarks.seen.copy()
    for frame in range(FRAME - 6, FRAME + 7):
        seen[:, frame, points] = False
    hidden = replace(made, landmarks=replace(made.landmarks, seen=seen))
    true = seen_by(made.model, made.embedding, made.truth, made.rig, 0.0).xy[0, FRAME]
    drags = {(camera.name, int(point), FRAME + FIRST): tuple(true[point].tolist()) for point in points[:6]}
    solved = hidden.again(Layer(drags=drags, scheme="made"))
    assert hidden.error(solved)[FRAME] < 0.5 * hidden.error(made.base)[FRAME]


def test_the_same_corrections_give_the_same_numbers(made):
    first, second = made.again(right(made)), made.again(right(made))
    np.testing.assert_array_equal(first.weights, second.weights)
    np.testing.assert_array_equal(first.head_rotation, second.head_rotation)


def test_corrections_outside_the_solve_change_nothing(made):
    solved = made.again(Layer({SMILE: (Key(3, 1.0),)}, frozenset([3]), {("cam0", 5, 7): (1.0, 2.0)}, "made"))
    np.testing.assert_array_equal(solved.weights, made.base.weights)


def test_a_correction_holds_less_where_the_face_looks_different():
    weights = np.zeros((40, 3))
    weights[22:] = 0.8
    by_time, by_both = influence([20], weights)
    assert by_both[20] == by_time[20] == 1.0
    assert by_both[19] == by_time[19]
    assert by_both[22] < 0.3 * by_time[22]
    assert by_time[20 + REACH:].max() == 0.0
    weights[22:] = [LIKE, 0.0, 0.0]
    by_time, by_both = influence([20], weights)
    np.testing.assert_allclose(by_both[22:20 + REACH], by_time[22:20 + REACH] / 2)
    weights[22:] = [2 * LIKE, 0.0, 0.0]
    np.testing.assert_allclose(influence([20], weights)[1][22:20 + REACH], by_time[22:20 + REACH] / 5)


def test_frames_of_other_expressions_are_left_alone_wherever_they_are():
    weights = np.zeros((60, 4))
    weights[20:30] = 0.3
    weights[30:40] = 0.7
    alike = likeness([5], weights)[:, 0]
    assert alike[:20].min() == alike[40:].min() == 1.0
    assert 0.3 < alike[25] < 0.8
    assert not alike[30:40].any()


def test_many_corrected_frames_do_not_tear_those_between_them_apart():
    """Half of 60 frames were found to be 0.1 too low, give or take a little, and so are the others then."""
    rng = np.random.default_rng(1)
    weights, frames = rng.random((60, 12)) * 0.5, list(range(0, 60, 2))
    alike, errors = likeness(frames, weights), 0.1 + 0.02 * rng.standard_normal(len(frames))
    assert np.linalg.eigvalsh(alike[frames])[0] < 0, "likeness is no covariance"
    torn = alike @ np.linalg.solve(alike[frames] + SURE * np.eye(len(frames)), errors)
    assert np.abs(torn).max() > 0.3
    assert np.abs(carried(alike, errors, frames)).max() < 0.2


def test_likeness_of_a_long_take_holds_no_array_of_frames_by_frames_by_shapes():
    weights = np.zeros((6000, 52))
    weights[::2, 3] = 0.6
    tracemalloc.start()
    alike = likeness(list(range(0, 6000, 10)), weights)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 6 * alike.nbytes


def test_two_keys_that_say_the_opposite_each_hold_where_they_stand(made):
    """Frames that look the same may be corrected apart: each stays, and between them neither wins."""
    layer = Layer({SMILE: (Key(FIRST + 8, 0.9), Key(FIRST + 40, 0.1))})
    solved = made.again(layer).weights[:, SHAPES.index(SMILE)]
    np.testing.assert_allclose(solved[[8, 40]], [0.9, 0.1], atol=0.02)
    assert ((solved >= 0) & (solved <= 1)).all()


def test_where_the_face_ends_up_in_the_picture(made):
    """The dragged landmark and the solved surface meet."""
    camera, point = made.rig.cameras[1], 10
    place = made.landmarks.xy[1, FRAME, point] + [6.0, 0.0]
    solved = made.again(Layer(drags={(camera.name, point, FRAME + FIRST): tuple(place.tolist())}, scheme="made"))

    def apart(performance: Performance) -> float:
        shown = seen_by(made.model, made.embedding, performance, made.rig, 0.0).xy[1, FRAME, point]
        return float(np.linalg.norm(shown - place))

    assert apart(solved) < 0.5 * apart(made.base)


def test_what_a_key_does_not_name_does_not_undo_it():
    """A shape that could take back in the pictures what the key says stays near where the solve had it."""
    face = small_face()
    smile, frown = (face.shape_names.index(name) for name in (SMILE, "mouthFrownLeft"))
    shapes = face.shapes.copy()
    shapes[frown] = 0.3 * shapes[frown] - 0.9 * shapes[smile]
    model = few_shapes(replace(face, shapes=shapes), (SMILE, "mouthFrownLeft"))
    embedding, rig = everywhere(model), around([-30.0, 30.0])
    truth = replace(made_performance(model, 16), identity=np.zeros(len(model.identity)), weights=np.full((16, 2), 0.1))
    landmarks = seen_by(model, embedding, truth, rig, 0.3)
    base, _ = solve_take(landmarks, rig, False, model, embedding, FACTS, lambda done, total: None)
    solved = solve_around(Layer({SMILE: (Key(8, 0.7),)}), base, 0, landmarks, rig, rig, model, embedding, None,
                          {"solve": "k"}, lambda done, total: None)
    assert solved.weights[8, 0] == pytest.approx(0.7, abs=0.03)
    assert np.abs(solved.weights - base.weights)[:, 1].max() < 0.3, "0.69 where nothing holds it"
