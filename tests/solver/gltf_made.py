"""glTF files by hand, for the tests of their reader."""

import json
import struct

import numpy as np

KINDS = {"<f4": 5126, "<u2": 5123, "<u4": 5125, "<i2": 5122, "<u1": 5121}
TYPES = {1: "SCALAR", 2: "VEC2", 3: "VEC3", 4: "VEC4", 16: "MAT4"}


class Made:
    """Collects arrays into one buffer."""

    def __init__(self) -> None:
        self.data = b""
        self.table: dict = {"asset": {"version": "2.0"}, "accessors": [], "bufferViews": [], "scenes": [{"nodes": [0]}]}

    def view(self, array: np.ndarray) -> int:
        self.data += bytes(-len(self.data) % 4)
        self.table["bufferViews"].append({"buffer": 0, "byteOffset": len(self.data), "byteLength": array.nbytes})
        self.data += array.tobytes()
        return len(self.table["bufferViews"]) - 1

    def add(self, values: object, kind: str = "<f4", **extra: object) -> int:
        array = np.asarray(values).astype(kind)
        array = array.reshape(len(array), -1)
        self.table["accessors"].append({"bufferView": self.view(array), "componentType": KINDS[kind],
                                        "count": len(array), "type": TYPES[array.shape[1]]} | extra)
        return len(self.table["accessors"]) - 1

    def sparse(self, count: int, places: list[int], values: object) -> int:
        entry = {"componentType": 5126, "count": count, "type": "VEC3", "sparse": {
            "count": len(places), "indices": {"bufferView": self.view(np.array(places, "<u2")), "componentType": 5123},
            "values": {"bufferView": self.view(np.array(values, "<f4"))}}}
        self.table["accessors"].append(entry)
        return len(self.table["accessors"]) - 1

    def glb(self) -> bytes:
        self.table["buffers"] = [{"byteLength": len(self.data)}]
        text = json.dumps(self.table).encode()
        text += b" " * (-len(text) % 4)
        data = self.data + bytes(-len(self.data) % 4)
        body = struct.pack("<II", len(text), 0x4E4F534A) + text + struct.pack("<II", len(data), 0x004E4942) + data
        return struct.pack("<4sII", b"glTF", 2, 12 + len(body)) + body


SQUARE = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]], dtype=float)


def made_square() -> Made:
    """A square whose diagonal is a UV seam (its two vertices come twice), with two shapes: one dense, one sparse.

    Its node stands 2 to the right and is twice as large.
    """
    made = Made()
    twice = SQUARE[[0, 1, 2, 0, 2, 3]]
    dense = np.array([[0, 0, 0.5]] * 6)
    made.table["meshes"] = [{"primitives": [{
        "attributes": {"POSITION": made.add(twice),
                       "TEXCOORD_0": made.add([[0, 1], [65535, 0], [1, 0], [0, 0], [0.5, 0.5], [1, 1]])},
        "indices": made.add(np.arange(6), "<u2"),
        "targets": [{"POSITION": made.add(dense)}, {"POSITION": made.sparse(6, [1], [[0, 0.25, 0]])}]}],
        "extras": {"targetNames": ["jawOpen", "wobble"]}}]
    made.table["nodes"] = [{"name": "head", "mesh": 0, "translation": [2, 0, 0], "scale": [2, 2, 2]}]
    return made
