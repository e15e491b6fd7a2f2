"""Many takes in one process, and many cameras at once."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np

from app.accuracy import compare
from app.demo import known_performance
from app.film import film, ring_of_cameras
from app.models import BUILT_IN, model_named
from exporters.to_json import read
from solver.render import Look
from tests.app.command import ROOT, environment, mien_here


def test_takes_in_a_row_hold_no_more_than_the_first(demo: Path) -> None:
    """`python -m tests.bench.load` runs 200; growth that would be seen there is seen in a few."""
    said = subprocess.run([sys.executable, "-m", "tests.bench.load", demo / "takes" / "T001", "--times", "7",
                           "--end", "2", "--preset", "draft", "--format", "json"], cwd=ROOT, env=environment(),
                          check=True, capture_output=True, text=True, timeout=300).stdout
    assert json.loads(said)["growth"] < 0.05


def test_eight_cameras_at_once(cache: None, tmp_path: Path) -> None:
    """Eight small clips, from ear to ear, as one take: all are used, and they agree."""
    model = model_named(BUILT_IN)
    truth = known_performance(model, 2)
    yaws = {f"cam{index}": float(yaw) for index, yaw in enumerate(np.radians(np.linspace(-50, 50, 8)))}
    film(model, truth, ring_of_cameras(yaws, 0.65, (240, 320), 560.0), tmp_path, Look(), lambda done, total: None)
    mien_here("solve", tmp_path, "--preset", "draft", "--format", "json")
    found = read(tmp_path / "solved" / "T001.mien.json")
    assert found.cameras == tuple(yaws)
    assert found.seen.tolist() == [1.0, 1.0]
    assert found.flags == ((), ())
    accuracy = compare(found, truth)
    assert np.nanmean(accuracy.rmse) < 0.15
    assert accuracy.head_metres < 0.004
