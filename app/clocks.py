"""On which clock a take's clips are: the same for the solve and for the eye; and whether what they show says so too."""

from collections.abc import Mapping, Sequence

import numpy as np

from app.artefacts import key_of
from capture.camera import Rig
from capture.errors import ClipError, MienError
from capture.match import TakeClips
from capture.shoot import Take
from capture.sync import by_even_motion, by_stated_timecode
from capture.timecode import frames_after, parse
from capture.video import Clip
from solver.landmarks import Landmarks
from solver.performance import Performance

MOST_FRAMES = 600
"""From the middle of a take, in which the cameras' motions are compared: seconds of work at most."""

BY_RIG_FRAMES, BY_RIG_MARKS = 300, 24
"""Of these, what the rig's word is asked of, at most: a hundredth of a frame, while all would take minutes."""

FEWEST_FRAMES = 30
"""In which every camera must have seen a face: less is no motion to compare."""

RANGE = "range"
"""The step under which a performance says that its take is counted from where the first camera begins."""

APART = 1.5
"""Frames between two cameras that are told: motion tells them to a third of one without a rig, to a tenth with it."""


def offsets(take: Take, clips: Sequence[Clip]) -> dict[str, float] | None:
    """Seconds at which each clip begins, by the timecodes; None leaves it to the take's sync.toml, or to the start.

    Raises:
        ClipError: by the timecodes no moment is in all clips.
    """
    timeline = by_stated_timecode(clips) if take.sync_path is None else None
    return None if timeline is None else timeline.offsets


def range_key(clips: TakeClips) -> dict[str, str]:
    """What a solve says of a take that not all of its cameras saw all of; none of others."""
    return {} if clips.there.all() else {RANGE: key_of("range", 1, lead=clips.lead, frames=clips.frames)}


def counted_later(clips: TakeClips | None, performance: Performance | None) -> int:
    """By how many frames a mien that left out what not all cameras saw, and made this performance, counted the take's
    frames from a later one."""
    if clips is None or performance is None or RANGE in performance.steps \
            or not any(step.startswith("detect ") for step in performance.steps):
        return 0
    first, stop = clips.shared
    return first if performance.frames <= stop - first else 0


def first_frame(clips: TakeClips | None, performance: Performance) -> int:
    """The take's frame at which a performance begins: one of a range says so by its timecode."""
    if clips is None:
        return 0
    try:
        begins = parse(performance.start_timecode, performance.frame_rate)
        first = begins.frame + counted_later(clips, performance) if clips.start_timecode is None \
            else frames_after(begins, clips.start_timecode)
    except MienError:
        return 0
    return first if 0 <= first < clips.frames else 0


def lagging(landmarks: Landmarks, rate: float, rig: Rig, there: np.ndarray | None = None) -> dict[str, float]:
    """Cameras whose pictures are of other moments than the other cameras', by the face's motion in landmarks (C, T, N)
    on the take's clock, and by how many frames their clips begin later than was taken; {} where all are in step, and
    where motion does not tell. Only frames are asked in which all cameras have a picture, there (C, T)."""
    shared = np.flatnonzero(np.ones(landmarks.seen.shape[1], bool) if there is None else there.all(axis=0))
    if not len(shared):
        return {}
    first = int(shared[0]) + max((len(shared) - MOST_FRAMES) // 2, 0)
    part = slice(first, min(first + MOST_FRAMES, int(shared[-1]) + 1))
    if (landmarks.seen[:, part].any(axis=2).sum(axis=1) < FEWEST_FRAMES).any():
        return {}
    even = {name: np.where(seen[part, :, None], xy[part], np.nan).astype(np.float64)
            for name, xy, seen in zip(landmarks.cameras, landmarks.xy, landmarks.seen, strict=True)}
    try:
        found = by_even_motion(even, rate)  # a hundred times as quick as by the rig
        if not _late(found.offsets, rate):
            return {}
        found = by_even_motion({name: _few(xy) for name, xy in even.items()}, rate, rig)
    except ClipError:
        return {}
    return {} if found.warnings else _late(found.offsets, rate)


def out_of_step(late: Mapping[str, float]) -> str:
    """What `lagging` found, as a sentence."""
    which = " and ".join(f"{name}'s clip begins {abs(frames):.1f} frames {'later' if frames > 0 else 'earlier'}"
                         for name, frames in late.items())
    return (f"the cameras do not show the same moments: by the face's motion {which} than was taken; run `mien sync` "
            "and solve again, or, as it believes timecodes first, where these are wrong mend offset_s in the sync.toml "
            "that it writes")


def _few(xy: np.ndarray) -> np.ndarray:
    """Landmarks (T, N, 2) in the middle frames, some all over the face."""
    first = max((len(xy) - BY_RIG_FRAMES) // 2, 0)
    return xy[first:first + BY_RIG_FRAMES, ::-(-xy.shape[1] // BY_RIG_MARKS)]


def _late(offsets: Mapping[str, float], rate: float) -> dict[str, float]:
    usual = sorted(offsets.values())[(len(offsets) - 1) // 2]
    return {name: (offset - usual) * rate for name, offset in offsets.items() if abs(offset - usual) * rate > APART}
