"""`mien inspect`: what a clip, a take or a shoot holds, and what is wrong with it."""

import json
import math
from fractions import Fraction
from pathlib import Path

import numpy as np

from app.clocks import offsets
from app.film_words import said
from capture.camera import load_rig
from capture.errors import MienError
from capture.film_look import Looker
from capture.film_look import faults as film_faults
from capture.focal import LONE_GUESS, first_lens
from capture.match import TakeClips, plan, take_frames
from capture.shoot import Take, camera_name, find_takes
from capture.turned import fitted, lies
from capture.video import probe

NAMED = 5
"""So many takes are named."""
AFFORD_PX = 1 << 30
"""So many pixels, of all takes together, are decoded to look at films: 500 pictures of 1920 x 1080, some seconds."""


def run(path: Path, as_json: bool, film: bool = False) -> int:
    """Print what is there. Returns 0, or 3 if nothing of it can be read, or 1 if some take has a fault.

    `film` looks at all pictures of all takes, however long that takes.
    """
    takes = find_takes(path)
    reports = [take_report(take, None if film else AFFORD_PX // len(takes)) for take in takes]
    if as_json:
        print(json.dumps({"event": "inspect", "path": str(path), "takes": reports}))
    else:
        for report in reports:
            print("\n".join(_lines(report)))
        if unseen := [report["take"] for report in reports if report["clips"] and not report["film"]]:
            few = ", ".join(unseen[:NAMED]) + (f" and {len(unseen) - NAMED} more" if len(unseen) > NAMED else "")
            print(f"the pictures of {few} were not looked at for cuts, repeats and fields: --film does, and takes long")
    broken = [report for report in reports if report["faults"]]
    if not broken:
        return 0
    return 3 if len(broken) == len(reports) and all(not report["clips"] for report in reports) else 1


def take_report(take: Take, afford: int | None = AFFORD_PX) -> dict[str, object]:
    """Everything about a take as plain values: name, rig, clips, sound, faults (they stop a solve), warnings, and
    whether its films were looked at.

    Args:
        afford: only where they have no more pixels; None: in any case.
    """
    clips, faults, warnings, rig, stated, looked = [], [], [], None, {}, False
    if take.problem:
        faults.append(take.problem)
    for clip_path in take.clips:
        try:
            clips.append(probe(clip_path, take.setting("frame_rate"), take.rotate(camera_name(clip_path))))
        except MienError as error:
            faults.append(str(error))
    try:
        filed = load_rig(take.rig_path) if take.rig_path is not None else None
        rig = fitted(filed, clips) if filed is not None else None
        if filed is not None and (words := lies(filed, clips)):
            warnings.append(words)
        if rig is None:
            lenses = [first_lens(clip, take.setting("focal_35mm"), LONE_GUESS) for clip in clips]
            stated = {lens.name: float(lens.matrix[0, 0]) for lens, known in lenses if known}
        if clips and not faults:
            together = plan(take, clips, rig, offsets(take, clips))
            warnings += together.warnings
            looked = afford is None or together.frames * sum(math.prod(clip.size) for clip in clips) <= afford
            if looked:
                warnings += _films(together)
            if rig is None and len(clips) > 1:
                warnings.append("no rig.toml: a solve finds the cameras from the face; film a board and run "
                                "`mien calibrate` to know them better")
            elif rig is None and not stated:
                warnings.append("no rig.toml: a solve finds the lens from the face, and with it how far away that is, "
                                "to about a tenth; where the lens is known, state focal_35mm in take.toml, or film a "
                                "board and run `mien calibrate`")
    except MienError as error:
        faults.append(str(error))
    return {
        "take": take.name, "rig": take.rig_path.name if take.rig_path else None,
        "sound": take.audio.name if take.audio else None,
        "settings": {key: str(value) if isinstance(value, Fraction) else value for key, value in take.settings.items()},
        "clips": [{"camera": clip.camera, "file": clip.path.name, "size": list(clip.size), "frames": clip.frames,
                   "rotate": clip.rotate,
                   "rate": [clip.frame_rate.numerator, clip.frame_rate.denominator],
                   "seconds": round(float(clip.times[-1]) + 1 / float(clip.frame_rate), 3), "codec": clip.codec,
                   "variable_rate": clip.variable_rate, "sound": clip.sound,
                   "timecode": str(clip.start_timecode) if clip.start_timecode else None,
                   "focal_px": float(rig[clip.camera].matrix[0, 0]) if rig and clip.camera in rig.names
                   else stated.get(clip.camera)}
                  for clip in clips],
        "faults": faults, "warnings": warnings, "film": looked,
    }


def _films(clips: TakeClips) -> list[str]:
    """What is wrong with a take's films as such, by a look at each picture."""
    told = []
    for index, clip in enumerate(clips.clips):
        shown = np.flatnonzero(clips.there[index])
        looker = Looker(clips.numbers[index, shown].tolist())
        for _ in looker.passing(frame.rgb for frame in take_frames(clips, index)):
            pass
        looker.light()
        told += [fault.text for fault in said(clip.camera, film_faults(looker.look), int(shown[0]), clips.frames)]
    return told


def _lines(report: dict[str, object]) -> list[str]:
    lines = [f"{report['take']}: {len(report['clips'])} camera{'s' if len(report['clips']) != 1 else ''}, "
             f"{'calibrated by ' + report['rig'] if report['rig'] else 'no rig'}"
             + (f", sound {report['sound']}" if report["sound"] else "")]
    for clip in report["clips"]:
        rate = clip["rate"][0] / clip["rate"][1]
        size = f"{clip['size'][0]}x{clip['size'][1]}"
        turned = f" turned by {clip['rotate']} degrees" if clip["rotate"] else ""
        lines.append(f"  {clip['camera']:<12} {size}{turned}  {clip['frames']} frames at {rate:.6g}"
                     f"{' (variable)' if clip['variable_rate'] else ''}, {clip['seconds']} s, {clip['codec']}"
                     + (f", starts {clip['timecode']}" if clip["timecode"] else "")
                     + (", sound" if clip["sound"] else "")
                     + (f", focal length {clip['focal_px']:.0f} px" if clip["focal_px"] else ""))
    lines += [f"  note: {text}" for text in report["warnings"]]
    lines += [f"  FAULT: {text}" for text in report["faults"]]
    return lines
