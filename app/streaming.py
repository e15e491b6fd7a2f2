"""`mien stream`: a solved take over the network, at its own speed."""

import argparse
from pathlib import Path

from app.models import own_model_named
from app.places import SOLVE_NAME, places
from app.progress import Teller, teller
from capture.errors import InputError, UsageError
from capture.shoot import find_takes
from exporters import live
from exporters.own_names import in_own_names
from exporters.retarget import HEARD
from exporters.to_json import read
from solver.performance import Performance

PORTS = {"livelink": live.LIVE_LINK_PORT, "vmc": live.VMC_PORT}


def run(options: argparse.Namespace) -> int:
    """Play one take, once or until cancelled. Returns the exit code."""
    tell = teller(options.events)
    performance = performance_at(options.path)
    if options.rig is not None:
        performance = _named_as_in(performance, options, tell)
    packets = live.live_link(performance, options.subject) if options.to == "livelink" else live.vmc(performance)
    port = options.port or PORTS[options.to]
    tell.note(performance.take, f"{performance.frames} frames at {float(performance.frame_rate):g} a second to "
                                f"{options.host}, port {port}" + (", until you press Ctrl+C" if options.loop else ""))
    frames = performance.frames
    sent = live.play(packets, None if options.loop else frames, performance.frame_rate, port, options.host,
                     lambda done, total: tell.progress(performance.take, "stream", (done - 1) % frames + 1, frames))
    if sent < frames:
        tell.note(performance.take, f"{frames - sent} frames were left out, as this computer was late")
    tell.end(0, 1, 0)
    return 0


def _named_as_in(performance: Performance, options: argparse.Namespace, tell: Teller) -> Performance:
    """The performance by an avatar's own names: receivers of VMC look an expression up as the avatar spells it."""
    if options.to != "vmc":
        raise UsageError("--rig gives shapes an avatar's own names, and Live Link Face has ARKit's alone; leave --rig "
                         "out, or stream --to vmc")
    own, names = own_model_named(options.rig)
    known = {names.get(name, name) for name in own.shape_names}
    moving = performance.weights.max(axis=0) >= HEARD
    if lost := [name for name, moves in zip(performance.shape_names, moving.tolist(), strict=True)
                if moves and name not in known]:
        tell.note(performance.take, f"{own.name} has nothing for {', '.join(lost)}: dropped")
    return in_own_names(performance, own, names, {})


def performance_at(path: Path) -> Performance:
    """The performance in a TAKE.mien.json, the one of a folder of results, or the one that was solved of a take's
    folder.

    Raises:
        DataError: there is none.
        UsageError: the path holds several takes.
    """
    if path.is_file() and path.suffix == ".json":
        return read(path)
    results = results_in(path)
    if len(results) > 1:
        raise UsageError(f"{path} holds {len(results)} solved takes; give one of them, such as {results[0]}")
    if results:
        return read(results[0])
    takes = find_takes(path)
    if len(takes) != 1:
        raise UsageError(f"{path} holds {len(takes)} takes; give one take, or its TAKE.mien.json")
    return read(places(takes[0], None).work / SOLVE_NAME)


def results_in(folder: Path) -> list[Path]:
    """The solved takes in a folder of results; none in a folder of footage, which may hold a live take's file."""
    files = sorted(folder.glob("*.mien.json")) if folder.is_dir() else []
    try:
        return [] if files and find_takes(folder) else files
    except InputError:
        return files
