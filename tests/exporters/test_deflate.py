"""Our own zlib streams: every inflater reads them, and they never change."""

import hashlib
import zlib

import numpy as np
import pytest

from exporters.deflate import BLOCK, DISTANCES, code_lengths, compress

RANDOM = np.random.default_rng(0)


def fibonacci(total: int) -> bytes:
    """Bytes so uneven that Huffman's codes would need more than fifteen bits."""
    counts = [1, 1]
    while sum(counts) < total:
        counts.append(counts[-1] + counts[-2])
    out = np.concatenate([np.full(count, index, np.uint8) for index, count in enumerate(counts)])
    RANDOM.shuffle(out)
    return out.tobytes()


DATA = {
    "nothing": b"", "one byte": b"a", "two": b"ab", "one of a kind": bytes(1000), "all bytes": bytes(range(256)) * 9,
    "noise": RANDOM.bytes(50_000), "several blocks": RANDOM.bytes(2 * BLOCK + 5) + bytes(BLOCK),
    "uneven": fibonacci(90_000),
    "curve": (100 * np.clip(RANDOM.normal(0.1, 0.2, 5000), 0, 1)).astype("<f4").tobytes(),
    "times": (np.arange(5000) * 769_769_300).astype("<i8").tobytes(),
    "points": RANDOM.normal(0, 8, 9000).astype("<f4").astype("<f8").tobytes()}


@pytest.mark.parametrize("size", DISTANCES)
@pytest.mark.parametrize("name", DATA)
def test_zlib_reads_them(name, size):
    assert zlib.decompress(compress(DATA[name], size)) == DATA[name]


@pytest.mark.parametrize("size", DISTANCES)
def test_runs_of_every_length(size):
    for length in [*range(24), *range(250, 270), *range(510, 525), 774, 775, 776, 777]:
        data = bytes([7] * length + [1, 2, 3] + [9] * length)
        assert zlib.decompress(compress(data, size)) == data


@pytest.mark.parametrize(("name", "size"), [("curve", 4), ("times", 8), ("points", 8)])
def test_they_are_about_as_small_as_zlibs(name, size):
    assert len(compress(DATA[name], size)) < 1.05 * len(zlib.compress(DATA[name], 1))


def test_codes_are_complete_and_within_the_formats_bounds():
    for counts in ([0, 5], [1] * 286, [1 << index for index in range(40)], [0] * 285 + [3]):
        for longest in (15, 9):
            lengths = code_lengths(counts, longest)
            assert max(lengths) <= longest
            assert sum(2.0 ** -length for length in lengths if length) == 1.0
            assert all(length for count, length in zip(counts, lengths, strict=True) if count)


def test_a_stream_byte_by_byte():
    data = b"".join(bytes([value % 7, value % 3, 0, 0]) for value in range(200))
    assert hashlib.sha256(compress(data, 4)).hexdigest() == (
        "0c049698f474561d371a3be20f835438512a67966dfcf24d218f2315a9b524ef")
