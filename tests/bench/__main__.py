"""`python -m tests.bench`: solves the rendered shoots and prints the errors, MediaPipe's scores beside them."""

import sys
import tempfile
from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

from app.accuracy import compare, correlations
from capture.camera import load_rig
from capture.match import plan, probe_take, take_frames
from capture.shoot import find_takes
from exporters.to_json import read
from solver.face_model import FaceModel, deform
from solver.model_import import packed_model
from solver.performance import Performance
from tests.bench.job import measure
from tests.bench.peer import face_landmarker
from tests.bench.truth import read_truth
from tests.material import SHARED

SHOOTS = ("actor1", "actor2")
FACE_SKIN = 9409
"""ICT's first vertices are the face's skin."""


def bench() -> None:
    source = SHARED / "models" / "ICT-FaceKit-master.zip"
    model = packed_model(source, "ict")
    for name in SHOOTS:
        shoot = SHARED / "truth" / name
        truth, neutral = read_truth(shoot, model)
        with tempfile.TemporaryDirectory() as out:
            cost = measure(shoot, "--model", source, "--out", out, *sys.argv[1:])
            found = read(Path(out) / "T001.mien.json")
        scores = _peer_scores(shoot, truth)
        pictures = len(found.cameras) * found.frames
        print(f"\n{name}: {len(found.cameras)} cameras, {found.frames} frames; {cost.cpu:.1f} s of processor time, "
              f"peak memory {cost.peak_mib:.0f} MiB; "
              + ", ".join(f"{step} {seconds:.1f} s ({1000 * seconds / pictures:.0f} ms a picture)"
                          for step, seconds in cost.steps.items()))
        _print(found, truth, neutral, model, scores)


def _print(found: Performance, truth: Performance, neutral: np.ndarray, model: FaceModel,
           scores: dict[str, Performance]) -> None:
    accuracy = compare(found, truth)
    peers = {camera: (correlations(table, truth.weights), np.sqrt(((table - truth.weights) ** 2).mean(axis=0)))
             for camera, table in scores.items()}
    active = np.flatnonzero(accuracy.active)
    print(f"{'shape':<22}{'mien r':>8}{'RMSE':>7}" + "".join(f"{'MP ' + camera:>14}" for camera in peers)
          + f"{'zero':>7}")
    for index in active:
        print(f"{accuracy.shape_names[index]:<22}{accuracy.correlation[index]:>8.2f}{accuracy.rmse[index]:>7.3f}"
              + "".join(f"{r[index]:>7.2f}{rmse[index]:>7.3f}" for r, rmse in peers.values())
              + f"{accuracy.zero_rmse[index]:>7.3f}")
    print(f"{'mean of ' + str(len(active)):<22}{accuracy.mean_correlation:>8.3f}{accuracy.mean_rmse:>7.3f}"
          + "".join(f"{np.nanmean(r[active]):>7.3f}{rmse[active].mean():>7.3f}" for r, rmse in peers.values())
          + f"{accuracy.mean_zero_rmse:>7.3f}")
    print(f"head {accuracy.head_degrees:.2f} degrees, {accuracy.head_metres * 1000:.1f} mm; "
          f"gaze {accuracy.gaze_degrees:.1f} degrees; surface {_surface_mm(found, truth, neutral, model):.2f} mm")


def _peer_scores(shoot: Path, truth: Performance) -> dict[str, np.ndarray]:
    """Camera -> (T, K) the Face Landmarker's scores in the truth's columns; 0 for shapes that it does not have."""
    take = find_takes(shoot)[0]
    clips = plan(take, probe_take(take), load_rig(take.rig_path) if take.rig_path else None)
    out = {}
    for camera, clip in enumerate(clips.clips):
        names, scores = face_landmarker(SHARED / "peers" / "face_landmarker_v2_with_blendshapes.task",
                                        (frame.rgb for frame in take_frames(clips, camera)), float(clips.rate))
        out[clip.camera] = np.stack([scores[:, names.index(name)] if name in names else np.zeros(len(scores))
                                     for name in truth.shape_names], axis=1)
    return out


def _surface_mm(found: Performance, truth: Performance, neutral: np.ndarray, model: FaceModel) -> float:
    """Mean distance over the face's skin between the posed surfaces, in mm, over every fourth frame."""
    errors = []
    for frame in range(0, truth.frames, 4):
        a = deform(model, found.weights[frame], found.identity)
        b = neutral + np.tensordot(truth.weights[frame], model.shapes, 1)
        posed = [vertices[:FACE_SKIN] @ Rotation.from_quat(performance.head_rotation[frame]).as_matrix().T
                 + performance.head_translation[frame] for vertices, performance in ((a, found), (b, truth))]
        errors.append(np.linalg.norm(posed[0] - posed[1], axis=1).mean() * 1000)
    return float(np.mean(errors))


if __name__ == "__main__":
    bench()
