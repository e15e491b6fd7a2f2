"""Binary FBX: nodes -> bytes. Knows the container, and no faces; `solver.fbx_nodes` reads it.

A file is a magic, a version, nested nodes and a footer. A node has a name, properties and children. Properties are
Python and NumPy values, one kind each:

    C Char    Y np.int16    I int    L np.int64    F np.float32    D float
    S str    R bytes    B np.uint8
    arrays: i int32    l int64    f float32    d float64    b bool    c uint8
"""

import struct
from dataclasses import dataclass
from typing import Any

import numpy as np

from capture.errors import OutputError
from exporters.deflate import compress

MAGIC = b"Kaydara FBX Binary  \x00\x1a\x00"
FILE_ID = bytes.fromhex("28b32aebb624ccc2bfc8b02aa92bfcf1")
CREATION_TIME = "1970-01-01 10:00:00:000"
"""A file's id signs its creation time; this pair belongs together, and lets the same take be the same bytes."""

FOOTER_ID = bytes.fromhex("fabcab09d0c8d466b176fb831cf7267e")
FOOTER_MAGIC = bytes.fromhex("f85a8c6adef5d97eece90ce3758f290b")
WIDE = 7500
"""The first version whose nodes count with 64 bits."""

SMALL = 128
"""Bytes of an array that is not worth compressing."""


class Char(int):
    """One byte that FBX means as a letter, such as the T, W or Y of a model's shading."""


SCALARS = {"Y": ("<h", np.int16), "I": ("<i", int), "L": ("<q", np.int64), "F": ("<f", np.float32), "D": ("<d", float),
           "B": ("<B", np.uint8), "C": ("<B", Char)}
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
            packed = compress(raw, array.itemsize) if len(raw) > SMALL else raw
            encoding = int(len(packed) < len(raw))
            data = packed if encoding else raw
            return code.encode() + struct.pack("<III", array.size, encoding, len(data)) + data
    raise TypeError(f"FBX has no array of {array.dtype}")
