"""What live frames become beside the footage that was recorded with them: a performance of the same frames."""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

from capture.record import Recorded
from capture.timecode import Timecode
from exporters.rotations import continuous
from exporters.scene import make_scene
from exporters.to_json import write
from solver.face_model import FaceModel
from solver.live import LiveFrame
from solver.performance import UNKNOWN, Performance

NAME = "live.mien.json"


def live_performance(frames: Sequence[LiveFrame], flags: tuple[tuple[str, ...], ...], model: FaceModel,
                     identity: np.ndarray, rate: Fraction, timecode: str, take: str, actor: str, camera: str
                     ) -> Performance:
    """T live frames as a performance."""
    count = len(frames)
    turns = Rotation.from_matrix(np.stack([frame.rotation for frame in frames])).as_quat()
    seen = np.array([0.0 if "unseen" in words else 1.0 for words in flags])
    return Performance(
        take=take, actor=actor, model_name=model.name, model_sha256=model.sha256, frame_rate=rate,
        start_timecode=timecode, cameras=(camera,), shape_names=model.shape_names,
        weights=np.stack([frame.weights for frame in frames]).round(6), head_rotation=continuous(turns).round(9),
        head_translation=np.stack([frame.translation for frame in frames]).round(7),
        gaze=np.stack([frame.gaze for frame in frames]).round(6), identity=identity.round(6),
        sigma=np.full((count, len(model.shape_names)), UNKNOWN), residual_px=np.full(count, np.nan), seen=seen,
        flags=flags, steps={"live": "1"})


def write_live(folder: Path, live: Sequence[tuple[float, LiveFrame]], recorded: Recorded, timecode: Timecode,
               model: FaceModel, identity: np.ndarray, actor: str) -> Path | None:
    """Write a recorded take's live performance beside its clip; None where no face was seen in it.

    Each frame of the clip gets the live frame of the same picture. Pictures that were too many to be solved live take
    the values of the last one that was, and are flagged.

    Args:
        live: of each, the picture's time on the camera's clock, seconds.

    Raises:
        OutputError: it cannot be written.
    """
    half = 0.5 / float(recorded.rate)
    known = [(seconds, frame) for seconds, frame in live
             if recorded.times[0] - half <= seconds <= recorded.times[-1] + half]
    if not known:
        return None
    times = np.array([seconds for seconds, _ in known])
    latest = np.searchsorted(times, recorded.times + half, side="right") - 1  # (T)
    near = np.abs(times[np.maximum(latest, 0)] - recorded.times) <= half
    flags = tuple(() if same else ("unseen", "held") for same in near)
    performance = live_performance([known[max(index, 0)][1] for index in latest], flags, model, identity,
                                   recorded.rate, str(timecode), folder.name, actor, recorded.camera)
    path = folder / NAME
    write(make_scene(model, performance), path)
    return path
