"""Bounded least squares by additions, products, quotients and roots in one fixed order.

BLAS and LAPACK add in an order that depends on the processor, and so would the last digits of what is solved by them.
Sums of whole numbers are the same in any order, and everything else here is done one operation at a time, for many
frames at once.
"""

import numpy as np

CHUNK = 64
"""Frames that are solved together: as many as stay in a processor's cache."""

CLOSE = 1e-9
"""Weight beyond a bound, and slope as a share of the largest, that count as none."""

PATIENCE = 3
"""Steps without progress before shapes change sides one at a time."""


def solve(gram: np.ndarray, wanted: np.ndarray, upper: float) -> np.ndarray:
    """The w in 0..upper with the smallest w G w / 2 - wanted w, for each row of `wanted`.

    By block principal pivoting (Portugal, Judice and Vicente 1994): all shapes on the wrong side of a bound change
    sides at once; where that goes round in circles, the last alone, which always ends.

    Args:
        gram: (K, K) symmetric, positive definite.
        wanted: (T, K).
        upper: bound.

    Returns:
        (T, K).
    """
    parts = [_solve_chunk(gram, wanted[start:start + CHUNK], upper) for start in range(0, len(wanted), CHUNK)]
    return np.concatenate(parts) if parts else np.zeros_like(wanted)


def _solve_chunk(gram: np.ndarray, wanted: np.ndarray, upper: float) -> np.ndarray:
    frames, shapes = wanted.shape
    side = np.zeros((frames, shapes), np.int8)  # -1 at 0, 0 free, 1 at the upper bound
    fewest, patience = np.full(frames, shapes + 1), np.full(frames, PATIENCE)
    out, todo = np.zeros((frames, shapes)), np.arange(frames)
    steep = CLOSE * gram.diagonal().max()
    for _ in range(20 * shapes + 100):
        held = side[todo]
        found, slope = _with_held(gram, wanted[todo], held, upper)
        out[todo] = found
        low, high = (held == 0) & (found < -CLOSE), (held == 0) & (found > upper + CLOSE)
        wrong = low | high | ((held < 0) & (slope < -steep)) | ((held > 0) & (slope > steep))
        count = wrong.sum(axis=1)
        better = count < fewest[todo]
        fewest[todo] = np.where(better, count, fewest[todo])
        patience[todo] = np.where(better, PATIENCE, patience[todo] - 1)
        last = np.arange(shapes) == shapes - 1 - wrong[:, ::-1].argmax(axis=1)[:, None]
        moved = wrong & (last | (patience[todo] > 0)[:, None])
        side[todo] = np.where(moved, np.where(low, -1, np.where(high, 1, 0)), held)
        todo = todo[count > 0]
        if not len(todo):
            break
    return np.clip(out, 0.0, upper)


def _with_held(gram: np.ndarray, wanted: np.ndarray, held: np.ndarray, upper: float) -> tuple[np.ndarray, np.ndarray]:
    """The least squares of the free shapes with the others at their bounds, and the slope at all (T, K)."""
    free = held == 0
    bound = np.where(held > 0, upper, 0.0)
    matrices = np.where(free[:, :, None] & free[:, None, :], gram, 0.0)  # (T, K, K)
    diagonal = np.arange(len(gram))
    matrices[:, diagonal, diagonal] = np.where(free, gram.diagonal(), 1.0)
    found = substitute(factor(matrices), np.where(free, wanted - times(bound, gram), bound))
    return found, times(found, gram) - wanted


def times(rows: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """(T, K) @ (K, M), summed in order."""
    out = np.zeros((len(rows), matrix.shape[1]))
    for column, line in zip(rows.T, matrix, strict=True):
        out += column[:, None] * line
    return out


def factor(matrices: np.ndarray) -> np.ndarray:
    """Cholesky's lower triangles of symmetric positive definite matrices: (N, K, K) -> (N, K, K)."""
    rest, lower = matrices.copy(), np.zeros_like(matrices)
    for column in range(matrices.shape[1]):
        root = np.sqrt(rest[:, column, column])
        line = rest[:, column:, column] / root[:, None]
        lower[:, column:, column] = line
        rest[:, column + 1:, column + 1:] -= line[:, 1:, None] * line[:, None, 1:]
    return lower


def substitute(lower: np.ndarray, right: np.ndarray) -> np.ndarray:
    """The x of L L' x = right: (N, K, K) or (1, K, K), (N, K) -> (N, K)."""
    out = right.copy()
    shapes = right.shape[1]
    for column in range(shapes):
        out[:, column] /= lower[:, column, column]
        out[:, column + 1:] -= lower[:, column + 1:, column] * out[:, column:column + 1]
    for column in reversed(range(shapes)):
        out[:, column] /= lower[:, column, column]
        out[:, :column] -= lower[:, column, :column] * out[:, column:column + 1]
    return out
