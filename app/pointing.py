"""`mien face`: which of several faces is the actor's, as a click into a camera's picture says in the app."""

import socket
from dataclasses import replace
from pathlib import Path

from app.corrections import LOCK_NAME, corrections_path, load_layer, save_layer, upright
from app.places import places
from app.pointed_face import looked, pointed
from capture.errors import BusyError, DataError, UsageError
from capture.files import make_folder
from capture.match import probe_take
from capture.shoot import Take, find_takes
from solver.corrections import Sight
from solver.network_actor import Place


def run(path: Path, camera: str | None, frame: int, place: Place | None, forget: bool) -> int:
    """Say where the actor's face is in a frame of a camera's clip, take all that back, or print what was said.
    Returns the exit code.

    Raises:
        UsageError: there is more than one take, or the camera is none of its.
        DataError: there is no such frame or place, or no face there; or the corrections cannot be read.
        BusyError: a window has the take open, and would write over what is said here.
    """
    takes = list(find_takes(path))
    if len(takes) != 1:
        raise UsageError(f"{path} holds {len(takes)} takes, and a face is pointed at in one; name that take")
    take = takes[0]
    if camera is not None and camera not in take.cameras:
        raise UsageError(f"{take.name} has no camera {camera!r}; it has {', '.join(take.cameras)}")
    file = corrections_path(take)
    layer = load_layer(file)
    if layer.turns or any(map(take.rotate, take.cameras)):
        layer = upright(layer, probe_take(take))
    before = layer
    if forget:
        left = {sight: known for sight, known in layer.faces.items() if camera not in (None, sight[0])}
        layer = replace(layer, faces=left)
    elif place is not None:
        if camera is None and len(take.cameras) > 1:
            raise UsageError(f"{take.name} has {len(take.cameras)} cameras; say in which with --camera")
        sight = camera or take.cameras[0], frame
        _look(take, sight, place)
        layer = layer.pointed(sight, place)
    if layer != before:
        _check_closed(take)
        make_folder(file.parent)
        save_layer(layer, file)
    for (name, at), (x, y) in layer.faces.items():
        print(f"{take.name}: in frame {at} of {name} the actor's face is at {x:g}, {y:g}")
    if not layer.faces:
        print(f"{take.name}: nobody pointed at a face; the longest and largest is the actor's")
    return 0


def _look(take: Take, sight: Sight, place: Place) -> None:
    """Look whether there is a face."""
    camera, frame = sight
    clip = next(clip for clip in probe_take(take) if clip.camera == camera)
    if looked(clip, pointed({sight: place}, clip, Path("--at")), ())[1]:
        raise DataError(f"{clip.path}: no face is to be found at {place[0]:g}, {place[1]:g} in frame {frame}; point at "
                        "the middle of a face that is seen well")


def _check_closed(take: Take) -> None:
    """Look whether a window of this machine has the take open; one of another machine cannot be asked if it lives."""
    try:
        pid, _, host, *_ = (places(take, None).work / LOCK_NAME).read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError):
        return
    if host == socket.gethostname() and Path("/proc", pid).exists():
        raise BusyError(f"{take.name} is open in the app (process {pid}), which keeps its corrections; close it there, "
                        "or click on the face there")
