"""A solve's memory grows by little more than the landmarks and one matrix for each frame."""

import json
import subprocess
import sys
from pathlib import Path

BOUND_MIB = 0.16
"""For a frame of three cameras. Eighteen thousand of them and half a GiB for everything else stay under 3.3 GiB; with
ICT's fewer unknowns, which is what is measured at that length, under 3."""


def test_memory_for_each_frame() -> None:
    said = subprocess.run([sys.executable, "-m", "tests.bench.memory", "--here", "--frames", "60,260",
                           "--model", "mien", "--preset", "draft"], check=True, capture_output=True, text=True,
                          cwd=Path(__file__).parents[2]).stdout
    short, long = (json.loads(line) for line in said.splitlines())
    assert (long["frames"], short["frames"]) == (260, 60)
    assert 0.03 < (long["peak_mib"] - short["peak_mib"]) / 200 < BOUND_MIB
    assert long["rmse"] < 0.3, "and it was solved"
