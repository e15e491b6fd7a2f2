"""A recorded take's folder: its name by slate and number, its take.toml, and its cameras' clocks."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from app.places import SYNC_NAME
from capture.errors import DataError, OutputError, UsageError
from capture.files import make_folder, output_error, write_bytes
from capture.links import check_inside
from capture.record import Recorded
from capture.settings import CHECKS
from capture.sync import Clock, Timeline, save_timeline

METHOD = "arrival at the recorder"
TOML = "take.toml"


@dataclass(frozen=True)
class Slate:
    """What is on the slate: the scene (or nothing), the take's number (None: the next that is free), the actor.

    Raises:
        UsageError: the scene or the actor cannot be a folder's name, which both become.
    """

    scene: str = ""
    number: int | None = None
    actor: str = ""

    def __post_init__(self) -> None:
        for what, name in (("slate", self.scene), ("actor", self.actor)):
            try:
                if name:
                    CHECKS["actor"](name)
            except DataError as error:
                raise UsageError(f"{what}: {error}") from error
            if name.startswith("."):
                raise UsageError(f"{what}: {name!r} begins with a dot, and mien looks into no hidden folder; "
                                 "choose another name")


def take_name(scene: str, number: int) -> str:
    """ "sc04_t03", or "T003" without a scene."""
    return f"{scene}_t{number:02d}" if scene else f"T{number:03d}"


def next_number(shoot: Path, scene: str) -> int:
    """One more than the largest number that a take of this scene has."""
    pattern = re.compile(rf"{re.escape(scene)}_t(\d+)" if scene else r"T(\d+)")
    takes = shoot / "takes"
    found = [pattern.fullmatch(entry.name) for entry in takes.iterdir()] if takes.is_dir() else []
    return max((int(match[1]) for match in found if match), default=0) + 1


def begin_take(shoot: Path, slate: Slate, cameras: Sequence[str]) -> Path:
    """Make the folder of a take that is about to be recorded. Of two recorders, each gets its own.

    Raises:
        InputError: the takes are elsewhere, behind a link.
        UsageError: there is a take of that number already.
        OutputError: it cannot be made.
    """
    check_inside(make_folder(shoot / "takes"), shoot)
    number = slate.number or next_number(shoot, slate.scene)
    while True:
        folder = shoot / "takes" / take_name(slate.scene, number)
        try:
            folder.mkdir()
            break
        except FileExistsError:
            if slate.number is not None:
                raise UsageError(f"{folder} is there already; choose another take number") from None
            number += 1
        except OSError as error:
            raise output_error(folder, error) from error
    lines = [f"slate = {_text(slate.scene)}"] if slate.scene else []
    lines += [f"take = {number}"]
    lines += [f"actor = {_text(slate.actor)}"] if slate.actor else []
    lines += [f"cameras = [{', '.join(map(_text, cameras))}]"]
    write_bytes(folder / TOML, ("\n".join(lines) + "\n").encode())
    return folder


def end_take(folder: Path, recorded: Sequence[Recorded]) -> tuple[str, ...]:
    """Write down what was recorded, and the cameras' clocks; a take without any frame is taken away.

    Returns:
        The paths of its clips.

    Raises:
        OutputError: a file cannot be written; the clips are there all the same.
    """
    kept = [part for part in recorded if part.path is not None]
    if not kept:
        _remove(folder)
        return ()
    lines = []
    for part in recorded:
        lines += ["", f'[recording."{part.camera}"]', f"frames = {part.frames}", f"dropped = {part.dropped}",
                  f"rate = {_text(str(part.rate))}"]
        lines += [f"problem = {_text(part.problem)}"] if part.problem else []
    path = folder / TOML
    before = path.read_bytes() if path.is_file() else b""  # notes may have come meanwhile
    write_bytes(path, before + ("\n".join(lines) + "\n").encode())
    if len(kept) > 1:
        save_timeline(timeline_of(kept), folder / SYNC_NAME)
    return tuple(str(part.path) for part in kept)


def timeline_of(recorded: Sequence[Recorded]) -> Timeline:
    """The cameras' clocks against the first camera's, as the recorder saw their pictures come."""
    recorded = sorted(recorded, key=lambda part: part.camera)
    first = recorded[0]
    return Timeline(tuple(Clock(part.camera, (part.began - first.began) / first.pace, part.pace / first.pace - 1,
                                part.jitter_ms) for part in recorded), METHOD)


def _text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _remove(folder: Path) -> None:
    try:
        (folder / TOML).unlink(missing_ok=True)
        folder.rmdir()
    except OSError as error:
        raise OutputError(f"{folder} holds no clip and cannot be removed ({error.strerror}); delete it") from error
