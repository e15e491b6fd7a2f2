"""How fast the networks run here: each way of running them, in one process, on the same pictures.

The unit is CPU time of one thread, which another program's load changes less than it does the clock's.
"""

import itertools
import shutil
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import torch

from capture.video import frames, probe
from solver import mediapipe_runtime, network_file, network_occlusion, pretrained
from solver.crop import apply, crops, picture_from_crop, roi_of_points
from solver.detect import Detector, Footage
from solver.network import SIZE
from solver.network_detector import NetworkDetector
from solver.network_occlusion import OcclusionNetwork
from solver.network_onnx import OnnxNetwork
from solver.network_parts import PARTS, PartNetwork
from solver.network_run import as_input, ready
from solver.onnx_networks import to_onnx

BATCHES = (1, 3, 16)
WHOLE, MEDIAPIPE, STOCK, OURS = "whole detector", "MediaPipe's own loop", "its weights, our runtime", "ours"
RATE, NOISE = 30, 3.0
"""Frames a second of the filmed still, and the standard deviation of its noise in levels of 255."""
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
    out |= {part.name: (known.get(part.name, PartNetwork(part).eval()), part.size) for part in PARTS}
    before = network_file.shipped_occlusion()
    own = OcclusionNetwork().eval() if before is None else network_file.load_occlusion(before)
    return out | {"occlusion": (own, network_occlusion.SIZE)}


def measure(batches: Sequence[int] = BATCHES, compiled: bool = True,
            report: Callable[[str], None] = lambda text: None) -> list[Speed]:
    """Time every network in torch, compiled torch (where there is a C++ compiler) and onnxruntime.

    Args:
        report: is told what is being measured, and what had to be left out.
    """
    torch.set_num_threads(1)
    if compiled and shutil.which("g++") is None and shutil.which("cl") is None:
        compiled = False
        report("torch.compile needs a C++ compiler and was left out")
    out = []
    for name, (network, size) in networks().items():
        report(name)
        runtime = OnnxNetwork(to_onnx(network))
        network = network.to(memory_format=torch.channels_last)
        ways: dict[str, Callable[[torch.Tensor], object]] = {"torch eager": network}
        if compiled:
            ways["torch.compile"] = torch.compile(network, dynamic=False)
        ways["onnxruntime"] = lambda batch, runtime=runtime: runtime(batch.numpy())
        for way, run in ways.items():
            for batch in batches:
                pictures = torch.rand(batch, 3, size, size)
                if way != "onnxruntime":
                    pictures = pictures.contiguous(memory_format=torch.channels_last)
                with torch.inference_mode(), warnings.catch_warnings():
                    warnings.simplefilter("ignore")  # the compiler's, about itself
                    out.append(Speed(name, way, batch, 1000 * cpu_seconds(run, pictures) / batch))
    return out


def measure_detectors(picture: np.ndarray, count: int = 48) -> list[Speed]:
    """Whole detectors on a filmed still, frame by frame, decoding counted: MediaPipe's own loop, its weights as our
    runtime does one look a frame, its loop as a detector of takes, and ours with all its looks."""
    with tempfile.TemporaryDirectory(prefix="mien-bench-") as folder:
        clip = probe(_filmed(picture, count, Path(folder, "still.mp4")))
        footage = Footage((picture.shape[1], picture.shape[0]), Fraction(RATE), count,
                          lambda: (frame.rgb for frame in frames(clip)))

        def taken(detector: Detector) -> float:
            detector.detect(footage, lambda done, total: None)
            before = time.process_time()
            detector.detect(footage, lambda done, total: None)
            return time.process_time() - before

        seconds = {MEDIAPIPE: mediapipe_runtime.face_mesh_loop(footage.pictures(), time.process_time),
                   STOCK: _stock_loop(footage.pictures()),
                   "its loop, as --detector": taken(mediapipe_runtime.MediapipeDetector()),
                   OURS: taken(NetworkDetector())}
    return [Speed(WHOLE, way, 1, 1000 * value / count) for way, value in seconds.items()]


def ratios(speeds: Sequence[Speed]) -> list[str]:
    """What the figures come to, in sentences."""
    at = {(speed.network, speed.way, speed.batch): speed.ms for speed in speeds}
    said = []
    loop = at.get((WHOLE, MEDIAPIPE, 1))
    for speed in speeds:
        if speed.network == WHOLE and speed.way != MEDIAPIPE and loop:
            said.append(f"{speed.way}: {speed.ms / loop:.2f} times MediaPipe's own loop, "
                        f"{1000 / speed.ms:.0f} frames a second on one core")
    for name in dict.fromkeys(speed.network for speed in speeds):
        one, three = (at.get((name, "onnxruntime", batch)) for batch in (1, 3))
        if one and three:
            said.append(f"{name}: three crops at once cost {3 * three / one:.2f} times one")
    return said


def _stock_loop(pictures: Iterator[np.ndarray]) -> float:
    """Processor seconds of following the face as MediaPipe does: one look a frame, the square from the last points."""
    run = ready(pretrained.attention_mesh())
    square = roi_of_points(mediapipe_runtime.find_face(first := next(pictures)))
    began = time.process_time()
    for picture in itertools.chain([first], pictures):
        mesh = run(as_input(crops([picture], [square], SIZE, as_mediapipe=True)))[0]
        square = roi_of_points(apply(picture_from_crop(square, SIZE), mesh[0, :, :2].astype(np.float64)))
    return time.process_time() - began


def _filmed(picture: np.ndarray, count: int, path: Path) -> Path:
    """A clip of a still with a sensor's noise, as a camera would give it."""
    random, (height, width) = np.random.default_rng(0), picture.shape[:2]
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=RATE)
        stream.width, stream.height, stream.pix_fmt = width - width % 2, height - height % 2, "yuv420p"
        for _ in range(count):
            noisy = picture[:stream.height, :stream.width] + random.normal(0, NOISE, (stream.height, stream.width, 3))
            frame = av.VideoFrame.from_ndarray(noisy.clip(0, 255).astype(np.uint8), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


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
