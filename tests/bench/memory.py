"""`python -m tests.bench.memory`: what a solve of long takes holds, from made landmarks of three 1080p cameras.

Detection is left out: it holds some pictures whatever the take's length. Each length is a process of its own, because
a process's largest memory never falls.
"""

import argparse
import itertools
import json
import subprocess
import sys
import time
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import torch
from scipy.spatial.transform import Rotation

from app.detectors import Landmarker, landmarker_named
from app.models import model_named
from app.timings import peak_mib
from capture.camera import Camera, Rig, lone_camera, project
from solver.embedding import Embedding
from solver.face_model import FaceModel
from solver.gaze import gaze_from_weights
from solver.landmarks import Landmarks
from solver.points import DTYPE, move, surface_points
from solver.solve import PRESETS, TakeFacts, solve_take
from tests.material import ict_model
from tests.synthetic import made_performance

SIZE, FOCAL, AWAY = (1920, 1080), 2600.0, 0.9
YAWS = (0.0, -35.0, 35.0, -18.0, 18.0, -50.0, 50.0, 9.0)
NOISE_PX = 0.6
CHUNK = 8


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", default="300,1500,6000", help="lengths of the takes")
    parser.add_argument("--cameras", type=int, default=3, choices=range(1, len(YAWS) + 1))
    parser.add_argument("--model", default="ict", help="ict is the shared one")
    parser.add_argument("--preset", default="standard", choices=PRESETS)
    parser.add_argument("--film", action="store_true", help="pictures, too, which the face is aligned to twice")
    parser.add_argument("--here", action="store_true", help="all lengths in this process, the shortest first")
    options = parser.parse_args()
    counts = sorted(int(count) for count in options.frames.split(","))
    measure = here if options.here else apart
    for count in counts:
        print(json.dumps(measure(count, options.cameras, options.model, options.preset, options.film)), flush=True)


def apart(frames: int, cameras: int, model: str, preset: str, film: bool) -> dict[str, float]:
    """The same as `here`, in a process of its own."""
    command = [sys.executable, "-m", "tests.bench.memory", "--here", "--frames", str(frames), "--cameras", str(cameras),
               "--model", model, "--preset", preset, *(["--film"] if film else [])]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True,
                                     cwd=Path(__file__).parents[2]).stdout.splitlines()[-1])


def here(frames: int, cameras: int, name: str, preset: str, film: bool) -> dict[str, float]:
    """Solve a made take: MiB before the landmarks, with them, and at most; processor seconds; the weights' error."""
    torch.set_num_threads(1)
    model = ict_model() if name == "ict" else model_named(name)
    landmarker = landmarker_named()
    embedding = landmarker.embedding(model)
    before = peak_mib()
    landmarks, rig, truth = made_take(model, embedding, landmarker, frames, cameras)
    held, began = peak_mib(), time.process_time()
    facts = TakeFacts("long", "", Fraction(30), "00:00:00:00", {})
    picture = np.random.default_rng(0).integers(0, 255, (*SIZE[::-1], 3), dtype=np.uint8)
    performance, _ = solve_take(
        landmarks, rig, False, model, embedding, facts, lambda done, total: None,
        replace(PRESETS[preset], looks=2) if film else PRESETS[preset], reading=landmarker.read(landmarks),
        film=(lambda camera, wanted: itertools.repeat(picture, len(wanted))) if film else None)
    return {"frames": frames, "before_mib": round(before), "landmarks_mib": round(held), "peak_mib": round(peak_mib()),
            "cpu_ms_per_frame": round(1000 * (time.process_time() - began) / frames, 2),
            "rmse": round(float(np.sqrt(np.mean((performance.weights - truth) ** 2))), 4)}


def made_take(model: FaceModel, embedding: Embedding, landmarker: Landmarker, frames: int, cameras: int,
              ) -> tuple[Landmarks, Rig, np.ndarray]:
    """Landmarks of a known performance with noise, float64 as the detector's; its cameras; its weights (T, K)."""
    rig = Rig(tuple(Camera(
        f"cam{index}", SIZE, lone_camera("", SIZE, FOCAL).matrix,
        rotation=np.diag([1.0, -1.0, -1.0]) @ Rotation.from_euler("y", -yaw, degrees=True).as_matrix(),
        translation=np.array([0.0, 0.0, AWAY])) for index, yaw in enumerate(YAWS[:cameras])))
    truth = made_performance(model, frames)
    truth = replace(truth, head_translation=truth.head_translation - [0.01, -0.02, -0.6],
                    identity=0.2 * truth.identity)
    gaze = (truth.weights @ gaze_from_weights(model).T).reshape(frames, 2, 2)
    points, turn = surface_points(model, embedding), Rotation.from_quat(truth.head_rotation).as_matrix()
    xy = np.empty((cameras, frames, len(embedding.triangle), 2))
    random = np.random.default_rng(0)
    for start in range(0, frames, CHUNK):
        part = slice(start, start + CHUNK)
        in_head = move(points, *(torch.tensor(value, dtype=DTYPE) for value in
                                 (truth.weights[part], gaze[part], truth.identity))).position.numpy()
        in_world = in_head @ turn[part].transpose(0, 2, 1) + truth.head_translation[part, None]
        for index, camera in enumerate(rig.cameras):
            xy[index, part] = project(camera, in_world) + random.normal(0, NOISE_PX, (*in_world.shape[:2], 2))
    shape = xy.shape[:3]
    return (Landmarks(rig.names, landmarker.detector.scheme, xy, np.full(shape, NOISE_PX), np.ones(shape, bool)), rig,
            truth.weights)


if __name__ == "__main__":
    main()
