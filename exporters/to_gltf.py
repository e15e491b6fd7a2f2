"""glTF 2.0 as one binary file (GLB): metres, Y up, the face looking along +z, as the format wants it.

Head (animated) > Face, EyeLeft, EyeRight; one animation moves weights, head and eyes, a key a frame, linear. Shapes are
sparse float32 deltas: all readers know them, and normalised integers are read wrongly by some.
"""

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np

from capture.files import write_bytes
from exporters.joint import Joint
from exporters.mesh import Mesh, meshes, normals, shape_normals
from exporters.names import in_utf8
from exporters.rotations import continuous, turned
from exporters.scene import GENERATOR, VERSION, Scene
from solver.performance import matrices

FLOAT, UINT8, UINT16, UINT32 = 5126, 5121, 5123, 5125
VERTICES, INDICES = 34962, 34963
"""Targets of buffer views."""


class _Buffer:
    """The binary chunk and the tables that point into it."""

    def __init__(self) -> None:
        self.data = bytearray()
        self.views: list[dict[str, Any]] = []
        self.accessors: list[dict[str, Any]] = []

    def view(self, array: np.ndarray, target: int | None = None) -> int:
        self.data += bytes(-len(self.data) % 4)
        raw = np.ascontiguousarray(array).tobytes()
        self.views.append({"buffer": 0, "byteOffset": len(self.data), "byteLength": len(raw)}
                          | ({"target": target} if target else {}))
        self.data += raw
        return len(self.views) - 1

    def floats(self, array: np.ndarray, target: int | None = None, bounds: bool = False) -> int:
        """An accessor for (N) or (N, 2..4)."""
        array = array.astype("<f4")
        kind = "SCALAR" if array.ndim == 1 else f"VEC{array.shape[1]}"
        self.accessors.append({"bufferView": self.view(array, target), "componentType": FLOAT, "count": len(array),
                               "type": kind} | (_bounds(array) if bounds else {}))
        return len(self.accessors) - 1

    def matrices(self, array: np.ndarray) -> int:
        """An accessor for (N, 4, 4)."""
        self.accessors.append({"bufferView": self.view(array.transpose(0, 2, 1).astype("<f4")), "componentType": FLOAT,
                               "count": len(array), "type": "MAT4"})
        return len(self.accessors) - 1

    def bytes4(self, array: np.ndarray) -> int:
        """An accessor for (N, 4) small numbers of a vertex."""
        self.accessors.append({"bufferView": self.view(array.astype("u1"), VERTICES), "componentType": UINT8,
                               "count": len(array), "type": "VEC4"})
        return len(self.accessors) - 1

    def indices(self, array: np.ndarray) -> int:
        kind, dtype = _index_type(int(array.max()))
        self.accessors.append({"bufferView": self.view(array.astype(dtype), INDICES), "componentType": kind,
                               "count": len(array), "type": "SCALAR"})
        return len(self.accessors) - 1

    def sparse(self, array: np.ndarray, keep: np.ndarray) -> int:
        """An accessor for (N, 3) of which only the rows in `keep` (N) are stored; at least one row must be."""
        rows = np.flatnonzero(keep) if keep.any() else np.zeros(1, dtype=int)
        values = array[rows].astype("<f4")
        kind, dtype = _index_type(int(rows[-1]))
        ends = _bounds(values if len(rows) == len(array) else np.concatenate([values, np.zeros((1, 3), "<f4")]))
        self.accessors.append({
            "componentType": FLOAT, "count": len(array), "type": "VEC3", **ends,
            "sparse": {"count": len(rows),
                       "indices": {"bufferView": self.view(rows.astype(dtype)), "componentType": kind},
                       "values": {"bufferView": self.view(values)}}})
        return len(self.accessors) - 1


def write(scene: Scene, path: Path) -> None:
    """Write a scene as GLB.

    Raises:
        OutputError: it cannot be written.
    """
    write_bytes(path, pack(*document(scene)))


