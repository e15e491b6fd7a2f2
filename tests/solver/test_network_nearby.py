"""The closer look about each point: it sees what is there, at the place, and corrects by it."""

import pytest
import torch

from solver.network_nearby import ANSWER, AROUND, CONTEXT, SEEN, Nearby
from solver.network_parts import EYE, PartNetwork
from solver.train_parts import loss, point_weights


def test_it_sees_the_features_at_its_places_and_nothing_else():
    """A network that passes on what it finds: the features there, between pixels too, and the edge beyond it."""
    nearby = Nearby(2, (1,), 4)
    with torch.no_grad():
        for one in nearby.parameters():
            one.zero_()
        for place in range(len(AROUND)):
            nearby.see.weight[place, place] = 1.0
            nearby.mix.weight[place, place] = 1.0
    ramp = torch.arange(8.0)[None, :] + 10 * torch.arange(8.0)[:, None]  # (8, 8): x + 10 y
    points = torch.tensor([[[3.5, 2.5], [5.0, 4.5]]]) / 8  # a pixel's centre is at its half
    seen = nearby(points, (ramp[None, None],), torch.zeros(1, 4))[0, :, :len(AROUND)].detach()
    wanted = [[x - 0.5 + dx + 10 * (y - 0.5 + dy) for dx, dy in AROUND] for x, y in ((3.5, 2.5), (5.0, 4.5))]
    assert torch.allclose(seen, torch.tensor(wanted), atol=1e-4)
    corner = nearby(torch.tensor([[[0.0, 0.0], [1.0, 1.0]]]), (ramp[None, None],), torch.zeros(1, 4))[0].detach()
    assert float(corner[0, 0]) == pytest.approx(0.0)
    assert float(corner[1, len(AROUND) - 1]) == pytest.approx(77.0)


def test_untaught_it_corrects_nothing_and_the_last_answer_is_the_first():
    network = PartNetwork(EYE).eval()
    torch.nn.init.normal_(network.out.bias, std=0.2)
    looked = network.look(torch.rand(2, 3, EYE.size, EYE.size)).detach()
    assert looked.shape == (2, len(EYE.points), ANSWER + SEEN)
    assert all(torch.equal(a, b) for a, b in zip(network.answer(looked), network.first_answer(looked), strict=True))
    with torch.no_grad():
        network.nearby.bias[:, 0] = 1.0
    moved = network.answer(looked)[0] - network.first_answer(looked)[0]
    assert torch.allclose(moved, torch.tensor([EYE.size / 16, 0.0]).expand_as(moved), atol=1e-4)


def test_both_answers_are_taught():
    """The gradient of the loss reaches the first answer's layer and the closer look's, and what both see with."""
    torch.manual_seed(0)
    network = PartNetwork(EYE).train()
    torch.nn.init.normal_(network.nearby.weight, std=0.1)
    torch.nn.init.normal_(network.out.weight, std=0.1)
    pictures = torch.randint(0, 255, (4, 3, EYE.size, EYE.size), dtype=torch.uint8)
    true = torch.rand(4, len(EYE.points), 2) * EYE.size
    value, off = loss(network, pictures, true, point_weights(EYE))
    value.backward()
    assert off.shape == (4, len(EYE.points))
    for name in ("out.weight", "nearby.weight", "nearby.see.weight", "nearby.context.weight", "nearby.kind",
                 "stem.weight"):
        assert float(dict(network.named_parameters())[name].grad.abs().max()) > 0, name
    assert network.nearby.context.out_features == CONTEXT * len(EYE.points)
