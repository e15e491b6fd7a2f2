"""A take on the user's own rig: by what its shapes do, by names, by a map, and what of the take is lost on the way."""

import dataclasses
from dataclasses import dataclass

import numpy as np

from exporters.metahuman import by_table, has_controls
from exporters.retarget import HEARD, RetargetMap, Target, apply, identity_map
from exporters.transfer import corresponds, transfer
from solver.face_model import FaceModel
from solver.performance import Performance


@dataclass(frozen=True)
class Baked:
    """A take on another rig.

    Attributes:
        performance: in that rig's shapes.
        by_deformation: whether its weights were solved from what the shapes do.
        notes: sentences: how it was done, how well it fits, what stayed at rest and what was dropped.
    """

    performance: Performance
    by_deformation: bool
    notes: tuple[str, ...]


def bake(performance: Performance, source: FaceModel, rig: FaceModel, retarget: RetargetMap | None = None) -> Baked:
    """Put a take on `rig`. What a map says holds; the rig's other shapes follow the take's deformation where both
    meshes have the same vertices, else the shapes of the same names.

    Raises:
        DataError: the map asks for a shape that the take lacks.
    """
    given, notes = {}, []
    if retarget is not None:
        mapped = apply(retarget, performance)
        columns = dict(zip(mapped.shape_names, mapped.weights.T, strict=True))
        given = {name: column for name, column in columns.items() if name in rig.shape_names}
        if lost := [name for name in columns if name not in given]:
            notes.append(f"{rig.name} lacks the map's {', '.join(lost)}: dropped")
    if corresponds(source, rig):
        moved, fit = transfer(performance, source, rig, given)
        notes.append(f"{rig.name} follows {source.name} to {1000 * fit.rms:.2f} mm RMS, at worst "
                     f"{1000 * fit.worst:.2f} mm in frame {fit.worst_frame}")
        return Baked(moved, True, tuple(notes))
    if has_controls(rig.shape_names) and not has_controls(performance.shape_names):
        performance = by_table(performance)
        notes.append(f"{performance.model_name}, as {rig.name} has other vertices than {source.name}")
    by_names, missing = identity_map(performance.shape_names, rig.shape_names)
    moved = dataclasses.replace(apply(by_names, performance), model_name=rig.name, model_sha256=rig.sha256,
                                identity=np.zeros(0))
    weights, sigma = moved.weights.copy(), moved.sigma.copy()
    for name, column in given.items():
        weights[:, rig.shape_names.index(name)] = column
        sigma[:, rig.shape_names.index(name)] = mapped.sigma[:, mapped.shape_names.index(name)]
    rest = [name for name in missing if name not in given]
    notes.append(f"{len(rig.shape_names) - len(missing)} of {rig.name}'s {len(rig.shape_names)} shapes found by name"
                 + (f"; these stay at rest: {', '.join(rest)}" if rest else ""))
    used = [*(target for target in by_names.targets if target.name not in given),
            *(target for target in (retarget.targets if retarget else ()) if target.name in given)]
    if lost := dropped(performance, used):
        notes.append(f"{rig.name} has nothing for {', '.join(lost)}: dropped")
    return Baked(dataclasses.replace(moved, weights=weights, sigma=sigma), False, tuple(notes))


def dropped(performance: Performance, targets: list[Target]) -> list[str]:
    """The take's shapes that move and that none of the targets takes."""
    taken = set().union(*(target.sources for target in targets))
    return [name for name, column in zip(performance.shape_names, performance.weights.T, strict=True)
            if name not in taken and np.abs(column).max() >= HEARD]
