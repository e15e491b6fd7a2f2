"""Binary FBX: nodes <-> bytes. Knows the container, and no faces.

A file is a magic, a version, nested nodes and a footer. A node has a name, properties and children. Properties become
Python and NumPy values, one kind each, so that both directions agree:

    C Char    Y np.int16    I int    L np.int64    F np.float32    D float
    S str    R bytes    B np.uint8    Z np.int8
    arrays: i int32    l int64    f float32    d float64    b bool    c uint8
"""

import struct
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from capture.errors import DataError, OutputError

MAGIC = b"Kaydara FBX Binary  \x00\x1a\x00"
FILE_ID = bytes.fromhex("28b32aebb624ccc2bfc8b02aa92bfcf1")
CREATION_TIME = "1970-01-01 10:00:00:000"
"""A file's id signs its creation time; this pair belongs together, and lets the same take be the same bytes."""

FOOTER_ID = bytes.fromhex("fabcab09d0c8d466b176fb831cf7267e")
FOOTER_MAGIC = bytes.fromhex("f85a8c6adef5d97eece90ce3758f290b")
WIDE = 7500
"""The first version whose nodes count with 64 bits."""

DEEPEST = 64
"""Nesting that no real file reaches: more is an attack on the stack."""


class Char(int):
    """One byte that FBX means as a letter, such as the T, W or Y of a model's shading."""


SCALARS = {"Y": ("<h", np.int16), "I": ("<i", int), "L": ("<q", np.int64), "F": ("<f", np.float32), "D": ("<d", float),
           "B": ("<B", np.uint8), "Z": ("<b", np.int8), "C": ("<B", Char)}
ARRAYS = {"i": "<i4", "l": "<i8", "f": "<f4", "d": "<f8", "b": "?", "c": "u1"}


@dataclass(frozen=True)
class Packed:
    """An array property, already compressed: for the many curves that share their times."""

    raw: bytes


@dataclass(frozen=True)
class Node:
    """A node: its name, its properties and the nodes in it.

    `block` writes the end mark that follows children even where there are none: some readers ask for it.
    """

    name: str
    properties: tuple[Any, ...] = ()
    children: tuple["Node", ...] = ()
    block: bool = False

    def find(self, name: str) -> "Node | None":
        """The first child of that name."""
        return next((child for child in self.children if child.name == name), None)

    def all(self, name: str) -> list["Node"]:
        """All children of that name."""
        return [child for child in self.children if child.name == name]


def pack(array: np.ndarray) -> Packed:
    """Compress an array once, to be written many times."""
    return Packed(_array(array))


def encode(nodes: tuple[Node, ...], version: int = 7400) -> bytes:
    """The bytes of a file with these nodes at its top.

    Raises:
        OutputError: more than 4 GiB before version 7500.
    """
    out = bytearray(MAGIC + struct.pack("<I", version))
    for node in nodes:
        _write(out, node, version >= WIDE)
    out += bytes(_sentinel(version >= WIDE))
    out += FOOTER_ID
    out += bytes(16 - len(out) % 16)
    out += bytes(4) + struct.pack("<I", version) + bytes(120) + FOOTER_MAGIC
    return bytes(out)


def decode(data: bytes, where: str = "the file") -> tuple[int, tuple[Node, ...]]:
    """The version and the nodes of a binary FBX file.

    Raises:
        DataError: it is no binary FBX, or is damaged.
    """
    if not data.startswith(MAGIC) or len(data) < 27:
        raise DataError(f"{where} is no binary FBX file; export it again as binary FBX 7.4")
    version = struct.unpack_from("<I", data, 23)[0]
    try:
        nodes, _ = _read_list(data, 27, len(data), version >= WIDE, 0)
    except (struct.error, ValueError, IndexError, zlib.error, RecursionError) as error:
        raise DataError(f"{where} is damaged ({error}); export it again") from error
    return version, nodes


