"""Three corrected frames of a path-traced take: what an animator's correction is worth elsewhere in the take."""

import shutil
from pathlib import Path

import numpy as np

from app.bench_truth import read_truth
from app.corrections import save_layer
from exporters.to_json import read
from solver.corrections import Key, Layer
from solver.face_model import FaceModel
from solver.suggest import worth_correcting
from tests.app.command import mien_here
from tests.material import shared

OTHER = 1.2
"""Distance between the weights of two frames from which on they are other expressions."""


def test_three_corrected_frames_halve_the_error_around_them_and_change_no_other_expression(
        actor1: Path, ict: FaceModel, tmp_path: Path) -> None:
    """The animator corrects the three frames that are suggested; around them is two frames to each side."""
    base = read(actor1 / "T001.mien.json")
    truth = read_truth(shared("truth", "actor1", "truth.npz"), ict).performance
    frames = [frame for frame, _ in worth_correcting(base, [], 3)]
    columns = {name: truth.shape_names.index(name) for name in base.shape_names if name in truth.shape_names}
    layer = tmp_path / "corrections.json"
    save_layer(Layer({name: tuple(Key(frame, float(truth.weights[frame, column])) for frame in sorted(frames))
                      for name, column in columns.items()}), layer)
    shutil.copytree(actor1 / ".mien", tmp_path / "out" / ".mien")
    mien_here("solve", shared("truth", "actor1"), "--model", shared("models", "ICT-FaceKit-master.zip"), "--out",
              tmp_path / "out", "--format", "json", "--corrections", layer)
    after = read(tmp_path / "out" / "T001.mien.json")
    true = truth.weights[:, list(columns.values())]
    shown = [base.shape_names.index(name) for name in columns]
    errors = [((one.weights[:, shown] - true) ** 2).mean(axis=1) for one in (base, after)]
    away = np.abs(np.arange(base.frames)[:, None] - frames).min(axis=1)
    around = (away > 0) & (away <= 2)
    before, now = (np.sqrt(one[around].mean()) for one in errors)
    assert now < 0.5 * before
    apart = np.linalg.norm(base.weights[:, None] - base.weights[frames], axis=2).min(axis=1)
    other = apart > OTHER
    assert other.sum() > 4
    assert np.abs(after.weights - base.weights)[other].max() < 0.02
    assert errors[1].mean() < 0.6 * errors[0].mean()
