"""A camera's lens before anything was calibrated: by what its file states, else a guess."""

import os
from dataclasses import replace

import av

from capture.camera import Camera, lone_camera
from capture.container import OPTIONS
from capture.video import Clip

STAGE_GUESS = 1.5
"""Focal length over the longer side of one of several cameras: between 35 and 85 mm on 35 mm film, the lenses that
faces are filmed with."""
LONE_GUESS = 1.2
"""The same of a camera of which nothing is known, not even that others stand beside it: 43 mm on 35 mm film."""

FILM_MM = 36.0
"""The longer side of 35 mm film."""

KEYS = ("com.apple.quicktime.camera.focal_length.35mm_equivalent", "focallengthin35mmfilm",
        "com.android.camera.focal_length.35mm_equivalent")


def first_lens(clip: Clip, focal_35mm: float | None = None, guess: float = STAGE_GUESS) -> tuple[Camera, bool]:
    """A pinhole for a clip, and whether its focal length is stated rather than guessed.

    Args:
        focal_35mm: what the user says: mm as on 35 mm film; it goes before what the file says.
        guess: the focal length over the longer side, where neither says any.
    """
    stated = focal_35mm if focal_35mm is not None else _in_file(clip)
    longer = max(clip.size)
    focal_px = guess * longer if stated is None else stated / FILM_MM * longer
    return replace(lone_camera(clip.camera, clip.size, focal_px), rotate=clip.rotate), stated is not None


def equivalent_mm(camera: Camera) -> float:
    """A camera's focal length in mm as on 35 mm film."""
    return camera.matrix[0, 0] / max(camera.size) * FILM_MM


def _in_file(clip: Clip) -> float | None:
    """mm as on 35 mm film, as phones write it into their files."""
    if clip.files:
        return None
    try:
        with av.open(os.path.abspath(clip.path), options=dict(OPTIONS), metadata_errors="replace") as container:
            tables = [container.metadata, *(stream.metadata for stream in container.streams)]
    except av.error.FFmpegError:
        return None  # whoever reads its frames says what is wrong with it
    for table in tables:
        for key, value in table.items():
            if key.lower() in KEYS:
                try:
                    millimetres = float(value.split()[0])
                except (ValueError, IndexError):
                    continue
                if 8 <= millimetres <= 800:
                    return millimetres
    return None
