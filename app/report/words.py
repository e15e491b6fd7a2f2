"""What a report says in plain words: what to look at in a take, and why."""

import numpy as np

from app.clocks import lagging, out_of_step
from app.film_words import Said, said
from app.quality import BAD, DOUBTFUL, flagged, levels
from app.report.evidence import Evidence
from app.report.moments import lost_runs
from app.report.plain import GOOD, KNOW, LOOK, WORSE, Finding, listed
from solver.performance import HIDDEN, UNKNOWN
from solver.residuals import measured_share

SEES = 0.5
"""Share of a region's landmarks from which a camera counts as seeing the region in a frame."""
MOSTLY = 0.5
"""Share of the frames from which a camera counts as seeing a region at all."""
HARDLY = 0.25
"""A shape of which the pictures tell a smaller share rests on what the solve believed beforehand."""
USED = 0.1
"""A weight that never goes beyond this is not part of the performance."""
FULL = 0.995
MOST_RUNS, MOST_SHAPES = 4, 5
"""How many runs without a face, and hidden shapes, are named."""


def findings(evidence: Evidence) -> tuple[Finding, ...]:
    """Everything worth saying, what to look at first."""
    if evidence.performance.frames == 0:
        return (Finding(LOOK, "The take is empty", "It has no frame, so there is nothing to judge."),)
    told = [*(Finding(LOOK, fault.title, fault.text + ".", fault.frame) for fault in _films(evidence)),
            *_lost(evidence), *_hidden(evidence), *_doubtful(evidence), *_cameras(evidence),
            *_regions(evidence), *_seen_by(evidence), *_unmeasured(evidence), *_at_their_limit(evidence),
            *_corrected(evidence), *_lens(evidence), *_clocks(evidence)]
    if not any(finding.level == LOOK for finding in told):
        told.insert(0, Finding(GOOD, "Nothing stands out", "Every frame was seen and fits about as well as the others. "
                               "The worst moments below are merely the least good ones."))
    return tuple(sorted(told, key=lambda finding: finding.level != LOOK))


def verdict(evidence: Evidence) -> str:
    """The take in one sentence."""
    frames = evidence.performance.frames
    if frames == 0:
        return "An empty take."
    level = levels(evidence.performance)
    lost, doubtful = np.count_nonzero(level == BAD), np.count_nonzero(level == DOUBTFUL)
    if lost > frames / 2:
        return f"Most of this take has no face in view: {lost} of {frames} frames are held or interpolated."
    parts = [fault.title for fault in _films(evidence)]
    if lost:
        parts.append(f"{_count(lost, 'frame')} of {frames} without a face")
    if doubtful:
        parts.append(f"{_count(doubtful, 'doubtful frame')}")
    if not parts:
        return f"All {frames} frames were seen and fit evenly." if frames > 1 else "The one frame was seen."
    return f"Look before you use it: {listed(parts)}."


def px_to_mm(evidence: Evidence) -> np.ndarray | None:
    """(C) millimetres on the face that a pixel of each camera is, in the middle of the take; None without a rig."""
    if evidence.rig is None or evidence.performance.frames == 0:
        return None
    head = np.median(evidence.performance.head_translation, axis=0)
    cameras = [evidence.rig[name] for name in evidence.performance.cameras if name in evidence.rig.names]
    return np.array([1000 * abs(camera.rotation[2] @ head + camera.translation[2]) / camera.matrix[0, 0]
                     for camera in cameras])


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}{'' if number == 1 else 's'}"


def _films(evidence: Evidence) -> list[Said]:
    shown = dict(zip(evidence.performance.cameras, np.count_nonzero(evidence.there, axis=1), strict=True))
    return [fault for camera, wrong in evidence.films for fault in said(camera, wrong, evidence.first, shown[camera])]


