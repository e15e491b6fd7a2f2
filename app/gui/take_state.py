"""What state a take is in, computed from what lies on disk and from the jobs that run: never stored."""

from dataclasses import dataclass

from app.gui.known_clips import clips_of
from app.places import RIG_NAME, SOLVE_NAME, places
from app.quality import needs_a_look
from app.records import changed, given_path, inputs_or_none, load_failed
from capture.errors import MienError
from capture.shoot import Take
from exporters.to_json import read as read_performance

NEW, CALIBRATED, WAITING, SOLVING, SOLVED, LOOK, FAILED = (
    "new", "calibrated", "waiting", "solving", "solved", "needs a look", "failed")

LARGEST_SURVEYED = 8 << 20
"""Bytes of a solve that is read while the list is filled; a longer one is judged when the take is opened."""


@dataclass(frozen=True)
class Survey:
    """What the disk says of a take: its state without jobs, the reason for it, and its length in seconds."""

    state: str
    reason: str = ""
    seconds: float | None = None


def survey(take: Take) -> Survey:
    """Look at a take on disk. Takes some milliseconds where its clips are known, so do it take by take."""
    if take.problem:
        return Survey(FAILED, take.problem)
    try:
        clips = clips_of(take)
    except MienError as error:
        return Survey(FAILED, str(error))
    seconds = min(clip.frames / float(clip.frame_rate) for clip in clips)
    where = places(take, None)
    failed = load_failed(where)
    if failed is not None and not changed(failed.inputs, inputs_or_none(take, given_path(failed.rig)), strictly=False):
        return Survey(FAILED, failed.error, seconds)  # until its files change or a solve succeeds
    solve = where.work / SOLVE_NAME
    if solve.is_file() and (where.work / RIG_NAME).is_file():
        if solve.stat().st_size > LARGEST_SURVEYED:
            return Survey(SOLVED, "", seconds)
        try:
            reason = needs_a_look(read_performance(solve))
        except MienError as error:
            return Survey(LOOK, str(error), seconds)
        return Survey(LOOK if reason else SOLVED, reason, seconds)
    if take.rig_path is not None:
        return Survey(CALIBRATED, f"cameras from {take.rig_path.name}", seconds)
    return Survey(NEW, "" if len(take.clips) == 1 else "its cameras are not calibrated yet", seconds)


def state_of(known: Survey | None, job: str, failure: str) -> tuple[str, str]:
    """The state to show and its reason: a job that waits ("waiting") or runs ("running") comes before a failure, and
    that before what the disk says."""
    if job == "running":
        return SOLVING, "a solve is running"
    if job == "waiting":
        return WAITING, "a solve waits for its turn"
    if failure:
        return FAILED, failure
    return (known.state, known.reason) if known is not None else (NEW, "")
