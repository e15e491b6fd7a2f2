"""Mutations that know numbers, texts, chunk lengths and zip members; the same random numbers give the same bytes."""

import io
import json
import lzma
import random
import re
import struct
import zipfile
import zlib
from collections.abc import Callable, Sequence

Mutation = Callable[[bytes, random.Random], bytes]

NUMBER = re.compile(rb"-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?")
TEXT = re.compile(rb'"[^"\n]{0,200}"')
NUMBERS = (b"0", b"-1", b"1", b"nan", b"NaN", b"-inf", b"Infinity", b"1e999", b"1e308", b"-1e-320", b"0.5", b"255",
           b"256", b"65536", b"2147483647", b"2147483648", b"4294967295", b"9223372036854775807",
           b"-9223372036854775808", b"18446744073709551616", b"9" * 400, b"9" * 5000, b"true", b"null", b'""',
           b"[]", b"{}", b"[[]]", b"0x10", b"1_0", b"\xef\xbc\x91", b"12:30:00", b"1979-05-27")
TEXTS = (b'""', b'"../../../../etc/passwd"', b'"/etc/passwd"', b'"..\\\\..\\\\x"', b'"a\\u0000b"', b'"\\ud800"',
         b'"\\uFFFF"',
         b'"' + b"x" * 5000 + b'"', b'"%s%n{0}"', b'"\xff\xfe"', b'"http://127.0.0.1:1/x"', b'"CON"', b"1", b"null",
         b"[1]", b'"__class__"', b'"\\n"', b'"."', b'"..\"', b'"\xe2\x80\xae"')
INTEGERS = (0, 1, 2, 7, 0x7F, 0x80, 0xFF, 0x100, 0x7FFF, 0x8000, 0xFFFF, 0x10000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF,
            0x7FFFFFFFFFFFFFFF, 0xFFFFFFFFFFFFFFFF)


def mutated(data: bytes, chance: random.Random, others: Sequence[bytes], largest: int) -> bytes:
    """One to six small changes of `data`; `others` lend pieces."""
    for _ in range(chance.choice((1, 1, 1, 2, 3, 6))):
        kind = chance.randrange(10)
        if kind == 0:
            data = _splice(data, chance, others)
        elif kind == 1:
            data = _shifted(data, chance)
        elif kind in (2, 3):
            data = _replaced(data, chance, NUMBER, NUMBERS)
        elif kind == 4:
            data = _replaced(data, chance, TEXT, TEXTS)
        elif kind == 5:
            data = _nested(data, chance)
        elif kind in (6, 7):
            data = _integer(data, chance)
        else:
            data = _flipped(data, chance)
    return data[:largest]


def in_chunks(data: bytes, chance: random.Random) -> bytes:
    """A .glb whose JSON is changed and whose lengths are then right again."""
    if data[:4] != b"glTF" or len(data) < 28:
        return _flipped(data, chance)
    size = struct.unpack_from("<I", data, 12)[0]
    text, rest = data[20:20 + size], data[20 + size:]
    try:
        table = json.loads(text)
        change_table(table, chance)
        text = json.dumps(table).encode()
    except (ValueError, RecursionError):
        text = mutated(text, chance, (), 1 << 16)
    text += b" " * (-len(text) % 4)
    body = struct.pack("<II", len(text), 0x4E4F534A) + text + rest
    return struct.pack("<4sII", b"glTF", 2, 12 + len(body)) + body


def in_json(data: bytes, chance: random.Random) -> bytes:
    """A JSON document of which one value is another, or goes, or comes twice."""
    try:
        table = json.loads(data)
    except (ValueError, RecursionError):
        return _flipped(data, chance)
    change_table(table, chance)
    return json.dumps(table).encode()


