"""Asks other programs what they see in an exported file, through the scripts of the shared consumers."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from solver.performance import Performance
from tests.material import shared

MODULES = Path(__file__).parents[2] / "build" / "consumers"
TIME_LIMIT = 600


def ask(script: str, file: Path, *options: str) -> dict[str, Any]:
    """What the consumer `script` sees in `file`; skips where it is not installed, but fails then in CI."""
    path = shared("consumers", script)
    environment = dict(os.environ)
    if script == "godot_read.py" and shutil.which("godot3-server") is None:
        _missing("godot3-server: run tests/consumers/install.sh")
    if script == "blender_read.py":
        command, folder, environment = [sys.executable, str(path)], file.parent, blender_environment()
    elif script == "assimp_read.cpp":
        if not (MODULES / "assimp_read").is_file():
            _missing("assimp: run tests/consumers/install.sh")
        command, folder = [str(MODULES / "assimp_read")], file.parent
    elif path.suffix == ".mjs":
        if shutil.which("node") is None or not (MODULES / "node_modules").is_dir():
            _missing("node and its packages: run tests/consumers/install.sh")
        command, folder = ["node", str(path)], MODULES
    else:
        command, folder = [sys.executable, str(path)], file.parent
    result = subprocess.run([*command, str(file), *options], cwd=folder, env=environment, capture_output=True,
                            text=True, timeout=TIME_LIMIT, check=False)
    lines = result.stdout.strip().splitlines()
    assert lines, f"{script} says nothing of {file.name}: {result.stderr[-2000:]}"
    return json.loads(lines[-1])


def blender_environment() -> dict[str, str]:
    """The environment in which Blender's module can be imported."""
    if not (MODULES / "bpy" / "installed").is_file():
        _missing("Blender's module: run tests/consumers/install.sh")
    return {**os.environ, "PYTHONPATH": str(MODULES / "bpy")}


def _missing(what: str) -> None:
    if os.environ.get("CI") == "true":
        pytest.fail(f"needs {what}; CI must not skip")
    pytest.skip(f"needs {what}")


def assert_sees(seen: dict[str, Any], performance: Performance, metres: float = 1.0, head: str | None = "Head",
                weight: float = 1e-3, degrees: float = 0.05, distance: float = 1e-4) -> None:
    """The program sees this performance: names, frame rate, weights at every frame, and the head's motion.

    `metres` is one unit of the file. The default tolerances are the product's promise.
    """
    # A mesh of several materials is several meshes to the web's readers, and each lists all shapes.
    assert list(dict.fromkeys(seen["morph_targets"])) == list(performance.shape_names)
    assert sorted(seen["curves"]) == sorted(performance.shape_names)
    assert seen["frames"] == performance.frames
    assert seen["fps"] == pytest.approx(float(performance.frame_rate), rel=2e-5)
    curves = np.array([seen["curves"][name] for name in performance.shape_names]).T
    assert np.abs(curves - performance.weights).max() < weight
    if head is None:  # a reader that does not report the motion of nodes
        return
    motion = seen["transforms"][head]
    turn = Rotation.from_quat(motion["rotation_xyzw"]) * Rotation.from_quat(performance.head_rotation).inv()
    assert np.degrees(turn.magnitude()).max() < degrees
    assert np.abs(np.array(motion["translation"]) * metres - performance.head_translation).max() < distance


def assert_eyes(seen: dict[str, Any], performance: Performance, degrees: float = 0.05,
                up: Rotation | None = None) -> None:
    """The eyes turn as the gaze says, in axes that `up` leads to from ours."""
    axes = up or Rotation.identity()
    for side, name in enumerate(("EyeLeft", "EyeRight")):
        expected = Rotation.from_euler("YX", performance.gaze[:, side] * [1, -1])
        turn = Rotation.from_quat(seen["transforms"][name]["rotation_xyzw"]) * (axes * expected * axes.inv()).inv()
        assert np.degrees(turn.magnitude()).max() < degrees
