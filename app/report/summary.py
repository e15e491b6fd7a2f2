"""A take's report in short, kept beside the artefacts: so that a shoot's page need not read every take anew."""

from dataclasses import dataclass
from pathlib import Path

from app import artefacts
from app.places import Places

SUFFIX = ".report.html"
SUMMARY_NAME = "report.json"


@dataclass(frozen=True)
class Summary:
    """A take's report in short, every value a word as it stands on disk; "" where it is not known."""

    key: str
    page_sha256: str
    verdict: str
    frames: str
    rate: str
    residual_px: str
    lost: str
    doubtful: str
    seconds: str
    worst_frame: str
    worst_why: str
    thumbnail: str


def page_of(where: Places, take: str) -> Path:
    """Where a take's report lies."""
    return where.out / (take + SUFFIX)


def read_summary(where: Places) -> Summary | None:
    """What the last report said in short; None where there is none."""
    try:
        summary = Summary(**artefacts.load_record(where.work / SUMMARY_NAME))
        for number in (summary.frames, summary.lost, summary.doubtful):
            int(number)
        for number in (summary.rate, summary.residual_px, summary.seconds):
            float(number or 0)
    except (TypeError, ValueError):
        return None
    return summary
