"""How much memory a take needs, and how many takes fit into what is free: a batch that swaps is slower than none."""

import contextlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from app.timings import peak_mib
from capture import pictures
from capture.container import opened
from capture.errors import MienError
from capture.shoot import Take
from solver.face_model import FaceModel

MIB = 1 << 20
START_MIB = 350.0
"""What a solve of one frame needs beside the loaded model: Jacobians of a chunk, code that is loaded on first use, what
64 pictures of one camera look like."""
PICTURES = 40
"""Pictures held at once while landmarks are found: a batch, its crops, and what the decoder keeps."""
RESERVE = 0.1
"""Share of the free memory that is left to others."""


@dataclass(frozen=True)
class Footprint:
    """What a worker needs: MiB before its first take, and MiB for each frame of a take, plain and per camera."""

    base_mib: float
    frame_mib: float
    camera_frame_mib: float

    def of(self, size: "Size") -> float:
        """MiB for a take."""
        return (self.base_mib + START_MIB + PICTURES * size.picture_bytes / MIB
                + size.frames * (self.frame_mib + size.cameras * self.camera_frame_mib))


@dataclass(frozen=True)
class Size:
    """A take as far as its memory goes: frames, cameras, bytes of its largest picture."""

    frames: int
    cameras: int
    picture_bytes: int


def footprint(model: FaceModel) -> Footprint:
    """Of this process, with its model loaded. The figures per frame are the solver's one copy of its normal equations,
    and each camera's landmarks as found and as compared (measured, and rounded up: `tests/bench/memory.py`)."""
    unknowns = len(model.shape_names) + 10
    return Footprint(peak_mib() or 500.0, 8 * 1.1 * unknowns**2 / MIB, 8 * 478 * 8 / MIB)


def size_of(take: Take) -> Size:
    """By what the clips state of themselves, without reading them; a clip that cannot be read needs nothing."""
    frames = picture = 0
    for clip in take.clips:
        with contextlib.suppress(MienError, OSError):
            count, width, height = _stated(clip)
            frames, picture = max(frames, count), max(picture, width * height * 3)
    return Size(frames, len(take.clips), picture)


def _stated(clip: Path) -> tuple[int, int, int]:
    """Frames, width and height."""
    if clip.is_dir() or clip.suffix.lower() in pictures.SUFFIXES:
        files, _, (width, height) = pictures.find(clip)
        return len(files), width, height
    with opened(clip) as (container, stream):
        seconds = (container.duration or 0) / 1e6
        rate = float(stream.average_rate or stream.guessed_rate or 30)
        return stream.frames or round(seconds * rate), stream.width, stream.height


def fitting(needs: Sequence[float], jobs: int, free: float | None) -> int:
    """How many of `jobs` takes at a time fit, whichever they are: the largest of them together stay within `free`.
    All where `free` is not known; never less than one.
    """
    largest = sorted(needs, reverse=True)
    count = min(jobs, len(largest))
    while free is not None and count > 1 and sum(largest[:count]) > free * (1 - RESERVE):
        count -= 1
    return max(count, 1)


def free_mib() -> float | None:
    """What this process and its children may still take without swapping; None where the system does not tell."""
    found = [value for value in (_available(), _left_in_group()) if value is not None]
    return min(found) / MIB if found else None


def _available() -> float | None:
    try:
        for line in Path("/proc/meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return float(line.split()[1]) * 1024
    except OSError:
        pass
    try:
        return float(os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    except (AttributeError, ValueError, OSError):
        return None


def _left_in_group(root: Path = Path("/sys/fs/cgroup"), groups: Path = Path("/proc/self/cgroup")) -> float | None:
    """What the control groups that this process is in leave to it: a container may get less than the machine has."""
    left = []
    for line in _lines(groups):
        _, controllers, group = line.split(":", 2)
        if controllers == "":  # version 2: one tree for everything
            top, limit, used, cache = root, "memory.max", "memory.current", "inactive_file "
        elif "memory" in controllers.split(","):
            top, limit, used, cache = (root / "memory", "memory.limit_in_bytes", "memory.usage_in_bytes",
                                       "total_inactive_file ")
        else:
            continue
        folder = top / group.strip("/")
        while folder.is_relative_to(top):
            numbers = ["".join(_lines(folder / name)) for name in (limit, used)]
            if all(number.isdecimal() for number in numbers):
                cached = [int(item.split()[1]) for item in _lines(folder / "memory.stat") if item.startswith(cache)]
                left.append(float(int(numbers[0]) - int(numbers[1]) + sum(cached)))
            folder = folder.parent
    return min(left, default=None)


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text().splitlines()
    except OSError:
        return []
