"""ICT-FaceKit's light face model, from its folder or from the zip that GitHub gives.

Source: USC ICT, "Learning Formation of Physically-Based Face Attributes", CVPR 2020; MIT licence. Its files are read
where the user put them and never ship with mien. Each OBJ holds a whole head in centimetres: the neutral, the neutral
plus one standard deviation of an identity mode, or the neutral plus a shape at 1.
"""

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from capture.errors import ModelError
from solver.eyeballs import ball_eye, fit_ball, gaze_axis
from solver.face_model import ARKIT, FaceModel
from solver.model_file import check_model
from solver.model_source import ModelFiles, model_files
from solver.obj_file import ObjMesh, read_obj, read_vertices

NEUTRAL = "FaceXModel/generic_neutral_mesh.obj"
METRES = 0.01
VERTICES, FACES = 26719, 26384

PARTS = (  # name, the first face that no longer belongs to it
    ("skin", 11144), ("mouthSocket", 13226), ("eyeSocketLeft", 13630), ("eyeSocketRight", 14034), ("gums", 17006),
    ("teeth", 21496), ("eyeLeft", 22296), ("eyeInnerLeft", 23094), ("eyeRight", 23894), ("eyeInnerRight", 24692),
    ("lacrimal", 25018), ("eyeBlend", 25048), ("eyeOcclusion", 25304), ("lashCards", 26384))
"""From the README's tables of polygon indices."""
DISCS = (("iris", 24.5), ("pupil", 9.0))
"""Degrees from the gaze axis out to which the transparent outer shell is drawn as what lies beneath it."""
SHELLS = (("Left", 21451, 22221, 23021), ("Right", 23021, 23791, 24591))
"""Side, then the vertex indices where the outer shell begins, where the inner one begins, where that ends."""

ALBEDO = {"skin": (0.60, 0.34, 0.24), "mouthSocket": (0.22, 0.05, 0.05), "eyeSocketLeft": (0.45, 0.20, 0.16),
          "eyeSocketRight": (0.45, 0.20, 0.16), "gums": (0.45, 0.13, 0.13), "teeth": (0.72, 0.68, 0.58),
          "eyeLeft": (0.72, 0.70, 0.68), "eyeRight": (0.72, 0.70, 0.68), "iris": (0.07, 0.04, 0.025),
          "pupil": (0.004, 0.004, 0.004), "lashCards": (0.03, 0.02, 0.015)}

ICT_SPLIT = {"browInnerUp": ("browInnerUp_L", "browInnerUp_R"), "cheekPuff": ("cheekPuff_L", "cheekPuff_R")}
"""ARKit has one shape where ICT has two sides: naming them (solver.shape_names) sums them and keeps both."""
LEFT_OUT = ("cheekRaiser_L", "cheekRaiser_R", "PupilDilate_L", "PupilDilate_R")
"""Not in the face model. The README gives cheekSquint as the cheek raiser (AU 6), and cheekRaiser moves the same skin
nearly the same way (cosine 0.91), so that footage cannot tell them apart; ARKit's set has no pupil's width."""


@dataclass(frozen=True)
class FaceKit:
    """ICT-FaceKit as it is: its own names, both sides of every shape, metres.

    Attributes:
        mesh: the neutral's topology.
        neutral: (V, 3) metres.
        identity: (I, V, 3) metres for one standard deviation.
        shapes: ICT's name -> (V, 3) metres at 1.
    """

    mesh: ObjMesh
    neutral: np.ndarray
    identity: np.ndarray
    shapes: dict[str, np.ndarray]


def is_ict(files: ModelFiles) -> bool:
    """Whether a folder or a zip holds ICT-FaceKit."""
    return any(name == NEUTRAL or name.endswith("/" + NEUTRAL) for name in files.names) \
        or {"generic_neutral_mesh.obj", "identity000.obj"} <= set(files.names)


