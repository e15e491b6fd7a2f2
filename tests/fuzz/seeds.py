"""What broke a reader once, made small: each name says what was wrong with it."""

import io
import zipfile

from tests.solver.gltf_made import made_square

DIGITS = b"9" * 5000
"""More than Python turns into a number without being asked."""

_CAMERA = (b"version = 1\n[cameras.A]\nsize = [640, 480]\nmatrix = [[700.0, 0.0, 320.0], [0.0, 700.0, 240.0], "
           b"[0.0, 0.0, 1.0]]\nrotation = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]\n"
           b"translation = [0.0, 0.0, 0.0]\n")
_FACE = b"v 0 0 0\nv 1 0 0\nv 1 1 0\nf 1 2 3\n"


def _zip(name: str, content: bytes, method: int = zipfile.ZIP_STORED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(zipfile.ZipInfo(name), content, compress_type=method)
    return out.getvalue()


def _broken_lzma() -> bytes:
    data = bytearray(_zip("neutral.obj", _FACE * 20, zipfile.ZIP_LZMA))
    start = data.index(b"neutral.obj") + len(b"neutral.obj")
    data[start + 9:start + 29] = bytes(20)
    return bytes(data)


def _large_dictionary() -> bytes:
    """LZMA that asks for four gigabytes to unpack a few bytes."""
    data = bytearray(_zip("neutral.obj", _FACE * 20, zipfile.ZIP_LZMA))
    start = data.index(b"neutral.obj") + len(b"neutral.obj")
    data[start + 5:start + 9] = b"\xff\xff\xff\xff"
    return bytes(data)


def _short_colour() -> bytes:
    made = made_square()
    square = made.table["meshes"][0]
    made.table["materials"] = [{"pbrMetallicRoughness": {"baseColorFactor": [0.5]}}]
    made.table["meshes"].append({**square, "primitives": [{**square["primitives"][0], "material": 0}]})
    made.table["nodes"].append({"mesh": 1})
    made.table["scenes"][0]["nodes"].append(len(made.table["nodes"]) - 1)
    return made.glb()


def _far_move() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, x in (("neutral.obj", b"0"), ("jawOpen.obj", b"1e308")):
            archive.writestr(zipfile.ZipInfo(name), _FACE.replace(b"v 0 0 0", b"v " + x + b" 0 0"))
    return out.getvalue()


def _long_member() -> bytes:
    """A zip whose directory says that its member has four billion bytes."""
    data = bytearray(_zip("neutral.obj", _FACE))
    at = data.rindex(b"PK\x01\x02") + 20
    data[at:at + 4] = b"\xfe\xff\xff\xff"
    return bytes(data)


def _array(numbers: int, kind: str = "<f8") -> bytes:
    header = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': ({numbers},), }}".ljust(117) + "\n"
    return _zip("key.npy", b"\x93NUMPY\x01\x00v\x00" + header.encode())


SEEDS: dict[str, dict[str, bytes]] = {
    "rig.toml": {
        "a number that no float holds": _CAMERA.replace(b"700.0, 0.0", b"1" + b"0" * 400 + b", 0.0"),
        "a number of thousands of digits": b"version = " + DIGITS,
        "a rotation whose square overflows": _CAMERA.replace(b"[1.0, 0.0, 0.0]", b"[1e308, 1e308, 0.0]"),
        "a list for a lens model": _CAMERA + b"model = [[]]\n",
        "an error that no float holds": _CAMERA + b"error_px = 1" + b"0" * 400,
        "a lens model of thousands of letters": _CAMERA + b'model = "' + b"x" * 5000 + b'"\n',
    },
    "take.toml": {
        "a number of thousands of digits": b"rating = " + DIGITS,
        "a name of thousands of letters": b'actor = "' + b"../" * 2000 + b'"\n',
        "a name that steers a terminal": b'actor = "\\u001b[2J\\u202e"\n',
        "a number of thousands of bits": b"model = 0x" + DIGITS,
    },
    "glb": {"a colour of one number, in one of two meshes": _short_colour()},
    "obj": {
        "a face of two corners": b"v 1 1 0\nv 0 1 0\nv 1 0 0\nf 1 3\n",
        "a shape whose moves vanish": b"v 0 1e308 0\nv -1e-320 0 0\nv 255 1 0\nv 1 1 0\nf 1 2 3\n",
    },
    "zip": {
        "a member without a name": _zip("/", b"").replace(b"/PK", b"\0PK"),
        "a member of a broken LZMA stream": _broken_lzma(),
        "a member that asks for gigabytes to be unpacked": _large_dictionary(),
        "a member longer than its zip": _long_member(),
        "a shape whose move cannot be squared": _far_move(),
        "a member that leads out": _zip("../neutral.obj", _FACE),
    },
    "npz": {
        "an array that would fill the memory": _array(10**11),
        "an array that no memory holds": _array(10**30),
        "an array of a negative length": _array(-5),
        "an array of letters of a negative length": _array(1, "<U-1"),
    },
    "events": {"brackets without end": b"[" * 100_000, "an infinite count": b'{"event": "progress", "take": "", '
               b'"step": "", "done": Infinity, "total": 1}'},
    "csv": {"a header of thousands of letters": b"Timecode,BlendShapeCount," + b"x" * 5000},
}
