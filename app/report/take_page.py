"""A take's report: what is known of it, put into words, pictures and tables."""

from collections.abc import Sequence

import numpy as np

from app.quality import levels
from app.report.curves import curves_of, data_of, groups_of
from app.report.drawing import STRIP, band, buckets, strip
from app.report.evidence import Evidence
from app.report.moments import ENOUGH, Moment
from app.report.page import page
from app.report.pictures import Picture
from app.report.plain import LOOK, duration
from app.report.words import MOSTLY, SEES, findings, px_to_mm, verdict

TICKS = 7
MOST_STRIPS = 8
"""Cameras whose regions are drawn over time."""
UNKNOWN = "–"


def take_page(evidence: Evidence, moments: Sequence[Moment], pictures: Sequence[Sequence[Picture]],
              problems: Sequence[str]) -> bytes:
    """The page. `pictures` are those of each moment, `problems` say why some are not there."""
    e, p = evidence, evidence.performance
    said = findings(e)
    curves = curves_of(p) if p.frames else ()
    over_time = _over_time(e) if p.frames else {"cameras": _cameras(e, []), "strips": []}
    return page(
        "take.html", "take.js", data_of(curves, e.rate), take=p.take, actor=p.actor, frames=p.frames,
        rate=f"{e.rate:.6g}", seconds=f"{p.frames / e.rate:.4g}", timecode=p.start_timecode, model=p.model_name,
        verdict=verdict(e), level="look" if any(finding.level == LOOK for finding in said) else "good",
        findings=said, missing=[*e.missing, *problems], pictured=any(pictures),
        widest=max(map(len, pictures), default=0),
        moments=[{"frame": moment.frame, "at": f"{moment.frame / e.rate:.2f} s", "why": moment.why,
                  "pictures": [_shown(e, picture, moment) for picture in shots]}
                 for moment, shots in zip(moments, pictures, strict=True)],
        groups=groups_of(curves), regions=_regions(e), sight=_sight(e), sync_words=_sync_words(e),
        steps=_steps(e), settings=e.settings, **over_time)


def _shown(evidence: Evidence, picture: Picture, moment: Moment) -> dict[str, object]:
    note = ""
    if evidence.residuals is not None:
        off = float(evidence.residuals.overall[evidence.residuals.cameras.index(picture.camera), moment.frame])
        note = f"{off:.1f} px" if np.isfinite(off) else "no face found"
    return {"camera": picture.camera, "size": picture.size, "plain": picture.plain, "overlay": picture.overlay,
            "note": note}


def _regions(evidence: Evidence) -> tuple[str, ...]:
    return evidence.residuals.regions if evidence.residuals is not None else ()


def _over_time(evidence: Evidence) -> dict[str, object]:
    """The strip of quality, the residuals' curves and the regions' strips."""
    e, p = evidence, evidence.performance
    found = e.residuals
    lines = found.overall if found is not None else p.residual_px[None]
    known = lines[np.isfinite(lines)]
    top = float(np.ceil(1.15 * np.percentile(known, 99.7))) if len(known) else 1.0
    strips, strip_top = [], 0.0
    if found is not None and found.regions:
        rms = np.where(found.sees >= ENOUGH, found.rms, np.nan)
        usual = np.median(rms[np.isfinite(rms)]) if np.isfinite(rms).any() else 1.0
        strip_top = float(np.ceil(max(2.5 * usual, 2.0)))
        strips = [{"name": name, "image": strip(rms[index], strip_top)}
                  for index, name in enumerate(found.cameras[:MOST_STRIPS])]
    paths = [band(*buckets(row, STRIP), top, 100.0) for row in lines]
    if found is None:  # one line for all cameras together
        paths += [""] * (len(p.cameras) - 1)
    return {"quality": strip(0.5 + 0.75 * levels(p)[:, None], 2.0), "residual_top": f"{top:.3g}",
            "residual_width": max(min(p.frames, STRIP) - 1, 1), "cameras": _cameras(e, paths), "strips": strips,
            "strip_top": f"{strip_top:.3g}", "ticks": _ticks(p.frames)}


