"""The bounded least squares: nothing can be gained by moving any weight within its bounds."""

import numpy as np
import pytest
from scipy.optimize import lsq_linear

from exporters.boxed import factor, solve, substitute, times

RANDOM = np.random.default_rng(0)


def problem(shapes: int, frames: int, alike: float):
    """Shapes that are `alike` to their neighbour, and wishes that lie far beyond the bounds."""
    base = RANDOM.normal(size=(shapes, 90))
    base[1:] = (1 - alike) * base[1:] + alike * base[:-1]
    gram = base @ base.T + 1e-7 * np.eye(shapes)
    return base, gram, RANDOM.normal(0.3, 1.2, (frames, shapes)) @ gram


@pytest.mark.parametrize(("shapes", "alike"), [(1, 0.0), (7, 0.0), (52, 0.0), (52, 0.7), (52, 0.97), (120, 0.5)])
@pytest.mark.parametrize("upper", [1.0, 1.5])
def test_every_weight_is_where_it_is_best(shapes, alike, upper):
    _, gram, wanted = problem(shapes, 150, alike)
    found = solve(gram, wanted, upper)
    slope = found @ gram - wanted
    close = 1e-6 * gram.diagonal().max()
    assert found.min() >= 0
    assert found.max() <= upper
    inside = (found > 0) & (found < upper)
    assert np.abs(slope[inside]).max(initial=0.0) < close
    assert (slope[found == 0] > -close).all()
    assert (slope[found == upper] < close).all()


def test_scipy_finds_the_same():
    base, gram, wanted = problem(30, 20, 0.5)
    found = solve(gram, wanted, 1.0)
    for row, wish in zip(found, wanted, strict=True):
        aim = np.linalg.lstsq(base.T, np.linalg.lstsq(base, wish, rcond=None)[0], rcond=None)[0]
        best = lsq_linear(base.T, base.T @ aim, (0, 1), tol=1e-13).x
        np.testing.assert_allclose(row, best, atol=1e-4)


def test_shapes_that_do_nothing_or_the_same_stay_within_the_bounds():
    _, gram, wanted = problem(6, 10, 0.0)
    gram[:, 5], gram[5], wanted[:, 5] = gram[:, 4], gram[4], wanted[:, 4]
    gram[3], gram[:, 3], wanted[:, 3] = 0.0, 0.0, 0.0
    found = solve(gram + 1e-7 * np.eye(6), wanted, 1.0)
    assert np.isfinite(found).all()
    np.testing.assert_allclose(found[:, 4], found[:, 5], atol=1e-5)
    assert not found[:, 3].any()
    assert solve(gram, wanted[:0], 1.0).shape == (0, 6)


def test_the_parts_are_right():
    _, gram, wanted = problem(9, 5, 0.3)
    lower = factor(gram[None])
    np.testing.assert_allclose(lower[0], np.linalg.cholesky(gram), atol=1e-9)
    np.testing.assert_allclose(substitute(lower, wanted), np.linalg.solve(gram, wanted.T).T, rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(times(wanted, gram), wanted @ gram, rtol=1e-12)
