"""A solve's memory grows by little more than the landmarks and one matrix for each frame."""

import json
import subprocess
import sys
from pathlib import Path

BOUND_MIB = 0.16
"""For a frame of three cameras. Eighteen thousand of them and half a GiB for everything else stay under 3.3 GiB; with
ICT's fewer unknowns, which is what is measured at that length, under 3."""


def held(frames: int) -> dict[str, float]:
    """What a process of its own says of a take of so many frames: a largest memory never falls again."""
    said = subprocess.run([sys.executable, "-m", "tests.bench.memory", "--here", "--frames", str(frames),
                           "--model", "mien", "--preset", "draft"], check=True, capture_output=True, text=True,
                          cwd=Path(__file__).parents[2]).stdout
    return json.loads(said)


def test_memory_for_each_frame() -> None:
    held(2)  # finds the landmarks on the model where no test before has, which takes memory that would hide the rest
    short, long = held(60), held(460)
    assert (long["frames"], short["frames"]) == (460, 60)
    assert 0.03 < (long["peak_mib"] - short["peak_mib"]) / 400 < BOUND_MIB
    assert long["rmse"] < 0.3, "and it was solved"
