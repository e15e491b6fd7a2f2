"""`mien demo`: three virtual cameras film the built-in head, the main job solves the footage, the truth is known."""

import argparse
import contextlib
import importlib.util
from fractions import Fraction
from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

from app import solving
from app.accuracy import compare, table
from app.cli import DEFAULT_FORMATS
from app.film import film, ring_of_cameras
from app.models import BUILT_IN, model_named
from app.progress import teller
from capture.errors import MienError, UsageError
from exporters.scene import make_scene
from exporters.to_json import read, write
from solver.face_model import FaceModel
from solver.gaze import gaze_from_weights
from solver.performance import Performance
from solver.render import Look

SIZE = (480, 640)
FOCAL_PX = 1120.0
DISTANCE = 0.65
YAWS = {"camA": 0.0, "camB": np.radians(-38.0), "camC": np.radians(36.0)}
TAKE = "T001"
ACTOR = "built-in"
SEED = 7

BEATS = (  # what the actor does, one after another: shapes and how far each goes
    {"eyeBlinkLeft": 1.0, "eyeBlinkRight": 1.0},
    {"jawOpen": 0.7},
    {"mouthSmileLeft": 0.9, "mouthSmileRight": 0.9, "cheekSquintLeft": 0.5, "cheekSquintRight": 0.5},
    {"browInnerUp": 0.8, "browOuterUpLeft": 0.7, "browOuterUpRight": 0.7, "eyeWideLeft": 0.6, "eyeWideRight": 0.6},
    {"mouthPucker": 0.8, "eyeLookInLeft": 0.7, "eyeLookOutRight": 0.7},
    {"browDownLeft": 0.9, "browDownRight": 0.9, "noseSneerLeft": 0.7, "noseSneerRight": 0.7},
    {"mouthFunnel": 0.8, "jawOpen": 0.4},
    {"mouthFrownLeft": 0.8, "mouthFrownRight": 0.8, "eyeLookDownLeft": 0.6, "eyeLookDownRight": 0.6,
     "eyeBlinkLeft": 0.3, "eyeBlinkRight": 0.3},
    {"mouthLeft": 0.7, "mouthSmileLeft": 0.5, "eyeLookOutLeft": 0.7, "eyeLookInRight": 0.7},
    {"jawOpen": 0.5, "mouthLowerDownLeft": 0.7, "mouthLowerDownRight": 0.7, "mouthUpperUpLeft": 0.7,
     "mouthUpperUpRight": 0.7},
)


def run(folder: Path, frames: int, events: bool) -> int:
    """Film, solve, export, compare. Returns the exit code."""
    tell = teller(events)
    model = model_named(BUILT_IN)
    truth = known_performance(model, frames)
    rig = ring_of_cameras(YAWS, DISTANCE, SIZE, FOCAL_PX)
    truth_path = folder / "truth.mien.json"
    _own(folder, truth_path)
    write(make_scene(model, truth), truth_path)
    take = film(model, truth, rig, folder, Look(), lambda done, total: tell.progress(TAKE, "film", done, total))
    options = argparse.Namespace(
        paths=[take], out=None, rig=None, actor=ACTOR, format=_formats(),
        model=BUILT_IN, detector="auto", device="auto", jobs=1, cluster=None, start=None, end=None, preset="standard",
        corrections="", force=False, events=events, debug=False)
    code = solving.run(options)
    if code == 0:
        accuracy = compare(read(folder / "solved" / f"{TAKE}.mien.json"), truth)
        for line in ("The solve against the truth:", *table(accuracy).splitlines()):
            tell.note("", line)
    return code


def _own(folder: Path, truth_path: Path) -> None:
    """Raise UsageError where somebody else's footage would be overwritten."""
    if not any((folder / "takes").glob("*/*")):
        return
    with contextlib.suppress(MienError):
        if read(truth_path).actor == ACTOR:
            return
    raise UsageError(f"{folder} holds takes that `mien demo` has not filmed; give it a new folder")


def _formats() -> tuple[str, ...]:
    """Every format of the contract; USD only where its library is installed, for it is an extra."""
    return (*DEFAULT_FORMATS, "usd") if importlib.util.find_spec("pxr") else DEFAULT_FORMATS


def known_performance(model: FaceModel, frames: int, seed: int = SEED) -> Performance:
    """A made-up performance of an actor of random identity: beats that overlap, and a head that moves."""
    draw = np.random.default_rng(seed)
    time = np.arange(frames) / max(frames - 1, 1)  # 0..1
    weights = np.zeros((frames, len(model.shape_names)))
    for index, beat in enumerate(BEATS):
        centre = (index + 1) / (len(BEATS) + 1)
        bump = np.clip(1.0 - np.abs(time - centre) * (len(BEATS) + 1) / 1.2, 0.0, 1.0)
        for name, depth in beat.items():
            if name in model.shape_names:
                column = model.shape_names.index(name)
                weights[:, column] = np.maximum(weights[:, column], depth * np.sin(bump * np.pi / 2) ** 2)
    turns = np.stack([0.10 * np.sin(5.0 * time), 0.22 * np.sin(7.0 * time + 1.0), 0.05 * np.sin(4.0 * time)], axis=1)
    places = np.stack([0.012 * np.sin(6.0 * time), 0.008 * np.sin(9.0 * time), 0.01 * np.sin(3.0 * time)], axis=1)
    identity = np.clip(0.7 * draw.standard_normal(len(model.identity)), -1.5, 1.5)
    return Performance(
        take=TAKE, actor=ACTOR, model_name=model.name, model_sha256=model.sha256, frame_rate=Fraction(30),
        start_timecode="10:00:00:00", cameras=tuple(YAWS), shape_names=model.shape_names, weights=weights,
        head_rotation=Rotation.from_euler("xyz", turns).as_quat(), head_translation=places,
        gaze=(weights @ gaze_from_weights(model).T).reshape(frames, 2, 2), identity=identity,
        sigma=np.zeros_like(weights), residual_px=np.zeros(frames), seen=np.ones(frames), flags=((),) * frames)
