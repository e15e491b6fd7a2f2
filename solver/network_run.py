"""Networks made ready to look at pictures: in onnxruntime on processors, in torch on a GPU.

On a processor onnxruntime needs a fifth of torch's time, so it is no option but a part of every installation: what is
found must not hang on what happens to be installed. Both take and give plain arrays.
"""

from collections.abc import Callable

import cv2
import numpy as np
import torch
from torch import nn

from capture.errors import ModelError
from solver.network_faces import Runner
from solver.network_onnx import OnnxNetwork
from solver.onnx_networks import to_onnx

Tell = Callable[[str], None]


def ready(network: nn.Module, device: str = "cpu", outputs: tuple[str, ...] = (), tell: Tell = lambda text: None
          ) -> Runner:
    """A network that runs where it should.

    Args:
        network: one of those that `onnx_networks` knows.
        device: "cpu" or "cuda".
        outputs: the names of those that are wanted; () is all.
        tell: hears when a GPU's memory is too small for a batch.
    """
    if device == "cpu":
        return OnnxNetwork(to_onnx(network, outputs), providers=("CPUExecutionProvider",))
    return InTorch(network, device, tell)


def as_input(pictures: np.ndarray) -> np.ndarray:
    """Crops as a network wants them: (B, S, S, 3) uint8 -> (B, 3, S, S) float32, 0..1."""
    return cv2.dnn.blobFromImages(list(pictures), 1 / 255)


class InTorch:
    """A network in torch. A batch that a GPU's memory cannot hold is halved, and so are those that follow.

    Raises (when called):
        ModelError: not even one picture fits.
    """

    def __init__(self, network: nn.Module, device: str, tell: Tell = lambda text: None) -> None:
        self._network = network.to(device, memory_format=torch.channels_last)
        self._device, self._tell = device, tell
        self._most: int | None = None

    def __call__(self, pictures: np.ndarray) -> list[np.ndarray]:
        while True:
            share = self._most or max(len(pictures), 1)
            try:
                found = [self._ask(pictures[start:start + share]) for start in range(0, max(len(pictures), 1), share)]
                return [np.concatenate(one) for one in zip(*found, strict=True)]
            except torch.OutOfMemoryError as error:
                if share == 1:
                    raise ModelError("the GPU's memory is too small for a single picture; close other programs, or "
                                     "work on the processor with --device cpu") from error
                self._most = share // 2
                self._tell(f"the GPU's memory ran out: going on with {self._most} pictures at a time, to the same end")
                torch.cuda.empty_cache()

    def _ask(self, pictures: np.ndarray) -> list[np.ndarray]:
        with torch.inference_mode():
            batch = torch.from_numpy(np.ascontiguousarray(pictures)).to(self._device)
            found = self._network(batch.contiguous(memory_format=torch.channels_last))
            if isinstance(found, torch.Tensor):
                found = (found,)
            return [one.cpu().numpy() for one in (found if isinstance(found, tuple) else vars(found).values())]
