"""`python -m tests.bench.scale`: what a frame costs in short and long takes, memory, overhead, and how two workers do.

Wall times only mean something on an idle machine; processor seconds nearly always do.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np

from app.batch_memory import Footprint, size_of
from app.request import takes_of
from app.timings import recorded
from capture.camera import Camera, Rig, load_rig, save_rig
from tests.bench.job import measure
from tests.bench.streaming import idle

EXPORTS = "json,csv,glb,fbx"
STEPS = ("detect", "solve", "export", "report")
FOOTPRINT = """
import json
from dataclasses import asdict
from app.batch_memory import footprint
from app.take_job import tools_for
print(json.dumps(asdict(footprint(tools_for({model!r}, "auto", "cpu").model))))
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", default="300,1200,4800,18000", help="lengths of the takes")
    parser.add_argument("--cameras", type=int, default=3, choices=(1, 2, 3))
    parser.add_argument("--size", default="1920x1080", help="of the pictures")
    parser.add_argument("--shoot", type=Path, help="whose footage is repeated; default: the demo's")
    parser.add_argument("--model", default="mien", help="that is fitted")
    parser.add_argument("--takes", type=int, default=6, help="of the shoot that two workers share; 0: none")
    parser.add_argument("--take-frames", type=int, default=300)
    options = parser.parse_args()
    size = tuple(int(side) for side in options.size.split("x"))
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        shoot = options.shoot or work / "demo"
        if options.shoot is None:
            _run(["demo", shoot])
        lengths(shoot, work, [int(count) for count in options.frames.split(",")], options.cameras, size, options.model)
        if options.takes:
            workers(shoot, work, options.takes, options.take_frames, options.cameras, size, options.model)


def lengths(shoot: Path, work: Path, counts: list[int], cameras: int, size: tuple[int, int], model: str) -> None:
    """Cost per frame, memory and overhead of takes of growing length."""
    print(f"{cameras} cameras of {size[0]} by {size[1]} px; processor milliseconds a frame\n"
          f"{'frames':>8}{'in all':>9}{'detect':>9}{'solve':>9}{'export':>9}{'report':>9}{'rest':>8}{'peak MiB':>10}"
          f"{'estimate':>10}{'again s':>9}{'disk MiB':>10}")
    for count in counts:
        take = long_take(shoot, work / f"take{count}", count, cameras, size)
        arguments = (take, "--model", model, "--format", EXPORTS)
        cost = measure(*arguments)
        again = measure(*arguments)  # what starting and looking cost, when there is nothing to do
        steps: dict[str, float] = {}
        for took in recorded(take / ".mien"):
            name = took.step.split()[0]
            steps[name] = steps.get(name, 0.0) + took.cpu_seconds
        steps["report"] = max(_run(["report", take, "--force"]) - again.cpu, 0.0)
        rest = cost.cpu - again.cpu - sum(steps.values())
        made = sum(path.stat().st_size for part in (".mien", "solved") for path in (take / part).rglob("*")
                   if path.is_file())
        print(f"{count:>8}{1000 * (cost.cpu - again.cpu) / count:>9.1f}"
              + "".join(f"{1000 * steps.get(name, 0.0) / count:>9.1f}" for name in STEPS)
              + f"{rest / cost.cpu:>8.1%}{cost.peak_mib:>9.0f}{_estimate(take, model):>10.0f}{again.cpu:>9.1f}"
              + f"{made / (1 << 20):>10.1f}", flush=True)