def read(path: Path) -> tuple[int, tuple[Node, ...]]:
    """The version and the nodes of a binary FBX file on disk.

    Raises:
        DataError: it cannot be read, is no binary FBX, or is damaged.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}; give an FBX file") from error
    return decode(data, str(path))


def _sentinel(wide: bool) -> int:
    return 25 if wide else 13


def _write(out: bytearray, node: Node, wide: bool) -> None:
    start = len(out)
    head = "<QQQB" if wide else "<IIIB"
    out += bytes(struct.calcsize(head))
    name = node.name.encode()
    out += name
    before = len(out)
    for value in node.properties:
        out += _property(value)
    length = len(out) - before
    for child in node.children:
        _write(out, child, wide)
    if node.children or node.block:
        out += bytes(_sentinel(wide))
    try:
        struct.pack_into(head, out, start, len(out), len(node.properties), length, len(name))
    except struct.error:
        raise OutputError("the FBX file would exceed the 4 GiB of FBX 7.4; write FBX 7.5, or fewer frames") from None


def _property(value: Any) -> bytes:
    if isinstance(value, Packed):
        return value.raw
    if isinstance(value, np.ndarray):
        return _array(value)
    if isinstance(value, str):
        raw = value.encode("utf-8", "surrogateescape")
        return b"S" + struct.pack("<I", len(raw)) + raw
    if isinstance(value, bytes):
        return b"R" + struct.pack("<I", len(value)) + value
    for code, (layout, kind) in SCALARS.items():
        if type(value) is kind:
            return code.encode() + struct.pack(layout, value)
    raise TypeError(f"FBX has no property for {type(value)}")


def _array(array: np.ndarray) -> bytes:
    for code, dtype in ARRAYS.items():
        if array.dtype == np.dtype(dtype):
            raw = np.ascontiguousarray(array).tobytes()
            packed = zlib.compress(raw, 1) if len(raw) > 128 else raw
            encoding = int(len(raw) > 128)
            return code.encode() + struct.pack("<III", array.size, encoding, len(packed)) + packed
    raise TypeError(f"FBX has no array of {array.dtype}")


def _read_list(data: bytes, at: int, end: int, wide: bool, depth: int) -> tuple[tuple[Node, ...], int]:
    """Nodes from `at` up to the end mark (or `end`), and where they end."""
    if depth > DEEPEST:
        raise ValueError("its nodes are nested too deep")
    layout = "<QQQB" if wide else "<IIIB"
    nodes = []
    while at < end:
        stop, count, length, name_length = struct.unpack_from(layout, data, at)
        start, at = at, at + struct.calcsize(layout)
        if stop == 0:
            return tuple(nodes), at
        if not at + name_length + length <= stop <= end:
            raise ValueError(f"the node at byte {start} ends outside its place")
        name = data[at:at + name_length].decode("utf-8", "surrogateescape")
        at += name_length
        values, after = _read_properties(data, at, count, at + length)
        at = after
        children, block = (), at < stop
        if block:
            children, at = _read_list(data, at, stop, wide, depth + 1)
        if at != stop:
            raise ValueError(f"the node {name!r} at byte {start} ends in the wrong place")
        nodes.append(Node(name, values, children, block and not children))
    raise ValueError("its last node is missing")


def _read_properties(data: bytes, at: int, count: int, end: int) -> tuple[tuple[Any, ...], int]:
    values = []
    for _ in range(count):
        if at >= end:
            raise ValueError("a property is missing")
        code = chr(data[at])
        at += 1
        if code in SCALARS:
            layout, kind = SCALARS[code]
            values.append(kind(struct.unpack_from(layout, data, at)[0]))
            at += struct.calcsize(layout)
        elif code in "SR":
            length = struct.unpack_from("<I", data, at)[0]
            raw = _slice(data, at + 4, length, end)
            values.append(raw.decode("utf-8", "surrogateescape") if code == "S" else raw)
            at += 4 + length
        elif code in ARRAYS:
            size, encoding, length = struct.unpack_from("<III", data, at)
            raw = _slice(data, at + 12, length, end)
            dtype = np.dtype(ARRAYS[code])
            if encoding:
                # One byte more than promised is asked for: a bomb shows itself, and is not unpacked.
                raw = zlib.decompressobj().decompress(raw, size * dtype.itemsize + 1)
            if len(raw) != size * dtype.itemsize:
                raise ValueError(f"an array of {size} values has {len(raw)} bytes")
            values.append(np.frombuffer(raw, dtype))
            at += 12 + length
        else:
            raise ValueError(f"unknown property type {code!r} at byte {at - 1}")
    if at != end:
        raise ValueError("a node's properties end in the wrong place")
    return tuple(values), at


def _slice(data: bytes, at: int, length: int, end: int) -> bytes:
    if at + length > end:
        raise ValueError(f"the property at byte {at} is cut off")
    return data[at:at + length]
