"""Many takes in one process: what it holds does not grow."""

import json
import subprocess
import sys
from pathlib import Path

from tests.app.command import ROOT, environment


def test_takes_in_a_row_hold_no_more_than_the_first(demo: Path) -> None:
    """`python -m tests.bench.load` runs 200; growth that would be seen there is seen in a few."""
    said = subprocess.run([sys.executable, "-m", "tests.bench.load", demo / "takes" / "T001", "--times", "7",
                           "--end", "2", "--preset", "draft", "--format", "json"], cwd=ROOT, env=environment(),
                          check=True, capture_output=True, text=True, timeout=300).stdout
    assert json.loads(said)["growth"] < 0.05
