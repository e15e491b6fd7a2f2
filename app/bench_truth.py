"""What is known of a take before any solve: the truth beside made footage.

    SHOOT/truth.npz, TAKE/truth.npz            names, weights, head_R, head_t (cm), neutral (cm), in ICT-FaceKit's names
    SHOOT/truth.mien.json, TAKE/truth.mien.json   a performance, as `mien demo` leaves it

A truth beside the takes stands for the shoot's one take.
"""

from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

from capture.arrays import Damaged, load_arrays
from capture.camera import WORLD_FROM_LONE_CAMERA
from capture.errors import DataError
from capture.shoot import Take
from exporters.to_json import read
from solver.face_model import FaceModel, deform
from solver.gaze import gaze_from_weights
from solver.performance import Performance
from solver.render import vertex_normals

NAMES = ("truth.npz", "truth.mien.json")
SPLIT = ("browInnerUp", "cheekPuff")
"""Shapes that ICT has in two halves; such truth gives both halves the same weight."""
CM = 0.01
MOVES = 0.0005
"""A vertex belongs to the face where some shape moves it by more than so many metres."""
EVERY = 4
"""The surface is compared in every so many-th frame."""


@dataclass(frozen=True)
class Truth:
    """The performance, and the actor's own neutral, (V, 3) metres, on the model's vertices; None where the truth is of
    other vertices than the model's. The only camera, camera_from_world, where the truth knows one: rotation (3, 3) and
    translation (3) metres."""

    performance: Performance
    neutral: np.ndarray | None
    camera: tuple[np.ndarray, np.ndarray] | None = None

    def cut(self, first: int, stop: int) -> "Truth":
        """Of the frames from `first` up to, and without, `stop`."""
        return replace(self, performance=cut(self.performance, first, stop))

    def around_its_camera(self) -> "Truth":
        """In the world of a solve without a rig, whose only camera stands at the origin; unchanged where the truth does
        not know that camera."""
        if self.camera is None:
            return self
        rotation, translation = self.camera
        world_from_camera = WORLD_FROM_LONE_CAMERA.T
        turn = Rotation.from_matrix(world_from_camera @ rotation)
        moved = self.performance.head_translation @ rotation.T + translation
        return replace(self, performance=replace(
            self.performance, head_rotation=(turn * Rotation.from_quat(self.performance.head_rotation)).as_quat(),
            head_translation=moved @ world_from_camera.T))


def truth_path(take: Take) -> Path | None:
    """Where the truth of a take is, if there is any."""
    folders = [take.folder] if take.folder is not None else []
    if take.shoot is not None and sum(entry.is_dir() for entry in (take.shoot.folder / "takes").iterdir()) == 1:
        folders.append(take.shoot.folder)
    return next((path for folder in folders for name in NAMES if (path := folder / name).is_file()), None)


def vertices_of(path: Path) -> int | None:
    """How many vertices the model of a truth has, where it says so."""
    try:
        return len(load_arrays(path, ("neutral",))["neutral"]) if path.suffix == ".npz" else None
    except (Damaged, KeyError) as error:
        raise _damaged(path, error) from error


