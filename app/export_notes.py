"""What `mien export` has to say of the files that it writes: what they lose, and what they call differently."""

import numpy as np

from exporters import to_csv, to_fbx
from exporters.cleanup import fewer_keys
from exporters.names import clean
from exporters.retarget import HEARD
from exporters.scene import Scene
from exporters.treatment import told
from solver.performance import Performance

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
    names = ", ".join(lost[:MOST_NAMED]) + (f" and {len(lost) - MOST_NAMED} more" if len(lost) > MOST_NAMED else "")
    return (f"the CSV has ARKit's shapes alone, and nothing of {names}; where they stand for one of ARKit's, say so in "
            "the rig's table of names (`mien model add` makes it)",)


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
