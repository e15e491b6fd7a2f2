"""Keys on a curve: met where they stand, joined by SciPy's own spline, and gone where they have faded out."""

import numpy as np
import pytest
from scipy.interpolate import CubicHermiteSpline

from solver.corrections import REACH, Key, Layer, corrected, corrected_curve, offset

SOLVED = 0.4 + 0.2 * np.sin(np.arange(100) / 9.0)
LEVEL = np.full(100, 0.4)


@pytest.mark.parametrize("apart", [1, 6, 12, 2 * REACH, 2 * REACH + 1, 40])
def test_both_of_two_keys_are_met_and_only_far_ones_let_the_solve_through(apart: int) -> None:
    curve = corrected_curve((Key(30, 0.7), Key(30 + apart, 0.7)), LEVEL)
    assert curve[30] == curve[30 + apart] == pytest.approx(0.7)
    between = curve[30:31 + apart]
    if apart <= 2 * REACH:
        np.testing.assert_allclose(between, 0.7, atol=1e-12)
    else:
        assert between.min() == pytest.approx(0.4, abs=0.003)
    np.testing.assert_array_equal(curve[:31 - REACH], LEVEL[:31 - REACH])
    np.testing.assert_array_equal(curve[30 + apart + REACH:], LEVEL[30 + apart + REACH:])


def test_tangents_make_the_cubic_that_passes_with_these_slopes() -> None:
    """On a level solve the keys' slopes are the curve's own."""
    keys = (Key(20, 0.5, 0.01, -0.02), Key(32, 0.3, 0.03, 0.0), Key(41, 0.6, -0.01, 0.02))
    found = offset(keys, LEVEL)
    for one, other in ((keys[0], keys[1]), (keys[1], keys[2])):
        spline = CubicHermiteSpline([one.frame, other.frame], [one.value - 0.4, other.value - 0.4],
                                    [one.slope_out, other.slope_in])
        part = np.arange(one.frame, other.frame + 1)
        np.testing.assert_allclose(found[part], spline(part), atol=1e-12)
    into = CubicHermiteSpline([20 - REACH, 20], [0.0, 0.1], [0.0, 0.01])
    out_of = CubicHermiteSpline([41, 41 + REACH], [0.2, 0.0], [0.02, 0.0])
    np.testing.assert_allclose(found[20 - REACH:21], into(np.arange(20 - REACH, 21)), atol=1e-12)
    np.testing.assert_allclose(found[41:42 + REACH], out_of(np.arange(41, 42 + REACH)), atol=1e-12)


def test_a_slope_is_the_corrected_curves_and_not_the_corrections() -> None:
    rising = 0.002 * np.arange(100)
    found = offset((Key(50, 0.3, 0.002, 0.002),), rising)
    spline = CubicHermiteSpline([50 - REACH, 50], [0.0, 0.2], [0.0, 0.0])  # the solve rises by as much by itself
    np.testing.assert_allclose(found[50 - REACH:51], spline(np.arange(50 - REACH, 51)), atol=1e-12)


def test_what_the_solve_itself_used_is_not_cut_and_nothing_goes_beyond() -> None:
    wide = SOLVED.copy()
    wide[[5, 90]] = 1.3, -0.2
    curve = corrected_curve((Key(40, 5.0), Key(60, -5.0)), wide)
    assert (curve[5], curve[90], curve[40], curve[60]) == (1.3, -0.2, 1.3, -0.2)
    curve = corrected_curve((Key(40, 5.0), Key(60, -5.0)), SOLVED)
    assert (curve[40], curve[60]) == (1.0, 0.0)


@pytest.mark.parametrize(("first", "met"), [(40, 0), (31, 9), (30, None), (41, None)])
def test_keys_count_from_the_solves_first_frame_and_those_outside_it_do_nothing(first: int, met: int | None) -> None:
    short = SOLVED[:10, None]
    found = corrected(Layer({"jawOpen": (Key(40, 0.9),)}), short, ("jawOpen",), first)
    if met is None:
        np.testing.assert_array_equal(found, short)
    else:
        assert found[met, 0] == pytest.approx(0.9)


@pytest.mark.parametrize("frames", [1, 2])
def test_a_solve_of_hardly_any_frames_takes_keys(frames: int) -> None:
    assert corrected_curve((Key(0, 0.9, 0.1, 0.1),), SOLVED[:frames])[0] == pytest.approx(0.9)
