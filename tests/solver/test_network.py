import math

import pytest
import torch
from torch.nn import functional as F

from solver.network import EYE_LEFT, EYE_RIGHT, LIPS, POINTS, AttentionMesh, Block, cut, place, region_transform


def turned_region(angle: float) -> torch.Tensor:
    """(1, 468, 2): the lips' frame as a 8 by 4 px rectangle about (20, 24), turned by `angle`."""
    mesh = torch.zeros(1, 468, 2)
    local = torch.rand(len(LIPS.frame), 2, generator=torch.Generator().manual_seed(1)) * 2 - 1
    local[LIPS.frame.index(LIPS.start)] = torch.tensor([-1.0, 0.0])
    local[LIPS.frame.index(LIPS.end)] = torch.tensor([1.0, 0.0])
    local[1], local[2] = torch.tensor([0.0, -1.0]), torch.tensor([0.0, 1.0])
    turn = torch.tensor([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    mesh[0, list(LIPS.frame)] = (local * torch.tensor([4.0, 2.0])) @ turn.T + torch.tensor([20.0, 24.0])
    return mesh


@pytest.mark.parametrize("angle", [0.0, 0.7, -2.5])
def test_a_region_is_its_frame_widened_and_turned(angle):
    transform = region_transform(turned_region(angle), LIPS)[0]
    centre = transform @ torch.tensor([8.0, 8.0, 1.0])
    assert torch.allclose(centre, torch.tensor([20.0, 24.0]), atol=1e-4)
    right = transform @ torch.tensor([16.0, 8.0, 1.0])
    expected = centre + 1.5 * 4 * torch.tensor([math.cos(angle), math.sin(angle)])
    assert torch.allclose(right, expected, atol=1e-4)
    below = transform @ torch.tensor([8.0, 16.0, 1.0])
    expected = centre + 1.5 * 2 * torch.tensor([-math.sin(angle), math.cos(angle)])
    assert torch.allclose(below, expected, atol=1e-4)


def test_cut_samples_where_the_transform_says_and_is_zero_outside():
    y, x = torch.meshgrid(torch.arange(48.0), torch.arange(48.0), indexing="ij")
    ramp = torch.stack([x + 0.5, y + 0.5])[None]  # each pixel holds its own centre
    transform = torch.tensor([[[0.4, 0.1, 18.0], [-0.1, 0.4, 9.0]]])
    centres = torch.arange(16.0) + 0.5
    at = torch.stack(torch.meshgrid(centres, centres, indexing="xy"))  # (2, 16, 16)
    expected = torch.einsum("ij,jyx->iyx", transform[0, :, :2], at) + transform[0, :, 2, None, None]
    assert torch.allclose(cut(ramp, transform)[0], expected, atol=1e-4)
    outside = torch.tensor([[[1.0, 0.0, -8.0], [0.0, 1.0, 4.0]]])
    assert (cut(ramp, outside)[0, :, :, :8] == 0).all()
    assert (cut(ramp, outside)[0, :, :, 9:] > 0).all()


def test_place_undoes_the_cut():
    transform = torch.tensor([[[0.4, 0.1, 18.0], [-0.1, 0.4, 9.0]]])
    middle = torch.tensor([[[32.0, 32.0]]])  # the region's centre in picture px at the region's scale
    in_features = transform[0] @ torch.tensor([8.0, 8.0, 1.0])
    assert torch.allclose(place(middle, transform)[0, 0], in_features * 4, atol=1e-4)


def test_a_narrowing_block_is_its_two_paths():
    torch.manual_seed(0)
    block, x = Block(2, 3, 2), torch.randn(1, 2, 4, 4)
    inner = block.pointwise(F.conv2d(F.pad(x, (0, 1, 0, 1)), block.depthwise.weight, block.depthwise.bias, 2, groups=2))
    pooled = torch.cat([F.max_pool2d(x, 2), torch.zeros(1, 1, 2, 2)], 1)
    assert torch.allclose(block(x), block.act(inner + pooled))


def test_points_take_the_refined_regions():
    torch.manual_seed(0)
    network = AttentionMesh().eval()
    with torch.inference_mode():
        found = network(torch.rand(2, 3, 192, 192))
    points = found.points()
    assert points.shape == (2, POINTS, 2)
    for region, refined in ((LIPS, found.lips), (EYE_LEFT, found.eye_left), (EYE_RIGHT, found.eye_right)):
        assert torch.equal(points[:, list(region.frame)], refined)
    assert torch.equal(points[:, 468:473], found.iris_left)
    untouched = sorted(set(range(468)) - {*LIPS.frame, *EYE_LEFT.frame, *EYE_RIGHT.frame})
    assert torch.equal(points[:, untouched], found.mesh[:, untouched, :2])


def test_every_weight_learns():
    torch.manual_seed(0)
    network = AttentionMesh()
    with torch.no_grad():
        network.mesh_out.bias.uniform_(30, 160)  # so that the regions lie in the picture
    found = network(torch.rand(2, 3, 192, 192))
    (found.points().square().mean() + found.face.square().mean()).backward()
    without = [name for name, weight in network.named_parameters() if weight.grad is None or not weight.grad.any()]
    assert without == []
