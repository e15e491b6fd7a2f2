"""What the pages of takes and of shoots say alike: findings, lists, durations, and sentences that tell no folders."""

import os
from dataclasses import dataclass

from app.places import Places
from capture.shoot import Take

LOOK, KNOW, GOOD = "look", "know", "good"
WORSE = 1.5
"""A camera or region fits worse than the others where its residual is so many times theirs."""


@dataclass(frozen=True)
class Finding:
    """One thing to say: `level` LOOK, KNOW or GOOD, a heading, the sentences, and the frame to go to, if any."""

    level: str
    title: str
    text: str
    frame: int | None = None


def listed(words: list[str] | tuple[str, ...]) -> str:
    """ "a", "a and b", "a, b and c" """
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def duration(seconds: float) -> str:
    """Seconds as a person says them."""
    if seconds < 60:
        return f"{seconds:.2f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min {rest:02} s"


def without_folders(text: str, where: Places, take: Take | None) -> str:
    """A sentence whose paths tell no more than the files' names."""
    folders = {where.work, where.out, where.out.parent}
    if take is not None:
        folders |= {folder for folder in (take.folder, take.shoot.folder if take.shoot else None) if folder is not None}
        folders |= {clip.parent for clip in take.clips}
    for folder in sorted({str(path) for given in folders for path in (given, given.absolute(), given.resolve())},
                         key=len, reverse=True):
        if folder not in (".", ""):
            text = text.replace(folder + os.sep, "").replace(folder, "the folder")
    return text
