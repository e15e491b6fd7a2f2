"""`python -m tests.bench.genlock FOLDER [PRESET]`: what it is worth to take each camera's landmarks at its own time.

Films a head that plays a recorded performance three times as fast, by three cameras: once with all in step, once with
two of them begun 0.4 of a frame late and 0.35 early. Solves the first, and the second twice: by its true offsets, and
as if all were in step. Prints each solve's error against the truth. Needs the shared material.
"""

import csv
import sys
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

from app.bench_truth import cut
from app.demo import DISTANCE, FOCAL_PX, SIZE, YAWS
from app.film import film, ring_of_cameras
from app.models import model_named
from capture.camera import Rig, save_rig
from capture.sync import Clock, Timeline, save_timeline
from exporters.to_json import read
from solver.face_model import FaceModel
from solver.gaze import gaze_from_weights
from solver.performance import Performance
from solver.render import Look
from tests.app.command import mien_here
from tests.material import shared

FRAMES, PACE, FIRST = 40, 6, 1000
"""Frames that are filmed, rows of the recording (60 a second) between them, and where in it they begin."""
LATE = {"camA": 0.0, "camB": 0.4, "camC": -0.35}
"""Frames by which each camera begins after the first."""


def played(model: FaceModel, late: float) -> Performance:
    """The performance as a camera that begins so many frames late has it in its frames."""
    with shared("livelinkface", "alex_rom_3.csv").open() as file:
        rows = list(csv.DictReader(file))[FIRST - PACE:FIRST + (FRAMES + 1) * PACE]
    names = [name[0].upper() + name[1:] for name in model.shape_names]
    recorded = np.array([[float(row.get(name, 0.0)) for name in names] for row in rows])
    frames = np.arange(FRAMES) + late
    places = PACE * (frames + 1)
    weights = np.clip(np.column_stack([np.interp(places, np.arange(len(rows)), column) for column in recorded.T]), 0, 1)
    time, random = frames[:, None] / 30, np.random.default_rng(5)
    turns = np.array([0.1, 0.25, 0.06]) * np.sin(time * [5, 4, 3] + random.uniform(0, 6, 3))
    identity = np.clip(random.standard_normal(len(model.identity)), -1.5, 1.5)
    return Performance(
        take="T001", actor="", model_name=model.name, model_sha256=model.sha256, frame_rate=Fraction(30),
        start_timecode="00:00:00:00", cameras=tuple(YAWS), shape_names=model.shape_names, weights=weights,
        head_rotation=Rotation.from_euler("xyz", turns).as_quat(), head_translation=0.01 * np.sin(time * [3, 4, 2]),
        gaze=(weights @ gaze_from_weights(model).T).reshape(FRAMES, 2, 2), identity=identity,
        sigma=np.zeros_like(weights), residual_px=np.zeros(FRAMES), seen=np.ones(FRAMES), flags=((),) * FRAMES)


def filmed(model: FaceModel, rig: Rig, late: dict[str, float], folder: Path) -> Path:
    """A take whose cameras begin when they do; without timecode, so that sync.toml alone says when."""
    for camera in rig.cameras:
        part = replace(played(model, late[camera.name]), cameras=(camera.name,))
        film(model, part, Rig((camera,)), folder / camera.name, Look(), lambda done, total: None)
    take = folder / "takes" / "T001"
    take.mkdir(parents=True, exist_ok=True)
    for camera in rig.cameras:
        (folder / camera.name / "takes" / "T001" / f"{camera.name}.mp4").replace(take / f"{camera.name}.mp4")
    return take


def solved(take: Path, rig: Rig, offsets: dict[str, float], out: Path, preset: str) -> Performance:
    save_rig(rig, take.parents[1] / "rig.toml")
    save_timeline(Timeline(tuple(Clock(name, offset / 30) for name, offset in offsets.items()), "sound"),
                  take / "sync.toml")
    mien_here("solve", take, "--out", out, "--format", "json", "--preset", preset)
    return read(out / "T001.mien.json")


def bench(folder: Path, preset: str) -> None:
    model, rig = model_named("mien"), ring_of_cameras(YAWS, DISTANCE, SIZE, FOCAL_PX)
    together, apart = (filmed(model, rig, late, folder / name) for name, late in
                       (("together", dict.fromkeys(LATE, 0.0)), ("apart", LATE)))
    for name, take, offsets in (("in step", together, dict.fromkeys(LATE, 0.0)),
                                ("each at its own time", apart, LATE),
                                ("as if in step", apart, dict.fromkeys(LATE, 0.0))):
        found = solved(take, rig, offsets, folder / name.replace(" ", "-"), preset)
        known = cut(played(model, max(offsets.values())), 0, found.frames)  # a take begins with its last camera
        active = np.ptp(known.weights, axis=0) > 0.05
        rmse = np.sqrt(np.square(found.weights - known.weights).mean(axis=0))[active].mean()
        turn = Rotation.from_quat(found.head_rotation) * Rotation.from_quat(known.head_rotation).inv()
        away = np.linalg.norm(found.head_translation - known.head_translation, axis=1)
        print(f"{name:<22}{found.frames:>4} frames, {active.sum()} shapes: RMSE {rmse:.4f}, head "
              f"{np.degrees(np.median(turn.magnitude())):.2f} degrees, {1000 * np.median(away):.2f} mm, residual "
              f"{np.median(found.residual_px):.2f} px", flush=True)


if __name__ == "__main__":
    bench(Path(sys.argv[1]), *sys.argv[2:] or ["standard"])
