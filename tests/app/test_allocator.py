"""What is freed is kept, so that the system is not asked for the same pages again and again."""

import subprocess
import sys

import pytest

from tests.app.command import ROOT

FAULTS = """
import resource, sys
import numpy as np
from app.allocator import keep_memory
if sys.argv[1] == "keep":
    keep_memory()
np.ones(1 << 20)
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(20):
    pieces = [np.ones(1 << 18) for _ in range(4)]
    del pieces
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""
"""Page faults of twenty times 8 MiB in pieces of 2 MiB."""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="glibc's allocator")
def test_freed_memory_is_not_fetched_again() -> None:
    faults = {way: int(subprocess.run([sys.executable, "-c", FAULTS, way], cwd=ROOT, check=True, capture_output=True,
                                      text=True).stdout) for way in ("keep", "give")}
    assert faults["keep"] < faults["give"] / 4