def workers(source: Path, work: Path, takes: int, frames: int, cameras: int, size: tuple[int, int], model: str) -> None:
    """The wall time of a shoot with one worker that keeps to a core, with one that has all, and with two; with it, what
    else the machine did meanwhile."""
    seconds, spent, mine = {}, {}, {}
    for kind, jobs, cores in (("core", 1, {0}), ("one", 1, None), ("two", 2, None)):
        shoot = work / f"shoot-{kind}"
        for index in range(takes):
            long_take(source, shoot / "takes" / f"T{index + 1:03}", frames, cameras, size)
        began, (free, every) = time.perf_counter(), idle()
        spent[kind] = _run(["solve", shoot, "--jobs", str(jobs), "--model", model, "--format", EXPORTS], cores)
        seconds[kind] = time.perf_counter() - began
        after_free, after = idle()
        used = 1 - (after_free - free) / max(after - every, 1)
        mine[kind] = spent[kind] / max(used * seconds[kind] * os.cpu_count(), 1e-9)
    print(f"{takes} takes of {frames} frames: {seconds['core']:.1f} s with one worker on one core, "
          f"{seconds['one']:.1f} s with one on all {os.cpu_count()}, {seconds['two']:.1f} s with two; two over one: "
          f"{seconds['core'] / seconds['two']:.2f} and {seconds['one'] / seconds['two']:.2f}; processor seconds a take "
          + ", ".join(f"{value / takes:.1f}" for value in spent.values()) + "; of all that the machine did "
          + ", ".join(f"{value:.0%}" for value in mine.values()) + f" was this (load {os.getloadavg()[0]:.1f})")


def long_take(source: Path, folder: Path, count: int, cameras: int, size: tuple[int, int]) -> Path:
    """A take of a shoot's T001 to and fro, again and again, its pictures set into larger ones."""
    folder.mkdir(parents=True)
    rig = load_rig(source / "rig.toml")
    names = [camera.name for camera in rig.cameras][:cameras]
    larger = []
    for name in names:
        camera = rig[name]
        scale = min(size[0] / camera.size[0], size[1] / camera.size[1])
        # Pixel centres are whole numbers, so a picture grows about (-0.5, -0.5).
        corner = ((size[0] - camera.size[0] * scale) / 2, (size[1] - camera.size[1] * scale) / 2)
        matrix = camera.matrix.copy()
        matrix[:2] *= scale
        matrix[:2, 2] += np.array(corner) + (scale - 1) / 2
        larger.append(Camera(name, size, matrix, rotation=camera.rotation, translation=camera.translation))
        _repeat(source / "takes" / "T001" / f"{name}.mp4", folder / f"{name}.mp4", count, size, scale, corner)
    save_rig(Rig(tuple(larger)), folder / "rig.toml")
    return folder


def _repeat(source: Path, path: Path, count: int, size: tuple[int, int], scale: float,
            corner: tuple[float, float]) -> None:
    """Code the loop once and copy its packets: an hour of footage takes seconds."""
    with av.open(str(source)) as container:
        pictures = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    loop = [*pictures, *pictures[::-1]]
    move = np.array([[scale, 0.0, corner[0] + (scale - 1) / 2], [0.0, scale, corner[1] + (scale - 1) / 2]])
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=30)
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        stream.time_base = stream.codec_context.time_base = Fraction(1, 30)
        stream.options = {"crf": "20", "preset": "veryfast", "bf": "0", "g": str(len(loop)), "sc_threshold": "0"}
        packets = []
        for index, picture in enumerate(loop):
            frame = av.VideoFrame.from_ndarray(cv2.warpAffine(picture, move, size, flags=cv2.INTER_LINEAR), "rgb24")
            frame.pts, frame.time_base = index, Fraction(1, 30)
            packets += stream.encode(frame)
        packets += stream.encode(None)
        packets = [(bytes(packet), packet.is_keyframe) for packet in packets]
        for index in range(count):
            data, key = packets[index % len(packets)]
            packet = av.Packet(data)
            packet.stream, packet.time_base = stream, Fraction(1, 30)
            packet.pts = packet.dts = index
            packet.duration, packet.is_keyframe = 1, key
            out.mux(packet)


def _estimate(take: Path, model: str) -> float:
    """What a batch takes this take's memory for, from the same start."""
    said = subprocess.run([sys.executable, "-c", FOOTPRINT.format(model=model)], check=True, capture_output=True,
                          text=True).stdout
    return Footprint(**json.loads(said.splitlines()[-1])).of(size_of(takes_of([take])[0][0]))


def _run(arguments: list[str | Path], cores: set[int] | None = None) -> float:
    """Run a command, on all or only some cores; the processor seconds that it took."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-m", "app.cli", *map(str, arguments)], check=True, capture_output=True,
                   preexec_fn=None if cores is None else lambda: os.sched_setaffinity(0, cores))
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


if __name__ == "__main__":
    main()
