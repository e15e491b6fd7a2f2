"""`mien sync`: when each camera's clip of a take begins, written to the take's sync.toml."""

import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from app.corrections import corrections_path
from app.detectors import landmarker_named
from app.places import SYNC_NAME
from app.pointed_face import pointed, sightings
from app.preparing import faces_of
from app.progress import Teller, teller
from app.request import FAILED
from capture.camera import load_rig
from capture.errors import Cancelled, ClipError, MienError, UsageError
from capture.match import probe_take
from capture.shoot import Take, find_takes
from capture.sync import Timeline, save_timeline, synchronise
from capture.turned import fitted
from capture.video import Clip, frames
from solver.corrections import Sight
from solver.detect import Footage
from solver.network_actor import every


def run(path: Path, events: bool) -> int:
    """Synchronise each take below `path` and print its clocks; one that cannot be holds up no other. Returns the exit
    code."""
    tell, takes = teller(events), find_takes(path)
    failed: list[MienError] = []
    alone = [take for take in takes if not take.problem and len(take.clips) < 2]
    if len(alone) == len(takes):
        raise UsageError(f"{alone[0].name} has one camera alone; give a take folder with two or more clips")
    for take in takes:
        if take in alone:
            tell.note(take.name, "has one camera alone, and no other to be in step with")
            continue
        try:
            timeline = _synchronised(take, tell)
            save_timeline(timeline, take.folder / SYNC_NAME)
        except MienError as error:
            if len(takes) == 1 or isinstance(error, Cancelled):
                raise
            tell.take(take.name, FAILED, str(error), ())
            failed.append(error)
            continue
        print(f"{take.name}: by {timeline.method}")
        for clock in timeline.clocks:
            residual = "" if math.isnan(clock.residual_ms) else f", residual {clock.residual_ms:.2f} ms"
            drift = f", drift {clock.drift * 1e6:.1f} ppm" if clock.drift else ""
            print(f"  {clock.name:<14} begins at {clock.offset:+.4f} s{drift}{residual}")
        for warning in timeline.warnings:
            tell.note(take.name, warning)
    if len(failed) + len(alone) == len(takes):
        return failed[0].exit_code
    return MienError.exit_code if failed else 0


def _synchronised(take: Take, tell: Teller) -> Timeline:
    """By timecode or sound if they tell, else by the face's motion, which takes a detection of every clip."""
    clips = probe_take(take)
    try:
        return synchronise(clips, take.audio)
    except ClipError:
        rig = fitted(load_rig(take.rig_path), clips) if take.rig_path is not None else None
        faces = faces_of(take, clips)
        return synchronise(clips, take.audio, {clip.camera: _motion(clip, take, faces, tell) for clip in clips}, rig)


def _motion(clip: Clip, take: Take, faces: Mapping[Sight, tuple[float, float]], tell: Teller) -> np.ndarray:
    """(T, N, 2) px: the landmarks of the whole clip, NaN where no face was found."""
    footage = Footage(clip.size, clip.frame_rate, clip.frames, lambda: (frame.rgb for frame in frames(clip)))
    step, file = f"detect {clip.camera}", corrections_path(take)
    if what := pointed(faces, clip, file):
        found = sightings(clip, what, file, lambda: tell.progress(take.name, step, 0, clip.frames))
        footage = replace(footage, actor=found.during(range(clip.frames), every(clip.frame_rate)))
    return landmarker_named().detector.detect(footage, lambda done, total: tell.progress(take.name, step, done, total)
                                              ).xy
