"""From board clips to a rig: decode, find the board, calibrate."""

import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from capture.board import Board, Corners, find, load_board, recognise
from capture.calibrate import Calibration, calibrate
from capture.camera import Camera, Rig
from capture.errors import ClipError, RigError
from capture.match import align, take_frames
from capture.settings import rotation
from capture.shoot import Shoot, camera_name
from capture.sync import by_stated_timecode
from capture.turned import fitted
from capture.video import frames, probe

Seen = Callable[[str, tuple[int, int], "Corners | None"], None]
"""Told of each picture that was searched: camera, its size, and what was found."""
MOST_MOMENTS = 240
"""Moments in which the board is looked for, evenly over the clips."""


def calibrate_shoot(shoot: Shoot, offsets: Mapping[str, float] | None = None,
                    lenses: Mapping[str, Camera] | None = None,
                    report: Callable[[int, int], None] = lambda done, total: None, fisheye: bool | None = None,
                    seen: Seen = lambda camera, size, corners: None) -> tuple[Calibration, Board]:
    """Calibrate the cameras of a shoot from its calibration folder: board clips and, if there is one, board.toml.

    Args:
        offsets: camera -> seconds at which its board clip begins, on a common clock; by default by the
            timecodes, or all together.
        lenses: cameras whose lens stays as it is.
        fisheye: whether the lenses are fisheyes; None: found out.
        report: called with what is done and the total; may raise Cancelled.
        seen: called with what was found in each picture.

    Raises:
        RigError: there are no board clips, or they do not show enough.
        ClipError: a clip cannot be read.
        DataError: board.toml makes no sense.
    """
    folder = shoot.folder / "calibration"
    if not shoot.calibration_clips:
        raise RigError(f"{folder} holds no board clips; film a board with each camera and put the clips there, "
                       "one per camera, named as the cameras are; --print-board board.pdf prints one")
    path = folder / "board.toml"
    return calibrate_clips(shoot.calibration_clips, load_board(path) if path.is_file() else None, offsets, lenses,
                           report, shoot.settings.get("frame_rate"), fisheye, seen,
                           lambda camera: rotation(camera, shoot.settings))


def calibrate_clips(paths: Sequence[Path], board: Board | None = None, offsets: Mapping[str, float] | None = None,
                    lenses: Mapping[str, Camera] | None = None,
                    report: Callable[[int, int], None] = lambda done, total: None, rate: object = None,
                    fisheye: bool | None = None, seen: Seen = lambda camera, size, corners: None,
                    rotate: Callable[[str], int] = lambda camera: 0) -> tuple[Calibration, Board]:
    """Calibrate from board clips, one per camera; see `calibrate_shoot`. Without a board it is recognised.

    `rotate` tells by how many degrees clockwise a camera's pictures are turned to stand upright. The rig holds of
    these, and so the world, which is the first camera's space, stands upright, too.
    """
    clips = [probe(path, rate, rotate(camera_name(path))) for path in paths]
    guessed = board is None
    if board is None:
        board = recognise([_grey(next(frames(clip, int(at))).rgb) for clip in clips
                           for at in np.linspace(0, clip.frames - 1, min(clip.frames, 3))])
    if offsets is None:
        with contextlib.suppress(ClipError):  # clocks that were never set tell nothing; `align` says what is done
            timeline = by_stated_timecode(clips)
            if timeline is not None and all(clip.times[-1] + timeline.offsets[clip.camera] >= max(
                    timeline.offsets.values()) for clip in clips):
                offsets = timeline.offsets
    together = align("the calibration", clips, offsets, only_shared=True)
    stride = -(-together.frames // MOST_MOMENTS)
    wanted = range(0, together.frames, stride)
    found: dict[str, list[Corners | None]] = {}
    total = len(wanted) * len(clips)
    for camera, clip in enumerate(clips):
        row = found[clip.camera] = []
        for frame in take_frames(together, camera):
            if frame.index % stride == 0:
                row.append(find(board, _grey(frame.rgb)))
                seen(clip.camera, clip.size, row[-1])
                report(camera * len(wanted) + len(row), total)

    def around(name: str, moments: Sequence[int]) -> list[tuple[Corners | None, Corners | None]]:
        near = {moment * stride + step for moment in moments for step in (-1, 1)}
        looked: dict[int, Corners | None] = {}
        for frame in take_frames(together, [clip.camera for clip in clips].index(name)):
            if frame.index in near:
                looked[frame.index] = find(board, _grey(frame.rgb))
                report(total, total)
        return [(looked.get(moment * stride - 1), looked.get(moment * stride + 1)) for moment in moments]

    if lenses is not None:
        lenses = {name: fitted(Rig((lens,)), clips).cameras[0] for name, lens in lenses.items()}
    result = calibrate(board, found, {clip.camera: clip.size for clip in clips}, lenses, fisheye,
                       None if stride == 1 else around)
    warnings = together.warnings + result.warnings
    if guessed:
        warnings += (f"without a board.toml the board is taken to have squares of {1000 * board.square:g} mm, as "
                     "mien's own has; measure yours, for all lengths follow from it",)
    turned = {clip.camera: clip.rotate for clip in clips}
    rig = Rig(tuple(replace(camera, rotate=turned[camera.name]) for camera in result.rig.cameras))
    return replace(result, rig=rig, warnings=warnings), board


def _grey(rgb: np.ndarray) -> np.ndarray:
    return cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