def document(scene: Scene) -> tuple[dict[str, Any], bytes]:
    """The glTF document and its binary buffer."""
    scene = in_utf8(scene)
    buffer = _Buffer()
    parts = meshes(scene)
    performance = scene.performance
    rotation = continuous(performance.head_rotation)
    nodes: list[dict[str, Any]] = [{"name": "Head", "children": list(range(1, len(parts) + 1)),
                                    "rotation": rotation[0].tolist(),
                                    "translation": performance.head_translation[0].tolist()}]
    times = buffer.floats(scene.times, bounds=True)
    moves = [(0, "rotation", buffer.floats(rotation)), (0, "translation", buffer.floats(performance.head_translation))]
    for number, mesh in enumerate(parts):
        node = {"name": mesh.name, "mesh": number}
        if mesh.name != "Face":
            node["translation"] = mesh.origin.tolist()
            moves.append((number + 1, "rotation", buffer.floats(scene.eye_turns[mesh.name])))
        if mesh.shape_names:
            columns = [performance.shape_names.index(name) for name in mesh.shape_names]
            moves.append((number + 1, "weights", buffer.floats(performance.weights[:, columns].ravel())))
        nodes.append(node)
    roots, skins = [0], {}
    if scene.jaw is not None:
        nodes += _jaw(scene.jaw, len(nodes))
        jaw = len(nodes) - 1
        nodes[0]["children"] = [*range(2, len(parts) + 1), jaw - 1]
        nodes[1]["skin"], roots = 0, [0, 1]  # what joints hold has no node above it that counts
        moves.append((jaw, "rotation", buffer.floats(continuous(scene.jaw.local))))
        if scene.jaw.moves:
            moves.append((jaw, "translation", buffer.floats(scene.jaw.places)))
        skins = {"skins": [{"joints": [0, jaw], "skeleton": 0, "inverseBindMatrices": buffer.matrices(
            np.stack([np.eye(4), _back(scene.jaw)]))}]}
    table = {
        "asset": {"version": "2.0", "generator": f"{GENERATOR} {VERSION}"},
        "scene": 0, "scenes": [{"name": scene.take, "nodes": roots}], "nodes": nodes,
        "meshes": [_mesh(buffer, mesh) for mesh in parts],
        "materials": [_material(name, colour) for name, colour in
                      zip(scene.model.part_names, scene.model.albedo, strict=True)],
        "animations": [{
            "name": scene.take,
            "samplers": [{"input": times, "output": output, "interpolation": "LINEAR"} for _, _, output in moves],
            "channels": [{"sampler": index, "target": {"node": node, "path": path}}
                         for index, (node, path, _) in enumerate(moves)],
            "extras": {"frame_rate": [scene.frame_rate.numerator, scene.frame_rate.denominator],
                       "start_timecode": performance.start_timecode}}],
    }
    table |= skins | {"accessors": buffer.accessors, "bufferViews": buffer.views,
              "buffers": [{"byteLength": len(buffer.data)}]}
    return table, bytes(buffer.data)


def _jaw(jaw: Joint, first: int) -> list[dict[str, Any]]:
    """The joint's node and the one above it, the `first` of the two."""
    return [{"name": jaw.above, "children": [first + 1], "rotation": jaw.above_turn.tolist(),
             "translation": jaw.above_place.tolist()},
            {"name": jaw.name, "rotation": jaw.local[0].tolist(), "translation": jaw.places[0].tolist()}]


def _back(jaw: Joint) -> np.ndarray:
    """(4, 4) joint_from_head at rest."""
    back = jaw.rest_turn * [-1.0, -1.0, -1.0, 1.0]
    out = np.eye(4)
    out[:3, :3], out[:3, 3] = matrices(back[None])[0], -turned(back, jaw.rest_place)
    return out


