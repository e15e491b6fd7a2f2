import contextlib
import struct
import zlib

import numpy as np
import pytest

from capture.errors import DataError
from exporters import fbx_binary
from exporters.fbx_binary import MAGIC, Char, Node, decode, encode
from tests.material import shared

EVERYTHING = (
    Node("Scalars", (Char(ord("T")), Char(1), np.int16(-3), -70000, np.int64(1 << 40), np.float32(0.1), 0.1,
                     np.uint8(200), np.int8(-7), "Zoë\x00\x01Model", b"\x00\xff")),
    Node("Arrays", (np.arange(3, dtype=np.int32), np.arange(400, dtype=np.int64) << 33, np.float32([0.5]),
                    np.linspace(0, 1, 200), np.array([True, False]), np.arange(5, dtype=np.uint8),
                    np.zeros(0, np.float64))),
    Node("Parent", (1,), (Node("Child", (), (Node("Grandchild"),)), Node("Child", ("second",)))),
    Node("Empty", (), (), block=True))


def same(a: Node, b: Node) -> bool:
    return (a.name == b.name and a.block == b.block and len(a.properties) == len(b.properties)
            and all(type(x) is type(y) and np.array_equal(x, y) and getattr(x, "dtype", 0) == getattr(y, "dtype", 0)
                    for x, y in zip(a.properties, b.properties, strict=True))
            and len(a.children) == len(b.children) and all(map(same, a.children, b.children)))


@pytest.mark.parametrize("version", [7400, 7500])
def test_nodes_come_back_equal(version):
    data = encode(EVERYTHING, version)
    found, nodes = decode(data)
    assert found == version
    assert len(nodes) == 4
    assert all(map(same, nodes, EVERYTHING))
    assert encode(nodes, version) == data


def test_a_small_file_byte_by_byte():
    data = encode((Node("A", (7,)),))
    node = struct.pack("<IIIB", 27 + 13 + 1 + 5, 1, 5, 1) + b"A" + b"I" + struct.pack("<i", 7)
    assert data.startswith(MAGIC + struct.pack("<I", 7400) + node + bytes(13) + bytes.fromhex("fabcab09d0c8d466"))
    assert data.endswith(struct.pack("<I", 7400) + bytes(120) + bytes.fromhex("f85a8c6adef5d97eece90ce3758f290b"))
    assert len(data) % 16 == 0


def test_a_real_file_of_autodesks_survives_both_ways():
    version, nodes = fbx_binary.read(shared("models", "facecap", "FaceCapLiveModeAvatar.fbx"))
    assert version == 7500
    again = decode(encode(nodes, version))[1]
    assert all(map(same, nodes, again))
    original = shared("models", "facecap", "FaceCapLiveModeAvatar.fbx").read_bytes()
    footer = original.rindex(struct.pack("<I", 7500))
    ours = encode(nodes, version)
    # Behind the footer's id (which signs the date) ours has the same marks in the same places.
    assert footer % 16 == ours.rindex(struct.pack("<I", 7500)) % 16
    assert original[footer:] == ours[ours.rindex(struct.pack("<I", 7500)):]


def test_every_cut_is_refused_in_one_sentence():
    data = encode(EVERYTHING)
    body = data.index(bytes.fromhex("fabcab09d0c8d466"))
    for end in [0, 10, 26, 30, *range(40, body, 97), body - 1]:
        with pytest.raises(DataError) as caught:
            decode(data[:end], "take.fbx")
        assert "take.fbx" in str(caught.value)
        assert "\n" not in str(caught.value)


def test_flipped_bytes_never_escape_as_another_error():
    data = bytearray(encode(EVERYTHING))
    random = np.random.default_rng(0)
    for _ in range(400):
        bad = bytearray(data)
        bad[random.integers(27, len(bad))] = random.integers(256)
        with contextlib.suppress(DataError):
            decode(bytes(bad))


def test_a_bomb_is_not_unpacked():
    packed = zlib.compress(bytes(50_000_000), 9)
    raw = b"d" + struct.pack("<III", 4, 1, len(packed)) + packed
    data = encode((Node("A", (fbx_binary.Packed(raw),)),))
    with pytest.raises(DataError, match="4 values has 33 bytes"):
        decode(data)


def test_text_fbx_and_other_files_are_refused():
    for data in (b"; FBX 7.4.0 project file\n", b"", b"glTF" + bytes(100)):
        with pytest.raises(DataError, match="no binary FBX"):
            decode(data)


def test_nodes_nested_without_end_are_refused():
    node = Node("A")
    for _ in range(100):
        node = Node("A", (), (node,))
    with pytest.raises(DataError, match="nested too deep"):
        decode(encode((node,)))