def read_truth(path: Path, model: FaceModel) -> Truth:
    """Read a truth.

    Raises:
        DataError: it is damaged, or no truth.
    """
    if path.suffix != ".npz":
        performance = read(path)
        known = performance.model_sha256 == model.sha256
        return Truth(performance, deform(model, np.zeros(len(model.shapes)), performance.identity) if known else None)
    try:
        arrays = load_arrays(path)
        names = [_arkit(str(name)) for name in arrays["names"]]
        shapes = tuple(dict.fromkeys(next((whole for whole in SPLIT if name.startswith(whole)), name)
                                     for name in names))
        weights = arrays["weights"][:, [names.index(f"{name}Left" if name in SPLIT else name) for name in shapes]]
        rotation = Rotation.from_matrix(arrays["head_R"]).as_quat()
        translation, neutral = arrays["head_t"] * CM, arrays["neutral"] * CM
        frames = len(weights)
        alone = len(arrays.get("cam_R", ())) == 1 == len(arrays.get("cam_t", ()))
        camera = (arrays["cam_R"][0], arrays["cam_t"][0] * CM) if alone else None
        in_model = np.zeros((frames, len(model.shape_names)))
        for column, name in enumerate(model.shape_names):
            if name in shapes:
                in_model[:, column] = weights[:, shapes.index(name)]
        gaze = (in_model @ gaze_from_weights(model).T).reshape(frames, 2, 2)
        performance = Performance(
            take=path.parent.name, actor="", model_name="", model_sha256="", frame_rate=Fraction(30),
            start_timecode="00:00:00:00", cameras=(), shape_names=shapes, weights=weights, head_rotation=rotation,
            head_translation=translation, gaze=gaze, identity=np.zeros(0), sigma=np.zeros_like(weights),
            residual_px=np.zeros(frames), seen=np.ones(frames), flags=((),) * frames)
    except (Damaged, KeyError, ValueError, IndexError) as error:
        raise _damaged(path, error) from error
    return Truth(performance, neutral if len(neutral) == len(model.neutral) else None, camera)


def cut(performance: Performance, first: int, stop: int) -> Performance:
    """The frames of a performance from `first` up to, and without, `stop`."""
    part = slice(first, stop)
    names = ("weights", "head_rotation", "head_translation", "gaze", "sigma", "residual_px", "seen", "flags")
    return replace(performance, **{name: getattr(performance, name)[part] for name in names})


def surface_mm(found: Performance, truth: Truth, model: FaceModel, true_model: FaceModel | None = None,
               among: np.ndarray | None = None) -> tuple[float, float] | None:
    """Mean distance between the posed faces' vertices, and how far the found ones lie off the true surface, along its
    normals (a vertex that slid along the skin is off its place and still on the face); over every fourth frame. None
    where the truth has other vertices.

    Args:
        found: what was solved.
        truth: what is true.
        model: whose shapes and identity modes `found` means.
        true_model: whose shapes the truth means, of the same vertices; by default the same.
        among: (V) bool, the vertices that are compared; by default the face's.
    """
    if truth.neutral is None or found.shape_names != model.shape_names:
        return None
    true_model = true_model or model
    face = np.flatnonzero(face_vertices(true_model) if among is None else among)
    true = truth.performance
    columns = [model.shape_names.index(name) for name in true.shape_names if name in model.shape_names]
    known = [name in model.shape_names for name in true.shape_names]
    shapes = true_model.shapes[columns]
    errors = []
    for frame in range(0, true.frames, EVERY):
        a = deform(model, found.weights[frame], found.identity)
        b = truth.neutral + np.tensordot(true.weights[frame][known], shapes, 1)
        posed = [vertices @ Rotation.from_quat(one.head_rotation[frame]).as_matrix().T + one.head_translation[frame]
                 for vertices, one in ((a, found), (b, true))]
        apart = (posed[0] - posed[1])[face]
        across = np.abs((apart * vertex_normals(posed[1], true_model.triangles)[face]).sum(axis=1))
        errors.append([np.linalg.norm(apart, axis=1).mean() * 1000, across.mean() * 1000])
    return tuple(np.mean(errors, axis=0).tolist())


def face_vertices(model: FaceModel) -> np.ndarray:
    """(V) bool: the skin's vertices that some shape moves; all that are moved where the model has no part "skin"."""
    moved = np.linalg.norm(model.shapes, axis=2).max(axis=0) > MOVES
    if "skin" in model.part_names:
        skin = np.zeros(len(moved), dtype=bool)
        corners = model.faces[model.face_part == model.part_names.index("skin")]
        skin[corners[corners >= 0]] = True
        moved &= skin
    return moved


def _arkit(name: str) -> str:
    return name[:-2] + {"_L": "Left", "_R": "Right"}[name[-2:]] if name.endswith(("_L", "_R")) else name


def _damaged(path: Path, error: Exception) -> DataError:
    return DataError(f"{path} is damaged or no truth of a take ({error}); copy it again")
