"""From one rig to another whose mesh has the same vertices: the weights that move it the same way."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.optimize import lsq_linear

from capture.errors import DataError
from solver.face_model import FaceModel
from solver.performance import Performance

RIDGE = 1e-7
"""Pull to zero, as a share of the mean shape's size: decides between shapes that do the same."""

STEP = 2.0 ** -20
"""Weight to which results are rounded: a millionth."""

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
    Weights are rounded to `STEP`, as the last digits of a least-squares solve depend on the processor.

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
    size = _size(target.neutral) / _size(source.neutral)
    a = size * source.shapes.reshape(len(source.shapes), -1).astype(np.float64)  # (K, 3V)
    b = target.shapes.reshape(len(target.shapes), -1).astype(np.float64)  # (K', 3V)
    gram = b @ b.T  # (K', K')
    gram[np.diag_indices_from(gram)] += RIDGE * np.trace(gram) / len(gram) + 1e-300
    wanted = performance.weights @ (a @ b.T)  # (T, K')
    held = held or {}
    given = [index for index, name in enumerate(target.shape_names) if name in held]
    free = [index for index, name in enumerate(target.shape_names) if name not in held]
    weights = np.zeros((performance.frames, len(b)))
    for index in given:
        weights[:, index] = held[target.shape_names[index]]
    if free:
        left = wanted[:, free] - weights[:, given] @ gram[np.ix_(given, free)]
        weights[:, free] = np.round(_boxed(gram[np.ix_(free, free)], left, upper) / STEP) * STEP
    variance = np.linalg.solve(gram, b @ a.T) ** 2 @ performance.sigma.T ** 2  # (K', T)
    moved = dataclasses.replace(
        performance, shape_names=target.shape_names, weights=weights, identity=np.zeros(0),
        sigma=np.round(np.sqrt(variance.T) / STEP) * STEP, model_name=target.name,
        model_sha256=target.sha256)
    # |B w - A v|^2 from the small matrices: the vertices of all frames would not fit the memory.
    square = (np.einsum("tk,kl,tl->t", weights, b @ b.T, weights) - 2 * np.einsum("tk,tk->t", weights, wanted)
              + np.einsum("tk,kl,tl->t", performance.weights, a @ a.T, performance.weights))
    rms = np.sqrt(np.maximum(square, 0.0) / len(source.neutral))
    return moved, Fit(float(np.sqrt((rms ** 2).mean())), float(rms.max()), int(rms.argmax()))


def _boxed(gram: np.ndarray, wanted: np.ndarray, upper: float) -> np.ndarray:
    """The w in 0..upper with the smallest w G w / 2 - wanted w, for each row: (T, K'). Exact, by active sets."""
    root = np.linalg.cholesky(gram).T  # G = root' root, so this is |root w - right|^2
    right = np.linalg.solve(root.T, wanted.T).T  # (T, K')
    found = [lsq_linear(root, row, (0.0, upper), method="bvls").x for row in right]
    return np.clip(np.array(found).reshape(wanted.shape), 0.0, upper)  # it may leave the bounds by a rounding


def _size(points: np.ndarray) -> float:
    return float(np.linalg.norm(points - points.mean(axis=0)))
