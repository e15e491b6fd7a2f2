"""Makes reports: the last step of a solve, and the same again from disk.

What a report found is kept in short beside the artefacts, so that a shoot's page need not read every take anew.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np

from app import artefacts
from app.places import Places
from app.progress import Teller
from app.quality import BAD, levels
from app.report.evidence import SETTINGS_NAME, Evidence
from app.report.moments import worst_moments
from app.report.pictures import Picture, pictures, thumbnail
from app.report.summary import SUMMARY_NAME, Summary, page_of, read_summary
from app.report.take_page import take_page
from app.report.words import verdict
from app.timings import recorded
from capture.errors import MienError
from capture.files import sha256, sha256_or_none, write_bytes
from solver.performance import Performance

REPORT_VERSION = 3


def step(performance: Performance, where: Places, settings: dict[str, str], gather: Callable[[], Evidence],
         force: bool, teller: Teller) -> tuple[str, ...]:
    """The report as the last step of a solve: its path, or none, with a note, if it could not be made.

    The solve and its exports lie on disk by now; whatever goes wrong here must not make them count as failed.
    """
    try:
        if artefacts.load_record(where.work / SETTINGS_NAME) != settings:
            write_bytes(where.work / SETTINGS_NAME, artefacts.record_bytes(settings))
        path = page_of(where, performance.take)
        if force or current(performance, where) is None:
            teller.progress(performance.take, "report", 0, 1)
            write(gather())
            teller.progress(performance.take, "report", 1, 1)
        return (str(path),)
    except MienError as error:
        teller.note(performance.take, f"the take is solved, but its report could not be written: {error}")
    except Exception as error:  # a fault of ours; see above
        teller.note(performance.take, f"the take is solved, but making its report failed ({type(error).__name__}: "
                                      f"{error}); `mien report --debug` tells more")
    return ()


def write(evidence: Evidence) -> Path:
    """Write a take's report and its summary.

    Raises:
        OutputError: they cannot be written.
    """
    performance, where = evidence.performance, evidence.where
    moments = worst_moments(performance, evidence.residuals)
    shots, problems = pictures(evidence, moments)
    path = page_of(where, performance.take)
    write_bytes(path, take_page(evidence, moments, shots, problems))
    worst = max(range(len(moments)), key=lambda index: moments[index].score, default=None)
    level = levels(performance)
    residual = performance.residual_px[np.isfinite(performance.residual_px)]
    summary = Summary(
        # A page that lacks something is never current: what was missing may be there the next time.
        key="" if evidence.missing or problems else _key(performance, where), page_sha256=sha256(path),
        verdict=verdict(evidence),
        frames=str(performance.frames), rate=f"{evidence.rate:.6g}",
        residual_px=f"{residual.mean():.3f}" if len(residual) else "",
        lost=str(np.count_nonzero(level == BAD)), doubtful=str(np.count_nonzero((level > 0) & (level != BAD))),
        seconds=f"{sum(took.seconds for took in evidence.took):.3f}" if evidence.took else "",
        worst_frame="" if worst is None else str(moments[worst].frame),
        worst_why="" if worst is None else moments[worst].why,
        thumbnail=thumbnail(_best(shots[worst], moments[worst].camera)) if worst is not None and shots[worst] else "")
    write_bytes(where.work / SUMMARY_NAME, artefacts.record_bytes(asdict(summary)))
    return path


def current(performance: Performance, where: Places) -> Summary | None:
    """The summary of the report on disk, if that is whole and says what a new one would."""
    summary = read_summary(where)
    path = page_of(where, performance.take)
    if summary is None or summary.key != _key(performance, where) or not path.is_file():
        return None
    return summary if sha256_or_none(path) == summary.page_sha256 else None


def _key(performance: Performance, where: Places) -> str:
    """All that a report says comes from these: the solve (by its keys), what the steps took, and the settings."""
    return artefacts.key_of("report", REPORT_VERSION, steps=performance.steps, take=performance.take,
                            frames=performance.frames, took=[asdict(took) for took in recorded(where.work)],
                            settings=artefacts.load_record(where.work / SETTINGS_NAME))


def _best(shots: Sequence[Picture], camera: str) -> Picture:
    return next((shot for shot in shots if shot.camera == camera), shots[0])
