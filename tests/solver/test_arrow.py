"""The arrow-shaped solver against a dense one."""

import pytest
import torch

from solver.arrow import Arrow, frame_variances, solve


def made(frames: int, unknowns: int, shared: int, seed: int = 0) -> tuple[Arrow, torch.Tensor]:
    """A random positive definite arrow and the same as a dense matrix."""
    generator = torch.Generator().manual_seed(seed)
    size = frames * unknowns + shared

    def draw(*shape: int) -> torch.Tensor:
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    local = draw(frames, unknowns, unknowns)
    arrow = Arrow(local @ local.mT + 8 * torch.eye(unknowns), -torch.rand(frames - 1, unknowns, generator=generator,
                                                                          dtype=torch.float64),
                  0.3 * draw(frames, unknowns, shared), 50 * torch.eye(shared, dtype=torch.float64))
    dense = torch.zeros(size, size, dtype=torch.float64)
    for frame in range(frames):
        here = slice(frame * unknowns, (frame + 1) * unknowns)
        dense[here, here] = arrow.diagonal[frame]
        dense[here, frames * unknowns:] = arrow.border[frame]
        dense[frames * unknowns:, here] = arrow.border[frame].mT
        if frame:
            before = slice((frame - 1) * unknowns, frame * unknowns)
            dense[here, before] = dense[before, here] = torch.diag(arrow.off[frame - 1])
    dense[frames * unknowns:, frames * unknowns:] = arrow.corner
    return arrow, dense


@pytest.mark.parametrize(("frames", "unknowns", "shared"), [(1, 4, 0), (1, 3, 2), (5, 4, 3), (9, 2, 0)])
def test_solves_as_the_dense_matrix_does(frames: int, unknowns: int, shared: int) -> None:
    arrow, dense = made(frames, unknowns, shared)
    side = torch.randn(frames * unknowns + shared, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    expected = torch.linalg.solve(dense, side)
    local, border = solve(arrow, side[:frames * unknowns].reshape(frames, unknowns), side[frames * unknowns:])
    torch.testing.assert_close(torch.cat([local.flatten(), border]), expected, rtol=1e-9, atol=1e-11)


def test_variances_are_the_diagonal_of_the_inverse() -> None:
    arrow, dense = made(6, 3, 0)
    torch.testing.assert_close(frame_variances(arrow).flatten(), torch.linalg.inv(dense).diagonal(), rtol=1e-9,
                               atol=1e-12)


def test_refuses_what_is_not_positive_definite() -> None:
    arrow, _ = made(3, 2, 0)
    broken = Arrow(arrow.diagonal - 100 * torch.eye(2), arrow.off, arrow.border, arrow.corner)
    with pytest.raises(torch.linalg.LinAlgError):
        solve(broken, torch.zeros(3, 2, dtype=torch.float64), torch.zeros(0, dtype=torch.float64))
