"""Live curves while something is before the face."""

from dataclasses import replace
from fractions import Fraction

import numpy as np

from solver.live import LiveSolver
from solver.network_detector import Look
from tests.solver.test_solve import around, everywhere, made, seen_by


def test_what_is_hidden_stays_as_it_was_seen_last() -> None:
    model, truth = made(frames=20, kept=30)
    smiling = np.zeros(truth.weights.shape)
    column = model.shape_names.index("mouthSmileLeft")
    smiling[:, column] = 0.8
    truth = replace(truth, weights=smiling, head_rotation=truth.head_rotation[[0] * 20],
                    head_translation=truth.head_translation[[0] * 20], gaze=np.zeros((20, 2, 2)),
                    identity=np.zeros(len(model.identity)))
    embedding, rig = everywhere(model), around([0.0])
    marks = seen_by(model, embedding, truth, rig, 0.2)
    moved = np.linalg.norm(embedding.points(model, model.shapes[column]), axis=1) > 1e-4

    def curve(hide: bool) -> np.ndarray:
        """(20) the smile; from frame 10 on a network guesses that there is none."""
        solver = LiveSolver((640, 480), Fraction(30), model, embedding, None, "made")
        solver.camera, solver.person_known = rig.cameras[0], True
        plain = seen_by(model, embedding, replace(truth, weights=np.zeros(truth.weights.shape)), rig, 0.2)
        out = []
        for frame in range(20):
            guessed = frame >= 10
            points = np.where((guessed & moved)[:, None], plain.xy[0, frame], marks.xy[0, frame])
            seen = ~moved if guessed and hide else np.ones(len(moved), bool)
            out.append(solver.next(Look(points, marks.sigma[0, frame], seen), frame / 30).weights[column])
        solver.close()
        return np.array(out)

    held, believed = curve(True), curve(False)
    assert held[9] > 0.5
    assert np.abs(held[10:] - held[9]).max() < 1e-6
    assert believed[-1] < 0.2
