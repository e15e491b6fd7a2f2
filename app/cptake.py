"""`--format cptake`: a take's clips described for MetaHuman Animator, beside the clips."""

import contextlib
from pathlib import Path

from capture.errors import InputError, UsageError
from capture.match import probe_take
from capture.shoot import Take, find_takes
from capture.turned import turned_size
from capture.video import Clip
from exporters.cptake import Footage, write


def take_of(path: Path, name: str) -> Take:
    """The take, with its clips, of a solve: the folder itself, or the footage beside which solved/NAME.mien.json lies.

    Raises:
        UsageError: its clips are not found there.
    """
    beside = path.parent.parent
    for folder in (path,) if path.is_dir() else (beside / "takes" / name, beside):
        with contextlib.suppress(InputError):
            for take in find_takes(folder):
                if take.name == name and take.clips and not take.problem:
                    return take
    raise UsageError(f"cptake describes the clips of {name}, and they are not beside {path}; give the take's folder")


def write_cptake(path: Path, name: str) -> Path:
    """Describe the clips of a solved take; the file lies beside them, as it names them by relative paths.

    Raises:
        UsageError: the clips are not found.
        ClipError: one of them cannot be read.
        OutputError: it cannot be written.
    """
    take = take_of(path, name)
    folder = take.folder or take.clips[0].parent
    out = folder / f"{take.name}.cptake"
    write(out, take.shoot.name if take.shoot else take.name, take.name,
          [_footage(clip, folder) for clip in probe_take(take)])
    return out


def _footage(clip: Clip, folder: Path) -> Footage:
    pictures = clip.path.is_dir()
    return Footage(clip.camera, clip.path.relative_to(folder).as_posix(), pictures,
                   clip.codec if pictures else clip.path.suffix[1:].lower(), clip.frame_rate, clip.frames,
                   turned_size(clip.size, clip.rotate),
                   str(clip.start_timecode) if clip.start_timecode else "00:00:00:00", clip.rotate)
