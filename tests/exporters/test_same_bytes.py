"""The same take gives the same bytes, whatever the process around it is like."""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from exporters import WRITERS
from exporters.cleanup import resample, smooth
from exporters.exact import arc_tangent, interpolate, sine_cosine
from exporters.scene import make_scene
from tests.synthetic import made_performance, small_face

ROOT = Path(__file__).parents[2]
CODE = """
import sys, json
from pathlib import Path
from tests.exporters.test_same_bytes import digests
print(json.dumps(digests(Path(sys.argv[1]))))
"""
WORLDS = [
    {"PYTHONHASHSEED": "1", "TZ": "Asia/Tokyo", "LC_ALL": "C", "OMP_NUM_THREADS": "1"},
    {"PYTHONHASHSEED": "77", "TZ": "America/St_Johns", "LC_ALL": "C.UTF-8", "OMP_NUM_THREADS": "2",
     "OPENBLAS_CORETYPE": "Prescott"}]


def digests(folder: Path) -> dict[str, str]:
    """Of every format's file of one take, treated and as solved."""
    model = small_face()
    performance = made_performance(model, 40)
    treated = resample(smooth(performance, 0.1)[0], performance.frame_rate * 2)[0]
    out = {}
    for name, take in (("solved", performance), ("treated", treated)):
        for suffix, write in WRITERS.items():
            path = folder / f"{name}{suffix}"
            write(make_scene(model, take), path)
            out[path.name] = hashlib.sha256(path.read_bytes()).hexdigest()
    return out


def test_the_same_bytes_in_other_processes_places_and_languages(tmp_path):
    here = digests(tmp_path)
    for index, world in enumerate(WORLDS):
        folder = tmp_path / f"world {index}"
        folder.mkdir()
        ended = subprocess.run([sys.executable, "-c", CODE, folder], cwd=folder, check=True, capture_output=True,
                               text=True, env=os.environ | world | {"PYTHONPATH": str(ROOT)})
        assert json.loads(ended.stdout) == here


def test_without_the_processors_wider_registers(tmp_path):
    """NumPy takes other loops for sums and sines where a processor has AVX2 or AVX-512."""
    found = np.__config__.show(mode="dicts")["SIMD Extensions"].get("found", [])
    if not found:
        pytest.skip("this processor has no extension that could be left out")
    ended = subprocess.run([sys.executable, "-c", CODE, tmp_path], cwd=tmp_path, check=True, capture_output=True,
                           text=True, env=os.environ | {"PYTHONPATH": str(ROOT),
                                                        "NPY_DISABLE_CPU_FEATURES": " ".join(found)})
    (tmp_path / "here").mkdir()
    assert json.loads(ended.stdout) == digests(tmp_path / "here")


def test_our_own_functions_are_right():
    random = np.random.default_rng(0)
    angles = random.uniform(-50, 50, 20_000)
    sine, cosine = sine_cosine(angles)
    np.testing.assert_allclose(sine, np.sin(angles), atol=1e-14)
    np.testing.assert_allclose(cosine, np.cos(angles), atol=1e-14)
    y, x = random.normal(size=(2, 20_000))
    np.testing.assert_allclose(arc_tangent(y, x), np.arctan2(y, x), atol=1e-15)
    corners = np.array([[0, 0], [0, 1], [0, -1], [1, 0], [-1, 0], [1, -1], [-1, -1]], float)
    np.testing.assert_allclose(arc_tangent(*corners.T), np.arctan2(*corners.T), atol=1e-15)
    places = np.sort(random.uniform(0, 1, 30))
    np.testing.assert_allclose(interpolate(angles, places, places ** 2), np.interp(angles, places, places ** 2))
