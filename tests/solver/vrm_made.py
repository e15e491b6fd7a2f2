"""The built-in head as a VRM avatar, of either version: morphs with names that say nothing, and expressions of them."""

from collections.abc import Callable

import numpy as np

from solver.face_model import ARKIT, FaceModel
from tests.solver.gltf_made import Made

SMALL = 0.4
"""What one of the halves of a shape is of its whole, and what the mouth's funnel shows of the jaw's morph."""
TURNED = np.array([-1.0, 1.0, -1.0])


def morph(name: str) -> str:
    """What a morph is called: `morph_7`."""
    return f"morph_{ARKIT.index(name)}"


def vrm(head: FaceModel, version: int, perfect: bool = True, custom: dict[str, list[tuple[str, float]]] | None = None,
        binary: tuple[str, ...] = (), called: Callable[[str], str] = morph) -> bytes:
    """An avatar whose face and whose lower half of lashes are two meshes, VRM 0.x or 1.0 by `version`.

    jawOpen's expression shows its morph at 0.4, whose numbers are as much larger, and the funnel's shows some of that
    morph, too. The presets are blinks, a vowel and a mood. `custom` has more of them, by morphs; `binary` are all or
    none. Without `perfect` there are the presets alone. `called` names the morphs.
    """
    made = Made()
    by = TURNED if version == 0 else np.ones(3)
    jaw = head.shapes[head.shape_names.index("jawOpen")]
    moves = {name: head.shapes[head.shape_names.index(name)] for name in ARKIT}
    moves["mouthFunnel"] = moves["mouthFunnel"] - SMALL * jaw / SMALL * 0.5
    moves["jawOpen"] = jaw / SMALL
    triangles = head.triangles
    low = head.neutral[triangles].mean(axis=1)[:, 1] < np.median(head.neutral[:, 1])

    def mesh(chosen: np.ndarray, first: bool) -> dict:
        used, indices = np.unique(triangles[chosen], return_inverse=True)
        order = ARKIT if first else ARKIT[::-1]  # the same morph has another number in another mesh
        return {"name": "upper" if first else "lower", "primitives": [{
            "attributes": {"POSITION": made.add(head.neutral[used] * by)}, "indices": made.add(indices.ravel(), "<u4"),
            "targets": [{"POSITION": made.add(moves[name][used] * by)} for name in order]}],
            "extras": {"targetNames": [called(name) for name in order]}}

    made.table["meshes"] = [mesh(~low, True), mesh(low, False)]
    made.table["nodes"] = [{"name": "root", "children": [1, 2, 3]}, {"name": "Hips"}, {"name": "lower", "mesh": 1},
                           {"name": "upper", "mesh": 0}]
    place = {0: [(0, False), (1, True)], 1: [(3, False), (2, True)]}[version]

    def binds(parts: list[tuple[str, float]]) -> list[dict]:
        return [{"mesh" if version == 0 else "node": where, "index": 51 - ARKIT.index(name) if last else
                 ARKIT.index(name), "weight": much * (100 if version == 0 else 1)}
                for name, much in parts for where, last in place]

    makers = {name[0].upper() + name[1:]: [(name, 1.0)] for name in ARKIT} if perfect else {}
    if perfect:
        makers |= {"JawOpen": [("jawOpen", SMALL)], "MouthFunnel": [("mouthFunnel", 1.0), ("jawOpen", SMALL * 0.5)]}
    makers |= custom or {}
    presets = {"aa": [("jawOpen", 0.2)], "blink": [("eyeBlinkLeft", 1.0), ("eyeBlinkRight", 1.0)],
               "happy": [("mouthSmileLeft", 1.0), ("mouthSmileRight", 1.0)],
               "blinkLeft": [("eyeBlinkLeft", 1.0)], "blinkRight": [("eyeBlinkRight", 1.0)]}
    if version == 1:
        made.table["extensions"] = {"VRMC_vrm": {"specVersion": "1.0", "expressions": {
            "preset": {name: {"morphTargetBinds": binds(parts)} for name, parts in presets.items()},
            "custom": {name: {"morphTargetBinds": binds(parts), "isBinary": name in binary}
                       for name, parts in makers.items()}}}}
    else:
        old = {"aa": "a", "happy": "joy", "blinkLeft": "blink_l", "blinkRight": "blink_r"}
        made.table["extensions"] = {"VRM": {"exporterVersion": "UniVRM-0.99", "blendShapeMaster": {"blendShapeGroups": [
            *({"name": old.get(name, name).title(), "presetName": old.get(name, name), "binds": binds(parts)}
              for name, parts in presets.items()),
            *({"name": name, "presetName": "unknown", "binds": [*binds(parts), {"mesh": 9, "index": -1, "weight": 50}],
               "isBinary": name in binary} for name, parts in makers.items())]}}}
    made.table["extensionsUsed"] = list(made.table["extensions"])
    return made.glb()
