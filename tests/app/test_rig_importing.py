"""Other programs' rigs as a user imports them: checked by the face, refused with the number."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from capture.camera import Rig, load_rig
from tests.app.command import error_of, mien_here


def in_millimetres(rig: Rig, path: Path) -> Path:
    """As aniposelib writes a rig that was filmed with a board measured in millimetres."""
    lines = []
    for index, camera in enumerate(rig.cameras):
        lines += [f"[cam_{index}]", f'name = "{camera.name}"', f"size = {list(camera.size)}",
                  f"matrix = {camera.matrix.tolist()}", f"distortions = {list(camera.distortion)}",
                  f"rotation = {Rotation.from_matrix(camera.rotation).as_rotvec().tolist()}",
                  f"translation = {(1000 * camera.translation).tolist()}"]
    path.write_text("\n".join(lines))
    return path


def test_a_rig_that_fits_is_imported(demo: Path, tmp_path: Path) -> None:
    right = load_rig(demo / "rig.toml")
    source = in_millimetres(right, tmp_path / "calibration.toml")
    said = mien_here("calibrate", demo, "--import", source, "--unit", "mm", "--out", tmp_path / "rig.toml").stdout
    assert "read as aniposelib's (camera from world as rotation vectors, OpenCV's axes, the board's unit)" in said
    assert said.count("px from where the other cameras see it") == 3
    found = load_rig(tmp_path / "rig.toml")
    for mine, theirs in zip(found.cameras, right.cameras, strict=True):
        np.testing.assert_allclose(np.linalg.norm(mine.centre - found.cameras[0].centre),
                                   np.linalg.norm(theirs.centre - right.cameras[0].centre), atol=1e-6)


def rolled(rig: Rig) -> Rig:
    turn = cv2.Rodrigues(np.radians([0.0, 0.0, 5.0]))[0]
    camera = rig.cameras[1]
    return Rig((rig.cameras[0], replace(camera, rotation=turn @ camera.rotation, translation=turn @ camera.translation),
                *rig.cameras[2:]))


@pytest.mark.parametrize(("change", "unit", "says"), [
    (rolled, "mm", r"px once camB is turned by"), (lambda rig: rig, "m", "another unit than metres"),
    (lambda rig: Rig((replace(rig.cameras[0], name="left"), *rig.cameras[1:])), "mm", "none called camA")])
def test_a_rig_that_does_not_fit_is_refused(change, unit: str, says: str, demo: Path, tmp_path: Path) -> None:
    source = in_millimetres(change(load_rig(demo / "rig.toml")), tmp_path / "calibration.toml")
    ended = mien_here("calibrate", demo, "--import", source, "--unit", unit, "--out", tmp_path / "rig.toml", check=3)
    assert says in error_of(ended)
    assert not (tmp_path / "rig.toml").exists()
