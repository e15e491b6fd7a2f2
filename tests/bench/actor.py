"""`python -m tests.bench.actor FOLDER`: what a profile is worth for an actor who does not do shapes as the model does.

Films a painted head far from the mean whose smile, frown, jaw and brow go their own way, on one side only, while it
plays a recorded performance. The first half of its take is corrected by what is true and taught to a profile; the
second is solved without and with that. Prints weights, the posed surface (of the face, near the landmarks, and as far
as expressions go, with the true resting face and head), head and gaze against the truth. Needs the shared material.
"""

import sys
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
from scipy.spatial import cKDTree
from scipy.spatial.transform import Rotation

from app.accuracy import compare
from app.bench_truth import Truth, cut, face_vertices, surface_mm
from app.corrections import save_layer
from app.demo import DISTANCE, FOCAL_PX, SIZE, TAKE, YAWS
from app.detectors import landmarker_named
from app.film import encode, ring_of_cameras
from app.models import model_named
from capture.camera import Rig, save_rig
from capture.files import make_folder, replacing
from exporters.to_json import read
from solver.actor import load_actor
from solver.corrections import Key, Layer
from solver.face_model import FaceModel, deform
from solver.performance import Performance
from solver.posed import posed
from solver.render import Look, Renderer, face_mesh
from solver.solve import gaze_from_weights
from solver.train_data_paint import canvas, paint, palette
from solver.train_data_people import recorded_weights
from tests.app.command import mien_here
from tests.material import shared

MODEL, NAME, SEED = "ict", "own", 11
FRAMES, FIRST, PACE = 48, 1000, 8
"""Frames that are filmed, the recording's row that is the first of them, and the rows from one to the next."""
STRENGTH, FARTHEST = 1.75, 3.0
"""How far the head is from the mean, in standard deviations of people, and how far it is at most in one mode."""
OWN = {  # shape: a landmark, how far skin there goes beside where the model's shape takes it (mm), how wide around (mm)
    "mouthSmileLeft": (291, (6.0, -1.5, -1.0), 16.0), "mouthFrownRight": (61, (-4.0, 1.0, 0.0), 16.0),
    "jawOpen": (152, (5.0, 0.0, 0.0), 35.0), "browInnerUp": (336, (2.0, 4.0, 0.0), 18.0),
    "mouthUpperUpLeft": (270, (2.0, 2.0, 1.0), 14.0), "browDownRight": (105, (-2.0, -3.0, 0.0), 18.0),
}
SHOWN = (  # what the face does beside the recording, a few frames each, in both halves
    {"mouthSmileLeft": 0.9, "mouthSmileRight": 0.8}, {"jawOpen": 0.6}, {"browInnerUp": 0.9}, {"mouthSmileLeft": 0.8},
    {"mouthFrownRight": 0.8, "mouthFrownLeft": 0.8}, {"mouthUpperUpLeft": 0.8, "mouthUpperUpRight": 0.7,
                                                     "browDownRight": 0.8, "browDownLeft": 0.7},
)
NEAR_M = 0.02


def own_way(model: FaceModel) -> FaceModel:
    """The actor's model: the same but for the shapes in OWN."""
    marks = landmarker_named("mien").embedding(model).points(model, model.neutral)
    skin, shapes = face_vertices(model), model.shapes.copy()
    for name, (mark, way, width) in OWN.items():
        apart = np.linalg.norm(model.neutral - marks[mark], axis=1) / (width / 1000)
        fades = np.where(skin, np.exp(-(apart**2)), 0.0)
        shapes[model.shape_names.index(name)] += (fades[:, None] * way / 1000).astype(shapes.dtype)
    return replace(model, shapes=shapes)


