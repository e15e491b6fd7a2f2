"""On which clock a take's clips are: the same for the solve and for the eye."""

from collections.abc import Sequence

from capture.errors import MienError
from capture.match import TakeClips
from capture.shoot import Take
from capture.sync import by_timecode
from capture.timecode import frames_after, parse
from capture.video import Clip
from solver.performance import Performance


def offsets(take: Take, clips: Sequence[Clip]) -> dict[str, float] | None:
    """Seconds at which each clip begins, by the timecodes; None leaves it to the take's sync.toml, or to the start.

    Raises:
        ClipError: by the timecodes no moment is in all clips.
    """
    if take.sync_path is None and len(clips) > 1 and all(clip.start_timecode is not None for clip in clips):
        return by_timecode(clips).offsets
    return None


def first_frame(clips: TakeClips | None, performance: Performance) -> int:
    """The take's frame at which a performance begins: one of a range says so by its timecode."""
    if clips is None:
        return 0
    try:
        begins = parse(performance.start_timecode, performance.frame_rate)
        first = begins.frame if clips.start_timecode is None else frames_after(begins, clips.start_timecode)
    except MienError:
        return 0
    return first if 0 <= first < clips.frames else 0
