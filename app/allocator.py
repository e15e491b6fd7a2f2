"""Memory that the system's allocator keeps instead of giving it back after each picture.

Landmarks of one picture take some ten megabytes for a moment, in pieces that glibc returns to the system and fetches
again, page by page and zeroed: an eighth of a picture's time, and more where several processes ask the kernel at once.
"""

import ctypes
import sys

TRIM_THRESHOLD, MMAP_THRESHOLD = -1, -3
"""glibc's names of the two settings."""
KEPT_BYTES = 256 << 20
"""Free memory at the end of the heap that is kept."""
APART_BYTES = 32 << 20
"""Pieces from this size on are the system's own, and go back to it at once: a long take's arrays."""


def keep_memory() -> None:
    """Let this process keep what it frees; where the C library is not glibc, nothing changes."""
    if not sys.platform.startswith("linux"):
        return
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return
    mallopt(TRIM_THRESHOLD, KEPT_BYTES)
    mallopt(MMAP_THRESHOLD, APART_BYTES)
