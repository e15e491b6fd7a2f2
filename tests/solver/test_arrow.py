"""The arrow-shaped solver against a dense one."""

from dataclasses import replace

import pytest
import torch

import solver.arrow
from solver.arrow import Arrow, frame_variances, solve


def made(frames: int, unknowns: int, shared: int, seed: int = 0) -> tuple[Arrow, torch.Tensor]:
    """A random positive definite arrow and the same as a dense matrix."""
    generator = torch.Generator().manual_seed(seed)

    def draw(*shape: int) -> torch.Tensor:
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    local = draw(frames, unknowns, unknowns)
    arrow = Arrow(local @ local.mT + 8 * torch.eye(unknowns), -torch.rand(frames - 1, unknowns, generator=generator,
                                                                          dtype=torch.float64),
                  0.3 * draw(frames, unknowns, shared), 50 * torch.eye(shared, dtype=torch.float64))
    return arrow, _dense(arrow)


def _dense(arrow: Arrow) -> torch.Tensor:
    frames, unknowns, shared = arrow.border.shape
    dense = torch.zeros(frames * unknowns + shared, frames * unknowns + shared, dtype=torch.float64)
    for frame in range(frames):
        here = slice(frame * unknowns, (frame + 1) * unknowns)
        dense[here, here] = arrow.diagonal[frame]
        dense[here, frames * unknowns:] = arrow.border[frame]
        dense[frames * unknowns:, here] = arrow.border[frame].mT
        if frame:
            before = slice((frame - 1) * unknowns, frame * unknowns)
            dense[here, before] = dense[before, here] = torch.diag(arrow.off[frame - 1])
    dense[frames * unknowns:, frames * unknowns:] = arrow.corner
    return dense


@pytest.mark.parametrize(("frames", "unknowns", "shared"), [(1, 4, 0), (1, 3, 2), (5, 4, 3), (9, 2, 0)])
def test_solves_as_the_dense_matrix_does(frames: int, unknowns: int, shared: int) -> None:
    arrow, dense = made(frames, unknowns, shared)
    side = torch.randn(frames * unknowns + shared, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    expected = torch.linalg.solve(dense, side)
    local, border = solve(arrow, side[:frames * unknowns].reshape(frames, unknowns), side[frames * unknowns:])
    torch.testing.assert_close(torch.cat([local.flatten(), border]), expected, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("frames", [3, 7, 8])
def test_a_long_chain_in_stretches_is_solved_alike(frames: int, monkeypatch: pytest.MonkeyPatch) -> None:
    arrow, _ = made(frames, 4, 2)
    sides = torch.ones(frames, 4, dtype=torch.float64), torch.ones(2, dtype=torch.float64)
    whole = [*solve(arrow, *sides), frame_variances(arrow)]
    monkeypatch.setattr(solver.arrow, "SEGMENT", 3)
    for again, once in zip([*solve(arrow, *sides), frame_variances(arrow)], whole, strict=True):
        assert torch.equal(again, once)


def test_what_keeps_its_value_and_what_is_damped() -> None:
    arrow, _ = made(5, 4, 2)
    move = (torch.rand(5, 4, generator=torch.Generator().manual_seed(3)) > 0.4).to(torch.float64)
    assert 0 < move.sum() < 20
    held = replace(arrow, off=arrow.off * move[1:] * move[:-1], border=arrow.border * move.unsqueeze(-1), move=move,
                   damping=0.5)
    side, shared_side = torch.ones(5, 4, dtype=torch.float64), torch.ones(2, dtype=torch.float64)
    local, shared = solve(held, side * move, shared_side)
    dense = _dense(arrow)
    own = dense.diagonal()[:20].clone()
    free = torch.cat([move.flatten() > 0, torch.ones(2, dtype=torch.bool)])
    dense[range(20), range(20)] += 0.5 * own
    expected = torch.zeros(22, dtype=torch.float64)
    expected[free] = torch.linalg.solve(dense[free][:, free], torch.ones(int(free.sum()), dtype=torch.float64))
    torch.testing.assert_close(torch.cat([local.flatten(), shared]), expected, rtol=1e-9, atol=1e-11)


def test_variances_are_the_diagonal_of_the_inverse() -> None:
    arrow, dense = made(6, 3, 0)
    torch.testing.assert_close(frame_variances(arrow).flatten(), torch.linalg.inv(dense).diagonal(), rtol=1e-9,
                               atol=1e-12)


def test_refuses_what_is_not_positive_definite() -> None:
    arrow, _ = made(3, 2, 0)
    broken = Arrow(arrow.diagonal - 100 * torch.eye(2), arrow.off, arrow.border, arrow.corner)
    with pytest.raises(torch.linalg.LinAlgError):
        solve(broken, torch.zeros(3, 2, dtype=torch.float64), torch.zeros(0, dtype=torch.float64))
