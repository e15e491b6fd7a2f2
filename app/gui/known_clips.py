"""Clips as they were probed: once each, and anew where a file has changed. The same clip is the same object."""

from collections import OrderedDict
from fractions import Fraction
from pathlib import Path

from app.contents import State, state_of
from capture.errors import ClipError
from capture.match import probe_take
from capture.shoot import Take, camera_name
from capture.video import Clip, probe

MOST = 512
_known: OrderedDict[tuple[Path, Fraction | None, int], tuple[State, Clip]] = OrderedDict()


def clips_of(take: Take) -> tuple[Clip, ...]:
    """What `probe_take` gives, and raises."""
    return probe_take(take, clip_of)


def see_next(take: Take) -> bool:
    """Probe the first of a take's clips that is not known yet, which takes some ten milliseconds. Returns whether there
    was one, and it could be read."""
    rate = take.setting("frame_rate")
    try:
        unseen = next((path for path in take.clips if _remembered(path, rate, take.rotate(camera_name(path)),
                                                                  state_of(path)) is None), None)
        if unseen is not None:
            clip_of(unseen, rate, take.rotate(camera_name(unseen)))
    except ClipError:
        return False
    return unseen is not None


def clip_of(path: Path, rate: Fraction | None = None, rotate: int = 0) -> Clip:
    """What `probe` gives, and raises."""
    try:
        state = state_of(path)
    except ClipError:
        return probe(path, rate, rotate)  # says better what is wrong
    clip = _remembered(path, rate, rotate, state)
    if clip is None:
        clip = probe(path, rate, rotate)
        _known[path, rate, rotate] = state, clip
        if len(_known) > MOST:
            _known.popitem(last=False)
    _known.move_to_end((path, rate, rotate))
    return clip


def _remembered(path: Path, rate: Fraction | None, rotate: int, state: State) -> Clip | None:
    known = _known.get((path, rate, rotate))
    return known[1] if known is not None and known[0] == state else None
