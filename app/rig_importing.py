"""`mien calibrate --import`: another program's calibration -> rig.toml, checked by the face in a take."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from app.calibrating import several_cameras, target_of
from app.progress import teller
from capture.camera import Rig, save_rig
from capture.errors import RigError, UsageError
from capture.match import probe_take
from capture.rig_import import convention, import_rig
from capture.shoot import Take, is_shoot
from capture.turned import fitted, turned_size
from capture.video import Clip

UNITS = {"m": 1.0, "cm": 0.01, "mm": 0.001, "inch": 0.0254}


def run(path: Path, source: Path, unit: str, take_name: str | None, out: Path | None, force: bool, events: bool) -> int:
    """Import a rig, reproject the face of a take by it, and write it. Returns the exit code.

    Raises:
        RigError: the file cannot be read, or the rig disagrees with the footage: then nothing is written.
        UsageError: there is no take of several cameras to check it by.
    """
    from app.detection import detect, on_take_clock
    from app.detectors import landmarker_named
    from app.models import model_named
    from app.preparing import Options, prepare
    from solver.rig_check import check_rig, odd_size, refuse_foreign

    if unit not in UNITS:
        raise UsageError(f"--unit {unit} is not known; give one of {', '.join(UNITS)}")
    take = several_cameras(path, take_name)
    target = target_of(path if is_shoot(path) else take.folder, out, force)
    clips = probe_take(take)
    filed = turned_size(clips[0].size, clips[0].rotate)
    rig = _cameras_of(take, fitted(import_rig(source, filed, UNITS[unit]), clips), clips, source)
    tell = teller(events)
    ready = prepare(replace(take, rig_path=None), Options(None, None, "", (), "standard", None, None, False),
                    lambda warning: tell.note(take.name, warning))
    landmarker, model = landmarker_named(), model_named("mien")
    landmarks, _ = detect(ready, landmarker, False,
                          lambda step, done, total: tell.progress(take.name, step, done, total))
    landmarks, embedding = on_take_clock(landmarks, ready), landmarker.embedding(model)
    check = check_rig(landmarks, rig, embedding)
    refuse_foreign(check, landmarks, rig, model, embedding, f"{source}, read as {convention(source)},")
    save_rig(rig, target)
    print(f"read as {convention(source)}")
    for camera, residual in zip(rig.cameras, check.residual_px, strict=True):
        print(f"{camera.name:<14} the face lies {residual:.1f} px from where the other cameras see it")
    print(target)
    if (odd := odd_size(check)) is not None:
        tell.note(take.name, odd)
    return 0


def _cameras_of(take: Take, rig: Rig, clips: Sequence[Clip], source: Path) -> Rig:
    """The take's cameras in their order.

    Raises:
        RigError: the rig lacks one, or has it at another picture size.
    """
    missing = [name for name in take.cameras if name not in rig.names]
    if missing:
        raise RigError(f"{source} has the cameras {', '.join(rig.names)}, and none called {', '.join(missing)}; rename "
                       "the clips after its cameras, or the cameras in it after the clips")
    for clip in clips:
        width, height = rig[clip.camera].size
        if (width, height) != clip.size:
            raise RigError(f"{source} has {clip.camera} at {width} by {height} px, and its clip "
                           f"is {clip.size[0]} by {clip.size[1]}; calibrate at the size you record at")
    return Rig(tuple(rig[name] for name in take.cameras))
