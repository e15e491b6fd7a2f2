"""What this process holds."""

import resource
from pathlib import Path


def held_mib() -> float:
    """Resident memory now, which falls again, unlike a peak."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / (1 << 20)
