"""Lips that nearly meet, meet; eyes that are shut are shut; and nothing else moves."""

from dataclasses import replace

import numpy as np
import pytest

from solver.embedding import Embedding
from solver.face_model import FaceModel
from solver.lids import LIDS, SHUT, lids_shut
from solver.lips import LIPS, lips_met
from tests.synthetic import small_face

PAIRS = (*LIPS, *(pair for lids in LIDS.values() for pair in lids))
NAMES = ("eyeBlinkLeft", "eyeBlinkRight", "jawOpen", "mouthClose", "browInnerUp")
REST_M, OPEN_M = 0.0028, 0.009
"""Between the lips' and the lids' landmarks at rest."""
FRAMES = 60


def face() -> tuple[FaceModel, Embedding]:
    """Eighteen points that matter: a jaw that opens by 20 mm, lips that close by 10, lids that touch at 0.75."""
    places = np.zeros((len(PAIRS), 2, 3))
    places[:, 0, 1] = [REST_M] * 3 + [OPEN_M] * 6
    shapes = np.zeros((len(NAMES), len(PAIRS), 2, 3))
    shapes[0, 3:6, 0, 1] = shapes[1, 6:9, 0, 1] = -0.012
    shapes[2, :3, 1, 1], shapes[3, :3, 1, 1] = -0.020, 0.010
    vertices = 2 * len(PAIRS)
    corner = np.arange(vertices)
    model = replace(
        small_face(), neutral=places.reshape(-1, 3), shapes=shapes.reshape(len(NAMES), -1, 3), shape_names=NAMES,
        faces=np.stack([corner, corner, corner, np.full(vertices, -1)], 1), face_part=np.zeros(vertices, np.int32),
        identity=np.zeros((0, vertices, 3)), identity_names=(), eyes=())
    triangle, known = np.zeros(478, int), np.zeros(478, bool)
    points = np.array(PAIRS).ravel()
    triangle[points], known[points] = corner, True
    return model, Embedding("made", triangle, np.full((478, 3), 1 / 3), np.zeros(478), np.zeros(478, bool), known)


def touched(weights: np.ndarray, known: bool = True) -> np.ndarray:
    model, embedding = face()
    embedding = embedding if known else replace(embedding, known=np.zeros(478, bool))
    nobody = np.zeros(0)
    met = lips_met(weights, np.full(weights.shape, 0.1), nobody, model, embedding, 30.0)
    return lids_shut(met, nobody, model, embedding, np.arange(len(weights)), 30.0)


def talking(closest_m: float, frames: int = FRAMES) -> np.ndarray:
    """A mouth that opens and closes, never further than to a gap of so many metres beyond rest."""
    weights = np.zeros((frames, len(NAMES)))
    weights[:, 2] = closest_m / 0.020 + 0.4 * np.clip(np.sin(np.arange(frames) / 4.0), 0, None)
    return weights


def gap_m(weights: np.ndarray) -> np.ndarray:
    return 0.020 * weights[:, 2] - 0.010 * weights[:, 3]


@pytest.mark.parametrize("calm_m", [0.001, -0.001])
def test_a_calm_mouth_that_is_found_off_its_rest_comes_half_way_back(calm_m: float) -> None:
    before = talking(max(calm_m, 0.0))
    before[:, 3] = -min(calm_m, 0.0) / 0.010  # lips that cross
    after = touched(before)
    shut = gap_m(before) < calm_m + 0.00001
    assert shut.any()
    np.testing.assert_allclose(gap_m(after)[shut], calm_m / 2, atol=0.00002)
    wide = gap_m(before) > 0.0021
    np.testing.assert_array_equal(after[wide], before[wide])
    assert (np.diff(gap_m(after)[np.argsort(gap_m(before))]) > -1e-5).all()  # what was wider is not narrower now
    np.testing.assert_array_equal(after[:, 4], before[:, 4])


def test_one_calm_frame_that_is_found_wider_does_not_tell_how_wide_a_calm_mouth_is() -> None:
    before = talking(0.002)
    before[[5, 25, 45], 2], before[55, 2] = 0.05, 0.09  # 1 mm, and once 1.8
    after = touched(before)
    np.testing.assert_allclose(gap_m(after)[[5, 25, 45]], 0.0005, atol=0.00002)


def test_lips_that_are_open_when_calm_meet_where_they_come_closest() -> None:
    before = talking(0.005)
    before[::4, 2:4] = 0.5, 0.75  # 2.5 mm are left
    after = touched(before)
    np.testing.assert_allclose(gap_m(after)[::4], 0.0, atol=0.0001)
    wide = gap_m(before) > 0.0101
    np.testing.assert_array_equal(after[wide], before[wide])


