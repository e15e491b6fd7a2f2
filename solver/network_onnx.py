"""The networks for other runtimes: ONNX files with a free batch size, and onnxruntime to run them.

PReLU is written as relu(x) - a * relu(-x), which is the same for every slope and runs faster there; max(x, a * x) is
another function where a slope exceeds 1. onnx and onnxruntime are optional: `pip install mien[onnx]`.
"""

import copy
import io
import warnings
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from capture.errors import ModelError
from capture.files import write_with
from solver import network_file
from solver.network import SIZE
from solver.network_parts import PARTS

OPSET = 17
PROVIDERS = ("CUDAExecutionProvider", "DmlExecutionProvider", "CoreMLExecutionProvider", "CPUExecutionProvider")
"""Where onnxruntime may run a network, the fastest first; it takes those that this machine has."""


class SplitPReLU(nn.Module):
    """PReLU out of operators that every runtime does fast: (B, C, H, W) -> (B, C, H, W)."""

    def __init__(self, slope: Tensor) -> None:
        super().__init__()
        self.slope = nn.Parameter(slope.detach().clone().reshape(-1, 1, 1), requires_grad=False)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(x) - self.slope * F.relu(-x)


def rewritten(network: nn.Module) -> nn.Module:
    """A copy of the network without PReLU, of the same answers."""
    network = copy.deepcopy(network).eval()
    for module in list(network.modules()):
        for name, child in list(module.named_children()):
            if isinstance(child, nn.PReLU):
                setattr(module, name, SplitPReLU(child.weight))
    return network


def to_onnx(network: nn.Module, picture: Tensor, path: Path, outputs: tuple[str, ...]) -> Path:
    """Write a network of one input as ONNX; its batch, the first axis, may be any.

    Args:
        network: called with `picture`, an example of its input.
        path: of the file, written whole or not at all.
        outputs: their names.

    Raises:
        ModelError: the package onnx is not installed.
        OutputError: the file cannot be written.
    """
    held = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch's old exporter, which needs no package but onnx, says that it is old
        try:
            torch.onnx.export(rewritten(network), (picture,), held, input_names=["picture"],
                              output_names=list(outputs), dynamo=False, opset_version=OPSET,
                              dynamic_axes={name: {0: "batch"} for name in ("picture", *outputs)})
        except ImportError as error:
            raise ModelError(_missing("onnx")) from error
        except torch.onnx.errors.OnnxExporterError as error:
            raise ModelError(f"torch cannot write the network as ONNX ({error}); {_missing('onnx')}") from error
    write_with(path, lambda file: file.write(held.getvalue()))
    return path


def export(folder: Path, weights: Path | None = None, parts: Path | None = None) -> list[Path]:
    """Write the landmark networks that ship (or those of the given files): landmarks.onnx and one for each part.

    Each takes `picture` (B, 3, S, S), RGB, 0..1 and gives `points` (B, P, 2) and `sigma` (B, P) in px of the picture.

    Raises:
        ModelError: there are no weights, or onnx is not installed.
        OutputError: a file cannot be written.
    """
    weights = weights or network_file.shipped_path()
    if weights is None:
        raise ModelError("this mien ships no trained landmark network; train one with `mien net train`")
    network = network_file.load_trained(weights)
    out = [to_onnx(network, torch.rand(2, 3, SIZE, SIZE), folder / "landmarks.onnx", ("points", "sigma", "coarse"))]
    parts = parts or network_file.shipped_parts()
    known = {} if parts is None else network_file.load_parts(parts)
    for part in PARTS:
        if part.name in known:
            out.append(to_onnx(known[part.name], torch.rand(2, 3, part.size, part.size),
                               folder / f"{part.name}.onnx", ("points", "sigma")))
    return out


class OnnxNetwork:
    """A network in onnxruntime: called with a (B, 3, S, S) float32 array, it gives its outputs as arrays.

    Raises:
        ModelError: onnxruntime is not installed, or the file is none of its.
    """

    def __init__(self, path: Path, threads: int = 1, providers: tuple[str, ...] = PROVIDERS) -> None:
        try:
            import onnxruntime
        except ImportError as error:
            raise ModelError(_missing("onnxruntime")) from error
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 3  # warnings about machines that lack a provider say nothing to a user
        here = [name for name in providers if name in onnxruntime.get_available_providers()]
        try:
            self._session = onnxruntime.InferenceSession(str(path), options, providers=here)
        except Exception as error:  # onnxruntime raises its own kinds, which it does not name
            raise ModelError(f"{path} is no network that onnxruntime can run ({error}); "
                             "write it again with `mien net export`") from error
        self.provider = self._session.get_providers()[0]

    def __call__(self, picture: np.ndarray) -> list[np.ndarray]:
        return self._session.run(None, {"picture": np.ascontiguousarray(picture, np.float32)})


def _missing(package: str) -> str:
    return f"the package {package} is not installed; install it with `pip install mien[onnx]`"
