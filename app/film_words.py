"""What is wrong with a take's films, in words: for a solve's notes and for its report."""

from collections.abc import Sequence
from typing import NamedTuple

from capture.film_look import Faults

MOST = 4
"""So many frames, or runs of frames, are named."""


class Said(NamedTuple):
    """A fault of a camera's film: in short, in a sentence without its stop, and the first of its own frames, if any."""

    title: str
    text: str
    frame: int | None


def said(camera: str, wrong: Faults, first: int, total: int) -> list[Said]:
    """All that is wrong with a film of `total` frames, the first of which is the take's frame `first`."""
    out = []
    if wrong.cuts:
        out.append(Said(f"{camera} is cut", _cut(camera, [first + frame for frame in wrong.cuts]), wrong.cuts[0]))
    if wrong.still:
        runs = [(first + begin, first + stop - 1) for begin, stop in wrong.still]
        out.append(Said(f"{camera} stands still", _still(camera, runs), wrong.still[0][0]))
    if wrong.again:
        text = (f"{camera} shows the picture before once more in {len(wrong.again)} of {total} frames (the first is "
                f"{first + wrong.again[0]}): it was converted from another frame rate, or a lack of light made the "
                "camera slower than it says; motion halts there and jumps on. Give the clip as the camera recorded it")
        out.append(Said(f"{camera} repeats pictures", text, wrong.again[0]))
    if wrong.combed:
        text = (f"{camera} is interlaced: what moves is torn into lines of two moments, which blurs lids and lips; "
                "deinterlace the clip (by FFmpeg's bwdif, say) or record progressively")
        out.append(Said(f"{camera} is interlaced", text, None))
    if wrong.dark is not None:
        text = (f"{camera} films the face in the dark, at a level of {wrong.dark:.0f} of 255: landmarks stray in the "
                "sensor's noise; film with more light, a wider iris or a longer exposure")
        out.append(Said(f"{camera} is too dark", text, None))
    if wrong.burnt is not None:
        text = (f"{camera} overexposes the face: {wrong.burnt:.0%} of it is white, where nothing is left to see; close "
                "the iris, or expose shorter")
        out.append(Said(f"{camera} is overexposed", text, None))
    return out


def _cut(camera: str, frames: Sequence[int]) -> str:
    some = ", ".join(map(str, frames[:MOST])) + (f" and {len(frames) - MOST} more" if len(frames) > MOST else "")
    plural = "s" if len(frames) > 1 else ""
    return (f"{camera} is cut at frame{plural} {some}: another shot begins there (or a light was switched). One "
            "actor's face is found from all of a take: solve the shots one by one, by --start, --end and an --out each")


def _still(camera: str, runs: Sequence[tuple[int, int]]) -> str:
    some = ", ".join(f"{first} to {last}" for first, last in runs[:MOST])
    more = f" and in {len(runs) - MOST} more runs" if len(runs) > MOST else ""
    return (f"{camera} shows one picture over and over in frames {some}{more}: its recording stood still, so that "
            "these frames are left out of it")
