import contextlib
import struct
import zlib

import numpy as np
import pytest

from capture.errors import ModelError
from exporters import fbx_binary
from exporters.fbx_binary import MAGIC, Char, Node, encode
from solver import fbx_nodes
from solver.fbx_nodes import read_nodes
from tests.material import shared

EVERYTHING = (
    Node("Scalars", (Char(ord("T")), Char(1), np.int16(-3), -70000, np.int64(1 << 40), np.float32(0.1), 0.1,
                     np.uint8(200), "Zoë\x00\x01Model", b"\x00\xff")),
    Node("Arrays", (np.arange(3, dtype=np.int32), np.arange(400, dtype=np.int64) << 33, np.float32([0.5]),
                    np.linspace(0, 1, 200), np.arange(5, dtype=np.uint8).astype(np.uint8),
                    np.zeros(0, np.float64))),
    Node("Parent", (1,), (Node("Child", (), (Node("Grandchild"),)), Node("Child", ("second",)))),
    Node("Empty", (), (), block=True))


def same(read: fbx_nodes.Node, wrote: Node) -> bool:
    return (read.name == wrote.name and len(read.values) == len(wrote.properties)
            and all(equal(x, y) for x, y in zip(read.values, wrote.properties, strict=True))
            and len(read.children) == len(wrote.children) and all(map(same, read.children, wrote.children)))


def equal(read, wrote) -> bool:
    if isinstance(wrote, str):
        return read == wrote.encode()
    if isinstance(wrote, np.uint8):
        return read % 256 == wrote
    return type(read) is type(wrote) and np.array_equal(read, wrote) if isinstance(wrote, np.ndarray) else read == wrote


def as_written(node: fbx_nodes.Node) -> Node:
    """What was read as what can be written: all numbers in the format's widest kinds."""
    wide = {int: np.int64, float: float, bytes: bytes}
    return Node(node.name, tuple(np.uint8(value) if isinstance(value, np.ndarray) and value.dtype == np.int8
                                 else wide.get(type(value), lambda x: x)(value) for value in node.values),
                tuple(map(as_written, node.children)), block=not node.children)


@pytest.mark.parametrize("version", [7400, 7500])
def test_nodes_come_back_equal(version):
    data = encode(EVERYTHING, version)
    assert struct.unpack_from("<I", data, 23)[0] == version
    nodes = read_nodes(data, "take.fbx").children
    assert len(nodes) == 4
    assert all(map(same, nodes, EVERYTHING))


def test_a_small_file_byte_by_byte():
    data = encode((Node("A", (7,)),))
    node = struct.pack("<IIIB", 27 + 13 + 1 + 5, 1, 5, 1) + b"A" + b"I" + struct.pack("<i", 7)
    assert data.startswith(MAGIC + struct.pack("<I", 7400) + node + bytes(13) + bytes.fromhex("fabcab09d0c8d466"))
    assert data.endswith(struct.pack("<I", 7400) + bytes(120) + bytes.fromhex("f85a8c6adef5d97eece90ce3758f290b"))
    assert len(data) % 16 == 0


def test_a_real_file_of_autodesks_survives_both_ways():
    original = shared("models", "facecap", "FaceCapLiveModeAvatar.fbx").read_bytes()
    nodes = tuple(as_written(node) for node in read_nodes(original, "avatar").children)
    ours = encode(nodes, 7500)
    assert all(map(same, read_nodes(ours, "ours").children, nodes))
    footer, mine = (data.rindex(struct.pack("<I", 7500)) for data in (original, ours))
    # Behind the footer's id (which signs the date) ours has the same marks in the same places.
    assert footer % 16 == mine % 16
    assert original[footer:] == ours[mine:]


def test_every_cut_is_refused_in_one_sentence():
    data = encode(EVERYTHING)
    body = data.index(bytes.fromhex("fabcab09d0c8d466"))
    for end in [0, 10, 26, 30, *range(40, body, 97), body - 1]:
        with pytest.raises(ModelError) as caught:
            read_nodes(data[:end], "take.fbx")
        assert "take.fbx" in str(caught.value)
        assert "\n" not in str(caught.value)


def test_flipped_bytes_never_escape_as_another_error():
    data = bytearray(encode(EVERYTHING))
    random = np.random.default_rng(0)
    for _ in range(400):
        bad = bytearray(data)
        bad[random.integers(27, len(bad))] = random.integers(256)
        with contextlib.suppress(ModelError):
            read_nodes(bytes(bad), "take.fbx")


def test_a_bomb_is_not_unpacked():
    packed = zlib.compress(bytes(50_000_000), 9)
    raw = b"d" + struct.pack("<III", 4, 1, len(packed)) + packed
    data = encode((Node("A", (fbx_binary.Packed(raw),)),))
    with pytest.raises(ModelError, match="has 33 bytes"):
        read_nodes(data, "bomb.fbx")


def test_nodes_nested_without_end_are_refused():
    node = Node("A")
    for _ in range(100):
        node = Node("A", (), (node,))
    with pytest.raises(ModelError, match="outside its parent"):
        read_nodes(encode((node,)), "deep.fbx")
