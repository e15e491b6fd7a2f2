"""A rig.toml that is written by hand: what a camera cannot be is refused, and what may be left out may be."""

import numpy as np
import pytest

from capture.camera import load_rig
from capture.errors import RigError

SOUND = """version = 1
[cameras."cam A"]
size = [1920, 1080]
matrix = [[2100.0, 0.0, 960.0], [0.0, 2050.0, 540.0], [0.0, 0.0, 1.0]]
model = "pinhole"
distortion = [0.1, 0.0, 0.0, 0.0, 0.0]
rotation = [[1, 0, 0], [0, 0, -1], [0, 1, 0]]
translation = [0.0, 0.1, 0.6]
error_px = 0.21
"""


def test_a_camera_as_the_contract_has_it_is_read(tmp_path):
    (tmp_path / "rig.toml").write_text(SOUND)
    camera, = load_rig(tmp_path / "rig.toml").cameras
    assert (camera.name, camera.size, camera.model, camera.error_px) == ("cam A", (1920, 1080), "pinhole", 0.21)
    assert camera.matrix[:2].tolist() == [[2100.0, 0.0, 960.0], [0.0, 2050.0, 540.0]]
    assert camera.distortion == (0.1, 0.0, 0.0, 0.0, 0.0)
    np.testing.assert_allclose(camera.centre, [0.0, -0.6, 0.1], atol=1e-12)  # camera_from_world, not the other way


@pytest.mark.parametrize("line", ["model", "distortion", "error_px"])
def test_what_may_be_left_out_is_a_plain_lens(tmp_path, line):
    (tmp_path / "rig.toml").write_text("".join(row for row in SOUND.splitlines(True) if not row.startswith(line)))
    camera, = load_rig(tmp_path / "rig.toml").cameras
    assert camera.model == "pinhole"
    assert (line == "distortion") == (not any(camera.distortion))
    assert (line == "error_px") == (camera.error_px is None)


def test_a_skew_that_is_noise_is_left_out(tmp_path):
    (tmp_path / "rig.toml").write_text(SOUND.replace("[[2100.0, 0.0,", "[[2100.0, 0.5,"))
    assert load_rig(tmp_path / "rig.toml").cameras[0].matrix[0].tolist() == [2100.0, 0.0, 960.0]


@pytest.mark.parametrize(("old", "new", "says"), [
    ("version = 1", "version = 3", "version 3"),
    ('[cameras."cam A"]', "[camera]", r"no \[cameras.NAME\]"),
    ("size = [1920, 1080]", "", "has no size"),
    ("[1920, 1080]", "[0, 1080]", "size is"),
    ("[1920, 1080]", "[1920, 70000]", "size is"),
    ("[1920, 1080]", "[1920, 1080.5]", "size is"),
    ("[1920, 1080]", "[1920]", "has the shape 1"),
    ("[[2100.0,", "[[-2100.0,", "not a camera matrix"),
    ("2050.0", "-2050.0", "not a camera matrix"),
    ("[0.0, 0.0, 1.0]]", "[0.0, 0.0, 2.0]]", "not a camera matrix"),
    ("[0.0, 2050.0", "[3.0, 2050.0", "not a camera matrix"),
    ("[[2100.0, 0.0,", "[[2100.0, 2.5,", "skew of 2.5 px"),
    ("[[2100.0, 0.0,", "[[2100.0, -2.5,", "skew of -2.5 px"),
    ("2100.0", "0.5", "no camera has"),
    ("2050.0", "0.5", "no camera has"),
    ("960.0", "inf", "not finite"),
    ("[0, 1, 0]]", "[0, -1, 0]]", "rotation is not"),  # a mirror
    ("[0, 1, 0]]", "[0, 1.1, 0]]", "rotation is not"),
    ("[0, 1, 0]]", '[0, "one", 0]]', "not an array of numbers"),
    ('"pinhole"', '"pinhead"', "model is 'pinhead'"),
    ('"pinhole"', '"fisheye"', "a fisheye lens takes 4"),
    ("[0.1, 0.0, 0.0, 0.0, 0.0]", "[0.1, 0.0, 0.0]", "a pinhole lens takes 4 or 5"),
    ("[0.0, 0.1, 0.6]", "[0.0, 20000.0, 0.6]", "metres"),
    ("0.21", "-0.21", "error_px"),
    ("0.21", '"good"', "error_px"),
])
def test_a_camera_that_cannot_be_is_refused_by_its_name(tmp_path, old, new, says):
    assert SOUND.count(old) == 1
    (tmp_path / "rig.toml").write_text(SOUND.replace(old, new))
    with pytest.raises(RigError, match=says) as caught:
        load_rig(tmp_path / "rig.toml")
    assert "rig.toml" in str(caught.value)
    assert ("cam A" in str(caught.value)) == (says not in ("version 3", r"no \[cameras.NAME\]"))
