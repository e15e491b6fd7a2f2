"""Which frame to correct next: the one whose error is large and shared by most."""

from dataclasses import replace

import numpy as np

from solver.performance import Performance
from solver.suggest import expected_error, worth_correcting
from tests.synthetic import made_performance, small_face


def three_expressions() -> Performance:
    """Thirty frames of one expression, twelve of another, one of a third; the second is the most uncertain."""
    made = made_performance(small_face(), frames=43)
    weights = np.zeros_like(made.weights)
    weights[30:42, :8] = 0.8
    weights[42, 8:16] = 0.9
    sigma = np.full(weights.shape, 0.03)
    sigma[30:42] = 0.12
    sigma[42] = 0.1
    return replace(made, weights=weights, sigma=sigma, residual_px=np.full(43, 2.0), seen=np.ones(43))


def test_the_most_uncertain_expression_comes_first_then_the_most_frequent_then_the_rest() -> None:
    found = worth_correcting(three_expressions(), [], 3)
    frames, gains = zip(*found, strict=True)
    assert 30 <= frames[0] < 42
    assert frames[1] < 30
    assert frames[2] == 42
    assert gains[0] > 0.7


def test_what_was_corrected_is_not_suggested_again_nor_what_looks_the_same() -> None:
    (frame, _), = worth_correcting(three_expressions(), [33], 1)
    assert frame < 30


def test_frames_without_a_face_are_not_suggested_and_bad_fits_are_worth_more() -> None:
    made = three_expressions()
    unseen = replace(made, seen=np.where(np.arange(43) < 42, 1.0, 0.0))
    assert all(frame != 42 for frame, _ in worth_correcting(unseen, [], 40))
    residual = made.residual_px.copy()
    residual[5] = 8.0
    assert expected_error(replace(made, residual_px=residual))[5] > 3 * expected_error(made)[5]
    assert worth_correcting(replace(made, seen=np.zeros(43)), [], 3) == []


def test_no_frame_takes_away_more_error_than_there_is_however_many_were_corrected() -> None:
    made = made_performance(small_face(), frames=60)
    weights = np.zeros_like(made.weights)
    weights[:, :12] = np.random.default_rng(1).random((60, 12)) * 0.5
    varied = replace(made, weights=weights, residual_px=np.full(60, 2.0), seen=np.ones(60))
    for corrected in ([], list(range(0, 60, 2))):
        found = worth_correcting(varied, corrected, 60)
        assert sorted([frame for frame, _ in found] + corrected) == list(range(60))
        assert all(0 < gain < 1 + 1e-9 for _, gain in found)
