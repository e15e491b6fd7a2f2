"""Footage described for Unreal's Capture Manager: a .cptake beside the clips, version 4.2 of its take metadata.

The fields are those of Epic's public documentation (the Take Archive device, and FTakeMetadata in its API pages). So
MetaHuman Animator can ingest the same clips that mien solves.
"""

import json
import re
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path, PurePosixPath

from capture.errors import OutputError
from capture.files import write_bytes

VERSION = {"Major": 4, "Minor": 2}
SPACE = uuid.UUID("6d69656e-0000-4000-8000-000000000000")


@dataclass(frozen=True)
class Footage:
    """One camera's clip, or its folder of pictures.

    Attributes:
        name: the camera.
        path: relative to the .cptake, with forward slashes.
        folder: whether `path` is a folder of pictures.
        format: "mov", "mp4", "png" ...
        frame_rate: frames per second.
        frames: how many.
        size: width, height in px, as the file gives its pictures.
        start_timecode: of the first frame.
        rotate: degrees clockwise by which these are turned to stand upright.
    """

    name: str
    path: str
    folder: bool
    format: str
    frame_rate: Fraction
    frames: int
    size: tuple[int, int]
    start_timecode: str
    rotate: int = 0


def write(path: Path, slate: str, take: str, footage: Sequence[Footage], device: str = "mien",
          device_type: str = "Generic", device_model: str = "Generic") -> None:
    """Describe a take's clips. Its id follows from slate, take and clips, so the same take has the same id.

    MetaHuman Animator knows the device types "StereoHMC" and "iPhone"; other names are free.

    Raises:
        OutputError: it cannot be written, or a path leads out of the folder.
    """
    for clip in footage:
        parts = PurePosixPath(clip.path)
        if parts.is_absolute() or ".." in parts.parts or "\\" in clip.path:
            raise OutputError(f"{path} can only name clips in its own folder, and {clip.path!r} is not; "
                              "write it beside the clips")
    names = [slate, take, *(clip.path for clip in footage)]
    document = {
        "Version": VERSION, "UniqueId": str(uuid.uuid5(SPACE, json.dumps(names))), "TakeNumber": take_number(take),
        "Slate": slate, "Device": {"Type": device_type, "Model": device_model, "Name": device},
        "Video": [{
            "Name": clip.name, "Path": clip.path, "PathType": "Folder" if clip.folder else "File",
            "Format": clip.format, "FrameRate": float(clip.frame_rate), "FramesCount": clip.frames,
            "FrameWidth": clip.size[0], "FrameHeight": clip.size[1],
            "Orientation": f"CW{clip.rotate}" if clip.rotate else "Original",
            "TimecodeStart": clip.start_timecode} for clip in footage]}
    write_bytes(path, (json.dumps(document, indent=2) + "\n").encode())


def take_number(take: str) -> int:
    """The last number in a take's name: 12 for "T012"; 1 where there is none."""
    numbers = re.findall(r"\d+", take)
    return int(numbers[-1][-9:]) if numbers else 1
