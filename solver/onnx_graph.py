"""Layers of our networks as operators of ONNX, in the forms that onnxruntime does fast.

onnxruntime keeps convolutions, ReLU, pooling and sums in its own blocked layout and turns back to plain channels for
all else, which costs more than the arithmetic. So nothing else stands between two convolutions: padding is the
convolution's own, new channels come from a convolution with 0 and 1, and a PReLU of slope a is a x + (1 - a) relu(x),
its factors being convolutions of one weight a channel.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import nn

from solver.network import Block, Narrow, RegionHead
from solver.network_faces import BlazeBlock, Bottleneck, Separable
from solver.network_parts import Residual

OPSET, IR_VERSION = 17, 8


class Graph:
    """Collects the operators of one network. Names of values are strings; `picture` is the input."""

    picture = "picture"

    def __init__(self) -> None:
        self._nodes: list[onnx.NodeProto] = []
        self._constants: list[onnx.TensorProto] = []

    def op(self, kind: str, *inputs: str, **attributes: Any) -> str:
        """Adds an operator of one output, and gives its name."""
        name = f"v{len(self._nodes)}"
        self._nodes.append(helper.make_node(kind, inputs, [name], **attributes))
        return name

    def constant(self, value: np.ndarray | torch.Tensor | list | float, kind: type = np.float32) -> str:
        """Adds an array."""
        array = value.detach().cpu().numpy() if isinstance(value, torch.Tensor) else value
        name = f"c{len(self._constants)}"
        self._constants.append(numpy_helper.from_array(np.asarray(array, kind, order="C"), name))
        return name

    def whole(self, shape: tuple[int, ...], outputs: dict[str, str]) -> bytes:
        """The file: an input of the shape (its batch free), and values under their names as outputs."""
        nodes = [*self._nodes, *(helper.make_node("Identity", [value], [name]) for name, value in outputs.items())]
        picture = helper.make_tensor_value_info(self.picture, TensorProto.FLOAT, ["batch", *shape])
        out = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs]
        graph = helper.make_graph(nodes, "mien", [picture], out, self._constants)
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION,
                                 producer_name="mien").SerializeToString(deterministic=True)


def layer(graph: Graph, module: nn.Module, x: str) -> str:
    """Adds any of the layers below, or a sequence of them."""
    return LAYERS[type(module)](graph, module, x)


def convolution(graph: Graph, module: nn.Conv2d, x: str, pads: tuple[int, int, int, int] | None = None) -> str:
    """Adds a convolution; `pads` (top, left, bottom, right) take the place of its own."""
    inputs = [graph.constant(module.weight)] + ([] if module.bias is None else [graph.constant(module.bias)])
    return graph.op("Conv", x, *inputs, group=module.groups, strides=list(module.stride),
                    kernel_shape=list(module.kernel_size), pads=list(pads or module.padding * 2))


def scaled(graph: Graph, factors: np.ndarray, x: str) -> str:
    """(C,) factors on (B, C, H, W)."""
    return graph.op("Conv", x, graph.constant(factors.reshape(-1, 1, 1, 1)), group=len(factors), kernel_shape=[1, 1])


def flat(graph: Graph, x: str, *shape: int) -> str:
    """Any (B, ...) as (B, shape...)."""
    return graph.op("Reshape", x, graph.constant([-1, *shape], np.int64))


def twice(graph: Graph, x: str) -> str:
    """(B, C, H, W) -> (B, C, 2 H, 2 W), bilinear."""
    return graph.op("Resize", x, "", graph.constant([1, 1, 2, 2]), mode="linear",
                    coordinate_transformation_mode="half_pixel")


def _prelu(graph: Graph, module: nn.PReLU, x: str) -> str:
    slope = module.weight.detach().cpu().numpy()
    return graph.op("Add", scaled(graph, 1 - slope, graph.op("Relu", x)), scaled(graph, slope, x))


def _shortcut(graph: Graph, x: str, inside: int, outside: int, stride: int) -> str:
    if stride == 2:
        x = graph.op("MaxPool", x, kernel_shape=[2, 2], strides=[2, 2])
    if inside == outside:
        return x
    return graph.op("Conv", x, graph.constant(np.eye(outside, inside)[:, :, None, None]), kernel_shape=[1, 1])


def _separable(graph: Graph, module: Block | BlazeBlock, x: str) -> str:
    """x + pointwise(depthwise(x)), before its activation."""
    pads = (0, 0, 1, 1) if module.stride == 2 else None
    inner = convolution(graph, module.pointwise, convolution(graph, module.depthwise, x, pads))
    inside, outside = module.pointwise.in_channels, module.pointwise.out_channels
    return graph.op("Add", inner, _shortcut(graph, x, inside, outside, module.stride))


def _block(graph: Graph, module: Block, x: str) -> str:
    return _prelu(graph, module.act, _separable(graph, module, x))


def _blaze_block(graph: Graph, module: BlazeBlock, x: str) -> str:
    return graph.op("Relu", _separable(graph, module, x))


def _separable_pair(graph: Graph, module: Separable, x: str) -> str:
    return convolution(graph, module.pointwise, convolution(graph, module.depthwise, x))


def _bottleneck(graph: Graph, module: Bottleneck, x: str) -> str:
    inner = _separable_pair(graph, module.up, graph.op("Relu", _separable_pair(graph, module.down, x)))
    return graph.op("Relu", graph.op("Add", inner, x) if module.shortcut else inner)


def _residual(graph: Graph, module: Residual, x: str) -> str:
    inner = graph.op("Relu", _batch_norm(graph, module.first_norm, convolution(graph, module.first, x)))
    inner = _batch_norm(graph, module.second_norm, convolution(graph, module.second, inner))
    return graph.op("Relu", graph.op("Add", inner, layer(graph, module.past, x)))


def _batch_norm(graph: Graph, module: nn.BatchNorm2d, x: str) -> str:
    values = (module.weight, module.bias, module.running_mean, module.running_var)
    return graph.op("BatchNormalization", x, *(graph.constant(value) for value in values), epsilon=module.eps)


def _linear(graph: Graph, module: nn.Linear, x: str) -> str:
    return graph.op("Gemm", x, graph.constant(module.weight), graph.constant(module.bias), transB=1)


def _mean_pool(graph: Graph, module: nn.AvgPool2d, x: str) -> str:
    side = module.kernel_size
    return graph.op("AveragePool", x, kernel_shape=[side, side], strides=[side, side])


def _sequence(graph: Graph, module: nn.Sequential, x: str) -> str:
    for one in module:
        x = layer(graph, one, x)
    return x


def _narrow(graph: Graph, module: Narrow, x: str) -> str:
    return layer(graph, module.block, layer(graph, module.act, layer(graph, module.conv, x)))


LAYERS: dict[type[nn.Module], Callable[[Graph, Any, str], str]] = {
    nn.Conv2d: convolution, nn.PReLU: _prelu, nn.BatchNorm2d: _batch_norm, nn.Linear: _linear,
    nn.AvgPool2d: _mean_pool, nn.Sequential: _sequence, Block: _block, BlazeBlock: _blaze_block,
    Separable: _separable_pair, Bottleneck: _bottleneck, Residual: _residual, Narrow: _narrow,
    RegionHead: lambda graph, module, x: layer(graph, module.body, x)}
