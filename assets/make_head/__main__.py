"""`python -m assets.make_head [FILE]` makes the built-in head: assets/head.npz."""

import sys
from pathlib import Path

import numpy as np

import assets
from assets.make_head import flesh, head, identity, shapes
from assets.make_head.unwrap import unwrap
from solver.face_model import ARKIT, Eye, FaceModel
from solver.model_file import save_model

ORIGIN = np.array([0.0, -15.0, 0.0])  # mm: the head's pivot, between the ears
GRAIN = 2.0 ** -21                    # metres, half a micrometre: finer digits would only be noise to pack


def make() -> FaceModel:
    """The built-in head, in metres."""
    neutral = head.build()
    part_names = tuple(head.ALBEDO)
    part = np.array([part_names.index(name) for name in neutral.parts])
    muscles = flesh.build(neutral)
    modes = identity.build(muscles, shapes.carrier(muscles))
    eyes = tuple(Eye(np.sort(index).astype(np.int32)) for index in (neutral.eye, neutral.twin[neutral.eye]))
    uv, uv_faces = unwrap(neutral)
    return FaceModel(
        name="built-in", neutral=_metres(neutral.points - ORIGIN), faces=neutral.faces.astype(np.int32), uv=uv,
        uv_faces=uv_faces.astype(np.int32), part_names=part_names, face_part=part.astype(np.int32),
        identity=_metres(np.array(list(modes.values()))), identity_names=tuple(modes), shape_names=ARKIT,
        shapes=_metres(shapes.build(muscles)), eyes=eyes, albedo=np.array(list(head.ALBEDO.values()), np.float32))


def _metres(millimetres: np.ndarray) -> np.ndarray:
    return (np.round(millimetres * 1e-3 / GRAIN) * GRAIN).astype(np.float32)


if __name__ == "__main__":
    save_model(make(), Path(sys.argv[1]) if len(sys.argv) > 1 else assets.path("head.npz"), compress=True)
