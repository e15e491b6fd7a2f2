"""What a VRM avatar's expressions are made of, both versions: data out of a glTF file's JSON.

VRM 1.0 (specification/VRMC_vrm-1.0): `extensions.VRMC_vrm.expressions` has `preset` and `custom`, each name ->
`{morphTargetBinds: [{node, index, weight 0..1}], isBinary}`. VRM 0.x (specification/0.0):
`extensions.VRM.blendShapeMaster.blendShapeGroups`, each `{name, presetName, binds: [{mesh, index, weight 0..100}],
isBinary}`, whose presetName is "unknown" for those that the avatar's maker added. VRM 0.x looks along -z, 1.0 along
+z. Several binds of one morph add up. Binds that lead nowhere are passed over, as players do: editors leave such.
"""

from dataclasses import dataclass, replace

import numpy as np

from solver.rig import RigMesh

BACKWARDS = np.diag([-1.0, 1.0, -1.0])
"""(3, 3) model_from_file of VRM 0.x."""
MOST = 100.0
"""Times that an expression may show a morph; more is no weight."""
ONE_SIDED = {"blinkLeft": "blinkLeft", "blinkRight": "blinkRight", "blink_l": "Blink_L", "blink_r": "Blink_R"}
"""The presets that are one of ARKit's; the others are sounds, moods, and both eyes at once."""


@dataclass(frozen=True)
class Expression:
    """One expression.

    Attributes:
        name: the avatar maker's; a preset's own.
        preset: whether the format itself names it.
        binary: whether it is shown all or not at all.
        binds: where, which of the mesh's shapes, and its weight at the expression's 1; where is a node, or a mesh.
    """

    name: str
    preset: bool
    binary: bool
    binds: tuple[tuple[int, int, float], ...]


def expressions(table: dict) -> tuple[str, tuple[Expression, ...]]:
    """What the binds' first numbers count, "node" or "mesh" ("" for no VRM), and the expressions of a glTF's JSON."""
    known = _dict(table.get("extensions"))
    if "VRMC_vrm" in known:
        both = _dict(_dict(known["VRMC_vrm"]).get("expressions"))
        return "node", _first([
            Expression(str(name), kind == "preset", _dict(entry).get("isBinary") is True,
                       _binds(_dict(entry).get("morphTargetBinds"), "node", 1.0))
            for kind in ("preset", "custom") for name, entry in _dict(both.get(kind)).items()])
    if "VRM" in known:
        groups = _dict(_dict(known["VRM"]).get("blendShapeMaster")).get("blendShapeGroups")
        found = []
        for entry in map(_dict, groups if isinstance(groups, list) else ()):
            preset = str(entry.get("presetName") or "unknown").lower()
            own = preset == "unknown"
            found.append(Expression(str(entry.get("name") or preset) if own else ONE_SIDED.get(preset, preset), not own,
                                    entry.get("isBinary") is True, _binds(entry.get("binds"), "mesh", 100.0)))
        return "mesh", _first(found)
    return "", ()


def _first(found: list[Expression]) -> tuple[Expression, ...]:
    """The first of each name."""
    first: dict[str, Expression] = {}
    for each in found:
        first.setdefault(each.name, each)
    return tuple(first.values())


def bound(found: list[RigMesh | None], nodes: list[dict], counts: str, told: tuple[Expression, ...]
          ) -> list[RigMesh | None]:
    """The meshes of a file's nodes with their share in the expressions that may have any weight and are one of a kind.

    Args:
        found: each node's mesh.
        nodes: the file's nodes, as many.
        counts: see `expressions`.
        told: the expressions.
    """
    out = []
    for index, (mesh, node) in enumerate(zip(found, nodes, strict=True)):
        if mesh is None:
            out.append(None)
            continue
        place = index if counts == "node" else node["mesh"]
        names, binds = list(mesh.shapes), {}
        for expression in told:
            if expression.binary or (expression.preset and expression.name not in ONE_SIDED.values()):
                continue
            mine: dict[str, float] = {}
            for where, which, much in expression.binds:
                if where == place and 0 <= which < len(names):
                    mine[names[which]] = mine.get(names[which], 0.0) + much
            if mine:
                binds[expression.name] = mine
        out.append(replace(mesh, binds=binds))
    return out


def remarks(told: tuple[Expression, ...]) -> tuple[str, ...]:
    """What of the expressions no solve has a weight for, in a sentence."""
    presets = [each.name for each in told if each.preset and each.name not in ONE_SIDED.values() and each.binds]
    binary = [each.name for each in told if not each.preset and each.binary and each.binds]
    lines = []
    if presets:
        lines.append("the VRM's presets that are sounds, moods or both eyes at once are not solved: "
                     + ", ".join(presets))
    if binary:
        lines.append("expressions that are shown all or not at all are not solved: " + ", ".join(binary))
    return tuple(lines)


def _binds(entries: object, where: str, whole: float) -> tuple[tuple[int, int, float], ...]:
    found = []
    for entry in map(_dict, entries if isinstance(entries, list) else ()):
        place, which, much = (entry.get(key) for key in (where, "index", "weight"))
        if isinstance(place, int) and isinstance(which, int) and isinstance(much, int | float) \
                and 0 < abs(much) <= MOST * whole:
            found.append((place, which, much / whole))
    return tuple(found)


def _dict(value: object) -> dict:
    return value if isinstance(value, dict) else {}
