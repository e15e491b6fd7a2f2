"""On which clock a take's clips are: the same for the solve and for the eye."""

from collections.abc import Sequence

from capture.shoot import Take
from capture.sync import by_timecode
from capture.video import Clip


def offsets(take: Take, clips: Sequence[Clip]) -> dict[str, float] | None:
    """Seconds at which each clip begins, by the timecodes; None leaves it to the take's sync.toml, or to the start.

    Raises:
        ClipError: by the timecodes no moment is in all clips.
    """
    if take.sync_path is None and len(clips) > 1 and all(clip.start_timecode is not None for clip in clips):
        return by_timecode(clips).offsets
    return None
