"""Linear systems shaped like an arrow: a chain of frames, each tied to its neighbours, and a border that all share.

    | D_0  O_0                B_0 |   | x_0 |   | f_0 |
    | O_0  D_1  O_1           B_1 |   | x_1 |   | f_1 |
    |      O_1  ...           ... | . | ... | = | ... |
    | B_0' B_1' ...            C  |   |  g  |   |  c  |

D_t are (D, D) symmetric positive definite, O_t are diagonal (neighbouring frames are tied unknown by unknown), the
border g is what does not change over the take. Frames are eliminated first, in O(T D^3): no dense matrix over frames.
Golub and Van Loan, Matrix Computations, 4.5 (block tridiagonal) and 3.2.11 (Schur complement).
"""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Arrow:
    """diagonal (T, D, D), off (T - 1, D), border (T, D, G), corner (G, G)."""

    diagonal: Tensor
    off: Tensor
    border: Tensor
    corner: Tensor


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
    pivots = [torch.cholesky_inverse(factor) for factor in _pivot_factors(system)]
    block = pivots[-1]
    variances = [block.diagonal()]
    for pivot, off in zip(reversed(pivots[:-1]), reversed(system.off.unbind()), strict=True):
        gain = pivot * off
        block = pivot + gain @ block @ gain.mT
        variances.append(block.diagonal())
    return torch.stack(variances[::-1])


def border_covariance(system: Arrow) -> Tensor:
    """(G, G): the border's block of the inverse, the frames left free: the inverse of its Schur complement."""
    by_border = _solve_chain(system, system.border)
    return torch.linalg.inv(system.corner - torch.einsum("tdg,tdh->gh", system.border, by_border))


def _pivot_factors(system: Arrow) -> list[Tensor]:
    """Cholesky factors of what is left of each D_t once the frames before it are eliminated."""
    factors = [torch.linalg.cholesky(system.diagonal[0])]
    for block, off in zip(system.diagonal[1:].unbind(), system.off.unbind(), strict=True):
        inverse = torch.cholesky_inverse(factors[-1])
        factors.append(torch.linalg.cholesky(block - off.unsqueeze(-1) * inverse * off))
    return factors


def _solve_chain(system: Arrow, sides: Tensor) -> Tensor:
    factors = _pivot_factors(system)
    forward = [sides[0]]
    for side, off, factor in zip(sides[1:].unbind(), system.off.unbind(), factors[:-1], strict=True):
        forward.append(side - off.unsqueeze(-1) * torch.cholesky_solve(forward[-1], factor))
    solved = [torch.cholesky_solve(forward[-1], factors[-1])]
    for side, off, factor in zip(reversed(forward[:-1]), reversed(system.off.unbind()), reversed(factors[:-1]),
                                 strict=True):
        solved.append(torch.cholesky_solve(side - off.unsqueeze(-1) * solved[-1], factor))
    return torch.stack(solved[::-1])