def _lost(evidence: Evidence) -> list[Finding]:
    runs = lost_runs(evidence.performance)
    if not runs:
        return []
    total = sum(run.frames for run in runs)
    longest = sorted(runs, key=lambda run: (-run.frames, run.first))[:MOST_RUNS]
    words = [f"{run.first} to {run.last} ({run.frames / evidence.rate:.2g} s, {run.how})" if run.frames > 1
             else f"{run.first} ({run.how})" for run in sorted(longest, key=lambda run: run.first)]
    more = f"; {len(runs) - len(words)} more runs are shorter" if len(runs) > len(words) else ""
    one = total == 1
    return [Finding(LOOK, f"{_count(total, 'frame')} without a face",
                    f"In frame{'' if one else 's'} {listed(words)} no camera sees the face{more}. What stands there "
                    "is a bridge, not a measurement: an interpolated run is a straight line between its ends, a held "
                    "one repeats the nearest frame that was seen. Animate over it or cut around it.", longest[0].first)]


def _hidden(evidence: Evidence) -> list[Finding]:
    frames = np.flatnonzero(flagged(evidence.performance, HIDDEN))
    if len(frames) == 0:
        return []
    unknown = (evidence.performance.sigma[frames] >= UNKNOWN).sum(axis=0)  # (K)
    most = [evidence.performance.shape_names[column] for column in np.argsort(-unknown, kind="stable")[:MOST_SHAPES]
            if unknown[column]]
    others = np.count_nonzero(unknown) - len(most)
    named = [*most, *([_count(others, "other shape")] if others > 0 else [])]
    return [Finding(LOOK, f"{_count(len(frames), 'frame')} with something before the face",
                    f"A hand or another thing hides {listed(named)} for a while, first in frame {frames[0]}. What "
                    "the curves have there is a bridge, not a measurement: as the face's other side does, or straight "
                    "from where it was seen last to where it is seen next; the standard deviation there is 1.",
                    int(frames[0]))]


def _doubtful(evidence: Evidence) -> list[Finding]:
    level = levels(evidence.performance)
    doubtful = np.flatnonzero((level == DOUBTFUL) & ~flagged(evidence.performance, HIDDEN))
    if len(doubtful) == 0:
        return []
    residual = np.nan_to_num(evidence.performance.residual_px)
    worst = int(doubtful[residual[doubtful].argmax()])
    usual = float(np.median(residual[level != BAD]))
    text = f"There the face fits the pictures much worse than in the rest of the take ({residual[worst]:.1f} px in " \
           f"frame {worst}, usually {usual:.1f} px): hair before the face, motion blur, a cut-off chin, or " \
           "an expression that the model cannot make. The worst moments show it."
    return [Finding(LOOK, f"{_count(len(doubtful), 'doubtful frame')}", text, worst)]


def _cameras(evidence: Evidence) -> list[Finding]:
    found, out = evidence.residuals, []
    if found is None or len(found.cameras) < 2:
        return out
    usual = _median_rows(found.overall)
    scale = px_to_mm(evidence)
    off = usual * scale if scale is not None and len(scale) == len(usual) else usual
    unit = "mm on the face" if off is not usual else "px"
    for index, name in enumerate(found.cameras):
        if without := int((~evidence.there[index]).sum()):
            out.append(Finding(KNOW, f"{name} has no picture in {without} of {evidence.performance.frames} frames",
                               "It begins later than another camera, or stops earlier. Those frames rest on the other "
                               "cameras: what only this one sees is less sure there."))
        there = np.isfinite(found.overall[index])[evidence.there[index]]
        blind = 1.0 - there.mean() if len(there) else 0.0
        if blind > 0.02:
            out.append(Finding(LOOK if blind > 0.1 else KNOW, f"{name} misses the face in {blind:.0%} of the frames",
                               "Those frames rest on the other cameras."))
        rest = np.delete(off, index)
        rest = rest[np.isfinite(rest)]
        if len(rest) and np.isfinite(off[index]) and off[index] > WORSE * np.median(rest):
            out.append(_worse(name, f"{off[index]:.1f} {unit}", f"{np.median(rest):.1f}", _shares_seen(evidence),
                              index))
    return out


def _shares_seen(evidence: Evidence) -> np.ndarray:
    """(C) how much of the face each camera sees where it has a picture; 0 where it has none at all."""
    return np.array([float(sees[there].mean()) if there.any() else 0.0
                     for sees, there in zip(evidence.residuals.sees, evidence.there, strict=True)])


