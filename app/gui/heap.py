"""Memory that is given back: glibc's heap keeps the holes that thousands of decoded pictures leave in it."""

import ctypes
import sys

M_MMAP_THRESHOLD, M_ARENA_MAX = -3, -8
LARGE = 128 << 10
"""Bytes from which a buffer is a mapping of its own, gone when it is freed. Left to itself glibc raises this to the
largest buffer ever freed, and then pictures lie among small things."""
ARENAS = 2


def give_back() -> bool:
    """Set it up, before any thread begins. Returns whether it could be: elsewhere than on glibc there is no need."""
    if sys.platform != "linux":
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except AttributeError:
        return False
    return bool(mallopt(M_MMAP_THRESHOLD, LARGE)) and bool(mallopt(M_ARENA_MAX, ARENAS))
