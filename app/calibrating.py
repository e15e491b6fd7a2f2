"""`mien calibrate`: board clips, or the face in a take, -> rig.toml, with how far to trust it."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from app.progress import Teller, teller
from capture.board_clips import calibrate_shoot
from capture.calibrate import Calibration
from capture.camera import save_rig
from capture.certainty import save_certainty
from capture.coverage_picture import save_coverage
from capture.errors import RigError, UsageError
from capture.shoot import Take, find_takes, is_shoot, open_shoot


def run(folder: Path, out: Path | None, force: bool, events: bool, fisheye: bool = False) -> int:
    """Calibrate a shoot's cameras by its board clips and print the table. Returns the exit code.

    Raises:
        RigError: the clips do not show enough, or a rig.toml would be overwritten without --force.
    """
    shoot = open_shoot(folder)
    target = target_of(shoot.folder, out, force)
    tell = teller(events)
    calibration, board = calibrate_shoot(
        shoot, report=lambda done, total: tell.progress(shoot.name, "find the board", done, total),
        fisheye=fisheye or None,
        seen=lambda camera, size, corners: tell.board(camera, size, [] if corners is None else corners.xy.tolist()))
    save_rig(calibration.rig, target)
    kind = f"{board.kind} of {board.squares[0]} by {board.squares[1]} squares of {board.square * 1000:g} mm"
    sure = save_certainty(calibration, target)
    pictures = save_coverage(calibration, target)
    for line in (f"board: {kind}", *table(calibration), str(target), str(sure), *map(str, pictures)):
        print(line)
    for warning in calibration.warnings:
        tell.note(shoot.name, warning)
    return 0


def run_from_face(path: Path, take_name: str | None, interocular_mm: float | None, out: Path | None, force: bool,
                  events: bool) -> int:
    """Calibrate by the face in a take, without any board. Returns the exit code.

    Raises:
        RigError: the face does not tell enough, or a rig.toml would be overwritten without --force.
        UsageError: there is no take of several cameras, or an option makes no sense.
    """
    from app.detection import detect, on_take_clock
    from app.detectors import landmarker_named
    from app.face_cameras import from_face, sentences
    from app.models import model_named
    from app.preparing import Options, prepare

    if interocular_mm is not None and not 40 <= interocular_mm <= 90:
        raise UsageError(f"--interocular {interocular_mm:g}: people's pupils are 50 to 75 mm apart")
    take = several_cameras(path, take_name)
    target = target_of(path if is_shoot(path) else take.folder, out, force)
    if interocular_mm is not None:
        take = replace(take, settings={**take.settings, "interocular_mm": interocular_mm})
    take = replace(take, rig_path=None)  # whatever rig there is shall not be asked
    tell = teller(events)
    ready = prepare(take, Options(None, None, "", (), "standard", None, None, False),
                    lambda warning: tell.note(take.name, warning))
    landmarker, model = landmarker_named(), model_named("mien")
    landmarks, _ = detect(ready, landmarker, False, _reporter(tell, take.name))
    calibration = from_face(ready.clips, take, on_take_clock(landmarks, ready), landmarker.embedding(model), model,
                            lambda done, total: tell.progress(take.name, "cameras", done, total))
    save_rig(calibration.rig, target)
    for line in (f"from the face in {take.name}, {calibration.frames} frames", *sentences(calibration), str(target)):
        print(line)
    for warning in calibration.warnings:
        tell.note(take.name, warning)
    return 0


def table(calibration: Calibration) -> list[str]:
    """One line per camera: what it saw, its errors, and how sure its lens and place are."""
    lines = [f"{'camera':<14}{'lens':<9}{'views':>6}{'error px':>10}{'held out':>10}{'coverage':>10}{'focal px':>10}"
             f"{'+-':>7}{'place +- mm':>13}{'turn +- deg':>13}"]
    for camera, report in zip(calibration.rig.cameras, calibration.cameras, strict=True):
        focal = camera.matrix[0, 0]
        lines.append(f"{report.name:<14}{camera.model:<9}{report.views:>6}{report.error_px:>10.3f}"
                     f"{report.held_out_px:>10.3f}{report.coverage:>10.0%}{focal:>10.1f}"
                     f"{report.focal_sigma * focal:>7.1f}{report.position_sigma.max() * 1000:>13.2f}"
                     f"{np.degrees(report.direction_sigma):>13.3f}")
    return lines


def target_of(folder: Path, out: Path | None, force: bool) -> Path:
    """Where a rig goes.

    Raises:
        RigError: one is there already.
    """
    target = out if out is not None else folder / "rig.toml"
    if target.exists() and not force:
        raise RigError(f"{target} is there already; give --force to replace it, or --out FILE to write elsewhere")
    return target


def several_cameras(path: Path, name: str | None) -> Take:
    """The take of that name, or the first one, that several cameras filmed.

    Raises:
        UsageError: there is none.
    """
    takes = [take for take in find_takes(path) if len(take.clips) > 1]
    if name is not None:
        takes = [take for take in takes if take.name == name]
    if not takes:
        what = f"no take {name} of several cameras" if name is not None else "no take of several cameras"
        raise UsageError(f"{path} has {what}; cameras are found from a face that all of them film at once")
    return takes[0]


def _reporter(tell: Teller, take: str):
    return lambda step, done, total: tell.progress(take, step, done, total)
