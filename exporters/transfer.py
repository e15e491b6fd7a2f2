"""From one rig to another whose mesh has the same vertices: the weights that move it the same way."""

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from capture.errors import DataError
from exporters.boxed import factor, solve, substitute, times
from solver.face_model import FaceModel
from solver.performance import Performance

RIDGE = 1e-7
"""Pull to zero, as a share of the mean shape's size: decides between shapes that do the same."""

GRID = 2.0 ** 40
"""Steps in a metre to which shapes are rounded at most (of a head's, some 20 nanometres are left): whole numbers sum
alike in any order."""

EXACT = 2 ** 52
"""Whole numbers below this are exact."""

ALIKE = 0.25
"""Largest distance of two heads of the same vertices, as a share of their size; shuffled ones are 1 or more apart."""


@dataclass(frozen=True)
class Fit:
    """How far the transferred performance is from the original, over vertices: metres."""

    rms: float
    worst: float
    worst_frame: int


def corresponds(source: FaceModel, target: FaceModel) -> bool:
    """Whether two heads have the same vertices in the same order: as many, and near one another once both are centred
    and scaled alike."""
    if source.neutral.shape != target.neutral.shape:
        return False
    one, other = (model.neutral.astype(np.float64) for model in (source, target))
    one, other = ((points - points.mean(axis=0)) / max(_size(points), 1e-12) for points in (one, other))
    return bool(((one - other) ** 2).sum() < ALIKE ** 2)


def transfer(performance: Performance, source: FaceModel, target: FaceModel,
             held: Mapping[str, np.ndarray] | None = None, upper: float = 1.0) -> tuple[Performance, Fit]:
    """The target's weights within 0..`upper` whose deformation is nearest to the source's, frame by frame.

    Solves min |B w - s A v|^2 for 0 <= w <= upper, where A and B are the two rigs' shapes, v the performance and s the
    target's size over the source's. Both meshes must have the same vertices in the same order, and the same axes.
    The result is the same to the last bit on any processor.

    Args:
        held: weights (T) of the target's shapes that are given; the others are solved around them.

    Raises:
        DataError: the meshes do not correspond, or the performance is not the source's.
    """
    if not corresponds(source, target):
        raise DataError(f"the {len(source.neutral)} vertices of {source.name!r} are not the {len(target.neutral)} of "
                        f"{target.name!r}, so their shapes cannot be compared; use a retarget map")
    if performance.shape_names != source.shape_names:
        raise DataError(f"take {performance.take!r} was not solved on {source.name!r}; give the model it was solved on")
    size = math.sqrt(_spread(target.neutral) / _spread(source.neutral))
    a, b, grid = _whole(source.shapes, target.shapes)  # (K, 3V), (K', 3V)
    gram = b @ b.T / grid ** 2  # (K', K')
    cross = size * (a @ b.T / grid ** 2)  # (K, K')
    ridged = gram.copy()
    ridged[np.diag_indices_from(gram)] += RIDGE * sum(gram.diagonal().tolist()) / len(gram) + 1e-300
    wanted = times(performance.weights, cross)  # (T, K')
    held = held or {}
    given = [index for index, name in enumerate(target.shape_names) if name in held]
    free = [index for index, name in enumerate(target.shape_names) if name not in held]
    weights = np.zeros((performance.frames, len(b)))
    for index in given:
        weights[:, index] = held[target.shape_names[index]]
    if free:
        left = wanted[:, free] - times(weights[:, given], ridged[np.ix_(given, free)])
        weights[:, free] = solve(ridged[np.ix_(free, free)], left, upper)
    slope = substitute(factor(ridged[None]), cross)  # (K, K')
    moved = dataclasses.replace(
        performance, shape_names=target.shape_names, weights=weights, identity=np.zeros(0),
        sigma=np.sqrt(times(performance.sigma ** 2, slope ** 2)), model_name=target.name, model_sha256=target.sha256)
    # |B w - A v|^2 from the small matrices: the vertices of all frames would not fit the memory.
    square = (np.einsum("tk,kl,tl->t", weights, gram, weights) - 2 * np.einsum("tk,tk->t", weights, wanted)
              + np.einsum("tk,kl,tl->t", performance.weights, (size / grid) ** 2 * (a @ a.T), performance.weights))
    rms = np.sqrt(np.maximum(square, 0.0) / len(source.neutral))
    return moved, Fit(float(np.sqrt((rms ** 2).mean())), float(rms.max()), int(rms.argmax()))


def _whole(*shapes: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    """Each rig's shapes (K, V, 3) as whole steps (K, 3V), and how many steps a metre has: so few that all sums of their
    products are exact."""
    flat = [array.reshape(len(array), -1).astype(np.float64) for array in shapes]
    grid = GRID
    while True:
        whole = [np.round(array * grid) for array in flat]
        if max((array * array).sum(axis=1).max(initial=0.0) for array in whole) < EXACT:
            return whole[0], whole[1], grid
        grid /= 2


def _spread(points: np.ndarray) -> int:
    """The square of `_size` times the number of points, in steps of a micrometre: a whole number, exact."""
    steps = np.round(points.astype(np.float64) * 2.0 ** 20).astype(np.int64)
    square = sum(int(axis) ** 2 for axis in steps.sum(axis=0))
    return max(len(steps) * int((steps * steps).sum()) - square, 1)


def _size(points: np.ndarray) -> float:
    return float(np.linalg.norm(points - points.mean(axis=0)))
