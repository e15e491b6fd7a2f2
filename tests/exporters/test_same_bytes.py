"""The same take gives the same bytes, whatever the process around it is like."""

import dataclasses
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from exporters import WRITERS, to_fbx, to_json
from exporters.cleanup import resample, smooth
from exporters.exact import arc_tangent, interpolate, sine_cosine
from exporters.scene import make_scene
from exporters.transfer import transfer
from tests.synthetic import made_performance, small_face

ROOT = Path(__file__).parents[2]
EVERYWHERE = Path(__file__).with_name("same_bytes.json")
CODE = """
import contextlib, json, locale, sys
from pathlib import Path
with contextlib.suppress(locale.Error):
    locale.setlocale(locale.LC_ALL, "")
from tests.exporters.test_same_bytes import digests
print(json.dumps(digests(Path(sys.argv[1]))))
"""
WORLDS = [
    {"PYTHONHASHSEED": "1", "TZ": "Asia/Tokyo", "LC_ALL": "C", "OMP_NUM_THREADS": "1", "PXR_WORK_THREAD_LIMIT": "1"},
    {"PYTHONHASHSEED": "77", "TZ": "America/St_Johns", "LC_ALL": "de_DE.UTF-8", "OMP_NUM_THREADS": "2",
     "PXR_WORK_THREAD_LIMIT": "4", "OPENBLAS_CORETYPE": "Prescott"}]

GRID = 2.0 ** 20
"""The inputs are rounded to its steps: they are made by sines, whose last digits are each machine's own."""


def digests(folder: Path) -> dict[str, str]:
    """Of every format's file of one take, treated and as solved, and of an FBX for each program."""
    model = _rounded(small_face(), "neutral", "identity", "shapes", "uv", "albedo")
    performance = _rounded(made_performance(model, 40), "weights", "head_rotation", "head_translation", "gaze",
                           "identity", "sigma", "residual_px")
    treated = resample(smooth(performance, 0.1)[0], performance.frame_rate * 2)[0]
    out = {}
    for name, take in (("solved", performance), ("treated", treated)):
        for suffix, write in WRITERS.items():
            path = folder / f"{name}{suffix}"
            write(make_scene(model, take), path)
            out[path.name] = hashlib.sha256(path.read_bytes()).hexdigest()
    rig = dataclasses.replace(model, name="rig", shapes=(np.round(1.2 * GRID * model.shapes[::-1]) / GRID))
    moved, _ = transfer(performance, model, rig)
    out["transferred"] = hashlib.sha256(to_json.dumps(moved).encode()).hexdigest()
    for name, preset in to_fbx.PRESETS.items():
        to_fbx.write(make_scene(model, performance), folder / "T001.fbx", preset)
        out[f"{name}.fbx"] = hashlib.sha256((folder / "T001.fbx").read_bytes()).hexdigest()
    return out


def _rounded(noun: Any, *names: str) -> Any:
    tables = {name: getattr(noun, name) for name in names}
    return dataclasses.replace(noun, **{name: (np.round(table.astype(float) * GRID) / GRID).astype(table.dtype)
                                        for name, table in tables.items()})


@pytest.fixture(scope="module")
def here(tmp_path_factory):
    return digests(tmp_path_factory.mktemp("here"))


def test_the_same_bytes_in_other_processes_places_and_languages(here, tmp_path):
    locales = tmp_path / "locales"
    locales.mkdir()
    if shutil.which("localedef"):  # one that writes 0,5
        subprocess.run(["localedef", "-i", "de_DE", "-f", "UTF-8", locales / "de_DE.UTF-8"], capture_output=True,
                       check=False)
    for index, world in enumerate(WORLDS):
        folder = tmp_path / f"world {index}"
        folder.mkdir()
        places = {"PYTHONPATH": str(ROOT), "LOCPATH": str(locales)}
        ended = subprocess.run([sys.executable, "-c", CODE, folder], cwd=folder, check=True, capture_output=True,
                               text=True, env=os.environ | world | places)
        assert json.loads(ended.stdout) == here


def test_the_same_bytes_as_on_every_other_machine(here):
    """Digests that were taken once; `python -m tests.exporters.test_same_bytes` takes them anew when a format changes
    on purpose."""
    assert here == json.loads(EVERYWHERE.read_text())


def test_the_same_bytes_on_top_of_another_zlib(here, tmp_path, monkeypatch):
    """zlib-ng and others pack the same bytes in another way."""
    whole, parts = zlib.compress, zlib.compressobj
    monkeypatch.setattr(zlib, "compress", lambda data, *_, **__: whole(data, 9))
    monkeypatch.setattr(zlib, "compressobj", lambda *_, **__: parts(9, zlib.DEFLATED, 12))
    assert zlib.compress(b"abcabcabc" * 99, 1) != whole(b"abcabcabc" * 99, 1)
    assert digests(tmp_path) == here


def test_without_the_processors_wider_registers(here, tmp_path):
    """NumPy takes other loops for sums and sines where a processor has AVX2 or AVX-512."""
    found = np.__config__.show(mode="dicts")["SIMD Extensions"].get("found", [])
    if not found:
        pytest.skip("this processor has no extension that could be left out")
    ended = subprocess.run([sys.executable, "-c", CODE, tmp_path], cwd=tmp_path, check=True, capture_output=True,
                           text=True, env=os.environ | {"PYTHONPATH": str(ROOT),
                                                        "NPY_DISABLE_CPU_FEATURES": " ".join(found)})
    assert json.loads(ended.stdout) == here


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


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        EVERYWHERE.write_text(json.dumps(digests(Path(place)), indent=1) + "\n")
