"""`mien export`: solved takes again, in other formats, for other programs and rigs, cleaned on request."""

import argparse
import contextlib
import dataclasses
from collections.abc import Callable
from functools import partial
from pathlib import Path

from app.cptake import take_of, write_cptake
from app.export_notes import (
    has_expressions,
    left_behind,
    left_out,
    reads_otherwise,
    said,
    turned_jaw,
    without_column,
)
from app.export_options import UNITS
from app.models import BUILT_IN, model_named, own_model_named
from app.places import places
from app.progress import Teller, teller
from app.solving import finish
from app.streaming import performance_at, results_in
from capture.errors import DataError, MienError, UsageError
from capture.shoot import find_takes
from capture.timecode import exact_rate
from exporters import FORMATS, WRITERS, to_anim, to_fbx
from exporters.baking import bake, dropped
from exporters.jaw import can_turn, on_joint
from exporters.metahuman import by_table, has_controls
from exporters.own_names import in_own_names, in_the_files, known_names
from exporters.retarget import RetargetMap, apply
from exporters.retarget_file import load as load_map
from exporters.scene import Scene, bare_scene, make_scene
from exporters.treatment import Treatment, treat
from exporters.vocabulary_map import vocabulary_map
from solver.face_model import FaceModel
from solver.performance import Performance
from solver.vocabularies import VOCABULARIES, Vocabulary, ways

NATIVE = ("fbx", "glb", "usd", "usda", "maya", "unity")
"""Formats whose shapes a program plays by their names: the rig's own, where they are asked for."""


def run(options: argparse.Namespace, source: Callable[[Path], Path] = lambda path: path) -> int:
    """Write solved takes again; `source` makes of each path what is read in its stead. Returns the exit code."""
    tell = teller(options.events)
    treatment = treatment_of(options)
    preset = preset_of(options)
    retarget = _map_of(options.map)
    results = []
    paths = tuple(dict.fromkeys(options.paths))
    kept: dict[Path, Path] = {}  # a file that another take must not replace -> which take's it is
    for path in paths:
        with contextlib.suppress(MienError):  # said below, when it is its turn
            kept[_source(path).resolve()] = path
    for path in paths:
        try:
            solved = performance_at(source(path))
            outputs = _one(solved, path, options, treatment, preset, retarget, tell, kept)
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
        UsageError: a number out of its range.
    """
    for option, value in (("--dead-zone", options.dead_zone), ("--key-tolerance", options.key_tolerance or 0.0)):
        if not 0 <= value < 1:
            raise UsageError(f"{option} {value:g} is not a weight from 0 to below 1; 0.001 to 0.05 are useful")
    try:
        rate = exact_rate(options.rate) if options.rate else None
    except DataError as error:
        raise UsageError(f"--rate: {error}") from None
    return Treatment(smooth=options.smooth, dead_zone=options.dead_zone, mirror=options.mirror,
                     swap_sides=options.swap_sides, frame_rate=rate)


def preset_of(options: argparse.Namespace) -> to_fbx.Preset:
    """FBX as the program that it is for likes it, and as the user chose."""
    preset = to_fbx.PRESETS[options.program] if options.program else to_fbx.ANY_PROGRAM
    chosen = {"up": options.up, "unit": UNITS[options.unit] if options.unit else None,
              "tolerance": options.key_tolerance}
    return dataclasses.replace(preset, geometry=not options.curves_only, version=round(1000 * float(options.version)),
                               **{name: value for name, value in chosen.items() if value is not None})


def _one(solved: Performance, path: Path, options: argparse.Namespace, treatment: Treatment, preset: to_fbx.Preset,
         retarget: RetargetMap | Vocabulary | None, tell: Teller, kept: dict[Path, Path]) -> tuple[str, ...]:
    """Write one take, read from `path`; the paths written, which are then among those `kept`."""
    files = _files(solved, path, options)
    for out in files.values():
        if (owner := kept.get(out.resolve(), path)) != path:
            raise UsageError(f"{out} is of the take {owner}, and {path} is called {solved.take!r} too and would "
                             "replace it; export them apart, each with its own --out")
    given = options.model != BUILT_IN
    model_name = options.model if given else solved.model_name
    model = model_named(model_name, paths=given)
    if model.sha256 != solved.model_sha256:
        raise DataError(reads_otherwise(path, solved, model_name, given))
    performance, notes = treat(solved, treatment)
    if isinstance(retarget, Vocabulary):
        title, retarget = retarget.title, vocabulary_map(ways(retarget), performance.shape_names)
        if not retarget.targets:
            raise DataError(f"{path} has none of ARKit's shapes that {title} has a name for; say in the rig's table of "
                            "names what its shapes stand for (`mien model add` makes it) and solve again")
    scene, controls, more = _on_rig(performance, model, options, retarget)
    native = _native(scene, options, options.rig or model_name, given or options.rig is not None)
    lost = without_column(scene.performance, options.format)
    played = bool(set(NATIVE) & set(options.format))
    if (options.names == "own" or options.rig is not None) and can_turn(native):
        native = on_joint(native)
        lost += turned_jaw(native) if played else ()
    if options.names != "own" and (options.rig or not options.map) and played:
        own, names = own_model_named(options.rig or model_name, given or bool(options.rig))
        lost += left_behind(scene.performance, own, names, native.jaw is not None)
    for note in (*notes, *more, *lost, *said(native, preset, options.format)):
        tell.note(performance.take, note)
    source = _source(path).resolve()
    if scene.performance is not solved and any(out.resolve() == source for out in files.values()):
        raise UsageError(f"{source} is the solve itself, and would be replaced by the changed curves; "
                         "give another folder with --out, or leave json out of --format")
    kept |= {out.resolve(): path for out in files.values()}
    outputs = []
    for index, name in enumerate(options.format):
        tell.progress(performance.take, "export", index, len(options.format))
        if name == "cptake":
            outputs.append(str(write_cptake(path, solved.take)))
        else:
            shown = controls if name.startswith("metahuman") else native if name in NATIVE else scene
            _writer(name, preset, options.program)(shown, files[name])
            outputs.append(str(files[name]))
    tell.progress(performance.take, "export", len(outputs), len(outputs))
    return tuple(outputs)


def _map_of(path: Path | None) -> RetargetMap | Vocabulary | None:
    """What `--map` names: a file, or a vocabulary where there is no such file."""
    if path is None:
        return None
    if str(path) in VOCABULARIES and not path.is_file():  # a folder may be called so: the last export's
        return VOCABULARIES[str(path)]
    if not path.exists() and path.suffix != ".toml":
        raise UsageError(f"--map {path} is neither a file nor one of {', '.join(VOCABULARIES)}; check its path")
    return load_map(path)


def _source(path: Path) -> Path:
    """The file of a solve as the user has it: what was given or is in the folder, or the results of the take's."""
    if path.is_file() and path.suffix == ".json":
        return path
    if results := results_in(path):
        return results[0]
    take = find_takes(path)[0]
    return places(take, None).out / (take.name + FORMATS["json"])


