"""A shoot in which everything is there: numbered clips, two cameras, and takes that look solved, without solving."""

import dataclasses
from pathlib import Path

import numpy as np

from app.gui import keys
from app.gui.session import Session
from app.gui.take_data import model_named
from app.places import places
from capture.arrays import save_arrays
from capture.camera import Camera, Rig, project, save_rig
from capture.shoot import open_shoot
from exporters.scene import make_scene
from exporters.to_json import write
from solver.corrections import Key, Layer
from solver.embedding import Embedding
from solver.face_model import deform
from solver.performance import Performance
from tests.clips import numbered, write_clip
from tests.synthetic import made_performance

SIZE = (192, 160)
FRAMES = 30
FOCAL = 300.0
EACH = 40
"""One vertex in so many is a landmark."""


def rig() -> Rig:
    """Two cameras half a metre in front of the face, 30 degrees apart."""
    cameras = []
    for name, yaw in (("camA", 0.0), ("camB", np.radians(30.0))):
        away = np.array([np.sin(yaw), 0.0, np.cos(yaw)])
        right = np.array([np.cos(yaw), 0.0, -np.sin(yaw)])
        rotation = np.array([right, [0.0, -1.0, 0.0], -away])  # OpenCV: y down, z to the face
        matrix = np.array([[FOCAL, 0, (SIZE[0] - 1) / 2], [0, FOCAL, (SIZE[1] - 1) / 2], [0, 0, 1]])
        cameras.append(Camera(name, SIZE, matrix, rotation=rotation, translation=np.array([0.0, 0.0, 0.55]),
                              error_px=0.21))
    return Rig(tuple(cameras))


def film_shoot(folder: Path, takes: tuple[str, ...] = ("T001", "T002"), frames: int = FRAMES) -> Path:
    """A shoot whose clips carry their frame numbers."""
    pictures = numbered(frames, SIZE)
    for take in takes:
        (folder / "takes" / take).mkdir(parents=True)
        for name in ("camA", "camB"):
            write_clip(folder / "takes" / take / f"{name}.mp4", pictures, 30, options={"g": "10", "crf": "18"},
                       timecode="10:00:00:00")
    save_rig(rig(), folder / "rig.toml")
    return folder


def solved(folder: Path, take: str, seed: int = 0, frames: int = FRAMES) -> Performance:
    """Put a made-up solve and its landmarks where the pipeline would. Returns it."""
    found = next(found for found in open_shoot(folder).takes if found.name == take)
    where, model = places(found, None), model_named("mien")
    made = made_performance(model, frames, 30, seed)
    performance = dataclasses.replace(
        made, take=take, head_translation=made.head_translation + np.array([0.0, 0.0, 0.6]),
        residual_px=np.full(frames, 0.7), seen=np.ones(frames), flags=((),) * frames,
        steps={"solve": f"{seed:032d}"})
    where.work.mkdir(exist_ok=True)
    save_rig(rig(), where.work / "rig.used.toml")
    points = np.arange(0, len(model.neutral), EACH)
    for camera in rig().cameras:
        xy = np.stack([project(camera, deform(model, weights)[points]) for weights in performance.weights])
        save_arrays(where.landmarks(camera.name), {"key": np.array("k"), "xy": xy, "sigma": np.ones(xy.shape[:2]),
                                                   "seen": np.ones(xy.shape[:2], dtype=bool),
                                                   "scheme": np.array("mediapipe478")})
    write(make_scene(model, performance), where.work / "solve.json")
    return performance


def embedding() -> Embedding:
    """Where the landmarks of `solved` lie."""
    model = model_named("mien")
    points = np.arange(0, len(model.neutral), EACH)
    corner = {int(vertex): (row, place) for row, triangle in enumerate(model.triangles)
              for place, vertex in enumerate(triangle)}
    at = [corner.get(int(point), (0, 0)) for point in points]
    return Embedding("mediapipe478", np.array([row for row, _ in at]), np.eye(3)[[place for _, place in at]],
                     np.zeros(len(points)), np.zeros(len(points), dtype=bool),
                     np.array([int(point) in corner for point in points]))


def keyed(session: Session, shape: str, frame: int, value: float) -> Layer:
    """The session's layer with one more key."""
    return keys.with_keys(session.layer, shape, [Key(frame, value)])