def pack(table: dict[str, Any], binary: bytes) -> bytes:
    """A glTF document and its buffer as GLB bytes."""
    text = json.dumps(table, separators=(",", ":"), allow_nan=False).encode()
    text += b" " * (-len(text) % 4)
    binary += bytes(-len(binary) % 4)
    return (struct.pack("<4sII", b"glTF", 2, 12 + 8 + len(text) + 8 + len(binary))
            + struct.pack("<I4s", len(text), b"JSON") + text + struct.pack("<I4s", len(binary), b"BIN\0") + binary)


def _mesh(buffer: _Buffer, mesh: Mesh) -> dict[str, Any]:
    rest, change = normals(mesh), shape_normals(mesh, mesh.shapes)
    primitives = []
    for part in np.unique(mesh.face_part):
        vertex, uv, indices = _corners(mesh, mesh.face_part == part)
        attributes = {"POSITION": buffer.floats(mesh.points[vertex], VERTICES, bounds=True),
                      "NORMAL": buffer.floats(rest[vertex], VERTICES)}
        if uv is not None:
            attributes["TEXCOORD_0"] = buffer.floats(uv, VERTICES)
        if mesh.held is not None:
            held, none = mesh.held[vertex].astype("<f4"), np.zeros((len(vertex), 2))
            attributes["JOINTS_0"] = buffer.bytes4(np.tile([0, 1, 0, 0], (len(vertex), 1)) * (held > 0)[:, None])
            attributes["WEIGHTS_0"] = buffer.floats(np.column_stack([1 - held, held, none]), VERTICES)
        primitive = {"attributes": attributes, "indices": buffer.indices(indices), "material": int(part)}
        still = None
        targets = []
        for shape, turn in zip(mesh.shapes[:, vertex], change[:, vertex], strict=True):
            target = {}
            for name, deltas in (("POSITION", shape), ("NORMAL", turn)):
                keep = deltas.any(axis=1)
                if keep.any():
                    target[name] = buffer.sparse(deltas, keep)
                else:  # one accessor of zeros serves all
                    still = buffer.sparse(np.zeros_like(deltas), keep) if still is None else still
                    target[name] = still
            targets.append(target)
        primitives.append(primitive | ({"targets": targets} if targets else {}))
    weights = {"weights": [0.0] * len(mesh.shape_names), "extras": {"targetNames": list(mesh.shape_names)}}
    return {"name": mesh.name, "primitives": primitives} | (weights if mesh.shape_names else {})


def _corners(mesh: Mesh, chosen: np.ndarray) -> tuple[np.ndarray, np.ndarray | None, np.ndarray]:
    """Vertices as glTF has them, one for each different pair of point and UV among the chosen faces.

    Returns:
        The point of each new vertex (N), its UV (N, 2) with the origin at the top left or None, and the triangles' new
        vertices (M).
    """
    faces, uv_faces = mesh.faces[chosen], mesh.uv_faces[chosen]
    quads = faces[:, 3] >= 0
    point, uv = (np.concatenate([table[:, :3], table[quads][:, [0, 2, 3]]]).ravel() for table in (faces, uv_faces))
    has_uv = len(mesh.uv) > 0 and uv.min() >= 0
    key = point * (len(mesh.uv) + 1) + (uv if has_uv else 0)
    _, first, indices = np.unique(key, return_index=True, return_inverse=True)
    return point[first], mesh.uv[uv[first]] * [1, -1] + [0, 1] if has_uv else None, indices


def _material(name: str, colour: np.ndarray) -> dict[str, Any]:
    return {"name": name, "doubleSided": True,
            "pbrMetallicRoughness": {"baseColorFactor": [*np.clip(colour, 0, 1).tolist(), 1.0],
                                     "metallicFactor": 0.0, "roughnessFactor": 0.6}}


def _index_type(largest: int) -> tuple[int, str]:
    return (UINT16, "<u2") if largest < 65535 else (UINT32, "<u4")


def _bounds(array: np.ndarray) -> dict[str, list[float]]:
    flat = array.reshape(len(array), -1)
    return {"min": flat.min(axis=0).tolist(), "max": flat.max(axis=0).tolist()}
