"""The shared test material: footage, rendered truth, models. Tests that need it skip where it is absent; not in CI."""

import dataclasses
import os
from pathlib import Path

import pytest

from solver.face_model import FaceModel
from solver.model_import import find_model

SHARED = Path(os.environ.get("MIEN_SHARED", Path(__file__).resolve().parents[1].parent / "shared"))


def shared(*parts: str) -> Path:
    """The path of a piece of the material; skips the calling test where it is absent."""
    path = SHARED.joinpath(*parts)
    if not path.exists():
        if os.environ.get("CI") == "true":
            pytest.fail(f"the test material {'/'.join(parts)} is missing, and CI must not skip")
        pytest.skip(f"needs the test material {'/'.join(parts)}")
    return path


def ict_model() -> FaceModel:
    """ICT-FaceKit, as `--model` with its path reads it, from the cache where it was read before."""
    path = shared("models", "ICT-FaceKit-master.zip")
    return dataclasses.replace(find_model(str(path), paths=True), name="ict")
