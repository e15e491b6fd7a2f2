"""The rendered shoots with known weights, read as performances of the ICT model."""

from fractions import Fraction
from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

from solver.face_model import FaceModel
from solver.performance import Performance
from solver.solve import gaze_from_weights

SPLIT = ("browInnerUp", "cheekPuff")
"""Shapes that ICT has in two halves; the shoots give both halves the same weight."""


def read_truth(shoot: Path, model: FaceModel) -> tuple[Performance, np.ndarray]:
    """SHOOT/truth.npz in the model's shapes.

    Returns:
        The performance, and the actor's own neutral (V, 3) in metres.
    """
    with np.load(shoot / "truth.npz") as data:
        weights, rotation = data["weights"], data["head_R"]
        translation, neutral = data["head_t"] * 0.01, data["neutral"] * 0.01
        names = [_arkit(str(name)) for name in data["names"]]
    columns = [names.index(f"{name}Left" if name in SPLIT else name) for name in model.shape_names]
    chosen = weights[:, columns]  # (T, K)
    frames = len(chosen)
    performance = Performance(
        take="T001", actor=shoot.name, model_name=model.name, model_sha256=model.sha256, frame_rate=Fraction(30),
        start_timecode="00:00:00:00", cameras=(), shape_names=model.shape_names, weights=chosen,
        head_rotation=Rotation.from_matrix(rotation).as_quat(), head_translation=translation,
        gaze=(chosen @ gaze_from_weights(model).T).reshape(frames, 2, 2), identity=np.zeros(0),
        sigma=np.zeros_like(chosen), residual_px=np.zeros(frames), seen=np.ones(frames), flags=((),) * frames)
    return performance, neutral


def _arkit(name: str) -> str:
    return name[:-2] + {"_L": "Left", "_R": "Right"}[name[-2:]] if name.endswith(("_L", "_R")) else name
