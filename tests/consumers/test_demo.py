"""The demo's own FBX and GLB, read back by programs that we did not write."""

from pathlib import Path

import pytest

from exporters.to_json import read
from tests.consumers.ask import ask, assert_eyes, assert_sees


@pytest.mark.parametrize(("script", "suffix", "metres"), [
    ("ufbx_read.py", "fbx", 0.01), ("three_read.mjs", "fbx", 0.01),
    ("three_read.mjs", "glb", 1.0), ("babylon_read.mjs", "glb", 1.0)])
def test_the_demo_is_read_back(demo: Path, script: str, suffix: str, metres: float) -> None:
    performance = read(demo / "solved" / "T001.mien.json")
    seen = ask(script, demo / "solved" / f"T001.{suffix}")
    assert_sees(seen, performance, metres)
    assert_eyes(seen, performance)


def test_the_validator_finds_no_error(demo: Path) -> None:
    verdict = ask("gltf_validate.mjs", demo / "solved" / "T001.glb")
    assert verdict["errors"] == 0, verdict