def read_facekit(source: Path) -> FaceKit:
    """Read the folder or zip `source`; identity modes that are not there are simply fewer.

    Raises:
        ModelError: it is missing, damaged, incomplete or another release.
    """
    with model_files(source) as files:
        neutral_name = min((name for name in files.names if name.endswith("generic_neutral_mesh.obj")),
                           key=len, default=None)
        if neutral_name is None:
            raise ModelError(f"{source} has no {NEUTRAL}; give ICT-FaceKit's own folder, or the zip that GitHub gives")
        root = neutral_name.removesuffix("generic_neutral_mesh.obj")
        mesh = read_obj(files.read(neutral_name), f"{source}: {neutral_name}")
        if mesh.vertices.shape[0] != VERTICES or mesh.faces.shape[0] != FACES:
            raise ModelError(f"{source}: {neutral_name} has {len(mesh.vertices)} vertices and {len(mesh.faces)} faces, "
                             f"and ICT-FaceKit's light model has {VERTICES} and {FACES}; download it again")
        modes, shapes = {}, {}
        for name in files.names:
            stem = name.removeprefix(root).removesuffix(".obj")
            if not name.startswith(root) or not name.endswith(".obj") or "/" in stem or name == neutral_name:
                continue
            vertices = read_vertices(files.read(name), f"{source}: {name}")
            if len(vertices) != VERTICES:
                raise ModelError(f"{source}: {name} has {len(vertices)} vertices, and the neutral has {VERTICES}; "
                                 "download it again")
            delta = ((vertices - mesh.vertices) * METRES).astype(np.float32)
            if match := re.fullmatch(r"identity(\d+)", stem):
                modes[int(match[1])] = delta
            else:
                shapes[stem] = delta
    if sorted(modes) != list(range(len(modes))):
        lost = next(index for index in range(len(modes)) if index not in modes)
        raise ModelError(f"{source} has no {root}identity{lost:03d}.obj but later ones; download it again")
    identity = np.stack([modes[index] for index in sorted(modes)]) if modes else np.zeros((0, VERTICES, 3), np.float32)
    return FaceKit(mesh, (mesh.vertices * METRES).astype(np.float32), identity, shapes)


def ict_model(source: Path, name: str = "ict") -> FaceModel:
    """ICT-FaceKit as a face model with its own names for its 53 shapes, in ARKit's order (there is no tongueOut).

    Raises:
        ModelError: see `read_facekit`; or one of the 53 shapes is missing.
    """
    kit = read_facekit(source)
    names = [own for arkit in ARKIT if arkit != "tongueOut" for own in ICT_SPLIT.get(arkit, (_ict_name(arkit),))]
    for own in names:
        if own not in kit.shapes:
            raise ModelError(f"{source} has no {own}.obj; download ICT-FaceKit again, whole")
    names += sorted(set(kit.shapes) - {*names, *LEFT_OUT})
    part_names, face_part = _parts(kit)
    eyes = tuple(ball_eye(kit.neutral, np.arange(first, stop), np.arange(first, inner))
                 for _, first, inner, stop in SHELLS)
    model = FaceModel(
        name=name, neutral=kit.neutral, faces=kit.mesh.faces, uv=kit.mesh.uv.astype(np.float32),
        uv_faces=kit.mesh.uv_faces, part_names=part_names, face_part=face_part, identity=kit.identity,
        identity_names=tuple(f"identity{index:03d}" for index in range(len(kit.identity))), shape_names=tuple(names),
        shapes=np.stack([kit.shapes[own] for own in names]), eyes=eyes,
        albedo=np.array([_albedo(part) for part in part_names], dtype=np.float32))
    check_model(model, str(source))
    return model


def _ict_name(arkit: str) -> str:
    """`mouthSmileLeft` -> `mouthSmile_L`; but ICT keeps `mouthLeft`, `jawLeft` whole: nothing there has two sides."""
    if arkit in ("jawLeft", "jawRight", "mouthLeft", "mouthRight"):
        return arkit
    return re.sub(r"(Left|Right)$", lambda side: f"_{side[1][0]}", arkit)


def _parts(kit: FaceKit) -> tuple[tuple[str, ...], np.ndarray]:
    """The parts' names and (F) each face's part."""
    names = [name for name, _ in PARTS]
    stops = np.array([stop for _, stop in PARTS])
    face_part = np.searchsorted(stops, np.arange(FACES), side="right").astype(np.int32)
    filled = np.where(kit.mesh.faces >= 0, kit.mesh.faces, kit.mesh.faces[:, :1])
    middles = kit.neutral[filled].mean(axis=1)  # (F, 3)
    for side, first, inner, stop in SHELLS:
        centre, _, _ = fit_ball(kit.neutral[first:inner].astype(np.float64))
        axis = gaze_axis(kit.neutral[inner:stop].astype(np.float64), centre)
        outwards = middles - centre
        cosine = outwards @ axis / np.linalg.norm(outwards, axis=1)
        shell = face_part == names.index(f"eye{side}")
        for disc, degrees in DISCS:
            face_part[shell & (cosine > np.cos(np.radians(degrees)))] = len(names)
            names.append(f"{disc}{side}")
    return tuple(names), face_part


def _albedo(part: str) -> tuple[float, float, float]:
    for side in ("Left", "Right"):
        for disc, _ in DISCS:
            if part == f"{disc}{side}":
                return ALBEDO[disc]
        if part == f"eyeInner{side}":
            return ALBEDO["eyeLeft"]
    return ALBEDO.get(part, (0.5, 0.5, 0.5))
