"""FBX files, binary (7.x) and ASCII, as a tree of nodes: knows bytes and brackets, no faces.

Binary: after a 27-byte header a node is its end, its count and length of properties, its name, the properties, its
children and a null record; from 7.5 on the three numbers have 64 bits. Arrays may be deflated.
ASCII: `Name: value, value { children }`; an array is `*count { a: 1,2,3 }`.
"""

import re
import struct
import zlib
from dataclasses import dataclass

import numpy as np

from capture.errors import ModelError

MAGIC = b"Kaydara FBX Binary  \x00"
LARGEST_ARRAY = 256 << 20
LARGEST_ALL = 2 << 30
"""Bytes of all arrays of a file, unpacked: a few deflated bytes can declare them."""
DEEPEST = 64
ARRAYS = {"f": "<f4", "d": "<f8", "l": "<i8", "i": "<i4", "b": "<i1", "c": "<i1"}
SCALARS = {"Y": "<h", "C": "<b", "B": "<b", "I": "<i", "F": "<f", "D": "<d", "L": "<q"}


@dataclass(frozen=True)
class Node:
    """A node: `values` are numbers, strings (bytes) and arrays."""

    name: str
    values: tuple
    children: tuple["Node", ...]

    def all(self, name: str) -> list["Node"]:
        return [child for child in self.children if child.name == name]

    def first(self, name: str) -> "Node | None":
        return next((child for child in self.children if child.name == name), None)

    def value(self, name: str) -> object:
        """The first value of the first child of that name, or None."""
        child = self.first(name)
        return child.values[0] if child is not None and child.values else None

    def array(self, name: str, kind: type) -> np.ndarray:
        """The numbers of the first child of that name, flat; empty where there is none."""
        child = self.first(name)
        if child is None or not child.values:
            return np.zeros(0, dtype=kind)
        if isinstance(child.values[0], np.ndarray):
            return child.values[0].astype(kind)
        return np.array(child.values, dtype=kind)


class _Broken(Exception):
    """The bytes make no sense; the text says where."""


def read_nodes(data: bytes, where: str) -> Node:
    """All top-level nodes below one root without a name.

    Raises:
        ModelError: it is no FBX file, too old, cut short or damaged.
    """
    try:
        if data.startswith(MAGIC):
            (version,) = struct.unpack_from("<I", data, 23)
            _check_version(version, where)
            return Node("", (), _binary(data, version))
        if data.lstrip()[:1] == b";" or b"FBXHeaderExtension" in data[:4096]:
            root = Node("", (), _ascii(data))
            for header in root.all("FBXHeaderExtension"):
                _check_version(header.value("FBXVersion"), where)
            return root
    except (_Broken, struct.error, zlib.error, ValueError, IndexError, OverflowError) as error:
        raise ModelError(f"{where} is cut short or damaged ({error}); export the rig again") from error
    raise ModelError(f"{where} is no FBX file; export the rig as FBX 7.4 or 7.5")


def _check_version(version: object, where: str) -> None:
    if isinstance(version, int) and not 7000 <= version < 8000:
        raise ModelError(f"{where} is FBX {version / 1000:.1f}, and mien reads 7.x; export the rig as FBX 7.4 or 7.5 "
                         "(FBX 2014 or later)")


def _binary(data: bytes, version: int) -> tuple[Node, ...]:
    head, size = ("<QQQB", 25) if version >= 7500 else ("<IIIB", 13)
    left = [LARGEST_ALL]

    def node(at: int, limit: int, depth: int) -> tuple[Node | None, int]:
        end, count, length, name_length = struct.unpack_from(head, data, at)
        if end == 0:
            return None, at + size
        if not at + size <= end <= limit or depth > DEEPEST:
            raise _Broken(f"a node at byte {at} ends outside its parent")
        name_at = at + size
        values_at = name_at + name_length
        name = data[name_at:values_at].decode("ascii", "replace")
        at = values_at + length
        if at > end:
            raise _Broken(f"the values of {name} are longer than the node")
        values, children = _values(data, values_at, at, count, left), []
        while at < end:
            child, at = node(at, end, depth + 1)
            if child is None:
                break
            children.append(child)
        return Node(name, values, tuple(children)), end

    nodes, at = [], 27
    while at + size <= len(data):
        found, at = node(at, len(data), 0)
        if found is None:
            return tuple(nodes)
        nodes.append(found)
    raise _Broken("it has no end")


