"""`mien calibrate`: board clips -> rig.toml, with how far to trust it."""

from pathlib import Path

from app.progress import teller
from capture.board_clips import calibrate_shoot
from capture.calibrate import Calibration
from capture.camera import save_rig
from capture.errors import RigError
from capture.shoot import open_shoot


def run(folder: Path, out: Path | None, force: bool, events: bool) -> int:
    """Calibrate a shoot's cameras and print the table. Returns the exit code.

    Raises:
        RigError: the clips do not show enough, or a rig.toml would be overwritten without --force.
    """
    shoot = open_shoot(folder)
    target = out if out is not None else shoot.folder / "rig.toml"
    if target.exists() and not force:
        raise RigError(f"{target} is there already; give --force to replace it, or --out FILE to write elsewhere")
    tell = teller(events)
    calibration, board = calibrate_shoot(
        shoot, report=lambda done, total: tell.progress(shoot.name, "find the board", done, total))
    save_rig(calibration.rig, target)
    kind = f"{board.kind} of {board.squares[0]} by {board.squares[1]} squares of {board.square * 1000:g} mm"
    for line in (f"board: {kind}", *table(calibration), str(target)):
        print(line)
    for warning in calibration.warnings:
        tell.note(shoot.name, warning)
    return 0


def table(calibration: Calibration) -> list[str]:
    """One line per camera: what it saw, its errors, and how sure its lens and place are."""
    lines = [f"{'camera':<14}{'views':>6}{'error px':>10}{'held out':>10}{'coverage':>10}{'focal px':>10}{'+-':>7}"
             f"{'place +- mm':>13}"]
    for camera, report in zip(calibration.rig.cameras, calibration.cameras, strict=True):
        focal = camera.matrix[0, 0]
        lines.append(f"{report.name:<14}{report.views:>6}{report.error_px:>10.3f}{report.held_out_px:>10.3f}"
                     f"{report.coverage:>10.0%}{focal:>10.1f}{report.focal_sigma * focal:>7.1f}"
                     f"{report.position_sigma.max() * 1000:>13.2f}")
    return lines
