"""The moments that an animator looks at first: does a blink come in its frame and shut the eye, do the lips meet?"""

from dataclasses import dataclass, replace

import numpy as np
from scipy.signal import find_peaks

from solver.embedding import Embedding
from solver.face_model import FaceModel, deform
from solver.lips import LIPS
from solver.performance import Performance

BLINKS = ("eyeBlinkLeft", "eyeBlinkRight")
HIGH, STANDS_OUT = 0.5, 0.3
"""A blink's height, and by how much it stands out from the curve about it; of what was found half of that will do."""
NEAR_S = 0.12
"""Seconds between a blink and what may be the same blink."""
MEET_M = 0.0005
"""Lips meet where their gap is at most so much wider than the same face's at rest."""


@dataclass(frozen=True)
class Blinks:
    """How many there truly are, how many were found; of these the largest distance in frames, and the mean and the
    largest error of their height."""

    true: int
    found: int
    frames: int
    bias: float
    worst: float


def blinks(found: Performance, truth: Performance) -> Blinks:
    """Every true blink of either eye, and the highest peak about it in the found curve."""
    count, apart, deeper = 0, [], []
    for name in BLINKS:
        if name not in truth.shape_names or name not in found.shape_names:
            continue
        true = truth.weights[:, truth.shape_names.index(name)]
        answer = found.weights[:, found.shape_names.index(name)]
        peaks = _peaks(answer, 0.0, STANDS_OUT / 2)
        for peak in _peaks(true, HIGH, STANDS_OUT):
            count += 1
            # A shut eye is a plateau: the answer's top may be any frame of it.
            same = [other for other in peaks if abs(other - peak) <= NEAR_S * float(truth.frame_rate)
                    or np.ptp(true[min(peak, other):max(peak, other) + 1]) < 0.1]
            if same:
                best = max(same, key=lambda other: answer[other])
                plateau = np.ptp(true[min(peak, best):max(peak, best) + 1]) < 0.1
                apart.append(0 if plateau else abs(best - peak))
                deeper.append(answer[best] - true[peak])
    worst = max(deeper, key=abs, default=0.0)
    return Blinks(count, len(deeper), max(apart, default=0), float(np.mean(deeper)) if deeper else 0.0, float(worst))


def _peaks(curve: np.ndarray, height: float, stands_out: float) -> np.ndarray:
    around = np.concatenate([[0.0], curve, [0.0]])  # a blink that the take cuts is one, too
    return find_peaks(around, height=height, prominence=stands_out)[0] - 1


def lips_meet(neutral: np.ndarray, performance: Performance, model: FaceModel, embedding: Embedding) -> np.ndarray:
    """(T) bool: the frames in which a performance's lips touch. Its person's neutral is (V, 3) metres."""
    upper, lower = (list(side) for side in zip(*LIPS, strict=True))
    columns = [performance.shape_names.index(name) if name in performance.shape_names else None
               for name in model.shape_names]
    weights = np.stack([np.zeros(performance.frames) if column is None else performance.weights[:, column]
                        for column in columns], axis=1)

    person = replace(model, neutral=neutral)

    def gap(row: np.ndarray) -> float:
        points = embedding.points(person, deform(person, row))
        return float(np.linalg.norm(points[upper] - points[lower], axis=1).mean())

    rest = gap(np.zeros(len(model.shape_names)))
    return np.array([gap(row) for row in weights]) < rest + MEET_M


def moment_lines(found: Performance, truth: Performance, sealed: np.ndarray | None, truly: np.ndarray | None
                 ) -> list[str]:
    """Blinks and lip seals in words; `sealed` and `truly` (T) bool from `lips_meet`, None where it cannot be known."""
    seen = blinks(found, truth)
    lines = [] if seen.true == 0 else [
        f"blinks: {seen.found} of {seen.true} found, within {seen.frames} frames; height {seen.bias:+.2f} (mean), "
        f"{seen.worst:+.2f} (worst)"]
    if sealed is not None and truly is not None and truly.any():
        both = (sealed & truly).sum()
        lines.append(f"lips meet in {truly.sum()} frames: precision {both / max(sealed.sum(), 1):.2f}, "
                     f"recall {both / truly.sum():.2f}")
    return lines
