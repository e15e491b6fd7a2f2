"""`mien bench speed`: processor time of finding and solving beside MediaPipe's own FaceMesh loop, in one run.

Both see the same frames of the same clips, decoding counted in both; both are loaded and have seen first pictures when
the clock starts. Wall time depends on what else the machine does, processor time hardly; so the ratios are what counts.
"""

import argparse
import dataclasses
import tempfile
import time
from pathlib import Path

from app.bench import say, takes_on
from app.bench_variant import Variant, answer, work_of
from app.outcomes import options_of
from app.preparing import prepare
from app.progress import Teller, teller
from app.request import Request
from app.take_job import tools_of
from app.timings import recorded
from capture.shoot import Take
from solver.mediapipe_runtime import face_mesh_loop
from solver.network_detector import BATCH
from solver.solve import PRESETS


def run(options: argparse.Namespace) -> int:
    """Measure the first take with its first camera, and with all. Returns the exit code."""
    tell = teller(options.events)
    take = takes_on(options)[0]
    request = Request(options.model, options.detector, options.device, start=options.start, end=options.end)
    lines = [f"{take.name}: milliseconds of processor time a frame",
             f"{'cameras':>7}  {'preset':<10}{'FaceMesh loop':>14}{'landmarks':>11}{'solve':>8}{'together':>10}"
             f"{'ratio':>7}"]
    first = dataclasses.replace(take, clips=take.clips[:1])
    with tempfile.TemporaryDirectory(prefix="mien-bench-") as folder:
        for place, cameras in enumerate([first, take] if len(take.clips) > 1 else [first]):
            lines += _measured(cameras, request, Path(folder) / str(place), tell)
    say(["", *lines, "ratio: mien's landmarks and solve over the FaceMesh loop on the same frames"], options.events,
        tell)
    return 0


def _measured(take: Take, request: Request, out: Path, tell: Teller) -> list[str]:
    loop, frames = _face_mesh(take, dataclasses.replace(request, out=out / "loop"), tell)
    lines, lent, detect = [], None, 0.0
    for preset in PRESETS:
        side = Variant(preset, dataclasses.replace(request, preset=preset))
        _warm(take, side.request)
        answer(side, take, out, lent, tell)
        took = {record.step: record.cpu_seconds for record in recorded(work_of(side, take, out))}
        detect = sum(seconds for step, seconds in took.items() if step.startswith("detect ")) or detect
        lent = work_of(side, take, out)
        parts = [1000 * seconds / frames for seconds in (loop, detect, took["solve"], detect + took["solve"])]
        lines.append(f"{len(take.clips):>7}  {preset:<10}{parts[0]:>14.1f}{parts[1]:>11.1f}{parts[2]:>8.1f}"
                     f"{parts[3]:>10.1f}{parts[3] / parts[0]:>7.1f}")
    return lines


def _warm(take: Take, request: Request) -> None:
    """Load what a solve works with: the process keeps it."""
    tools = tools_of(request)
    ready = prepare(take, options_of(take, request), lambda warning: None)
    footage = ready.footage(0, ready.first, min(ready.first + BATCH, ready.stop))
    tools.landmarker.detector.detect(footage, lambda done, total: None)
    tools.landmarker.embedding(tools.model)


def _face_mesh(take: Take, request: Request, tell: Teller) -> tuple[float, int]:
    """Processor seconds of MediaPipe's loop over all cameras, and the frames of the take."""
    ready = prepare(take, options_of(take, request), lambda warning: tell.note(take.name, warning))
    seconds = 0.0
    for camera in range(len(ready.clips.clips)):
        footage = ready.footage(camera, ready.first, ready.stop)
        tell.progress(take.name, f"FaceMesh {ready.clips.clips[camera].camera}", 0, 1)
        seconds += face_mesh_loop(footage.pictures(), time.process_time)
    return seconds, ready.stop - ready.first
