"""The worst moments of a take: which frames an animator should look at first, spread over the take."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from app.quality import LOST, flagged
from solver.performance import HIDDEN, Performance
from solver.residuals import Residuals

MOST = 10
MOST_LOST = 4
"""Of the moments, how many may be runs without a face: they look alike."""
ENOUGH = 0.3
"""Share of a region's landmarks that a camera must see for its residual there to say anything."""
SLACK_PX = 1.0
"""A residual is judged against the usual one plus this: below a pixel the detector's noise rules."""
JUMP = 0.2
"""A weight that leaves the middle of its neighbours by more, in one frame, is a jump to the eye."""


@dataclass(frozen=True)
class Run:
    """Frames from `first` to `last` in which no camera saw the face; `how` their values came about."""

    first: int
    last: int
    how: str

    @property
    def frames(self) -> int:
        return self.last - self.first + 1


@dataclass(frozen=True)
class Moment:
    """A frame to look at: `why` in plain words, and the camera that shows it best ("" for any)."""

    frame: int
    why: str
    camera: str
    score: float


def lost_runs(performance: Performance) -> tuple[Run, ...]:
    """The runs of frames that no camera vouches for, in order."""
    lost = flagged(performance, *LOST)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], lost, [False]]).astype(int)))
    runs = []
    for first, stop in edges.reshape(-1, 2):
        words = performance.flags[first]
        runs.append(Run(int(first), int(stop) - 1, "interpolated" if "interpolated" in words else "held"))
    return tuple(runs)


def worst_moments(performance: Performance, residuals: Residuals | None) -> tuple[Moment, ...]:
    """The worst moments in the order of the take, at most ten, none closer to another than a thirtieth of the take.

    A frame is judged by its residual against the take's usual one (in the camera and region where it is worst), by how
    much less sure its weights are than usual, by weights that jump for one frame, and by its flags. A run of frames
    without a face is one moment.
    """
    frames = performance.frames
    if frames == 0:
        return ()
    candidates = [*_lost(performance), *_by_frame(performance, residuals)]
    apart = max(2, round(frames / (3 * MOST)), round(float(performance.frame_rate) / 10))
    chosen: list[Moment] = []
    lost_left = MOST_LOST
    for moment, lost in sorted(candidates, key=lambda item: (-item[0].score, item[0].frame)):
        if len(chosen) == MOST or (lost and lost_left == 0):
            continue
        if all(abs(moment.frame - other.frame) >= apart for other in chosen):
            chosen.append(moment)
            lost_left -= lost
    return tuple(sorted(chosen, key=lambda moment: moment.frame))


def _lost(performance: Performance) -> list[tuple[Moment, bool]]:
    out = []
    for run in lost_runs(performance):
        words = f"no camera sees the face in frames {run.first} to {run.last}; the values are {run.how}" \
            if run.frames > 1 else f"no camera sees the face; the values are {run.how}"
        out.append((Moment(run.first + run.frames // 2, words, "", 2.0 + float(np.log10(run.frames))), True))
    return out


def _by_frame(performance: Performance, residuals: Residuals | None) -> list[tuple[Moment, bool]]:
    frames = performance.frames
    score, camera, why = _residual_scores(performance, residuals)
    sigma = performance.sigma.mean(axis=1)  # (T)
    seen = performance.seen > 0
    usual = float(np.median(sigma[seen])) if seen.any() else 0.0
    unsure = 2.0 * (sigma / usual - 1.0) if usual > 0 else np.zeros(frames)
    jump, jumper = _jumps(performance.weights)
    doubtful = flagged(performance, "doubtful")
    total = score + np.maximum(unsure, 0) + np.where(jump > JUMP, 4.0 * jump, 0) + 0.5 * doubtful
    # Only the frames that could be chosen: the sentences of the others are not worth making.
    order = np.argsort(-np.where(seen, total, -np.inf), kind="stable")[:max(200, frames // 4)]
    out = []
    for frame in order[seen[order]]:
        reasons = [why(frame)]
        if jump[frame] > JUMP:
            reasons.append(f"{performance.shape_names[jumper[frame]]} jumps by {jump[frame]:.2f} for one frame")
        if HIDDEN in performance.flags[frame]:
            reasons.append("something is before the face")
        elif unsure[frame] > 0.5:
            reasons.append("the weights are less sure than elsewhere in the take")
        words = "; ".join(reason for reason in reasons if reason) or "it fits about as well as elsewhere"
        out.append((Moment(int(frame), words, camera(frame), float(total[frame])), False))
    return out


def _residual_scores(performance: Performance, residuals: Residuals | None,
                     ) -> tuple[np.ndarray, Callable[[int], str], Callable[[int], str]]:
    """(T) how far each frame's residual exceeds the usual, and by frame the camera where, and the words."""
    if residuals is None or not residuals.regions:
        residual = performance.residual_px
        known = np.isfinite(residual)
        usual = float(np.median(residual[known])) if known.any() else 0.0
        score = np.where(known, np.maximum((np.nan_to_num(residual) - usual) / (usual + SLACK_PX), 0.0), 0.0)

        def words(frame: int) -> str:
            return f"the residual is {residual[frame]:.1f} px, usually {usual:.1f} px" if score[frame] > 0.2 else ""

        return score, lambda frame: "", words
    rms = np.where(residuals.sees >= ENOUGH, residuals.rms, np.nan)  # (C, T, R)
    known = np.isfinite(rms)
    usual = np.array([[np.median(rms[c, known[c, :, r], r]) if known[c, :, r].any() else 0.0
                       for r in range(rms.shape[2])] for c in range(len(rms))])  # (C, R)
    excess = np.where(known, (np.nan_to_num(rms) - usual[:, None]) / (usual[:, None] + SLACK_PX), 0.0)
    flat = excess.transpose(1, 0, 2).reshape(rms.shape[1], -1)  # (T, C R)
    worst = flat.argmax(axis=1)
    score = np.maximum(flat.max(axis=1), 0.0)

    def where(frame: int) -> tuple[int, int]:
        return divmod(int(worst[frame]), rms.shape[2])

    def camera(frame: int) -> str:
        return residuals.cameras[where(frame)[0]]

    def sentence(frame: int) -> str:
        c, r = where(frame)
        if score[frame] < 0.2:
            return ""
        place = f"in {residuals.cameras[c]} " if len(residuals.cameras) > 1 else ""
        return f"{place}the {residuals.regions[r]} is {rms[c, frame, r]:.1f} px off, usually {usual[c, r]:.1f} px"

    return score, camera, sentence


def _jumps(weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(T, K) -> (T) by how much some weight leaves both its neighbours to the same side, and (T) which one."""
    frames, shapes = weights.shape
    out, which = np.zeros(frames), np.zeros(frames, dtype=int)
    if frames < 3 or shapes == 0:
        return out, which
    before, after = weights[1:-1] - weights[:-2], weights[1:-1] - weights[2:]
    spike = np.where(before * after > 0, np.minimum(np.abs(before), np.abs(after)), 0.0)
    which[1:-1] = spike.argmax(axis=1)
    out[1:-1] = spike.max(axis=1)
    return out, which
