"""The shared test material: footage, rendered truth, models. Tests that need it skip where it is absent; not in CI."""

import os
from pathlib import Path

import pytest

SHARED = Path(os.environ.get("MIEN_SHARED", Path(__file__).resolve().parents[1].parent / "shared"))


def shared(*parts: str) -> Path:
    """The path of a piece of the material; skips the calling test where it is absent."""
    path = SHARED.joinpath(*parts)
    if not path.exists():
        if os.environ.get("CI") == "true":
            pytest.fail(f"the test material {'/'.join(parts)} is missing, and CI must not skip")
        pytest.skip(f"needs the test material {'/'.join(parts)}")
    return path
