"""Why cameras contradict one another about a board that each of them saw well: told from how they say they stand."""

from collections.abc import Sequence

import numpy as np

FARTHEST = 45
"""Moments by which board clips may be out of step and still be told to be."""

FEWEST = 5
"""Moments from which how two cameras stand is known."""

MOST = 0.8
"""Share of the moments that must be explained for two cameras to stand still: the rest may be read wrongly."""

STEADY = 0.45
"""Share of the scatter at lag 0, or before and after a step, below which a scatter counts as gone."""


def middle(steps: np.ndarray) -> np.ndarray:
    """The most central of some rigid motions (S, 4, 4): a flat board seen from far can be read tilted the wrong way."""
    return steps[int(np.argmin(np.median(_apart(steps), axis=1)))]


def why_apart(names: Sequence[str], poses: Sequence[Sequence[np.ndarray | None]]) -> str:
    """What most likely happened, and what to do about it.

    Args:
        poses: for each camera what it says of the board at each moment, (4, 4) camera_from_board; None where unseen.

    A camera that was moved leaves its view of the others steady before and after; clips out of step become steady once
    one is shifted; a board that was carried from one camera to the next is steady with no shift at all.
    """
    moved = dict.fromkeys(names, 0)
    steps, shifts = [], []
    for one in range(len(names)):
        for other in range(one + 1, len(names)):
            still = _scatter(_relative(poses[one], poses[other], 0)[0], MOST)
            step = _step(*_relative(poses[one], poses[other], 0))
            shift, least = min(((lag, _scatter(_relative(poses[one], poses[other], lag)[0]))
                                for lag in range(-FARTHEST, FARTHEST + 1)), key=lambda found: found[1])
            if shift and least < STEADY * still and (step is None or least < step[1]):
                shifts.append((names[other], names[one], shift))
            elif step is not None and step[1] < STEADY * still:
                moved[names[one]] += 1
                moved[names[other]] += 1
                steps.append(step[0])
    if steps:
        most = max(moved.values())
        which = [name for name, count in moved.items() if count == most]
        return (f"{' or '.join(which)} was moved at moment {steps[0]} of the board clips; film the board again, or "
                "calibrate with what was filmed after it alone")
    if shifts:
        other, one, shift = shifts[0]
        return (f"the clip of {other} runs {abs(shift)} moments {'behind' if shift > 0 else 'ahead of'} that of {one}; "
                "cut them to begin together, or start the cameras by one clap")
    return ("no shift in time brings the cameras together, so the board was moved between one camera's picture and the "
            "next's, or the clips are of different takes; film it with all cameras at once")


def _relative(one: Sequence[np.ndarray | None], other: Sequence[np.ndarray | None], lag: int,
              ) -> tuple[np.ndarray, np.ndarray]:
    """other_from_one at each moment that both saw, `other` taken `lag` moments later: (S, 4, 4), and the moments."""
    pairs = [(at, other[at + lag] @ np.linalg.inv(pose)) for at, pose in enumerate(one)
             if pose is not None and 0 <= at + lag < len(other) and other[at + lag] is not None]
    return np.array([pose for _, pose in pairs]).reshape(-1, 4, 4), np.array([at for at, _ in pairs])


def _apart(steps: np.ndarray) -> np.ndarray:
    """(S, S) radians plus metres between rigid motions (S, 4, 4)."""
    turns = np.arccos(np.clip((np.einsum("aij,bij->ab", steps[:, :3, :3], steps[:, :3, :3]) - 1) / 2, -1, 1))
    return turns + np.linalg.norm(steps[:, None, :3, 3] - steps[None, :, :3, 3], axis=-1)


def _scatter(steps: np.ndarray, share: float = 0.5) -> float:
    """How near to their middle such a share of some rigid motions lies."""
    if len(steps) < FEWEST:
        return np.inf
    apart = _apart(steps)
    return float(np.quantile(apart[int(np.argmin(np.median(apart, axis=1)))], share))


def _step(steps: np.ndarray, moments: np.ndarray) -> tuple[int, float] | None:
    """The moment at which some rigid motions (S, 4, 4) change to others, and the scatter within both parts."""
    best = None
    for at in range(FEWEST, len(steps) - FEWEST + 1):
        scatter = max(_scatter(steps[:at]), _scatter(steps[at:]))
        if best is None or scatter < best[1]:
            best = int(moments[at]), scatter
    return best
