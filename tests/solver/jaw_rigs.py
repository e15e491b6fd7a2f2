"""The built-in head as a game's rig, written as FBX and GLB: few shapes, a jaw and eyes on joints, turned any way."""

from dataclasses import dataclass

import numpy as np
from scipy.spatial.transform import Rotation

from solver.face_model import FaceModel
from tests.solver.gltf_made import Made

SHAPES = ("eyeBlinkLeft", "eyeBlinkRight", "browInnerUp", "mouthFunnel")
PIVOT = np.array([0.0, -0.006, 0.009])
EYES = {"eye_L": np.array([0.0315, 0.015, 0.07]), "eye_R": np.array([-0.0315, 0.015, 0.07])}


@dataclass(frozen=True)
class GameRig:
    """How the rig stands in its file.

    Attributes:
        turn: degrees about x, y, z by which all of it is turned.
        unit: the file's units in a metre.
        joint: degrees by which the jaw's joint is turned in the head.
    """

    turn: tuple[float, float, float] = (0, 0, 0)
    unit: float = 1.0
    joint: tuple[float, float, float] = (0, 0, 0)


def jaw_share(head: FaceModel) -> np.ndarray:
    opens = np.linalg.norm(head.shapes[head.shape_names.index("jawOpen")], axis=1)
    return np.clip(opens / 0.03, 0, 1)


def game_glb(head: FaceModel, rig: GameRig) -> bytes:
    """The turn and the scale stand in the root node, as Blender writes them."""
    made = Made()
    share = jaw_share(head)
    count = len(head.neutral)
    joints = np.tile([1, 0, 0, 0], (count, 1))
    weights = np.column_stack([share, 1 - share, np.zeros((count, 2))])
    triangles = head.triangles
    made.table["meshes"] = [{"primitives": [{
        "attributes": {"POSITION": made.add(head.neutral * rig.unit), "JOINTS_0": made.add(joints, "<u1"),
                       "WEIGHTS_0": made.add(weights)},
        "indices": made.add(triangles.ravel(), "<u4"),
        "targets": [{"POSITION": made.add(head.shapes[head.shape_names.index(name)] * rig.unit)} for name in SHAPES],
    }], "extras": {"targetNames": list(SHAPES)}}]
    quaternion = Rotation.from_euler("xyz", rig.turn, degrees=True).as_quat().tolist()
    own = Rotation.from_euler("xyz", rig.joint, degrees=True)
    bind = np.eye(4)
    bind[:3, :3], bind[:3, 3] = own.as_matrix(), PIVOT * rig.unit
    eyes = {name: np.eye(4) for name in EYES}
    for name, place in EYES.items():
        eyes[name][:3, 3] = place * rig.unit
    binds = np.array([np.linalg.inv(matrix).T.ravel() for matrix in (np.eye(4), bind, *eyes.values())])
    made.table["nodes"] = [
        {"name": "root", "rotation": quaternion, "scale": [1 / rig.unit] * 3, "children": [1, 2]},
        {"name": "face", "mesh": 0, "skin": 0}, {"name": "head", "children": [3, 4, 5]},
        {"name": "jaw", "translation": (PIVOT * rig.unit).tolist(), "rotation": own.as_quat().tolist()},
        *({"name": name, "translation": (place * rig.unit).tolist()} for name, place in EYES.items())]
    made.table["skins"] = [{"joints": [2, 3, 4, 5], "inverseBindMatrices": made.add(binds)}]
    return made.glb()


def game_fbx(head: FaceModel, rig: GameRig) -> bytes:
    """ASCII 7.4, centimetres times `unit`, the turn in the root node."""
    share = jaw_share(head)
    size = 100 * rig.unit

    def array(name: str, values: np.ndarray) -> str:
        flat = np.asarray(values).ravel()
        text = ",".join(f"{value:.7g}" for value in flat.tolist())
        return f"{name}: *{len(flat)} {{\na: {text}\n}}\n"

    def model(key: int, name: str, kind: str, **vectors: tuple[float, ...]) -> str:
        rows = "".join(f'P: "{label}", "{label}", "", "A",{",".join(map(str, values))}\n' for label, values in (
            (label.replace("_", " "), values) for label, values in vectors.items()))
        return f'Model: {key}, "Model::{name}", "{kind}" {{\nProperties70: {{\n{rows}}}\n}}\n'

    corners = head.faces.copy()
    ends = np.where(head.faces[:, 3] >= 0, 3, 2)
    corners[np.arange(len(corners)), ends] = -corners[np.arange(len(corners)), ends] - 1
    polygons = corners[np.arange(4)[None] <= ends[:, None]]
    held = np.flatnonzero(share)
    parts = [f'Geometry: 1, "Geometry::", "Mesh" {{\n{array("Vertices", head.neutral * size)}'
             f'{array("PolygonVertexIndex", polygons)}}}\n', 'Deformer: 4, "Deformer::", "BlendShape" {\n}\n']
    links = ["6,7", "1,6", "4,1", "20,1", "21,20", "8,21", "7,0", "9,7", "8,9", "10,9", "11,9"]
    for index, name in enumerate(SHAPES):
        move = head.shapes[head.shape_names.index(name)] * size
        moved = np.flatnonzero(np.abs(move).max(axis=1))
        parts.append(f'Geometry: {100 + index}, "Geometry::{name}", "Shape" {{\n{array("Indexes", moved)}'
                     f'{array("Vertices", move[moved])}}}\nDeformer: {200 + index}, "SubDeformer::{name}", '
                     '"BlendShapeChannel" {\nFullWeights: *1 {\na: 100\n}\n}\n')
        links += [f"{200 + index},4", f"{100 + index},{200 + index}"]
    parts.append('Deformer: 20, "Deformer::", "Skin" {\n}\nDeformer: 21, "SubDeformer::", "Cluster" {\n'
                 f'{array("Indexes", held)}{array("Weights", share[held])}}}\n')
    parts += [model(7, "root", "Null", Lcl_Rotation=rig.turn), model(6, "face", "Mesh"), model(9, "head", "LimbNode"),
              model(8, "jaw", "LimbNode", Lcl_Translation=tuple(PIVOT * size), PreRotation=rig.joint)]
    parts += [model(key, name, "LimbNode", Lcl_Translation=tuple(place * size))
              for key, (name, place) in zip((10, 11), EYES.items(), strict=True)]
    return ("; FBX 7.4.0 project file\nFBXHeaderExtension:  {\nFBXVersion: 7400\n}\nGlobalSettings:  {\n"
            f'Properties70:  {{\nP: "UnitScaleFactor", "double", "Number", "",{1 / rig.unit!r}\n}}\n}}\n'
            "Objects:  {\n" + "".join(parts) + "}\nConnections:  {\n"
            + "".join(f'C: "OO",{link}\n' for link in links) + "}\n").encode()
