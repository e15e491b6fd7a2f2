"""Landmarks of cameras that run without genlock, put on the take's moments."""

import numpy as np
import pytest

from solver.landmarks import Landmarks
from solver.own_time import at_moments


def path(times: np.ndarray) -> np.ndarray:
    """(T, 6, 2) px: some points that swing, at 1 to 4 Hz of 30 frames a second, as heads and jaws do."""
    hertz, phase = np.array([1.0, 1.5, 2.0, 2.5, 3.0, 4.0]), np.arange(6.0)
    turn = 2 * np.pi * hertz * times[:, None] / 30 + phase
    return np.stack([300 + 20 * np.sin(turn), 200 + 15 * np.cos(turn)], axis=2)


def seen_at(late: np.ndarray) -> Landmarks:
    """What cameras see whose pictures come (C, T) frames late."""
    xy = np.stack([path(np.arange(late.shape[1]) + behind) for behind in late])
    return Landmarks(tuple("abc"[:len(late)]), "made", xy, np.ones(xy.shape[:3]), np.ones(xy.shape[:3], bool))


@pytest.mark.parametrize("part", [0.25, -0.25, 0.5, -0.45])
def test_landmarks_are_put_where_they_stood(part: float) -> None:
    late = np.stack([np.zeros(60), np.full(60, part)])
    seen = seen_at(late)
    right = path(np.arange(60.0))
    moved = at_moments(seen, late)
    np.testing.assert_array_equal(moved.xy[0], seen.xy[0])
    before, after = (np.linalg.norm(each.xy[1, 2:-2] - right[2:-2], axis=-1) for each in (seen, moved))
    assert after.max() < 0.12 * before.max()
    ends = np.linalg.norm(moved.xy[1] - right, axis=-1)[[0, 1, -2, -1]].max(axis=1)
    assert (ends[1:3] < 0.4 * before.max()).all()
    assert (ends[0] < 0.4 * before.max()) == (part < 0), "a moment before the first picture has none around it"
    assert (ends[3] < 0.4 * before.max()) == (part > 0)


def test_a_clock_that_drifts_across_a_frame() -> None:
    """Late grows to half a frame; there the next picture is the nearest, and half a frame early."""
    late = np.linspace(0, 1, 90)[None] % 1
    late = np.where(late > 0.5, late - 1, late)
    moved = at_moments(seen_at(late), late)
    assert np.linalg.norm(moved.xy[0, 2:-2] - path(np.arange(90.0))[2:-2], axis=-1).max() < 0.6
    assert np.linalg.norm(seen_at(late).xy[0] - path(np.arange(90.0)), axis=-1).max() > 5


def test_cameras_in_step_stay_untouched_and_gaps_are_not_bridged() -> None:
    late = np.full((1, 30), 0.3)
    seen = seen_at(late)
    assert at_moments(seen, np.full((1, 30), 0.004)) is seen
    seen.seen[0, 10:14, 2] = False
    seen.xy[0, 10:14, 2] = np.nan
    moved = at_moments(seen, late)
    assert np.isnan(moved.xy[0, 10:14, 2]).all()
    np.testing.assert_array_equal(moved.xy[0, 14, 2], seen.xy[0, 14, 2])  # nothing before it to move from
    assert np.isfinite(moved.xy[0, 14:, 2]).all()
    assert (moved.xy[0, 15, 2] != seen.xy[0, 15, 2]).all()


def test_a_landmark_in_two_pictures_goes_straight_and_one_in_a_single_picture_stays() -> None:
    late = np.full((1, 5), 0.25)
    seen = seen_at(late)
    seen.seen[0, :, 1] = [False, True, True, False, False]
    seen.seen[0, :, 2] = [False, False, True, False, False]
    moved = at_moments(seen, late)
    np.testing.assert_allclose(moved.xy[0, 2, 1], 0.25 * seen.xy[0, 1, 1] + 0.75 * seen.xy[0, 2, 1])
    np.testing.assert_array_equal(moved.xy[0, 1, 1], seen.xy[0, 1, 1])  # the moment is before its first picture
    np.testing.assert_array_equal(moved.xy[0, :, 2], seen.xy[0, :, 2])
    one = seen_at(late[:, :1])
    np.testing.assert_array_equal(at_moments(one, late[:, :1]).xy, one.xy)
