"""Each operator and each whole network answers in onnxruntime as in torch, at any batch size."""

import sys

import numpy as np
import pytest
import torch
from torch import nn

from capture.errors import ModelError
from solver import network, network_faces, network_file, network_onnx, pretrained
from solver.network_onnx import OnnxNetwork, rewritten, to_onnx
from solver.network_parts import PARTS, PartNetwork

pytest.importorskip("onnx", reason="the optional runtime is not installed")
pytest.importorskip("onnxruntime", reason="the optional runtime is not installed")
NEAR_PX = 1e-3


class Cut(nn.Module):
    """The bilinear cut of a region, with a transform that turns, stretches and reaches over the edge."""

    def forward(self, features):
        turn = torch.tensor([[2.1, -0.4, 5.3], [0.5, 1.7, 9.8]])
        return network.cut(features, turn.expand(features.shape[0], -1, -1))


class Transform(nn.Module):
    """Mesh points (as a picture's first channels) -> a region's transform, and points placed by it."""

    def forward(self, picture):
        mesh = picture.flatten(1)[:, :2 * network.MESH].reshape(-1, network.MESH, 2) * 48
        near = network.region_transform(mesh, network.LIPS)
        return near, network.place(mesh[:, :80], near)


def prelu() -> nn.Module:
    module = nn.PReLU(3)
    with torch.no_grad():
        module.weight.copy_(torch.tensor([-0.5, 0.3, 1.8]))  # above 1 max(x, a x) would be wrong
    return module


OPERATORS = {
    "prelu": (lambda: nn.Sequential(prelu()), (3, 9, 9)),
    "block": (lambda: network.Block(3, 3), (3, 12, 12)),
    "block of stride 2 that grows": (lambda: network.Block(3, 8, 2), (3, 12, 12)),
    "cut of a region": (Cut, (8, 48, 48)),
    "transform of a region": (Transform, (8, 48, 48)),
    "residual": (lambda: PartNetwork(PARTS[0]).body[0].eval(), (24, 16, 16)),
    "finders' block": (lambda: network_faces.BlazeBlock(3, 8, 2), (3, 12, 12)),
}
WHOLE = {
    "attention mesh": (lambda: pretrained.attention_mesh(), 192),
    "plain mesh": (lambda: pretrained.plain_mesh(), 192),
    "short range": (lambda: pretrained.short_range(), 128),
    "full range": (lambda: pretrained.full_range(), 192),
    "ours": (lambda: network_file.load_trained(network_file.shipped_path()), 192),
    **{part.name: (lambda part=part: lively(PartNetwork(part)), part.size) for part in PARTS},
}


def lively(part: PartNetwork) -> PartNetwork:
    """An untrained network answers the same to all; this one does not."""
    torch.manual_seed(1)
    nn.init.normal_(part.out.weight, std=0.02)
    return part.eval()


def outputs_of(answer) -> list[torch.Tensor]:
    if isinstance(answer, network.Found):
        return [getattr(answer, name) for name in answer.__dataclass_fields__]
    return [answer] if isinstance(answer, torch.Tensor) else list(answer)


class Flat(nn.Module):
    """ONNX knows no dataclass: the outputs as a tuple."""

    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, picture):
        return tuple(outputs_of(self.inner(picture)))


def differ(module: nn.Module, shape: tuple[int, ...], path) -> float:
    """The largest difference between torch and onnxruntime on another batch size than the exported one."""
    torch.manual_seed(0)
    module = module.eval()
    with torch.inference_mode():
        picture = torch.rand(3, *shape)
        wanted = outputs_of(module(picture))
    to_onnx(Flat(module), picture[:2].clone(), path, tuple(f"out{index}" for index in range(len(wanted))))
    found = OnnxNetwork(path)(picture.numpy())
    assert [one.shape for one in found] == [tuple(one.shape) for one in wanted]
    assert max(float(one.abs().max()) for one in wanted) > 0.01  # not all nought
    return max(float(np.abs(one - other.numpy()).max()) for one, other in zip(found, wanted, strict=True))


@pytest.mark.parametrize("name", OPERATORS)
def test_operators_agree(name, tmp_path):
    make, shape = OPERATORS[name]
    torch.manual_seed(4)
    assert differ(make(), shape, tmp_path / "one.onnx") < NEAR_PX


@pytest.mark.parametrize("name", WHOLE)
def test_whole_networks_agree(name, tmp_path):
    make, size = WHOLE[name]
    assert differ(make(), (3, size, size), tmp_path / "one.onnx") < NEAR_PX


def test_no_prelu_is_left():
    assert any(isinstance(module, nn.PReLU) for module in pretrained.plain_mesh().modules())
    assert not any(isinstance(module, nn.PReLU) for module in rewritten(pretrained.plain_mesh()).modules())


def test_all_networks_that_ship_are_written(tmp_path):
    written = network_onnx.export(tmp_path / "onnx")
    assert written[0].name == "landmarks.onnx"
    assert all(path.stat().st_size > 100_000 for path in written)
    points, sigma, _ = OnnxNetwork(written[0])(np.zeros((1, 3, 192, 192)))
    assert points.shape == (1, 478, 2)
    assert (sigma > 0).all()


def test_what_is_no_network_is_refused(tmp_path, monkeypatch):
    (tmp_path / "bad.onnx").write_bytes(b"not a network")
    with pytest.raises(ModelError, match="is no network that onnxruntime can run"):
        OnnxNetwork(tmp_path / "bad.onnx")
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(ModelError, match=r"pip install mien\[onnx\]"):
        OnnxNetwork(tmp_path / "bad.onnx")