def _files(solved: Performance, path: Path, options: argparse.Namespace) -> dict[str, Path]:
    """The file of each format; says early where clips are missing."""
    if "cptake" in options.format:
        take_of(path, solved.take)
    folder = options.out or _source(path).parent
    return {name: folder / (solved.take + FORMATS[name]) for name in options.format if name != "cptake"}


def _on_rig(performance: Performance, model: FaceModel, options: argparse.Namespace,
            retarget: RetargetMap | None) -> tuple[Scene, Scene, tuple[str, ...]]:
    """The scene that is written, the one whose curves become MetaHuman's, and what there is to say."""
    if options.rig is not None:
        target = model_named(options.rig)
        baked = bake(performance, model, target, retarget and known_names(retarget, *own_model_named(options.rig)))
        scene = make_scene(target, baked.performance)
        solved = baked.by_deformation and has_controls(target.shape_names)
        return scene, scene if solved else _controls(performance, model), baked.notes
    if retarget is not None:
        # The curves are those of a rig that mien has never seen; all that is known of it is its map.
        name = options.map.name.removesuffix(".toml")
        mapped = bare_scene(dataclasses.replace(apply(retarget, performance), model_name=name, model_sha256=""))
        lost = dropped(performance, list(retarget.targets))
        return mapped, _controls(performance, model), (
            (f"the map takes nothing from {', '.join(lost)}: dropped",) if lost else ())
    scene = make_scene(model, performance)
    return scene, scene, ()


def _native(scene: Scene, options: argparse.Namespace, model_name: str, paths: bool) -> Scene:
    """The scene as programs get it that play shapes by name: with ARKit's names, or with the rig's own."""
    if options.names != "own":
        return scene
    if options.map and options.rig is None:
        raise UsageError("--names own asks for a rig's own names, and the curves of --map have the map's; "
                         "name the rig with --rig, or leave --names out")
    own, names = own_model_named(model_name, paths)
    played = in_own_names(scene.performance, own, names, left_out(own, names))
    if options.program == "unreal" and not has_expressions(own):
        return make_scene(own, played)  # Unreal cuts the deformer's name from a rig's shapes when it imports them
    played, file = in_the_files(played, own)
    return make_scene(file, played)


def _controls(performance: Performance, model: FaceModel) -> Scene:
    if has_controls(model.shape_names):
        return make_scene(model, performance)
    return bare_scene(by_table(performance))


def _writer(name: str, preset: to_fbx.Preset, program: str | None) -> Callable[[Scene, Path], None]:
    """The format's writer, with what the options say."""
    if name == "fbx":
        return partial(to_fbx.write, preset=preset)
    if name == "maya":
        return partial(to_anim.write_maya, tolerance=preset.tolerance)
    if name == "unity":
        return partial(to_anim.write_unity, tolerance=preset.tolerance, bones=program == "unity")
    return WRITERS[FORMATS[name]]
