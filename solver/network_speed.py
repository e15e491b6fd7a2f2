"""How fast the networks run here: each way of running them, in one process, on the same pictures.

The unit is CPU time of one thread, which another program's load changes less than it does the clock's.
"""

import shutil
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from solver import mediapipe_runtime, network_file, pretrained
from solver.detect import Detector, Footage
from solver.network import SIZE
from solver.network_detector import NetworkDetector
from solver.network_onnx import OnnxNetwork, to_onnx
from solver.network_parts import PARTS, PartNetwork

BATCHES = (1, 8, 32)
LEAST_S = 0.4
"""Seconds over which a figure is taken, at least."""
WARM = 3
"""Runs before it counts."""


@dataclass(frozen=True)
class Speed:
    """One figure: a network (or a whole detector), the way it was run, the batch, and CPU ms for each picture."""

    network: str
    way: str
    batch: int
    ms: float


def networks() -> dict[str, tuple[torch.nn.Module, int]]:
    """What is measured by name, with the side of its pictures: MediaPipe's weights, ours, and the second look's."""
    shipped, parts = network_file.shipped_path(), network_file.shipped_parts()
    out: dict[str, tuple[torch.nn.Module, int]] = {
        "attention mesh": (pretrained.attention_mesh().eval(), SIZE),
        "plain mesh": (pretrained.plain_mesh().eval(), SIZE),
        "ours": (network_file.fresh().eval() if shipped is None else network_file.load_trained(shipped), SIZE)}
    known = {} if parts is None else network_file.load_parts(parts)
    return out | {part.name: (known.get(part.name, PartNetwork(part).eval()), part.size) for part in PARTS}


def measure(folder: Path, batches: Sequence[int] = BATCHES, compiled: bool = True,
            report: Callable[[str], None] = lambda text: None) -> list[Speed]:
    """Time every network in torch, compiled torch (where there is a C++ compiler) and onnxruntime (where installed).

    Args:
        folder: where the ONNX files may lie while they are measured.
        report: is told what is being measured, and what had to be left out.
    """
    torch.set_num_threads(1)
    if compiled and shutil.which("g++") is None and shutil.which("cl") is None:
        compiled = False
        report("torch.compile needs a C++ compiler and was left out")
    out = []
    for name, (network, size) in networks().items():
        network = network.to(memory_format=torch.channels_last)
        pictures = {batch: torch.rand(batch, 3, size, size).contiguous(memory_format=torch.channels_last)
                    for batch in batches}
        report(name)
        ways: dict[str, Callable[[torch.Tensor], object]] = {"torch eager": network}
        if compiled:
            ways["torch.compile"] = torch.compile(network, dynamic=False)
        try:
            path = to_onnx(_Tuple(network), pictures[batches[0]].contiguous(), folder / f"{name}.onnx",
                           tuple(f"out{index}" for index in range(_outputs(network, pictures[batches[0]]))))
            runtime = OnnxNetwork(path)
            ways["onnxruntime"] = lambda batch, runtime=runtime: runtime(batch.numpy())
        except network_file.ModelError as error:
            report(str(error))
        for way, run in ways.items():
            for batch in batches:
                with torch.inference_mode(), warnings.catch_warnings():
                    warnings.simplefilter("ignore")  # the compiler's, about itself
                    out.append(Speed(name, way, batch, 1000 * cpu_seconds(run, pictures[batch]) / batch))
    return out


def measure_detectors(picture: np.ndarray, count: int = 40) -> list[Speed]:
    """Whole detectors on a still, frame by frame: FaceMesh as MediaPipe runs it, and ours with both its looks."""
    from fractions import Fraction

    footage = Footage((picture.shape[1], picture.shape[0]), Fraction(30), count, lambda: iter([picture] * count))

    def taken(detector: Detector) -> float:
        detector.detect(footage, lambda done, total: None)
        before = time.process_time()
        detector.detect(footage, lambda done, total: None)
        return 1000 * (time.process_time() - before) / count

    return [Speed("whole detector", "MediaPipe's own graph", 1, taken(mediapipe_runtime.MediapipeDetector())),
            Speed("whole detector", "ours, torch eager", 1, taken(NetworkDetector()))]


def cpu_seconds(run: Callable[[torch.Tensor], object], pictures: torch.Tensor) -> float:
    """The median CPU time of a call."""
    for _ in range(WARM):
        run(pictures)
    taken: list[float] = []
    while not taken or sum(taken) < LEAST_S:
        before = time.process_time()
        run(pictures)
        taken.append(time.process_time() - before)
    return float(np.median(taken))


class _Tuple(torch.nn.Module):
    """ONNX knows no dataclass: a network's outputs as a tuple."""

    def __init__(self, network: torch.nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, picture: torch.Tensor) -> tuple[torch.Tensor, ...]:
        answer = self.network(picture)
        return tuple(vars(answer).values()) if hasattr(answer, "__dataclass_fields__") else tuple(answer)


def _outputs(network: torch.nn.Module, picture: torch.Tensor) -> int:
    with torch.inference_mode():
        return len(_Tuple(network)(picture))
