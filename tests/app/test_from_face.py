"""Cameras without a board, as a user calls for them: on the demo's footage, whose cameras are known."""

from pathlib import Path

import pytest

from capture.camera import load_rig
from tests.app.command import error_of, mien_here
from tests.directions import directions


def test_calibrate_from_the_face(demo: Path, tmp_path: Path) -> None:
    said = mien_here("calibrate", demo, "--from-face", "--out", tmp_path / "rig.toml")
    assert max(directions(load_rig(tmp_path / "rig.toml"), load_rig(demo / "rig.toml"))) < 1.5
    assert "63.0 mm between the eyes, +- 6 %" in said.stdout
    assert "force" in error_of(mien_here("calibrate", demo, "--from-face", check=3))
    assert "no take T009" in error_of(mien_here("calibrate", demo, "--from-face", "--take", "T009", "--force", check=2))


@pytest.mark.parametrize("millimetres", ["6", "630"])
def test_eyes_that_nobody_has_are_refused(millimetres: str, tmp_path: Path) -> None:
    ended = mien_here("calibrate", tmp_path, "--from-face", "--interocular", millimetres, check=2)
    assert "pupils" in error_of(ended)