def _worse(name: str, off: str, others: str, sees: np.ndarray, index: int) -> Finding:
    """A camera that fits worse; `sees` (C) how much of the face each camera sees."""
    title = f"{name} fits worse than the other cameras"
    text = f"Its landmarks lie {off} from the solved face, the others' {others}. "
    if sees[index] < 0.75 * sees.max():
        return Finding(KNOW, title, text + f"It sees the face from the side ({sees[index]:.0%} of it, another camera "
                       f"{sees.max():.0%}), where landmarks are less exact: some of that is to be expected.")
    return Finding(LOOK, title, text + "If it is so in all frames, check this camera's calibration (was it moved since "
                   "the board was filmed?); if it grows when the head moves fast, check its sync.")


def _regions(evidence: Evidence) -> list[Finding]:
    found = evidence.residuals
    if found is None or len(found.regions) < 2:
        return []
    usual = np.array([np.nanmedian(found.rms[:, :, r]) if np.isfinite(found.rms[:, :, r]).any() else np.nan
                      for r in range(len(found.regions))])
    if not np.isfinite(usual).sum() > 1:
        return []
    worst, middle = int(np.nanargmax(usual)), float(np.nanmedian(usual))
    if usual[worst] <= WORSE * middle:
        return []
    return [Finding(KNOW, f"The {found.regions[worst]} fits worst",
                    f"{usual[worst]:.1f} px, where the regions' middle is {middle:.1f} px. That it is so all the time "
                    "points to the actor's form there (the model does not become this person in every place) more "
                    "than to single expressions.")]


def _seen_by(evidence: Evidence) -> list[Finding]:
    """Regions that rest on few cameras."""
    found, out = evidence.residuals, []
    if found is None or len(found.cameras) < 2:
        return out
    alone: dict[str, list[str]] = {}
    for r, region in enumerate(found.regions):
        share = (found.sees[:, :, r] >= SEES).mean(axis=1)  # (C)
        seeing = [name for name, part in zip(found.cameras, share, strict=True) if part >= MOSTLY]
        others = listed([f"{name} in {part:.0%}" for name, part in zip(found.cameras, share, strict=True)
                         if part < MOSTLY])
        if not seeing:
            out.append(Finding(LOOK, f"The {region} is hardly seen",
                               f"No camera sees it in more than {share.max():.0%} of the frames: {_rests(region)} "
                               "are mostly guesses there."))
        elif len(seeing) == 1:
            alone.setdefault(seeing[0], []).append(f"the {region} ({others} of the frames)")
    for name, regions in alone.items():
        shapes = listed([_rests(words.split(" (")[0].removeprefix("the ")) for words in regions])
        out.append(Finding(KNOW, f"Parts of the face rest on {name} alone",
                           f"The other cameras seldom see {listed(regions)}. So {shapes} rest on {name}: one camera "
                           "tells little of what moves towards it or away from it."))
    return out


def _rests(region: str) -> str:
    """What an animator calls the shapes of a region."""
    side, _, part = region.rpartition(" ")
    names = {"eye": "blink, squint and gaze", "brow": "brow", "cheek": "cheek", "nose": "sneer", "mouth": "lips",
             "jaw": "jaw"}
    return f"the {side + ' ' if side else ''}{names.get(part, part)}"


def _unmeasured(evidence: Evidence) -> list[Finding]:
    performance = evidence.performance
    share = measured_share(performance)
    if not np.isfinite(share).all() or len(share) == 0:
        return []
    hardly = [name for name, part in zip(performance.shape_names, share, strict=True) if part < HARDLY]
    used = {name for name, peak in zip(performance.shape_names, performance.weights.max(axis=0), strict=True)
            if peak > USED}
    if not hardly:
        return []
    active = [name for name in hardly if name in used]
    rest = [name for name in hardly if name not in used]
    cameras = "these cameras" if len(performance.cameras) > 1 else "this one camera"
    text = f"The landmarks of {cameras} tell next to nothing of them, so their curves are mostly what the solve " \
           "believed beforehand. "
    if active:
        text += f"Check by eye where they matter: {listed(active)}. "
    if rest:
        text += f"They stay at rest in this take, which does not mean that the actor's did: {listed(rest)}."
    return [Finding(KNOW, f"{_count(len(hardly), 'shape')} that these pictures hardly show", text.strip())]


