"""Linear systems shaped like an arrow: a chain of frames, each tied to its neighbours, and a border that all share.

    | D_0  O_0                B_0 |   | x_0 |   | f_0 |
    | O_0  D_1  O_1           B_1 |   | x_1 |   | f_1 |
    |      O_1  ...           ... | . | ... | = | ... |
    | B_0' B_1' ...            C  |   |  g  |   |  c  |

D_t are (D, D) symmetric positive definite, O_t are diagonal (neighbouring frames are tied unknown by unknown), the
border g is what does not change over the take. Frames are eliminated first, in O(T D^3): no dense matrix over frames.
Golub and Van Loan, Matrix Computations, 4.5 (block tridiagonal) and 3.2.11 (Schur complement).

The D_t of a long take fill half a gigabyte, and so would their factors. So nothing of that size is made beside them:
the way there keeps one factor in SEGMENT frames, and the way back makes those between once more.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

SEGMENT = 128
"""Frames whose factors are held at once."""


@dataclass(frozen=True)
class Arrow:
    """A system.

    Attributes:
        diagonal: (T, D, D).
        off: (T - 1, D).
        border: (T, D, G).
        corner: (G, G).
        move: (T, D) 1 for what is solved for, 0 for what keeps its value: such rows and columns of `diagonal` do not
            count (those of `off` and `border` must be 0); None where everything is solved for.
        damping: this share of its own diagonal is added to each D_t.
    """

    diagonal: Tensor
    off: Tensor
    border: Tensor
    corner: Tensor
    move: Tensor | None = None
    damping: float = 0.0

    def blocks(self, part: slice) -> Tensor:
        """(t, D, D): the D_t of some frames, damped, with ones for what keeps its value."""
        blocks = self.diagonal[part]
        if self.move is not None:
            move = self.move[part]
            blocks = blocks * move.unsqueeze(-1) * move.unsqueeze(1)
            own = blocks.diagonal(dim1=1, dim2=2)
            own.add_(self.damping * own + (1 - move) + 1e-12)
        return blocks


def solve(system: Arrow, frames_side: Tensor, border_side: Tensor) -> tuple[Tensor, Tensor]:
    """The unknowns: frames_side (T, D), border_side (G) -> (T, D), (G).

    Raises:
        torch.linalg.LinAlgError: a block is not positive definite.
    """
    sides = torch.cat([frames_side.unsqueeze(-1), system.border], -1)  # (T, D, 1 + G)
    solved = _solve_chain(system, sides)
    free, by_border = solved[..., 0], solved[..., 1:]  # (T, D), (T, D, G)
    if system.corner.shape[0] == 0:
        return free, border_side
    schur = system.corner - torch.einsum("tdg,tdh->gh", system.border, by_border)
    shared = torch.linalg.solve(schur, border_side - torch.einsum("tdg,td->g", system.border, free))
    return free - by_border @ shared, shared


def frame_variances(system: Arrow) -> Tensor:
    """The diagonals of the frames' blocks of the chain's inverse, the border held fixed: (T, D).

    Backwards from the last frame: S_t = P_t + G_t S_t+1 G_t' with G_t = P_t O_t, P_t the inverse of the pivot
    (Takahashi's recurrence for a selected inverse).
    """
    out = system.diagonal.new_empty(system.diagonal.shape[:2])
    block = None
    ends, last = [], []
    for part, last in _forwards(system):
        ends.append((part, last[-1]))
    for part, factors in _backwards(system, ends, last):
        for frame in reversed(range(part.start, part.stop)):
            pivot = torch.cholesky_inverse(factors[frame - part.start])
            if block is None:
                block = pivot
            else:
                gain = pivot * system.off[frame]
                block = pivot + gain @ block @ gain.mT
            out[frame] = block.diagonal()
    return out


def border_covariance(system: Arrow) -> Tensor:
    """(G, G): the border's block of the inverse, the frames left free: the inverse of its Schur complement."""
    by_border = _solve_chain(system, system.border)
    return torch.linalg.inv(system.corner - torch.einsum("tdg,tdh->gh", system.border, by_border))


def _solve_chain(system: Arrow, sides: Tensor) -> Tensor:
    out, ends = torch.empty_like(sides), []
    before, side = None, sides[0]
    last: list[Tensor] = []
    for part, last in _forwards(system):
        for frame, factor in enumerate(last, part.start):
            if before is not None:
                side = sides[frame] - system.off[frame - 1].unsqueeze(-1) * torch.cholesky_solve(side, before)
            out[frame], before = side, factor
        ends.append((part, before))
    solved = None
    for part, factors in _backwards(system, ends, last):
        for frame in reversed(range(part.start, part.stop)):
            side = out[frame] if solved is None else out[frame] - system.off[frame].unsqueeze(-1) * solved
            solved = out[frame] = torch.cholesky_solve(side, factors[frame - part.start])
    return out


def _forwards(system: Arrow) -> Iterator[tuple[slice, list[Tensor]]]:
    """Stretches of frames in their order, and for each of its frames the factor."""
    before = None
    for start in range(0, len(system.diagonal), SEGMENT):
        part = slice(start, min(start + SEGMENT, len(system.diagonal)))
        factors = _factors(system, part, before)
        before = factors[-1]
        yield part, factors


def _backwards(system: Arrow, ends: list[tuple[slice, Tensor]], last: list[Tensor]
               ) -> Iterator[tuple[slice, list[Tensor]]]:
    """The same from the last stretch to the first, given the factor of each stretch's last frame, and all of the
    last's: most takes that are drafted are no longer than one."""
    yield ends[-1][0], last
    for index in reversed(range(len(ends) - 1)):
        part = ends[index][0]
        yield part, _factors(system, part, ends[index - 1][1] if index else None)


def _factors(system: Arrow, part: slice, before: Tensor | None) -> list[Tensor]:
    """Cholesky factors of what is left of each of a stretch's D_t once all frames before it are eliminated.

    Args:
        before: the factor of the frame before the stretch; None at the first.
    """
    factors = []
    for frame, block in enumerate(system.blocks(part).unbind(), part.start):
        if before is not None:
            off = system.off[frame - 1]
            block = block - off.unsqueeze(-1) * torch.cholesky_inverse(before) * off
        before = torch.linalg.cholesky(block)
        factors.append(before)
    return factors
