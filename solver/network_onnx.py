"""The networks for other runtimes: ONNX files with a free batch size, and onnxruntime to run them."""

import os
from pathlib import Path

import numpy as np

# It is asked when the library loads, which else tells its maker of this machine, and keeps that in the home folder.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
import onnxruntime

from capture.errors import ModelError
from capture.files import write_with
from solver import network_file
from solver.network_parts import PARTS
from solver.onnx_networks import to_onnx

PROVIDERS = ("CUDAExecutionProvider", "DmlExecutionProvider", "CoreMLExecutionProvider", "CPUExecutionProvider")
"""Where onnxruntime may run a network, the fastest first; it takes those that this machine has."""


def export(folder: Path, weights: Path | None = None, parts: Path | None = None) -> list[Path]:
    """Write the networks that ship (or those of the given files): landmarks.onnx, one for each part, occlusion.onnx.

    Each takes `picture` (B, 3, S, S), RGB, 0..1 and gives `points` (B, P, 2) and `sigma` (B, P) in px of the picture;
    occlusion.onnx gives `before` (B, 1, S / 4, S / 4), the logit of something being before the face there.

    Raises:
        ModelError: there are no weights.
        OutputError: a file cannot be written.
    """
    weights = weights or network_file.shipped_path()
    if weights is None:
        raise ModelError("this mien ships no trained landmark network; train one with `mien net train`")
    written = {"landmarks": network_file.load_trained(weights)}
    parts = parts or network_file.shipped_parts()
    known = {} if parts is None else network_file.load_parts(parts)
    written |= {part.name: known[part.name] for part in PARTS if part.name in known}
    if (before := network_file.shipped_occlusion()) is not None:
        written["occlusion"] = network_file.load_occlusion(before)
    out = []
    for name, network in written.items():
        out.append(folder / f"{name}.onnx")
        data = to_onnx(network)
        write_with(out[-1], lambda file, data=data: file.write(data))
    return out


class OnnxNetwork:
    """A network in onnxruntime: called with a (B, 3, S, S) float32 array, it gives its outputs as arrays.

    Args:
        source: a file, or what is in one.

    Raises:
        ModelError: it is no network that onnxruntime can run.
    """

    def __init__(self, source: Path | bytes, threads: int = 1, providers: tuple[str, ...] = PROVIDERS) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 3  # warnings about machines that lack a provider say nothing to a user
        here = [name for name in providers if name in onnxruntime.get_available_providers()]
        try:
            self._session = onnxruntime.InferenceSession(source if isinstance(source, bytes) else str(source), options,
                                                         providers=here)
        except Exception as error:  # onnxruntime raises its own kinds, which it does not name
            name = "this" if isinstance(source, bytes) else source
            raise ModelError(f"{name} is no network that onnxruntime can run ({error}); write it again with "
                             "`mien net export`") from error
        self.provider = self._session.get_providers()[0]

    def __call__(self, picture: np.ndarray) -> list[np.ndarray]:
        return self._session.run(None, {"picture": np.ascontiguousarray(picture, np.float32)})
