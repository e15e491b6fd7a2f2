"""How far each frame of a solve may be trusted, and whether a take needs a look."""

import numpy as np

from solver.corrections import CORRECTED
from solver.performance import Performance

GOOD, DOUBTFUL, BAD = 0, 1, 2

LOST = {"unseen", "held", "interpolated"}
"""Flags of frames whose values no camera vouches for."""
FAR = 1.6
"""A frame is doubtful where its residual is so many times the take's median."""
SLIGHT_PX = 1.0
"""Residuals below this are never doubtful: they are the detector's noise."""
SEEN_CHANGE = 0.02
"""A change of a weight that can be seen."""
LOOK_SHARE = 0.05
"""A take needs a look where more than this share of its frames is not good."""


def flagged(performance: Performance, *words: str) -> np.ndarray:
    """(T) bool: frames that have one of these flags."""
    return np.array([not set(words).isdisjoint(own) for own in performance.flags], dtype=bool)


def levels(performance: Performance) -> np.ndarray:
    """(T) GOOD, DOUBTFUL or BAD for each frame."""
    residual = performance.residual_px
    known = residual[np.isfinite(residual)]
    limit = max(SLIGHT_PX, FAR * float(np.median(known))) if len(known) else np.inf
    out = np.where(np.nan_to_num(residual, nan=0.0) > limit, DOUBTFUL, GOOD)
    warned = np.array([bool(set(words) - {CORRECTED}) for words in performance.flags], dtype=bool)
    out = np.where(warned, np.maximum(out, DOUBTFUL), out)
    return np.where(flagged(performance, *LOST) | (performance.seen == 0), BAD, out)


def needs_a_look(performance: Performance) -> str:
    """Why an animator should look at a take before using it, in one sentence; "" where there is no reason."""
    level = levels(performance)
    doubtful = np.count_nonzero(level)
    if doubtful <= LOOK_SHARE * len(level):
        return ""
    marked = np.count_nonzero([bool(set(words) - {CORRECTED}) for words in performance.flags])
    return (f"{doubtful} of {len(level)} frames are doubtful, {marked} of them flagged, "
            f"{np.count_nonzero(level == BAD)} without a face; the first is frame {int(np.argmax(level > 0))}")


def difference(before: np.ndarray | None, now: np.ndarray, names: tuple[str, ...]) -> str:
    """What a solve around corrections changed, in one sentence. (T, K) each."""
    if before is None:
        return "solved around the corrections"
    change = np.abs(now - before)
    frames = np.flatnonzero(change.max(axis=1, initial=0.0) > SEEN_CHANGE)
    if not len(frames):
        return "solved around the corrections; nothing changed that is to be seen"
    shape = names[int(change.max(axis=0).argmax())]
    return (f"solved around the corrections: {len(frames)} frame{'s' if len(frames) != 1 else ''} changed, "
            f"{shape} most, by up to {change.max():.2f}. Before and after lie side by side (B); Ctrl+Z takes it back")


def liveliest(weights: np.ndarray, names: tuple[str, ...]) -> tuple[str, ...]:
    """The three shapes that move most: something to look at when a take is opened."""
    spread = weights.max(axis=0) - weights.min(axis=0) if len(weights) else np.zeros(len(names))
    return tuple(names[column] for column in sorted(np.argsort(-spread, kind="stable")[:3]))
