"""A shoot's report: a table of its takes, and what they have in common."""

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

import numpy as np

from app.report.page import page
from app.report.plain import KNOW, LOOK, WORSE, Finding, duration, listed
from app.report.summary import SUFFIX, Summary
from app.status import DONE, FAILED, RUNNING, STALE, TO_DO

NO_REPORT = "no report"

THUMBNAILS = 2_500_000
"""Characters of all the pictures together, at most; the worst takes keep theirs."""
MOST_NAMED = 8
KINDS = {DONE: "done", RUNNING: ""} | dict.fromkeys((FAILED, STALE, TO_DO, NO_REPORT), "failed")
COLUMNS = (("take", False), ("state", False), ("frames", True), ("mean residual", True), ("without a face", True),
           ("doubtful", True), ("time", True), ("what to look at first", False), ("", False))


@dataclass(frozen=True)
class Row:
    """A take of a shoot: `state` is one of `app.status`, or NO_REPORT; `problem` says why it is not done; `linked`
    whether its page is there."""

    name: str
    state: str
    problem: str = ""
    summary: Summary | None = None
    linked: bool = False


def shoot_page(name: str, takes: Sequence[Row]) -> bytes:
    """The page; links to the takes' reports in the same folder."""
    pictures = _pictures(takes)
    done = [take.summary for take in takes if take.summary is not None]
    frames, seconds = sum(int(one.frames) for one in done), sum(float(one.seconds or 0) for one in done)
    length = sum(int(one.frames) / float(one.rate) for one in done)
    lost, doubtful = sum(int(one.lost) for one in done), sum(int(one.doubtful) for one in done)
    totals = [(str(len(takes)), "takes"), (str(len(done)), "solved"), (f"{frames:,}".replace(",", " "), "frames"),
              (duration(length), "of performance"), (duration(seconds), "of work"),
              (str(lost), "frames without a face"), (str(doubtful), "doubtful frames")]
    said = _findings(takes)
    undone = len(takes) - len(done)
    verdict = f"All {len(takes)} takes are solved." if takes and not undone else \
        f"{len(done)} of {len(takes)} takes are solved." if takes else "There is no take here."
    return page("shoot.html", "shoot.js", {}, name=name, totals=totals, verdict=verdict, findings=said,
                columns=COLUMNS, level="look" if undone or any(one.level == LOOK for one in said) else "good",
                takes=[_row(take, pictures.get(take.name, "")) for take in takes])


def _row(take: Row, picture: str) -> dict[str, object]:
    one = take.summary
    row = {"name": take.name, "state": take.state, "kind": KINDS.get(take.state, ""),
           "link": quote(os.fsencode(take.name + SUFFIX)) if take.linked else "", "thumbnail": picture,
           "words": take.problem,
           "look": "no" if take.state in (DONE, RUNNING) else "yes"}
    if one is None:
        return row | dict.fromkeys(("frames", "residual", "residual_words", "lost", "doubtful", "seconds",
                                    "seconds_words"), "")
    words = f"{take.problem}. {one.verdict}" if take.problem else one.verdict
    if one.worst_frame:
        words += f" Worst in frame {one.worst_frame}: {one.worst_why}."
    return row | {
        "frames": one.frames, "residual": one.residual_px, "lost": one.lost, "doubtful": one.doubtful,
        "residual_words": f"{float(one.residual_px):.2f} px" if one.residual_px else "–", "seconds": one.seconds,
        "seconds_words": duration(float(one.seconds)) if one.seconds else "–", "words": words,
        "look": "yes" if take.state != DONE or int(one.lost) + int(one.doubtful) else "no"}


def _findings(takes: Sequence[Row]) -> list[Finding]:
    """What stands out among the takes."""
    out = []
    failed = [take for take in takes if take.state == FAILED]
    if failed:
        reasons = Counter(take.problem for take in failed)
        text = listed([f"{reason or 'no reason is recorded'} ({count})" for reason, count in reasons.most_common(4)])
        out.append(Finding(LOOK, f"{len(failed)} failed", f"{_named(failed)}: {text}"))
    waiting = [take for take in takes if take.state == TO_DO]
    if waiting:
        out.append(Finding(LOOK, f"{len(waiting)} not solved yet", f"{_named(waiting)}. `mien solve` does them."))
    done = [take for take in takes if take.summary is not None]
    without = [take for take in done if int(take.summary.lost) > 0]
    if without:
        share = sum(int(take.summary.lost) for take in without) / max(sum(int(one.summary.frames) for one in done), 1)
        worst = sorted(without, key=lambda take: -int(take.summary.lost) / max(int(take.summary.frames), 1))
        out.append(Finding(LOOK, f"{len(without)} with frames without a face",
                           f"{share:.1%} of all frames, most in {_named(worst)}."))
    residuals = {take.name: float(take.summary.residual_px) for take in done if take.summary.residual_px}
    if len(residuals) > 2:
        usual = float(np.median(list(residuals.values())))
        bad = sorted((name for name, value in residuals.items() if value > WORSE * usual),
                     key=lambda name: -residuals[name])
        if bad:
            words = listed([f"{name} ({residuals[name]:.1f} px)" for name in bad[:MOST_NAMED]])
            out.append(Finding(LOOK, "Takes that fit worse than the others", f"{words}; the takes' middle is "
                               f"{usual:.1f} px. If they follow one another, a camera was moved or refocused there."))
    stale = [take for take in takes if take.state == STALE]
    if stale:
        out.append(Finding(LOOK, f"{len(stale)} changed since they were solved",
                           f"{_named(stale)}: {stale[0].problem}. `mien solve` brings them up to date."))
    running = [take for take in takes if take.state == RUNNING]
    if running:
        out.append(Finding(KNOW, f"{len(running)} being solved as this page was written", f"{_named(running)}."))
    bare = [take for take in takes if take.state == NO_REPORT]
    if bare:
        out.append(Finding(KNOW, f"{len(bare)} without a report", f"{_named(bare)}: {bare[0].problem}"))
    return out


def _named(takes: Sequence[Row]) -> str:
    names = [take.name for take in takes[:MOST_NAMED]]
    return listed(names) if len(takes) <= MOST_NAMED else ", ".join(names) + f" and {len(takes) - MOST_NAMED} more"


def _pictures(takes: Sequence[Row]) -> dict[str, str]:
    """The pictures that fit, those of the worst takes first."""
    having = [take for take in takes if take.summary is not None and take.summary.thumbnail]
    having.sort(key=lambda take: (-int(take.summary.lost) - int(take.summary.doubtful),
                                  -float(take.summary.residual_px or 0), take.name))
    room, out = THUMBNAILS, {}
    for take in having:
        room -= len(take.summary.thumbnail)
        if room < 0:
            break
        out[take.name] = take.summary.thumbnail
    return out
