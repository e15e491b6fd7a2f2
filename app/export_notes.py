"""What `mien export` has to say of the files that it writes: what they lose, and what they call differently."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from exporters import to_csv, to_fbx
from exporters.cleanup import fewer_keys
from exporters.names import clean
from exporters.retarget import HEARD
from exporters.scene import Scene
from exporters.treatment import told
from solver.face_model import FaceModel
from solver.model_import import packed_before
from solver.performance import Performance
from solver.shape_extras import correctives
from solver.shape_spelling import guess_names

MOST_NAMED = 8
KEYED = ("fbx", "maya", "unity")
"""Formats whose curves may have fewer keys than frames."""


def said(scene: Scene, preset: to_fbx.Preset, formats: tuple[str, ...]) -> tuple[str, ...]:
    """A sentence for each: what leaving out keys costs, the in-betweens that are lost, shapes in several parts, names
    that the FBX changes."""
    notes = []
    if preset.tolerance and any(name in KEYED for name in formats):
        notes.append(told("leaving out keys", fewer_keys(scene.performance, preset.tolerance)))
    notes += _straightened(scene, [name for name in formats if name == "glb" or (
        name == "fbx" and preset.geometry and not preset.between)])
    for name in dict.fromkeys(side.of for side in scene.model.sides):
        parts = [side.name for side in scene.model.sides if side.of == name]
        notes.append(f"{scene.model.name} has {' and '.join(parts)} where ARKit has {name}: written as {name}, which "
                     "moves them all; --names own writes each")
    if "fbx" in formats:
        names = scene.performance.shape_names
        pairs = zip(names, clean(names, preset.names), strict=True)
        if other := [f"{old!r} is {new!r}" for old, new in pairs if old != new]:
            notes.append("names that the program would change are changed in the FBX: " + ", ".join(other))
    return tuple(notes)


def without_column(performance: Performance, formats: tuple[str, ...]) -> tuple[str, ...]:
    """What Live Link Face's table, which has ARKit's names alone, cannot hold of a take."""
    lost = [name for name, column in zip(performance.shape_names, performance.weights.T, strict=True)
            if name not in to_csv.SHAPES and np.abs(column).max(initial=0.0) >= HEARD]
    if "csv" not in formats or not lost:
        return ()
    return (f"the CSV has ARKit's shapes alone, and nothing of {_listed(lost)}; where they stand for one of ARKit's, "
            "say so in the rig's table of names (`mien model add` makes it)",)


def left_out(own: FaceModel, names: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """Own name of a corrective that a rig's table of names leaves out -> the shapes that it corrects."""
    return {name: parts for name, parts in correctives(own.shape_names, guess_names(own.shape_names)).items()
            if names.get(name) == ""}


def left_behind(performance: Performance, own: FaceModel, names: Mapping[str, str], turned: bool) -> tuple[str, ...]:
    """What a rig's files lack that have ARKit's names: correctives, the morphs of its expressions, and its jaw's joint
    unless that is `turned`."""
    column = dict(zip(performance.shape_names, performance.weights.T, strict=True))
    still = np.zeros(performance.frames)
    missed = {}
    for name, parts in left_out(own, names).items():
        much = np.prod([column.get(names.get(part, part), still) for part in parts], axis=0)
        if much.max() >= HEARD:
            far = np.linalg.norm(own.shapes[own.shape_names.index(name)], axis=1).max()
            missed[name] = float(much.max() * far)
    notes = []
    if missed:
        order = sorted(missed, key=lambda name: -missed[name])
        notes.append(f"{own.name}'s correctives are left out: {_listed(order)}; they would move points by up to "
                     f"{1000 * missed[order[0]]:.1f} mm. --names own writes them, driven by what they correct")
    if has_expressions(own):
        notes.append(f"shapes have ARKit's names; what has {own.name} already plays its expressions; --names own plays "
                     "its morphs")
    if own.jaw is not None and own.jaw.made and not turned:
        cure = "--names own turns the joint instead" if own.jaw.joint is not None else \
            "for the joint itself, add the model again by `mien model add`, and export with --names own"
        notes.append(f"{own.name}'s jaw is the joint {own.jaw.name!r}, for which it has no shapes; in these files it "
                     f"has: {', '.join(own.jaw.made)}; {cure}")
    return tuple(notes)


def turned_jaw(scene: Scene) -> tuple[str, ...]:
    """That a joint is turned, and how far."""
    frame = int(scene.jaw.degrees.argmax())
    return (f"{scene.model.name}'s jaw joint {scene.jaw.name!r} is turned, by up to {scene.jaw.degrees[frame]:.1f} "
            f"degrees in frame {frame}, instead of moved by shapes that the rig lacks",)


def has_expressions(own: FaceModel) -> bool:
    """Whether its shapes are not those of its file by other names, but are made of them."""
    return any(len(morph.binds) != 1 or morph.binds[0][1] != 1.0 for morph in own.morphs)


def reads_otherwise(path: Path, solved: Performance, name: str, given: bool) -> str:
    """Why a take is not of the model `name`, and what to do.

    Args:
        path: of the take.
        solved: the take.
        name: of the model, or its path.
        given: whether the user named the model.
    """
    start = f"{path} was solved with another model than {name}"
    if Path(name).stem != solved.model_name:
        return f"{start}: with {solved.model_name!r}; name the model it was solved with by --model"
    again = f"solve it again with --model {name}" if given else "solve it again"
    if given and Path(name).exists():
        if before := packed_before(Path(name), solved.model_sha256):
            return (f"{start} as this mien reads that file; export it with --model {before}, which is how it was read "
                    f"then, or {again}")
        return f"{start} is now: the file has changed, or an earlier mien read it otherwise; {again}"
    return (f"{start} is now: its table of names was changed, or it was added anew; {again}, or name the model it was "
            "solved with by --model")


def _listed(names: list[str]) -> str:
    return ", ".join(names[:MOST_NAMED]) + (f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else "")


def _straightened(scene: Scene, formats: list[str]) -> list[str]:
    """What is lost where in-betweens are not written."""
    model = scene.model
    if not model.between or not formats:
        return []
    bend = max(float(np.linalg.norm(step.offsets - step.weight * model.shapes[model.shape_names.index(step.of)],
                                    axis=1).max()) for step in model.between)
    names = ", ".join(dict.fromkeys(step.of for step in model.between))
    return [f"in-betweens are dropped in {' and '.join(formats)}: {names} goes straight to its full weight, up to "
            f"{1000 * bend:.1f} mm beside its way (usd has them, and FBX --for maya, unity or unreal)"]
