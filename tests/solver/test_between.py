"""Shapes with in-betweens: the solve follows them piece by piece."""

from dataclasses import replace

import numpy as np
import torch

from solver.face_model import Between, FaceModel, deform
from solver.performance import Performance
from solver.points import DTYPE, move, surface_points
from tests.solver.test_solve import FLAT, around, everywhere, made, seen_by, solve


def bent() -> tuple[FaceModel, Performance]:
    """Two of the small face's shapes bend: one lags behind up to its middle, one goes in an arc."""
    model, truth = made()
    first, second = (model.shapes[index].astype(np.float64) for index in (2, 5))
    aside = 0.3 * np.roll(second, 1, axis=1)
    steps = (Between(model.shape_names[2], 0.5, 0.2 * first), Between(model.shape_names[5], 0.7, 0.8 * second + aside),
             Between(model.shape_names[5], 0.3, 0.4 * second + aside))
    weights = truth.weights.copy()
    weights[:, 2] = np.linspace(0.05, 0.95, len(weights))
    weights[:, 5] = np.linspace(0.9, 0.1, len(weights))
    return replace(model, between=steps), replace(truth, weights=weights)


def test_points_move_as_the_mesh_does() -> None:
    model, truth = bent()
    embedding = everywhere(model)
    moved = move(surface_points(model, embedding), torch.tensor(truth.weights), torch.tensor(truth.gaze),
                 torch.zeros(len(model.identity), dtype=DTYPE))
    mesh = [embedding.points(model, deform(model, weights, gaze=gaze))
            for weights, gaze in zip(truth.weights, truth.gaze, strict=True)]
    np.testing.assert_allclose(moved.position, mesh, atol=1e-7)


def test_their_slope_is_that_of_the_piece() -> None:
    model, truth = bent()
    points = surface_points(model, everywhere(model))
    gaze, identity = torch.tensor(truth.gaze), torch.zeros(len(model.identity), dtype=DTYPE)
    weights = torch.tensor(truth.weights).clamp(0.01, 0.99)
    moved = move(points, weights, gaze, identity)
    step = 1e-6
    for shape in (2, 5, 7):
        change = torch.zeros_like(weights)
        change[:, shape] = step
        difference = (move(points, weights + change, gaze, identity).position - moved.position) / step
        by = moved.by_weights[..., shape]
        torch.testing.assert_close(difference, by, atol=1e-8, rtol=1e-6)


def test_a_rig_with_in_betweens_is_solved_through_them() -> None:
    model, truth = bent()
    rig = around([0, -35, 35])
    seen = seen_by(model, everywhere(model), truth, rig, 0.0)
    found, _ = solve(model, seen, rig, FLAT)
    assert np.abs(found.weights - truth.weights).max() < 0.02
    straight, _ = solve(replace(model, between=()), seen, rig, FLAT)
    assert np.abs(straight.weights - truth.weights).max() > 0.1