def played(model: FaceModel) -> Performance:
    """What the actor does."""
    rows = recorded_weights((shared("livelinkface", "alex_rom_3.csv"),), model)[1:]
    weights = np.clip(0.7 * rows[FIRST + PACE * np.arange(FRAMES)], 0, 1)
    time = np.arange(FRAMES)
    for place in range(2 * len(SHOWN)):
        rises = np.clip(1.5 - np.abs(time - FRAMES * (place + 0.5) / (2 * len(SHOWN))) / 2, 0, 1)
        for name, most in SHOWN[place % len(SHOWN)].items():
            column = model.shape_names.index(name)
            weights[:, column] = np.maximum(weights[:, column], most * rises)
    weights[0] = 0.0
    random, time = np.random.default_rng(SEED), time[:, None] / 30
    turns = np.array([0.1, 0.2, 0.06]) * np.sin(time * [5, 4, 3] + random.uniform(0, 6, 3))
    identity = np.clip(STRENGTH * random.standard_normal(len(model.identity)), -FARTHEST, FARTHEST)
    return Performance(
        take=TAKE, actor="", model_name=model.name, model_sha256=model.sha256, frame_rate=Fraction(30),
        start_timecode="00:00:00:00", cameras=tuple(YAWS), shape_names=model.shape_names, weights=weights,
        head_rotation=Rotation.from_euler("xyz", turns).as_quat(), head_translation=0.01 * np.sin(time * [3, 4, 2]),
        gaze=(weights @ gaze_from_weights(model).T).reshape(FRAMES, 2, 2), identity=identity,
        sigma=np.zeros_like(weights), residual_px=np.zeros(FRAMES), seen=np.ones(FRAMES), flags=((),) * FRAMES)


def filmed(own: FaceModel, truth: Performance, rig: Rig, shoot: Path) -> Path:
    """The take, in a person's colours."""
    take, random = make_folder(shoot / "takes" / TAKE), np.random.default_rng(SEED)
    save_rig(rig, shoot / "rig.toml")
    colours = paint(canvas(own, landmarker_named("mien").embedding(own)), random)
    painted = replace(own, albedo=palette(own, random))
    for camera in rig.cameras:
        with Renderer(*camera.size) as renderer, replacing(take / f"{camera.name}.mp4") as file:
            pictures = (renderer.colours(camera, [face_mesh(painted, posed(own, truth, frame), colours)], Look())
                        for frame in range(truth.frames))
            encode(file, pictures, camera.size, truth, lambda done: None)
    return take


def said(truth: Performance, frames: range, path: Path) -> Path:
    """Corrections of all these frames, of every shape, as the truth has them."""
    save_layer(Layer(keys={name: tuple(Key(frame, float(truth.weights[frame, column])) for frame in frames)
                           for column, name in enumerate(truth.shape_names)}), path)
    return path


def main() -> int:
    shoot, half = make_folder(Path(sys.argv[1])), FRAMES // 2
    model = model_named(MODEL)
    own, truth = own_way(model), played(model)
    take = filmed(own, truth, ring_of_cameras(YAWS, DISTANCE, SIZE, FOCAL_PX), shoot)
    corrections = said(truth, range(half), shoot / "said.json")
    print(mien_here("actor", "teach", NAME, "--from", take, "--model", MODEL, "--corrections", corrections, "--end",
                    str(half)).stderr)
    late = Truth(cut(truth, half, FRAMES), deform(model, np.zeros(len(model.shapes)), truth.identity))
    marks = landmarker_named("mien").embedding(model).points(model, model.neutral)
    near = face_vertices(model) & (cKDTree(marks).query(model.neutral)[0] < NEAR_M)
    for actor in ("nobody", NAME):
        mien_here("solve", take, "--model", MODEL, "--actor", actor, "--start", str(half), "--out", shoot / actor,
                  "--format", "json", "--corrections", "none")
        found = read(shoot / actor / f"{TAKE}.mien.json")
        used = model if actor == "nobody" else load_actor(shoot / "actors" / NAME, model).model(model)
        seen = compare(found, late.performance)
        rest, true = np.zeros_like(found.identity), late.performance
        alone = replace(found, identity=rest, head_rotation=true.head_rotation, head_translation=true.head_translation)
        known = replace(used, neutral=late.neutral)
        surfaces = [surface_mm(performance, late, mine, own, among)[0] for among in (None, near)
                    for performance, mine in ((found, used), (alone, known))]
        print(f"{actor:<8} RMSE {seen.mean_rmse:.4f}, surface {surfaces[0]:.2f} mm (expressions alone "
              f"{surfaces[1]:.2f}), near landmarks {surfaces[2]:.2f} mm ({surfaces[3]:.2f}), head "
              f"{seen.head_degrees:.2f} degrees {1000 * seen.head_metres:.2f} mm, gaze "
              f"{seen.gaze_degrees:.2f} degrees")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
