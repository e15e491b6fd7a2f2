"""zlib streams that are the same bytes on every machine (RFC 1950 and 1951).

zlib, zlib-ng and libdeflate, and one of them on two processors, pack the same bytes into different streams: all right,
but not the same file. Here a stream follows from its bytes alone, by integer arithmetic: Huffman codes of its own for
each block, and bytes that are as they were one number before as matches. Meshes and curves have little else that
repeats. Every inflater reads it.
"""

import struct
import zlib
from collections.abc import Sequence

import numpy as np

BLOCK = 1 << 18
"""Symbols that share their codes."""

SHORTEST = 3
"""Bytes that are worth a match: fewer are cheaper as literals."""

LONGEST = 258
END = 256
SYMBOLS = 286
LITERAL_BITS, ORDER_BITS = 15, 7
"""The longest codes that the format allows."""

ORDER = (16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15)
"""In which order the codes for code lengths are told."""

DISTANCES = {1: (0, 0, 1), 4: (3, 0, 1), 8: (5, 2, 2)}
"""A match's distance -> its symbol, its code (a zero) with the extra bits, and how many bits these are."""


def compress(data: bytes, size: int = 1) -> bytes:
    """A zlib stream of numbers of `size` bytes each: 1, 4 or 8."""
    out = _Bits()
    symbols, runs = _tokens(np.frombuffer(data, np.uint8), size)
    for start in range(0, max(len(symbols), 1), BLOCK):
        last = start + BLOCK >= len(symbols)
        _block(out, symbols[start:start + BLOCK], runs[start:start + BLOCK], size, last)
    return b"\x78\x01" + out.finish() + struct.pack(">I", zlib.adler32(data))


class _Bits:
    """Numbers of some bits each, one after another, the lowest bit first."""

    def __init__(self) -> None:
        self.out = bytearray()
        self.rest, self.held = 0, 0  # bits that fill no byte yet

    def put(self, values: np.ndarray, bits: np.ndarray) -> None:
        """Add values (N, uint64) of up to 25 bits each."""
        values = np.concatenate([[np.uint64(self.rest)], values, np.zeros((len(values) + 1) % 2, np.uint64)])
        bits = np.concatenate([[self.held], bits, np.zeros((len(bits) + 1) % 2, np.int64)]).astype(np.uint64)
        values = values[0::2] | values[1::2] << bits[0::2]  # two at a time: half the work below
        ends = np.cumsum(bits[0::2] + bits[1::2], dtype=np.uint64)
        begins = np.concatenate([np.zeros(1, np.uint64), ends[:-1]])
        word, shift = begins >> np.uint64(6), begins & np.uint64(63)
        first = np.concatenate([[0], np.flatnonzero(word[1:] != word[:-1]) + 1])  # in each word of 64 bits
        last = np.append(first[1:], len(values)) - 1
        words = np.zeros(len(first) + 1, np.uint64)
        words[:-1] = np.bitwise_or.reduceat(values << shift, first)
        words[1:] |= (values[last] >> np.uint64(1)) >> (np.uint64(63) - shift[last])  # what does not fit any more
        raw = words.astype("<u8").tobytes()
        whole, self.held = divmod(int(ends[-1]), 8)
        self.out += raw[:whole]
        self.rest = raw[whole] if self.held else 0

    def finish(self) -> bytes:
        return bytes(self.out) + (bytes([self.rest]) if self.held else b"")


