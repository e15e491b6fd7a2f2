"""Each operator, each whole network and the whole detector answers in onnxruntime as in torch."""

from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest
import torch
from torch import nn

from capture.errors import ModelError
from capture.video import frames, probe
from solver import network, network_detector, network_faces, network_file, network_onnx, network_run, pretrained
from solver.detect import Footage
from solver.network_onnx import OnnxNetwork
from solver.network_parts import PARTS, PartNetwork
from solver.onnx_graph import Graph, flat, layer
from solver.onnx_networks import cut, place, region_transform, to_onnx
from tests.material import shared

NEAR_PX = 1e-3
BATCH = 3


def prelu() -> nn.Module:
    module = nn.PReLU(3)
    with torch.no_grad():
        module.weight.copy_(torch.tensor([-0.5, 0.3, 1.8]))  # above 1 max(x, a x) would be wrong
    return module


OPERATORS = {
    "prelu": (prelu, (3, 9, 9)),
    "block": (lambda: network.Block(3, 3), (3, 12, 12)),
    "block of stride 2 that grows": (lambda: network.Block(3, 8, 2), (3, 12, 12)),
    "residual": (lambda: PartNetwork(PARTS[0]).body[0].eval(), (24, 16, 16)),
    "finders' block": (lambda: network_faces.BlazeBlock(3, 8, 2), (3, 12, 12)),
    "bottleneck": (lambda: network_faces.Bottleneck(8, 4, 8), (8, 12, 12)),
}
WHOLE = {
    "attention mesh": pretrained.attention_mesh,
    "plain mesh": pretrained.plain_mesh,
    "short range": pretrained.short_range,
    "full range": pretrained.full_range,
    "ours": lambda: network_file.load_trained(network_file.shipped_path()),
    **{part.name: (lambda part=part: lively(PartNetwork(part))) for part in PARTS},
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


def agree(data: bytes, picture: torch.Tensor, wanted: list[torch.Tensor]) -> float:
    """The largest difference between what torch said and what onnxruntime says."""
    found = OnnxNetwork(data)(picture.numpy())
    assert [one.shape for one in found] == [tuple(one.shape) for one in wanted]
    assert max(float(one.abs().max()) for one in wanted) > 0.01  # not all nought
    return max(float(np.abs(one - other.numpy()).max()) for one, other in zip(found, wanted, strict=True))


@pytest.mark.parametrize("name", OPERATORS)
def test_operators_agree(name):
    make, shape = OPERATORS[name]
    torch.manual_seed(4)
    module, picture, graph = make().eval(), torch.randn(BATCH, *shape), Graph()
    data = graph.whole(shape, {"out": layer(graph, module, graph.picture)})
    with torch.inference_mode():
        assert agree(data, picture, [module(picture)]) < 1e-5


def test_the_cut_of_a_region_agrees():
    """A transform that turns, stretches and reaches over the edge, another one for each picture."""
    torch.manual_seed(4)
    turn = torch.tensor([[2.1, -0.4, 5.3], [0.5, 1.7, 9.8]]) * torch.tensor([0.7, 1.0, -0.9]).reshape(-1, 1, 1)
    features, graph = torch.rand(BATCH, 32, 48, 48), Graph()
    rows = flat(graph, graph.op("Transpose", graph.picture, perm=[0, 2, 3, 1]), 32)
    out = cut(graph, rows, graph.constant(turn[:, :, :2].transpose(1, 2)), graph.constant(turn[:, None, :, 2]))
    wanted = network.cut(features, turn)
    assert 0.1 < float((wanted == 0).float().mean()) < 0.9
    assert agree(graph.whole((32, 48, 48), {"out": out}), features, [wanted]) < 1e-5


def test_the_transform_of_a_region_and_points_placed_by_it_agree():
    torch.manual_seed(4)
    mesh, graph = torch.rand(BATCH, network.MESH, 2) * 48, Graph()
    linear, shift = region_transform(graph, graph.picture, network.LIPS)
    near = network.region_transform(mesh, network.LIPS)
    wanted = [near[:, :, :2].transpose(1, 2), near[:, None, :, 2], network.place(mesh, near)]
    outputs = {"linear": linear, "shift": shift, "placed": place(graph, graph.picture, linear, shift)}
    assert agree(graph.whole((network.MESH, 2), outputs), mesh, wanted) < NEAR_PX


@pytest.mark.parametrize("name", WHOLE)
def test_whole_networks_agree(name):
    torch.manual_seed(0)
    module = WHOLE[name]()
    size = getattr(module, "size", network.SIZE)
    with torch.inference_mode():
        picture = torch.rand(BATCH, 3, size, size)
        wanted = outputs_of(module(picture))
    assert agree(to_onnx(module), picture, wanted) < NEAR_PX


def test_the_detector_finds_the_same_in_torch(monkeypatch):
    """Whole detections of filmed speech. Squares are rounded, so that a last bit moves nothing, but for the rare
    square that it carries over the rounding's border."""
    clip = probe(shared("footage", "expressions_woman_640x360.mp4"))
    pictures = [frame.rgb for frame in frames(clip, 0, 6)]
    footage = Footage((640, 360), Fraction(25), len(pictures), lambda: iter(pictures))
    quick = network_detector.NetworkDetector().detect(footage, lambda done, total: None)
    monkeypatch.setattr(network_detector, "ready", in_torch)
    eager = network_detector.NetworkDetector().detect(footage, lambda done, total: None)
    off = np.linalg.norm(quick.xy - eager.xy, axis=2)
    assert np.isfinite(quick.xy).all()
    assert (quick.seen == eager.seen).mean() > 0.999  # a strand of hair is before a temple
    assert np.quantile(off, 0.95) < NEAR_PX
    assert off.max() < 0.05


def in_torch(module: nn.Module, device: str = "cpu", outputs: tuple[str, ...] = (), tell: object = None) -> Callable:
    return network_run.InTorch(module, device, tell)


def test_all_networks_that_ship_are_written(tmp_path):
    written = network_onnx.export(tmp_path / "onnx")
    assert written[0].name == "landmarks.onnx"
    assert all(path.stat().st_size > 100_000 for path in written)
    points, sigma, _ = OnnxNetwork(written[0])(np.zeros((1, 3, 192, 192)))
    assert points.shape == (1, 478, 2)
    assert (sigma > 0).all()


class Small:
    """A GPU that holds so many pictures and no more."""

    def __init__(self, most: int) -> None:
        self.most, self.batches = most, []

    def to(self, *_: object, **__: object) -> "Small":
        return self

    def __call__(self, batch: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        self.batches.append(len(batch))
        if len(batch) > self.most:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return batch.mean((1, 2, 3)), batch[:, 0]


def test_a_gpu_that_runs_out_of_memory_gets_half_the_batch_and_says_so():
    pictures, told, small = np.random.default_rng(0).random((16, 3, 4, 4), np.float32), [], Small(5)
    run = network_run.InTorch(small, "cpu", told.append)
    means, _ = run(pictures)
    assert np.allclose(means, pictures.mean((1, 2, 3)))
    assert small.batches == [16, 8, 4, 4, 4, 4]
    assert told[-1] == "the GPU's memory ran out: going on with 4 pictures at a time, to the same end"
    run(pictures)
    assert small.batches[6:] == [4, 4, 4, 4]  # it is not tried again
    with pytest.raises(ModelError, match="too small for a single picture"):
        network_run.InTorch(Small(0), "cpu")(pictures)


def test_what_is_no_network_is_refused(tmp_path):
    (tmp_path / "bad.onnx").write_bytes(b"not a network")
    with pytest.raises(ModelError, match="is no network that onnxruntime can run"):
        OnnxNetwork(tmp_path / "bad.onnx")