def _values(data: bytes, at: int, limit: int, count: int, left: list[int]) -> tuple:
    values = []
    for _ in range(count):
        if at >= limit:
            raise _Broken("values end early")
        kind = chr(data[at])
        at += 1
        if kind in SCALARS:
            values.append(struct.unpack_from(SCALARS[kind], data, at)[0])
            at += struct.calcsize(SCALARS[kind])
        elif kind in "SR":
            (length,) = struct.unpack_from("<I", data, at)
            values.append(data[at + 4:at + 4 + length])
            at += 4 + length
        elif kind in ARRAYS:
            length, packed, stored = struct.unpack_from("<III", data, at)
            raw = data[at + 12:at + 12 + stored] if packed else data[at + 12:at + 12 + length * _item(kind)]
            at += 12 + (stored if packed else length * _item(kind))
            values.append(_array(raw, kind, length, packed))
            left[0] -= values[-1].nbytes
            if left[0] < 0:
                raise _Broken(f"its arrays have more than {LARGEST_ALL >> 30} GB")
        else:
            raise _Broken(f"an unknown kind of value {kind!r}")
        if at > limit:
            raise _Broken("a value reaches past its node")
    return tuple(values)


def _item(kind: str) -> int:
    return np.dtype(ARRAYS[kind]).itemsize


def _array(raw: bytes, kind: str, length: int, packed: int) -> np.ndarray:
    size = length * _item(kind)
    if size > LARGEST_ARRAY:
        raise _Broken(f"an array says that it has {length} numbers")
    if packed:
        raw = zlib.decompressobj().decompress(raw, size + 1)  # never more than it declares
    if len(raw) != size:
        raise _Broken(f"an array has {len(raw)} bytes and needs {size}")
    return np.frombuffer(raw, dtype=ARRAYS[kind])


TOKEN = re.compile(rb'\s+|;[^\n]*|(?P<name>[A-Za-z_][\w|]*)\s*:(?!:)|"(?P<string>[^"]*)"|(?P<count>\*\d+)\s*\{\s*a\s*:|'
                   rb"(?P<number>[-+]?[\d.][\w.+-]*)|(?P<word>[A-Za-z_]\w*)|(?P<mark>[{},])")


def _ascii(data: bytes) -> tuple[Node, ...]:
    top: list[Node] = []
    stack: list[tuple[str, list, list]] = [("", [], top)]  # name, values, children of the open nodes
    open_name: str | None = None
    values: list = []
    at = 0

    def close() -> None:
        nonlocal open_name, values
        if open_name is not None:
            stack[-1][2].append(Node(open_name, tuple(values), ()))
        open_name, values = None, []

    while at < len(data):
        match = TOKEN.match(data, at)
        if match is None:
            line = data.count(b"\n", 0, at) + 1
            raise _Broken(f"line {line} makes no sense")
        at = match.end()
        kind = match.lastgroup
        if kind == "name":
            close()
            open_name = match["name"].decode("ascii")
        elif kind == "string":
            values.append(match["string"].replace(b"&quot;", b'"'))
        elif kind == "count":
            stop = data.find(b"}", at)
            if stop < 0:
                raise _Broken("an array has no end")
            numbers = data[at:stop].split(b",")
            values.append(np.array(numbers if numbers != [b""] and numbers[0].strip() else [], dtype=np.float64))
            if len(values[-1]) != int(match["count"][1:]):
                raise _Broken(f"an array says {match['count'].decode()} and has {len(values[-1])} numbers")
            at = stop + 1
        elif kind == "number":
            values.append(_number(match["number"]))
        elif kind == "word":
            values.append(match["word"])
        elif match["mark"] == b"{":
            if len(stack) > DEEPEST or open_name is None:
                raise _Broken("brackets make no sense")
            stack.append((open_name, values, []))
            open_name, values = None, []
        elif match["mark"] == b"}":
            close()
            if len(stack) == 1:
                raise _Broken("there is one closing bracket too many")
            name, own, children = stack.pop()
            stack[-1][2].append(Node(name, tuple(own), tuple(children)))
    close()
    if len(stack) != 1:
        raise _Broken("it has no end")
    return tuple(top)


def _number(text: bytes) -> int | float:
    try:
        return int(text)
    except ValueError:
        return float(text)