def _ticks(frames: int) -> list[int]:
    return sorted({round(at) for at in np.linspace(0, frames - 1, min(TICKS, frames))})


def _cameras(evidence: Evidence, paths: list[str]) -> list[dict[str, object]]:
    """A row of the table for each camera."""
    e = evidence
    scale = px_to_mm(e)
    clocks = {clock.name: clock for clock in e.timeline.clocks} if e.timeline is not None else {}
    out = []
    for index, name in enumerate(e.performance.cameras):
        row = dict.fromkeys(("size", "seen", "residual", "mm", "error", "focal", "begins", "sync"), UNKNOWN)
        row |= {"name": name, "path": paths[index] if index < len(paths) else ""}
        if e.rig is not None and name in e.rig.names:
            camera = e.rig[name]
            row |= {"size": f"{camera.size[0]} × {camera.size[1]}", "focal": f"{camera.matrix[0, 0]:.0f} px",
                    "error": f"{camera.error_px:.2f} px" if camera.error_px is not None else "not known"}
        if e.residuals is not None and e.performance.frames:
            overall = e.residuals.overall[e.residuals.cameras.index(name)]
            seen = np.isfinite(overall)
            row["seen"] = f"{seen.mean():.0%}"
            if seen.any():
                usual = float(np.median(overall[seen]))
                row["residual"] = f"{usual:.2f} px"
                if scale is not None and len(scale) == len(e.performance.cameras):
                    row["mm"] = f"{usual * scale[index]:.1f} mm"
        if name in clocks:
            clock = clocks[name]
            row["begins"] = f"{clock.offset:+.4f} s"
            if np.isfinite(clock.residual_ms) and index:
                row["sync"] = f"{clock.residual_ms:.1f} ms"
        out.append(row)
    return out


def _sync_words(evidence: Evidence) -> str:
    if len(evidence.performance.cameras) < 2:
        return "One camera needs no sync."
    if evidence.clips is None:
        return "How the cameras were brought in step cannot be told without the footage."
    if evidence.timeline is None:
        return "The cameras were taken to begin together: neither timecode nor a sync.toml told otherwise."
    means = evidence.timeline.method or "sync.toml"
    text = f"The cameras were brought in step by {means}; one frame is {1000 / evidence.rate:.1f} ms."
    if means == "timecode":
        text += " Timecode tells whole frames; the residual is what rounding to them leaves, not a measurement."
    return text


def _sight(evidence: Evidence) -> list[dict[str, object]]:
    """For each camera and region: in what share of the frames it is seen, and how well it fits."""
    found = evidence.residuals
    if found is None or not evidence.performance.frames:
        return []
    rows = []
    for c, name in enumerate(found.cameras):
        cells = []
        for r in range(len(found.regions)):
            share = float((found.sees[c, :, r] >= SEES).mean())
            rms = found.rms[c, found.sees[c, :, r] >= ENOUGH, r]
            rms = rms[np.isfinite(rms)]
            cells.append({"share": f"{share:.0%}", "px": f"{np.median(rms):.1f} px" if len(rms) else UNKNOWN,
                          "level": "few" if share < MOSTLY else ""})
        rows.append({"camera": name, "cells": cells})
    return rows


def _steps(evidence: Evidence) -> list[dict[str, object]]:
    """The steps in their order: what each took, where that was recorded for the key that the result carries."""
    keys = evidence.performance.steps
    records = {took.step: took for took in evidence.took if keys.get(took.step, took.key) == took.key}
    exports = sorted(name for name in records if name.startswith("export "))
    out = []
    for name in (*keys, *exports):
        took = records.get(name)
        row = {"name": name, "key": keys.get(name, took.key if took else ""), "seconds": UNKNOWN, "cpu": UNKNOWN,
               "frame": UNKNOWN, "memory": UNKNOWN}
        if took is not None:
            row |= {"seconds": duration(took.seconds), "cpu": duration(took.cpu_seconds),
                    "frame": f"{1000 * took.seconds / max(evidence.performance.frames, 1):.1f} ms"}
            if took.peak_mib is not None:
                row["memory"] = f"{took.peak_mib:.0f} MiB"
        out.append(row)
    return out
