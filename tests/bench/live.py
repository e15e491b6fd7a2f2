"""`python -m tests.bench.live CLIP [SOLVED]`: how quick the live preview is, and how far it agrees.

CLIP plays as if it were a camera. Prints what a frame costs in each of the two threads (processor time, so that a busy
machine does not spoil it), the frames a second that allows with a processor for each, and, against SOLVED, the
TAKE.mien.json of the same clip, the correlation and the root mean square difference of the weights.
"""

import sys
import time
from pathlib import Path

import numpy as np
import torch

from app.detectors import landmarker_named
from app.models import model_named
from capture.video import frames, probe
from exporters.to_json import read
from solver.live import LiveSolver
from solver.live_landmarks import LiveLandmarks

WARM = 5
ACTIVE = 0.05
"""Standard deviation from which a shape moves."""
ROUNDS = 4
"""The clip is played so often: as in a session, the person is known after the first."""


def bench(path: Path, solved: Path | None) -> None:
    torch.set_num_threads(1)
    landmarker, model, clip = landmarker_named("mien", "cpu"), model_named("mien"), probe(path)
    embedding = landmarker.embedding(model)
    tracker = LiveLandmarks()
    solver = LiveSolver(clip.size, clip.frame_rate, model, embedding, landmarker.reader, landmarker.detector.scheme)
    pictures = [frame.rgb for frame in frames(clip)]
    looked, fitted, weights = [], [], []
    for number in range(ROUNDS * len(pictures)):
        begun = time.thread_time()
        look = tracker.next(pictures[number % len(pictures)])
        found = time.thread_time()
        frame = solver.next(look, number / float(clip.frame_rate)) if look is not None else None
        looked.append(1000 * (found - begun))
        fitted.append(1000 * (time.thread_time() - found))
        weights.append(frame.weights if frame is not None else np.full(len(model.shape_names), np.nan))
        if number == len(pictures) - 1:
            solver.close()
    solver.close()
    look_ms, fit_ms = np.median(looked[WARM:]), np.median(fitted[WARM:])
    print(f"{path.name}, {clip.size[0]} x {clip.size[1]}: landmarks {look_ms:.1f} ms, weights {fit_ms:.1f} ms of "
          f"processor a frame: {1000 / max(look_ms, fit_ms):.0f} frames a second on two, "
          f"{look_ms + fit_ms:.0f} ms late at best")
    if solved is not None:
        _compare(np.array(weights[-len(pictures):]), model.shape_names, solved)


def _compare(live: np.ndarray, names: tuple[str, ...], solved: Path) -> None:
    performance = read(solved)
    other = np.array([performance.weights[:, performance.shape_names.index(name)] for name in names]).T  # (T, K)
    count = min(len(live), len(other))
    live, other = live[:count], other[:count]
    seen = np.isfinite(live).all(axis=1)
    live, other = live[seen], other[seen]
    active = (other.std(axis=0) > ACTIVE) & (live.std(axis=0) > 0)
    r = [np.corrcoef(live[:, shape], other[:, shape])[0, 1] for shape in np.flatnonzero(active)]
    error = np.sqrt(np.mean((live - other)[:, active] ** 2, axis=0))
    print(f"against {solved.name}: r {np.mean(r):.2f}, RMSE {np.mean(error):.3f} over {active.sum()} shapes that move, "
          f"{len(live)} frames")


if __name__ == "__main__":
    bench(Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) > 2 else None)
