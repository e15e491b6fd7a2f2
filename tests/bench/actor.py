"""`python -m tests.bench.actor FOLDER`: what a profile is worth for an actor who does not do shapes as the model does.

Films a painted head far from the mean whose smile, frown, jaw and brow go their own way, on one side only, while it
plays a recorded performance. The first half of its take is corrected by what is true and taught to a profile; the
second is solved without and with that, and with one that was also shown 68 landmarks of the resting face in its first
frame, put right by a hand that errs by 1.5 px. Prints weights, the posed surface (of the face, near the landmarks, and
as far as expressions go, with the true resting face and head), head and gaze against the truth. Needs the shared
material.
"""

import sys
from collections.abc import Mapping
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
from capture.camera import Rig, project, save_rig
from capture.files import make_folder, replacing
from exporters.to_json import read
from solver.actor import load_actor
from solver.corrections import Grip, Key, Layer
from solver.face_model import FaceModel, deform
from solver.gaze import gaze_from_weights
from solver.network_file import SCHEME
from solver.performance import Performance
from solver.posed import posed
from solver.render import Look, Renderer, face_mesh, vertex_normals
from solver.train_data_paint import canvas, paint, palette
from solver.train_data_people import recorded_weights
from tests.app.command import mien_here
from tests.bench.landmarks import SIXTY_EIGHT
from tests.material import shared

MODEL, NAME, MARKED, SEED = "ict", "own", "marked", 11
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
HAND_PX, FACING = 1.5, 0.3
"""How far a hand is off that puts a landmark right; and the least cosine between the skin and where a camera is."""


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


def said(truth: Performance, frames: range, path: Path, drags: Mapping[Grip, tuple[float, float]] | None = None
         ) -> Path:
    """Corrections of all these frames, of every shape, as the truth has them."""
    keys = {name: tuple(Key(frame, float(truth.weights[frame, column])) for frame in frames)
            for column, name in enumerate(truth.shape_names)}
    save_layer(Layer(keys=keys, drags=drags or {}, scheme=SCHEME if drags else "",
                     held=frozenset(drags or ())), path)
    return path


def marks(own: FaceModel, truth: Performance, rig: Rig, model: FaceModel) -> dict[Grip, tuple[float, float]]:
    """The 68 landmarks that most programs know in the first frame, at rest, put right in every camera that the skin
    there faces."""
    random, (face, normals) = np.random.default_rng(SEED), _points(posed(own, truth, 0), own, model)
    out = {}
    for camera in rig.cameras:
        to_camera = -camera.rotation.T @ camera.translation - face
        shown = (normals * to_camera).sum(axis=1) > FACING * np.linalg.norm(to_camera, axis=1)
        places = project(camera, face) + random.normal(0, HAND_PX, (len(face), 2))
        out |= {(camera.name, point, 0): tuple(places[point].round(3).tolist()) for point in SIXTY_EIGHT
                if shown[point]}
    return out


def _points(vertices: np.ndarray, own: FaceModel, model: FaceModel) -> tuple[np.ndarray, np.ndarray]:
    """(N, 3) the landmarks on a posed face, and the skin's directions there."""
    embedding = landmarker_named("mien").embedding(model)
    return embedding.points(model, vertices), embedding.points(model, vertex_normals(vertices, own.triangles))


def main() -> int:
    shoot, half = make_folder(Path(sys.argv[1])), FRAMES // 2
    model = model_named(MODEL)
    own, truth = own_way(model), played(model)
    rig = ring_of_cameras(YAWS, DISTANCE, SIZE, FOCAL_PX)
    take = filmed(own, truth, rig, shoot)
    (take / "take.toml").write_text("neutral = 0\n")
    shown = marks(own, truth, rig, model)
    print(f"{len(shown)} landmarks put right in the first frame")
    for name, drags in ((NAME, None), (MARKED, shown)):
        corrections = said(truth, range(half), shoot / f"{name}.json", drags)
        print(mien_here("actor", "teach", name, "--from", take, "--model", MODEL, "--corrections", corrections, "--end",
                        str(half)).stderr)
    late = Truth(cut(truth, half, FRAMES), deform(model, np.zeros(len(model.shapes)), truth.identity))
    places = landmarker_named("mien").embedding(model).points(model, model.neutral)
    near = face_vertices(model) & (cKDTree(places).query(model.neutral)[0] < NEAR_M)
    for actor in ("nobody", NAME, MARKED):
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
