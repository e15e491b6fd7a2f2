"""Cameras that are mounted turned: a setting puts them upright for everything, and without it a solve names it."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from app.corrections import load_layer, save_layer
from app.cptake import write_cptake
from app.gui.take_data import read_take
from capture.camera import Rig, load_rig, save_rig
from capture.shoot import find_takes
from capture.turned import turned_camera, turned_places
from capture.video import frames, probe
from solver.corrections import Layer
from tests.app.command import mien_here

TURNS = {"camA": 90, "camB": 180, "camC": 270}
TABLE = "rotate = { camA = 90, camB = 180, camC = 270 }"
SOLVE = ("--preset", "draft", "--format", "json")


def filmed(demo: Path, folder: Path, turns: dict[str, int]) -> Path:
    """The first frames of the demo as cameras would film it that are mounted so, with the rig of these pictures."""
    shoot = folder / "shoot"
    for clip in sorted((demo / "takes" / "T001").glob("*.mp4")):
        out = shoot / "takes" / "T001" / clip.stem
        out.mkdir(parents=True)
        for frame in frames(probe(clip), 0, 4):
            picture = np.rot90(frame.rgb, turns.get(clip.stem, 0) // 90)  # clockwise makes it good again
            cv2.imwrite(str(out / f"{frame.index:03}.png"), cv2.cvtColor(np.ascontiguousarray(picture),
                                                                         cv2.COLOR_RGB2BGR))
    save_rig(Rig(tuple(replace(turned_camera(camera, -turns.get(camera.name, 0)), rotate=0)
                       for camera in load_rig(demo / "rig.toml").cameras)), shoot / "rig.toml")
    (shoot / "shoot.toml").write_text("frame_rate = 30\n")
    return shoot


def solved(shoot: Path) -> dict[str, object]:
    return json.loads((shoot / "solved" / "T001.mien.json").read_text())


@pytest.fixture(scope="module")
def upright(demo: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    shoot = filmed(demo, tmp_path_factory.mktemp("upright"), {})
    mien_here("solve", shoot, *SOLVE)
    return solved(shoot)


def test_turned_cameras_give_what_upright_ones_give_with_the_rig_of_their_own_pictures(
        demo: Path, upright: dict[str, object], tmp_path: Path) -> None:
    shoot = filmed(demo, tmp_path, TURNS)
    (shoot / "shoot.toml").write_text("frame_rate = 30\n" + TABLE)
    said = mien_here("solve", shoot, *SOLVE).stderr
    assert "it fits exactly, but its world" in said
    assert "filmed" not in said
    found = solved(shoot)
    for name in ("weights", "identity", "sigma"):
        np.testing.assert_allclose(found[name], upright[name], atol=1e-6)
    for name in ("rotation", "translation"):
        np.testing.assert_allclose(found["head"][name], upright["head"][name], atol=1e-6)
    assert "turned by 270 degrees" in mien_here("inspect", shoot).stdout
    used = load_rig(shoot / "takes" / "T001" / ".mien" / "rig.used.toml")
    assert {camera.name: camera.rotate for camera in used.cameras} == TURNS
    (shoot / "rig.toml").unlink()
    save_rig(used, shoot / "rig.toml")
    assert "its world" not in mien_here("solve", shoot, *SOLVE).stderr, "it is of the upright pictures"
    np.testing.assert_allclose(solved(shoot)["weights"], upright["weights"], atol=1e-6)


def test_a_solve_names_the_setting_and_does_all_anew_once_it_is_there(
        demo: Path, upright: dict[str, object], tmp_path: Path) -> None:
    shoot = filmed(demo, tmp_path, {"camB": 180, "camC": 90})
    said = mien_here("solve", shoot, *SOLVE).stderr
    assert "camB filmed upside down: turned by 180 degrees its pictures show a face: write " \
           "`rotate = { camA = 0, camB = 180, camC = 0 }` at the top of take.toml" in said
    assert "the head lies on its side in camC; where that is because the camera is mounted turned, write " \
           "`rotate = { camA = 0, camB = 180, camC = 90 }`" in said
    take = shoot / "takes" / "T001"
    (take / "take.toml").write_text("rotate = { camA = 0, camB = 180, camC = 90 }\n")
    assert "stale" in mien_here("status", shoot).stdout
    said = mien_here("solve", shoot, *SOLVE).stderr
    assert "detect camB" in said
    assert "filmed" not in said
    assert "on its side" not in said
    np.testing.assert_allclose(solved(shoot)["weights"], upright["weights"], atol=1e-6)


def test_what_was_corrected_goes_with_the_pictures_when_they_are_turned(demo: Path, tmp_path: Path) -> None:
    shoot = filmed(demo, tmp_path, {"camA": 90})
    take, size = shoot / "takes" / "T001", load_rig(shoot / "rig.toml")["camA"].size
    place = (150.0, 100.0)
    save_layer(Layer(drags={("camA", 3, 1): place}, scheme="made", faces={("camA", 2): place, ("camB", 1): place}),
               take / "corrections.json")
    (take / "take.toml").write_text("rotate = { camA = 90 }\n")
    data = read_take(find_takes(shoot)[0])
    moved = tuple(turned_places(np.array(place), size, 90).tolist())
    assert data.layer.drags == {("camA", 3, 1): moved}
    assert data.layer.faces == {("camA", 2): moved, ("camB", 1): place}
    save_layer(data.layer, take / "corrections.json")
    assert load_layer(take / "corrections.json").turns == {"camA": 90}
    assert read_take(find_takes(shoot)[0]).layer.drags == {("camA", 3, 1): moved}
    (take / "take.toml").write_text("rotate = 270\n")
    there = turned_places(np.array(place), size, 270).tolist()
    assert read_take(find_takes(shoot)[0]).layer.drags == {("camA", 3, 1): tuple(there)}
    assert f"at {there[0]:g}, {there[1]:g}" in mien_here("face", take).stdout


def test_the_app_shows_what_was_found_in_pictures_that_are_turned_since(demo: Path, tmp_path: Path) -> None:
    shoot = filmed(demo, tmp_path, {"camA": 90})
    mien_here("solve", shoot, *SOLVE)
    before = read_take(find_takes(shoot)[0])
    (shoot / "takes" / "T001" / "take.toml").write_text("rotate = { camA = 90 }\n")
    after = read_take(find_takes(shoot)[0])
    assert not after.problems
    assert after.clips.clips[0].size == before.clips.clips[0].size[::-1] == after.rig["camA"].size
    np.testing.assert_allclose(after.landmarks["camA"].xy, turned_places(
        before.landmarks["camA"].xy, before.clips.clips[0].size, 90))
    np.testing.assert_array_equal(after.landmarks["camB"].xy, before.landmarks["camB"].xy)


def test_the_clips_are_described_as_they_lie_on_disk(demo: Path, tmp_path: Path) -> None:
    shoot = tmp_path / "shoot"
    shutil.copytree(demo / "takes", shoot / "takes", ignore=shutil.ignore_patterns(".mien"))
    (shoot / "shoot.toml").write_text("[rotate]\ncamB = 90\n")
    write_cptake(shoot / "takes" / "T001", "T001")
    said = json.loads((shoot / "takes" / "T001" / "T001.cptake").read_text())["Video"]
    assert [clip["Orientation"] for clip in said] == ["Original", "CW90", "Original"]
    assert said[0]["FrameWidth"] == said[1]["FrameWidth"]
