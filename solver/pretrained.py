"""Reads the weights of MediaPipe's networks out of the installed mediapipe package, without importing it.

mien ships none of these weights. The files are found, checked against the digests of mediapipe 0.10.21 and read with
the TensorFlow Lite schema: 16-bit floats under the names that the layers had in Keras.
"""

import hashlib
import importlib.util
import re
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import numpy as np
import tflite
import torch
from torch import nn

from capture.errors import ModelError
from solver.network import AttentionMesh, PlainMesh
from solver.network_faces import FullRange, ShortRange

VERSION = "0.10.21"
CURE = f"install it with `pip install mediapipe=={VERSION}`"

FILES = {
    "face_landmark/face_landmark.tflite":
        "1055cb9d4a9ca8b8c688902a3a5194311138ba256bcc94e336d8373a5f30c814",
    "face_landmark/face_landmark_with_attention.tflite":
        "e06a804e0144f9929eda782122916b35d60c697c3c9344013ca2bbe76a6ce2b4",
    "face_detection/face_detection_short_range.tflite":
        "bbff11cebd1eb27a1e004cae0b0e63ec8c551cbf34a4451148b4908b8db3eca8",
    "face_detection/face_detection_full_range_sparse.tflite":
        "2c3728e6da56f21e21a320433396fb06d40d9088f2247c05e5635a688d45dfe1",
}
"""Weight files under the package's `modules`, and the SHA-256 of each."""

NAMED = {"mesh_out": "output_mesh", "face_out": "conv_faceflag", "lips_out": "conv_lips",
         "eye_left_out": "conv_left_eye", "iris_left_out": "conv_left_iris",
         "eye_right_out": "conv_right_eye", "iris_right_out": "conv_right_iris",
         "score_fine": "classificator_8", "score_coarse": "classificator_16",
         "box_fine": "regressor_8", "box_coarse": "regressor_16",
         "score": "classifier_face_4_NO_PRUNING", "box": "regressor_face_4_NO_PRUNING"}
"""Last layers that have names in Keras; all others have numbers, in the order of their making."""
NUMBERED = re.compile(r"(depthwise_conv2d|conv2d|p_re_lu|batch_normalization)(?:_(\d+))?")


def attention_mesh() -> AttentionMesh:
    """MediaPipe's landmark network of 478 points, with its weights.

    Raises:
        ModelError: the installed mediapipe is another version, or a weight file is missing or altered.
    """
    return _filled(AttentionMesh(), "face_landmark/face_landmark_with_attention.tflite")


def plain_mesh() -> PlainMesh:
    """MediaPipe's landmark network of 468 points, with its weights. Raises ModelError as `attention_mesh` does."""
    return _filled(PlainMesh(), "face_landmark/face_landmark.tflite")


def short_range() -> ShortRange:
    """MediaPipe's finder of near faces, with its weights. Raises ModelError as `attention_mesh` does."""
    return _filled(ShortRange(), "face_detection/face_detection_short_range.tflite")


def full_range() -> FullRange:
    """MediaPipe's finder of near and far faces, with its weights. Raises ModelError as `attention_mesh` does."""
    return _filled(FullRange(), "face_detection/face_detection_full_range_sparse.tflite")


def weight_file(name: str) -> Path:
    """The path of one of FILES in the installed mediapipe, its content checked.

    Raises:
        ModelError: see `attention_mesh`.
    """
    spec = importlib.util.find_spec("mediapipe")
    if spec is None or not spec.submodule_search_locations:
        raise ModelError(f"the package mediapipe, whose landmark networks mien reads, is not installed; {CURE}")
    path = Path(spec.submodule_search_locations[0], "modules", name)
    try:
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise ModelError(f"mediapipe's weight file {path} cannot be read ({error.strerror}; installed is mediapipe "
                         f"{_installed()}); {CURE}") from error
    if digest != FILES[name]:
        raise ModelError(f"mediapipe's weight file {path} is not that of version {VERSION} (installed is mediapipe "
                         f"{_installed()}), or it was altered; {CURE}")
    return path


def _installed() -> str:
    try:
        return metadata.version("mediapipe")
    except metadata.PackageNotFoundError:
        return "of unknown version"


def _filled(network: nn.Module, name: str) -> nn.Module:
    """The network with the file's weights in it, in evaluation mode."""
    layers = _read_layers(weight_file(name))
    numbered = {kind: iter(sorted((layer for layer in layers if layer.kind == kind and layer.order is not None),
                                  key=lambda layer: layer.order)) for kind in KINDS.values()}
    named = {layer.name: layer for layer in layers if layer.order is None}
    with torch.no_grad():
        for path, module in network.named_modules():
            if isinstance(module, nn.PReLU):
                _copy(module.weight, next(numbered["act"]).kernel.reshape(-1))
            elif isinstance(module, nn.Conv2d):
                depthwise = module.groups > 1
                layer = named.pop(NAMED[path]) if NAMED.get(path) in named else \
                    next(numbered["depthwise" if depthwise else "conv"])
                _copy(module.weight, layer.kernel.transpose((3, 0, 1, 2) if depthwise else (0, 3, 1, 2)))
                _copy(module.bias, layer.bias)
    left = [layer.name for kind in numbered.values() for layer in kind] + list(named)
    if left:
        raise ValueError(f"{name} has layers that the network lacks: {left}")
    return network.eval().requires_grad_(False)