def _at_their_limit(evidence: Evidence) -> list[Finding]:
    weights = evidence.performance.weights
    frames = (weights >= FULL).sum(axis=0)
    least = max(3, round(0.02 * len(weights)))
    stuck = [(name, int(count)) for name, count in zip(evidence.performance.shape_names, frames, strict=True)
             if count >= least]
    if not stuck:
        return []
    stuck.sort(key=lambda item: (-item[1], item[0]))
    column = evidence.performance.shape_names.index(stuck[0][0])
    words = listed([f"{name} ({count} frames)" for name, count in stuck[:6]])
    return [Finding(KNOW, "Shapes at their limit", f"{words} stay at 1: there the face goes further than the model's "
                    "shape does, and the curve is flat where the actor's was not.",
                    int(np.argmax(weights[:, column] >= FULL)))]


def _corrected(evidence: Evidence) -> list[Finding]:
    if "correct" not in evidence.performance.steps:
        return []
    return [Finding(KNOW, "Solved around corrections", "Frames near a person's corrections follow these, not the "
                    "landmarks: a larger residual there is no fault.")]


def _lens(evidence: Evidence) -> list[Finding]:
    settings = dict(evidence.settings)
    if evidence.rig is None:
        return []
    out = []
    if settings.get("cameras", "").startswith("assumed"):
        camera = evidence.rig.cameras[0]
        out.append(Finding(KNOW, "The camera was not calibrated",
                           f"A focal length of {camera.matrix[0, 0]:.0f} px was found from the face itself "
                           f"({camera.matrix[0, 0] / max(camera.size) * 36:.0f} mm on 35 mm film). Distance and size "
                           "of the head follow that guess; the shapes depend on it less."))
    bad = [f"{camera.name} {camera.error_px:.2f} px" for camera in evidence.rig.cameras
           if camera.error_px is not None and camera.error_px > 1.0]
    if bad:
        out.append(Finding(LOOK, "Calibration errors above a pixel", f"{listed(bad)}: film the board again, slower and "
                           "in more places of the picture."))
    return out


def _clocks(evidence: Evidence) -> list[Finding]:
    if len(evidence.performance.cameras) < 2 or evidence.clips is None:
        return []
    late = {} if evidence.landmarks is None or evidence.rig is None else lagging(evidence.landmarks, evidence.rate,
                                                                                 evidence.rig, evidence.there)
    if late:
        words = out_of_step(late)
        return [Finding(LOOK, "Cameras out of step", words[0].upper() + words[1:] + ".")]
    if evidence.timeline is None:
        return [Finding(LOOK, "The cameras were taken to begin together", "Nothing told how they are in step: no "
                        "timecode in all clips and no sync.toml. If they were not started by one trigger, run "
                        "`mien sync` and solve again.")]
    frame_ms = 1000.0 / evidence.rate
    late = [f"{clock.name} {clock.residual_ms:.1f} ms" for clock in evidence.timeline.clocks
            if np.isfinite(clock.residual_ms) and clock.residual_ms > 0.34 * frame_ms]
    if late:
        return [Finding(LOOK, "The cameras are loosely in step", f"{listed(late)}, a frame being {frame_ms:.0f} ms: "
                        "fast motion will fit badly.")]
    if evidence.timeline.method == "timecode":
        return [Finding(KNOW, "In step by timecode", "Timecode tells whole frames: the cameras may be up to half a "
                        "frame apart unless they are genlocked.")]
    return []


def _median_rows(values: np.ndarray) -> np.ndarray:
    """(C, T) -> (C) medians of what is finite."""
    return np.array([np.median(row[np.isfinite(row)]) if np.isfinite(row).any() else np.nan for row in values])
