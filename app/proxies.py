"""`mien proxy`: half-size copies of clips, beside a take's artefacts, so that any frame shows at once in the app."""

import os
import re
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

from app.contents import content, remembered
from app.places import places
from app.progress import Teller, teller
from capture.errors import ChangedError, ClipError, MienError, OutputError
from capture.match import probe_take
from capture.proxy import FACTOR, make_proxy, open_proxy, proxy_path
from capture.shoot import Take, find_takes
from capture.video import Clip, probe

BYTES_PER_PIXEL = 0.2
"""What a proxy takes on disk for each of its pixels, at most, on noisy footage."""
ROOM = 2
"""A proxy is made only where the disk has so many times its size left: footage and results come first."""
GENTLE = 10
"""By how much `--gently` lowers the priority."""


def run(paths: Sequence[Path], gently: bool, events: bool) -> int:
    """Make what proxies are missing. Returns the exit code: 1 if some takes have none in the end."""
    if gently and hasattr(os, "nice"):
        os.nice(GENTLE)
    takes = [take for path in paths for take in find_takes(path)]
    tell, failed = teller(events, len(takes)), 0
    for take in takes:
        try:
            made = _make(take, tell)
        except (ClipError, OutputError) as error:
            failed += 1
            tell.take(take.name, "failed", str(error), ())
        else:
            tell.take(take.name, "done", "", tuple(map(str, made)))
    tell.end(1 if failed else 0, len(takes) - failed, failed)
    return 1 if failed else 0


def known_proxies(take: Take, clips: Sequence[Clip], probe_one: Callable[[Path], Clip] = probe
                  ) -> tuple[Clip | None, ...]:
    """The proxy of each clip that can be used as it stands, found without reading any footage; None for the others."""
    found = []
    for clip in clips:
        work = places(take, None).work
        key = remembered(clip.path, work)
        path = proxy_path(clip, work, key) if key else None
        found.append(_opened(clip, path, probe_one) if path is not None and path.is_file() else None)
    return tuple(found)


def _opened(clip: Clip, path: Path, probe_one: Callable[[Path], Clip]) -> Clip | None:
    try:
        return open_proxy(clip, path, probe_one)
    except MienError:
        return None  # a proxy is a convenience: whatever is wrong with it, the clip itself is there


def _make(take: Take, tell: Teller) -> list[Path]:
    if take.problem:
        raise ClipError(take.problem)
    work, made = places(take, None).work, []
    for clip in probe_take(take):
        found = content(clip.path, work)
        path = proxy_path(clip, work, found.key)
        if not path.is_file():
            _check_room(clip, path)
        try:
            with found.steady():
                made.append(make_proxy(clip, work, found.key, lambda done, total, clip=clip: tell.progress(
                    take.name, f"proxy {clip.camera}", done, total)))
        except ChangedError:
            path.unlink(missing_ok=True)
            raise
        for old in _older(work, clip.camera, path):
            old.unlink(missing_ok=True)
    return made


def _older(work: Path, camera: str, path: Path) -> list[Path]:
    """Proxies of a clip that has been replaced since."""
    kind = re.compile(rf"proxy\.{re.escape(camera)}\.[0-9a-f]{{16}}\.mov")
    return [other for other in work.iterdir() if kind.fullmatch(other.name) and other != path]


def _check_room(clip: Clip, path: Path) -> None:
    wanted = int(ROOM * BYTES_PER_PIXEL * clip.frames * clip.size[0] * clip.size[1] / FACTOR ** 2)
    folder = next(folder for folder in path.parents if folder.is_dir())
    free = shutil.disk_usage(folder).free
    if free < wanted:
        raise OutputError(f"{path} is not made: it may take {wanted // ROOM >> 20} MiB and the disk has {free >> 20} "
                          "MiB left; free some space, or go on without")