def _copy(parameter: nn.Parameter, value: np.ndarray) -> None:
    if parameter.shape != value.shape:
        raise ValueError(f"a layer of shape {tuple(parameter.shape)} cannot take weights of shape {value.shape}")
    parameter.copy_(torch.from_numpy(np.ascontiguousarray(value, dtype=np.float32)))


KINDS = {tflite.BuiltinOperator.CONV_2D: "conv", tflite.BuiltinOperator.DEPTHWISE_CONV_2D: "depthwise",
         tflite.BuiltinOperator.PRELU: "act"}


@dataclass(frozen=True)
class _Layer:
    """A layer's weights.

    kernel: (out, h, w, in) of a convolution, (1, h, w, channels) of a depthwise one, (1, 1, C) of a PReLU.
    order: sorts the layers of a kind as they were made; None where the layer has a name of its own. (A depthwise
    convolution that swallowed a batch norm bears its number, and the two that did not came last.)
    """

    kind: str
    name: str
    order: tuple[str, int] | None
    kernel: np.ndarray
    bias: np.ndarray | None


def _read_layers(path: Path) -> list[_Layer]:
    """The layers of a TensorFlow Lite file that have weights."""
    model = tflite.Model.GetRootAsModel(path.read_bytes(), 0)
    graph = model.Subgraphs(0)
    operators = [graph.Operators(index) for index in range(graph.OperatorsLength())]
    maker = {output: operator for operator in operators for output in operator.OutputsAsNumpy()}

    def constant(tensor: int) -> tuple[str, np.ndarray]:
        while (about := graph.Tensors(tensor)) and model.Buffers(about.Buffer()).DataLength() == 0:
            tensor = maker[tensor].Inputs(0)  # through DEQUANTIZE and DENSIFY
        values = model.Buffers(about.Buffer()).DataAsNumpy().view(np.float16).astype(np.float32)
        shape = tuple(about.ShapeAsNumpy())
        sparsity = about.Sparsity()
        return about.Name().decode(), values.reshape(shape) if sparsity is None else _dense(values, shape, sparsity)

    layers = []
    for operator in operators:
        kind = KINDS.get(model.OperatorCodes(operator.OpcodeIndex()).BuiltinCode())
        if kind is not None:
            name, kernel = constant(operator.Inputs(1))
            bias = constant(operator.Inputs(2))[1] if operator.InputsLength() > 2 else None
            name = name.removeprefix("model_1/model/").split("/")[0]
            numbered = NUMBERED.fullmatch(name)
            layers.append(_Layer(kind, name, (numbered[1], int(numbered[2] or 0)) if numbered else None, kernel, bias))
    return layers


def _dense(values: np.ndarray, shape: tuple[int, ...], sparsity: tflite.SparsityParameters) -> np.ndarray:
    """The whole array of which only some values are stored, dimension by dimension in the order of its traversal."""
    parents = np.zeros((1, 0), int)  # (entries so far, dimensions so far): coordinates
    for level in range(sparsity.DimMetadataLength()):
        about = sparsity.DimMetadata(level)
        if about.Format() == tflite.DimensionType.DENSE:
            counts = np.full(len(parents), about.DenseSize())
            here = np.tile(np.arange(about.DenseSize()), len(parents))
        else:
            counts = np.diff(_integers(about.ArraySegmentsType(), about.ArraySegments()))
            here = _integers(about.ArrayIndicesType(), about.ArrayIndices())
        parents = np.concatenate([np.repeat(parents, counts, axis=0), here[:, None]], axis=1)
    order = sparsity.TraversalOrderAsNumpy()
    blocks = {int(sparsity.BlockMap(block)): len(shape) + block for block in range(sparsity.BlockMapLength())}
    column = {int(dimension): level for level, dimension in enumerate(order)}
    out = np.zeros(shape, np.float32)
    at = []
    for dimension in range(len(shape)):
        coordinate = parents[:, column[dimension]]
        if dimension in blocks:
            inner = parents[:, column[blocks[dimension]]]
            coordinate = coordinate * (inner.max() + 1) + inner
        at.append(coordinate)
    out[tuple(at)] = values
    return out


def _integers(kind: int, table: object) -> np.ndarray:
    """A vector of 8, 16 or 32 bits a number, as the union around it says."""
    vector = {tflite.SparseIndexVector.Int32Vector: tflite.Int32Vector,
              tflite.SparseIndexVector.Uint16Vector: tflite.Uint16Vector,
              tflite.SparseIndexVector.Uint8Vector: tflite.Uint8Vector}[kind]()
    vector.Init(table.Bytes, table.Pos)
    return vector.ValuesAsNumpy().astype(int)
