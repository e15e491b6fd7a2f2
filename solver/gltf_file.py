"""glTF 2.0 files, .glb and .gltf, as JSON and arrays of numbers: knows buffers, no meshes."""

import base64
import binascii
import json
import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from urllib.parse import unquote

import numpy as np

from capture.errors import ModelError
from capture.links import is_inside
from solver.model_source import read_file
from solver.rig import Room

KINDS = {5120: "<i1", 5121: "<u1", 5122: "<i2", 5123: "<u2", 5125: "<u4", 5126: "<f4"}
WIDTHS = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4, "MAT4": 16}


@dataclass(frozen=True)
class GltfFile:
    """A glTF file: its JSON, its buffers by their numbers, and the room that is left for what is read of them."""

    where: str
    json: dict
    buffer: Callable[[int], bytes]
    room: Room


def open_gltf(data: bytes, where: str, read_beside: Callable[[str], bytes]) -> GltfFile:
    """Take a file apart. What is damaged raises ValueError, KeyError, IndexError or struct.error."""
    binary = None
    if data[:4] == b"glTF":
        version, length = struct.unpack_from("<II", data, 4)
        if version != 2 or length > len(data):
            raise ValueError(f"version {version}, {len(data)} of {length} bytes")
        at, text = 12, None
        while at + 8 <= length:
            size, kind = struct.unpack_from("<II", data, at)
            chunk = data[at + 8:at + 8 + size]
            if len(chunk) != size:
                raise ValueError("a chunk is longer than the file")
            text = chunk if kind == 0x4E4F534A and text is None else text
            binary = chunk if kind == 0x004E4942 and binary is None else binary
            at += 8 + size
        table = json.loads(text if text is not None else b"")
    else:
        table = json.loads(data)
    if not str(table["asset"]["version"]).startswith("2."):
        raise ValueError(f"glTF version {table['asset']['version']}")
    loaded: dict[int, bytes] = {}
    room = Room(len(data))

    def buffer(index: int) -> bytes:
        if index not in loaded:
            entry = table["buffers"][index]
            uri = entry.get("uri")
            if uri is None:
                loaded[index] = binary if binary is not None else b""
            elif uri.startswith("data:"):
                try:
                    loaded[index] = base64.b64decode(uri.split(",", 1)[1], validate=True)
                except binascii.Error as error:
                    raise ValueError(f"a data URI {error}") from error
            else:
                path = PurePosixPath(unquote(uri))
                if path.is_absolute() or ".." in path.parts or ":" in uri:
                    raise ModelError(f"{where} asks for {uri!r}, which is not beside it; export it as one .glb")
                loaded[index] = read_beside(str(path))
                room.more(len(loaded[index]))
            if len(loaded[index]) < entry["byteLength"]:
                raise ValueError(f"buffer {index} has {len(loaded[index])} of {entry['byteLength']} bytes")
        return loaded[index]

    return GltfFile(where, table, buffer, room)


def beside(path: Path) -> Callable[[str], bytes]:
    """A reader of files in the folder of `path`."""
    def read(name: str) -> bytes:
        place = path.parent / name
        if not place.is_file() or not is_inside(place, path.parent):
            raise ModelError(f"{path} needs {name} beside it, which is not there; copy it there")
        return read_file(place)
    return read


def accessor(file: GltfFile, index: int) -> np.ndarray:
    """(count, width) numbers; normalised integers as fractions."""
    entry = file.json["accessors"][index]
    kind, width, count = np.dtype(KINDS[entry["componentType"]]), WIDTHS[entry["type"]], int(entry["count"])
    file.room.take(count * width, f"the {count} entries of accessor {index}")
    values = _view(file, entry["bufferView"], entry.get("byteOffset", 0), kind, count, width) \
        if "bufferView" in entry else np.zeros((count, width), kind)
    if "sparse" in entry:
        sparse = entry["sparse"]
        number = int(sparse["count"])
        where, what = sparse["indices"], sparse["values"]
        places = _view(file, where["bufferView"], where.get("byteOffset", 0), np.dtype(KINDS[where["componentType"]]),
                       number, 1)
        values = values.copy()
        values[places[:, 0]] = _view(file, what["bufferView"], what.get("byteOffset", 0), kind, number, width)
    if entry.get("normalized") and kind.kind in "iu":
        return np.maximum(values / np.iinfo(kind).max, -1.0)
    return values


def _view(file: GltfFile, index: int, offset: int, kind: np.dtype, count: int, width: int) -> np.ndarray:
    view = file.json["bufferViews"][index]
    data = file.buffer(view["buffer"])
    start, item = view.get("byteOffset", 0) + offset, kind.itemsize * width
    stride = view.get("byteStride", item)
    last = start + (count - 1) * stride + item
    if count == 0:
        return np.zeros((0, width), kind)
    end = min(view.get("byteOffset", 0) + view["byteLength"], len(data))
    if not 0 <= offset <= start or stride < item or last > end:
        raise ValueError(f"buffer view {index} is shorter than what is read from it")
    return np.ndarray((count, width), kind, data, start, (stride, kind.itemsize))
