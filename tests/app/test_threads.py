"""How many threads a command keeps."""

import os
import subprocess
import sys

from tests.app.command import ROOT

ASK = """
import app.cli, numpy
print(next(line for line in open("/proc/self/status") if line.startswith("Threads")).split()[1])
"""


def test_numpy_does_not_spread_small_products_over_all_cores() -> None:
    """Its threads spin while they wait: a solve took a third more of the processor, and longer."""
    free = {name: value for name, value in os.environ.items() if not name.endswith("_NUM_THREADS")}
    said = subprocess.run([sys.executable, "-c", ASK], cwd=ROOT, env=free, capture_output=True, text=True, check=True)
    assert said.stdout.split() == ["1"]