def _length_codes() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """For each length of a match (0..258): its symbol, its extra bits and what they say."""
    symbol, extra, value = (np.zeros(LONGEST + 1, np.int64) for _ in range(3))
    base = 3
    for index in range(28):
        bits = max(index // 4 - 1, 0)
        covered = np.arange(base, min(base + (1 << bits), LONGEST + 1))
        symbol[covered], extra[covered], value[covered] = 257 + index, bits, covered - base
        base += 1 << bits
    symbol[LONGEST], extra[LONGEST], value[LONGEST] = 285, 0, 0
    return symbol, extra, value


LENGTH_SYMBOL, LENGTH_EXTRA, LENGTH_VALUE = _length_codes()


def _tokens(data: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Bytes (N) as symbols (M), and for each the length of its match; 0 for a literal."""
    same = np.zeros(len(data) + 2, np.int8)
    same[1 + size:-1] = data[size:] == data[:-size]
    edges = np.diff(same)
    starts, lengths = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
    lengths = lengths - starts
    starts, lengths = starts[lengths >= SHORTEST], lengths[lengths >= SHORTEST]
    full, tail = np.divmod(lengths, LONGEST)
    tail = np.where(tail >= 3, tail, 0)
    count = full + (tail > 0)
    run = np.repeat(np.arange(len(starts)), count)
    step = np.arange(len(run)) - np.repeat(np.cumsum(count) - count, count)
    place, matched = starts[run] + LONGEST * step, np.where(step < full[run], LONGEST, tail[run])
    symbols, runs = data.astype(np.int64), np.zeros(len(data), np.int64)
    symbols[place], runs[place] = LENGTH_SYMBOL[matched], matched
    edge = np.zeros(len(data) + 1, np.int8)
    edge[place + 1] += 1
    np.subtract.at(edge, place + matched, 1)
    kept = np.cumsum(edge[:-1], dtype=np.int8) == 0
    return symbols[kept], runs[kept]


def _block(out: _Bits, symbols: np.ndarray, runs: np.ndarray, size: int, last: bool) -> None:
    distance, after, after_bits = DISTANCES[size]
    counts = np.bincount(symbols, minlength=SYMBOLS)
    counts[END] = 1
    lengths = code_lengths(counts.tolist(), LITERAL_BITS)
    used = max(index for index, length in enumerate(lengths) if length) + 1
    # The distance after it gets a code too, as an inflater may refuse a lone one.
    told = [*lengths[:used], *[0] * distance, 1, 1]
    order = code_lengths([told.count(length) for length in range(len(ORDER))], ORDER_BITS)
    shown = max(place for place, symbol in enumerate(ORDER) if order[symbol]) + 1
    head = [(int(last), 1), (2, 2), (used - 257, 5), (distance + 1, 5), (shown - 4, 4)]
    head += [(order[symbol], 3) for symbol in ORDER[:shown]]
    order_codes = _codes(order)
    head += [(order_codes[length], order[length]) for length in told]
    codes, bits = np.array(_codes(lengths), np.uint64), np.array(lengths)
    values, sizes = codes[symbols], bits[symbols]
    matches = np.flatnonzero(runs)
    extra = runs[matches]
    tails = LENGTH_VALUE[extra] | after << LENGTH_EXTRA[extra]
    values[matches] |= tails.astype(np.uint64) << sizes[matches].astype(np.uint64)
    sizes[matches] += LENGTH_EXTRA[extra] + after_bits
    start_values, start_sizes = (np.array(column) for column in zip(*head, strict=True))
    out.put(np.concatenate([start_values.astype(np.uint64), values, codes[END:END + 1]]),
            np.concatenate([start_sizes, sizes, bits[END:END + 1]]))


def code_lengths(counts: Sequence[int], longest: int) -> list[int]:
    """Huffman's code lengths of symbols that occur so often, none above `longest`; 0 for those that never do.

    At least two symbols get a code, as an inflater may refuse a lone one.
    """
    counts = list(counts)
    for index in (0, 1):
        if sum(count > 0 for count in counts) < 2:
            counts[index] = max(counts[index], 1)
    while max(lengths := _huffman(counts)) > longest:
        counts = [(count + 1) // 2 for count in counts]  # flatter counts, shorter codes
    return lengths


def _huffman(counts: Sequence[int]) -> list[int]:
    """Joins the two rarest, again and again; what is joined grows, so two queues in order are enough."""
    leaves = sorted((count, symbol) for symbol, count in enumerate(counts) if count)
    weights = [count for count, _ in leaves]
    parents: list[int] = [0] * (2 * len(leaves) - 1)
    leaf, inner = 0, len(leaves)
    for joined in range(len(leaves), 2 * len(leaves) - 1):
        total = 0
        for _ in range(2):
            if leaf < len(leaves) and (inner == joined or weights[leaf] <= weights[inner]):
                pick, leaf = leaf, leaf + 1
            else:
                pick, inner = inner, inner + 1
            total += weights[pick]
            parents[pick] = joined
        weights.append(total)
    depth = [0] * len(parents)
    for node in range(len(parents) - 2, -1, -1):
        depth[node] = depth[parents[node]] + 1
    lengths = [0] * len(counts)
    for (_, symbol), length in zip(leaves, depth, strict=False):
        lengths[symbol] = length
    return lengths


def _codes(lengths: Sequence[int]) -> list[int]:
    """The codes that follow from code lengths, their bits turned round, as streams begin at the highest."""
    codes, code = [0] * len(lengths), 0
    for length in range(1, max(lengths) + 1):
        for symbol, mine in enumerate(lengths):
            if mine == length:
                codes[symbol] = int(f"{code:0{length}b}"[::-1], 2)
                code += 1
        code <<= 1
    return codes