def test_lips_that_stay_parted_are_parted() -> None:
    still = np.full((FRAMES, len(NAMES)), 0.0)
    still[:, 2] = 0.0042 / 0.020 + 0.001 * np.sin(np.arange(FRAMES))
    np.testing.assert_array_equal(touched(still), still)


@pytest.mark.parametrize("closest_m", [0.0, 0.0062, 0.008])
def test_a_mouth_that_closes_or_is_truly_open_stays_as_it_is(closest_m: float) -> None:
    weights = np.clip(talking(closest_m), 0, 1)
    np.testing.assert_array_equal(touched(weights), weights)


def test_a_moment_does_not_tell_whether_lips_meet() -> None:
    few = talking(0.001, 20)
    np.testing.assert_array_equal(touched(few), few)


def test_lids_that_touch_are_shut_and_lids_on_the_way_are_not() -> None:
    weights = talking(0.0)
    weights[10:13, 0] = 0.6, 0.76, 0.6
    weights[20:40, 1], weights[50, 1] = 0.63, 1.0  # 1.4 mm are left
    after = touched(weights)
    assert after[11, 0] == pytest.approx(SHUT)
    assert after[50, 1] == 1.0
    after[11, 0] = weights[11, 0]
    np.testing.assert_allclose(after, weights, atol=1e-9)


def test_lids_shut_little_by_little_as_their_gap_closes() -> None:
    weights = talking(0.0)
    weights[:, :2] = np.linspace(0.6, 0.9, FRAMES)[:, None]  # they touch at 0.75
    after = touched(weights)[:, 0]
    assert np.abs(np.diff(after)).max() < 4 * np.diff(weights[:, 0]).max()  # noise in the gap shakes no shut eye
    assert (np.diff(after) > -1e-9).all()
    np.testing.assert_allclose(after[weights[:, 0] >= 0.75], SHUT, atol=1e-9)


def test_a_blink_that_is_found_with_a_gap_has_shut_the_eye() -> None:
    weights = talking(0.0)
    weights[[9, 10, 11], 0] = 0.3, 0.7, 0.3  # 0.6 mm are left
    weights[20:22, 0] = 0.66, 0.66  # 1.1 mm
    weights[30, 0] = 0.6  # 1.8 mm
    weights[FRAMES - 1, 1] = 0.72  # the take ends in a blink
    after = touched(weights)[:, 0]
    assert after[10] == pytest.approx(0.925, abs=0.01)
    np.testing.assert_allclose(after[20:22], 0.78, atol=0.01)
    np.testing.assert_array_equal(after[[9, 11, 30]], weights[[9, 11, 30], 0])
    assert touched(weights)[FRAMES - 1, 1] == pytest.approx(SHUT)


def test_a_face_that_is_gone_for_seconds_has_not_blinked_meanwhile() -> None:
    weights = talking(0.0)
    weights[20:22, 0] = 0.66  # 1.1 mm
    frames = np.arange(FRAMES)
    after = [lids_shut(weights, np.zeros(0), *face(), frames + later * (frames > 20), 30.0) for later in (0, 1, 120)]
    assert (after[0][20:22, 0] > 0.75).all()
    assert (after[1][20:22, 0] > 0.75).all()  # one frame that no camera saw
    assert (after[2][20:22, 0] < 0.73).all()  # only as far as lids so near do touch


def test_lids_with_an_edge_blink_as_deep_as_eye_blink_brings_them() -> None:
    model, embedding = face()
    model = replace(model, shapes=model.shapes * np.where(np.arange(len(NAMES)) < 2, 7 / 12, 1.0)[:, None, None])
    weights = talking(0.0)
    weights[10, 0] = 0.95  # 2.35 mm are left, and 2 at eyeBlink 1
    weights[20:40, 1] = 0.95
    weights[50, 0] = 0.85  # 1.05 mm beyond that
    after = lids_shut(weights, np.zeros(0), model, embedding, np.arange(FRAMES), 30.0)
    assert after[10, 0] == SHUT
    assert 0.87 < after[50, 0] < 0.91
    np.testing.assert_array_equal(after[20:40, 1], weights[20:40, 1])  # that may be an eye that looks down


def test_an_eye_that_lags_shuts_with_the_other_and_one_that_winks_alone() -> None:
    weights = talking(0.0)
    weights[5:25, :2], weights[40, :2] = (0.9, 0.66), (0.79, 0.1)  # the second has 1.1 mm left, for long
    after = touched(weights)
    np.testing.assert_allclose(after[5:25, 1], SHUT, atol=1e-9)
    assert touched(weights * [0, 1, 1, 1, 1])[15, 1] < 0.75, "alone it would not"
    assert after[40, 0] > 0.9
    assert after[40, 1] == 0.1


def test_a_detector_without_these_landmarks_is_left_alone() -> None:
    weights = talking(0.001)
    np.testing.assert_array_equal(touched(weights, known=False), weights)