def in_members(data: bytes, chance: random.Random) -> bytes:
    """A zip of which a member's content or name is changed, whole otherwise."""
    out = io.BytesIO()
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w") as new:
            infos = old.infolist()
            chosen = chance.randrange(max(len(infos), 1))
            for index, info in enumerate(infos):
                content, name = old.read(info), info.filename
                if index == chosen and chance.random() < 0.8:
                    content = mutated(content, chance, (), 1 << 18)
                elif index == chosen:
                    name = chance.choice(("../out.obj", "/etc/x.obj", "a/../../b.obj", "C:\\x.obj", "", "neutral.obj",
                                          "x" * 300 + ".obj", name + "\0", "con.obj", "ä\u202e.obj", "..",
                                          name.upper()))
                name = name or "x"
                if name in new.namelist():
                    continue
                new.writestr(zipfile.ZipInfo(name), content, compress_type=chance.choice((0, 8, 12, 14)))
    except (zipfile.BadZipFile, ValueError, EOFError, OSError, NotImplementedError, RuntimeError, struct.error,
            KeyError, UnicodeError, MemoryError, zlib.error, lzma.LZMAError):
        return _integer(data, chance)
    except Exception as error:  # the members' own decompressors each have an error of their own
        if type(error).__module__ not in ("zlib", "_lzma", "lzma"):
            raise
        return _integer(data, chance)
    return out.getvalue()


def change_table(table: object, chance: random.Random) -> None:
    """Change one entry of a table of tables, in place."""
    holders: list = []
    waiting = [table]
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict | list) and item:
            holders.append(item)
            waiting += item.values() if isinstance(item, dict) else item[:8]
    if not holders:
        return
    holder = chance.choice(holders)
    key = chance.choice(sorted(holder)) if isinstance(holder, dict) else chance.randrange(len(holder))
    kind = chance.randrange(6)
    if kind == 0:
        del holder[key]
    elif kind == 1 and isinstance(holder, list):
        holder.append(holder[key])
    elif kind == 2:
        other = chance.choice(holders)
        holder[key] = json.loads(json.dumps(other)) if len(str(other)) < 4000 else {}
    elif kind == 3 and isinstance(holder, dict):
        holder[key + chance.choice(("", "\0", "x", "../"))] = holder.pop(key)
    else:
        holder[key] = chance.choice((0, -1, 1, 2, 0.5, 1e308, 2**31, 2**63, 10**30, True, None, "", "x", "..", [], {},
                                     [[]], [0], ["x"], {"x": 1}, float("nan"), float("inf"), "\ud800", -2**63, 5126))


def _flipped(data: bytes, chance: random.Random) -> bytes:
    if not data:
        return bytes([chance.randrange(256)])
    at = chance.randrange(len(data))
    byte = data[at] ^ 1 << chance.randrange(8) if chance.random() < 0.5 else chance.randrange(256)
    return data[:at] + bytes([byte]) + data[at + 1:]


def _shifted(data: bytes, chance: random.Random) -> bytes:
    """Cut short, a piece removed, or a piece doubled."""
    at = chance.randrange(len(data) + 1)
    stop = min(at + 1 + int(chance.expovariate(1 / 20)), len(data))
    kind = chance.randrange(3)
    return data[:at] if kind == 0 else data[:at] + data[stop:] if kind == 1 else data[:stop] + data[at:]


def _splice(data: bytes, chance: random.Random, others: Sequence[bytes]) -> bytes:
    if not others:
        return _shifted(data, chance)
    other = chance.choice(others)
    begin = chance.randrange(len(other) + 1)
    piece = other[begin:begin + 1 + int(chance.expovariate(1 / 60))]
    at = chance.randrange(len(data) + 1)
    return data[:at] + piece + data[at + (len(piece) if chance.random() < 0.5 else 0):]


def _replaced(data: bytes, chance: random.Random, what: re.Pattern[bytes], by: Sequence[bytes]) -> bytes:
    found = [match.span() for match in what.finditer(data[:1 << 16])]
    if not found:
        return _flipped(data, chance)
    start, stop = chance.choice(found)
    return data[:start] + chance.choice(by) + data[stop:]


def _nested(data: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(data) + 1)
    opening = chance.choice((b"[", b"{", b'{"a":', b"a: {", b"(", b"a.", b"\n[[a]]\n"))
    return data[:at] + opening * chance.choice((3, 200, 3000)) + data[at:]


def _integer(data: bytes, chance: random.Random) -> bytes:
    width = chance.choice((1, 2, 4, 4, 8))
    if len(data) < width:
        return _flipped(data, chance)
    at = chance.randrange(len(data) - width + 1)
    order = chance.choice(("<", ">"))
    mask = (1 << 8 * width) - 1
    value = chance.choice(INTEGERS)
    if chance.random() < 0.4:
        value = int.from_bytes(data[at:at + width], "little" if order == "<" else "big") + chance.randint(-16, 16)
    return data[:at] + (value & mask).to_bytes(width, "little" if order == "<" else "big") + data[at + width:]
