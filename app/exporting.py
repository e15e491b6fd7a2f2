"""`mien export`: solved takes again, in other formats, for other programs and rigs, cleaned on request."""

import argparse
import dataclasses
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

from app.models import BUILT_IN, model_named
from app.progress import Teller, teller
from app.solving import finish
from capture.errors import DataError, MienError, UsageError
from capture.timecode import exact_rate
from exporters import FORMATS, WRITERS, to_fbx
from exporters.retarget import apply, identity_map
from exporters.retarget_file import load as load_map
from exporters.scene import Scene, bare_scene, make_scene
from exporters.to_json import read
from exporters.transfer import transfer
from exporters.treatment import Treatment, treat
from solver.face_model import FaceModel
from solver.performance import Performance


def run(options: argparse.Namespace) -> int:
    """Write solved takes again. Returns the exit code."""
    tell = teller(options.events)
    treatment = treatment_of(options)
    writers = writers_of(options)
    results = []
    for path in options.paths:
        try:
            solved = read(path)
            outputs = _one(solved, path, options, treatment, writers, tell)
            tell.take(solved.take, "done", "", outputs)
            results.append(0)
        except MienError as error:
            if options.debug:
                raise
            tell.take(path.name, "failed", str(error), ())
            results.append(error.exit_code)
    return finish(results, tell)


def treatment_of(options: argparse.Namespace) -> Treatment:
    """What the options ask of the curves.

    Raises:
        UsageError: a number out of its range, or two wishes that exclude one another.
        DataError: the retarget map is wrong.
    """
    if not 0 <= options.smooth <= 1:
        raise UsageError(f"--smooth {options.smooth:g} is not within 0 to 1 second; 0.05 to 0.15 are useful")
    for option, value in (("--dead-zone", options.dead_zone), ("--key-tolerance", options.key_tolerance)):
        if not 0 <= value < 1:
            raise UsageError(f"{option} {value:g} is not a weight from 0 to below 1; 0.001 to 0.05 are useful")
    if options.retarget and options.onto:
        raise UsageError("--retarget and --onto both choose the curves' new owner; give one of them")
    try:
        rate = exact_rate(options.rate) if options.rate else None
    except DataError as error:
        raise UsageError(f"--rate: {error}") from None
    return Treatment(
        smooth=options.smooth, dead_zone=options.dead_zone, mirror=options.mirror,
        swap_sides=options.swap_sides, frame_rate=rate,
        retarget=load_map(options.retarget) if options.retarget else None)


def writers_of(options: argparse.Namespace) -> dict[str, Callable[[Scene, Path], None]]:
    """The writer of each suffix, FBX as the program that it is for likes it."""
    preset = dataclasses.replace(to_fbx.PRESETS[options.program], geometry=not options.curves_only,
                                 tolerance=options.key_tolerance)
    return WRITERS | {".fbx": partial(to_fbx.write, preset=preset)}


def _one(solved: Performance, path: Path, options: argparse.Namespace, treatment: Treatment,
         writers: dict[str, Callable[[Scene, Path], None]], tell: Teller) -> tuple[str, ...]:
    """Write one take, read from `path`; the paths written."""
    model = model_named(options.model if options.model != BUILT_IN else solved.model_name)
    if model.sha256 != solved.model_sha256:
        raise DataError(f"{path} was solved with another model than {model.name!r}; "
                        "name the model it was solved with by --model")
    performance, notes = treat(solved, treatment)
    for note in notes:
        tell.note(performance.take, note)
    if options.onto:
        source, model = model, model_named(options.onto)
        performance, note = _onto(performance, source, model)
        tell.note(performance.take, note)
    scene = make_scene(model, performance) if treatment.keeps_shapes else bare_scene(performance)
    outputs = []
    for index, name in enumerate(options.format):
        tell.progress(performance.take, "export", index, len(options.format))
        out = (options.out or path.parent) / (performance.take + FORMATS[name])
        if performance is not solved and out.resolve() == path.resolve():
            raise UsageError(f"{path} is the solve itself, and would be replaced by the changed curves; "
                             "give another folder with --out, or leave json out of --format")
        writers[FORMATS[name]](scene, out)
        outputs.append(str(out))
    tell.progress(performance.take, "export", len(outputs), len(outputs))
    return tuple(outputs)


def _onto(performance: Performance, source: FaceModel, target: FaceModel) -> tuple[Performance, str]:
    """The performance on another model, and how well it fits: by what the shapes do where both have the same vertices,
    else by their names."""
    if source.neutral.shape == target.neutral.shape:
        moved, fit = transfer(performance, source, target)
        return moved, (f"{target.name} follows {source.name} to {1000 * fit.rms:.2f} mm RMS, at worst "
                       f"{1000 * fit.worst:.2f} mm in frame {fit.worst_frame}")
    names, missing = identity_map(performance.shape_names, target.shape_names)
    moved = dataclasses.replace(apply(names, performance), model_name=target.name, model_sha256=target.sha256,
                                identity=np.zeros(0))
    found, count = len(target.shape_names) - len(missing), len(target.shape_names)
    rest = f"; these stay at rest: {', '.join(missing)}" if missing else ""
    return moved, f"{found} of {target.name}'s {count} shapes found by name{rest}"
