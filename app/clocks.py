"""On which clock a take's clips are: the same for the solve and for the eye."""

from app.places import SYNC_NAME
from capture.shoot import Take
from capture.sync import by_timecode, load_timeline
from capture.video import Clip


def offsets(take: Take, clips: tuple[Clip, ...]) -> dict[str, float]:
    """Seconds at which each clip begins: by the take's sync.toml, else by timecode, else all together.

    Raises:
        MienError: the sync.toml makes no sense.
    """
    if take.folder is not None and (take.folder / SYNC_NAME).is_file():
        return load_timeline(take.folder / SYNC_NAME).offsets
    if len(clips) > 1 and all(clip.start_timecode is not None for clip in clips):
        return by_timecode(clips).offsets
    return {}
