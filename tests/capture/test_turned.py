"""Pictures, places in them and lenses turn together, exactly, and settings say by how much."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from capture.camera import TURNS, Camera, Rig, load_rig, project, save_rig
from capture.errors import DataError, RigError
from capture.match import plan, probe_take, take_frames
from capture.pictures import turned
from capture.proxy import proxy_path
from capture.shoot import find_takes, open_shoot
from capture.turned import fitted, lies, turned_camera, turned_places, turned_size
from tests.capture.test_camera_properties import before, cameras, few
from tests.clips import write_clip

WIDE = ("pinhole", (0.1, -0.05, 0.003, -0.002, 0.01, 0.05, -0.02, 0.004, 0.002, -0.001, -0.003, 0.0015))


def shown(size: tuple[int, int] = (64, 32)) -> np.ndarray:
    """Three pictures of which no turn looks like another."""
    picture = np.zeros((size[1], size[0], 3), np.uint8)
    picture[:16, :16], picture[:16, -16:] = 250, 120
    return np.stack([picture] * 3)


@few
@given(cameras(), st.floats(0.2, 20), st.sampled_from(TURNS), st.one_of(
    st.none(), st.just(WIDE), *(st.just(("pinhole", (*WIDE[1], *tilt))) for tilt in ((0.02, 0.0), (0.0, -0.03)))))
def test_a_turned_camera_sees_the_world_in_the_turned_picture(camera: Camera, depth: float, degrees: int,
                                                              lens: tuple | None) -> None:
    camera = replace(camera, model=lens[0], distortion=lens[1]) if lens else camera
    world = before(camera, depth)
    after = turned_camera(camera, degrees)
    assert after.size == turned_size(camera.size, degrees)
    np.testing.assert_allclose(project(after, world), turned_places(project(camera, world), camera.size, degrees),
                               atol=1e-6)
    np.testing.assert_allclose(after.centre, camera.centre, atol=1e-9)
    again = turned_camera(after, -degrees)
    np.testing.assert_allclose(project(again, world), project(camera, world), atol=1e-6)
    assert again.rotate == camera.rotate


def test_a_tilted_sensor_turns_by_half_a_turn_or_not_at_all() -> None:
    camera = Camera("camA", (640, 480), np.array([[600, 0, 320], [0, 610, 240], [0, 0, 1.0]]), "pinhole",
                    (*WIDE[1], 0.02, -0.03))
    world = before(camera, 1.0)
    np.testing.assert_allclose(project(turned_camera(camera, 180), world),
                               turned_places(project(camera, world), camera.size, 180), atol=1e-6)
    with pytest.raises(RigError, match="tilted about both axes"):
        turned_camera(camera, 90)


@pytest.mark.parametrize(("degrees", "way"), [
    (90, cv2.ROTATE_90_CLOCKWISE), (180, cv2.ROTATE_180), (270, cv2.ROTATE_90_COUNTERCLOCKWISE)])
def test_a_place_goes_with_its_picture_clockwise(degrees: int, way: int) -> None:
    picture = np.zeros((32, 64, 3), np.uint8)
    picture[3, 5] = 255
    x, y = turned_places(np.array([5.0, 3.0]), (64, 32), degrees)
    after = turned(picture, degrees)
    assert (after == cv2.rotate(picture, way)).all()
    assert after[round(y), round(x)].tolist() == [255] * 3


@pytest.mark.parametrize("kind", ["film", "pictures"])
@pytest.mark.parametrize(("settings", "rotate"), [
    ("rotate = 90", (90, 90)), ("rotate = { camB = 180 }", (0, 180)), ("[rotate]\ncamA = 270", (270, 0))])
def test_take_toml_turns_the_pictures(tmp_path, kind: str, settings: str, rotate: tuple[int, int]) -> None:
    for name in ("camA", "camB"):
        if kind == "film":
            write_clip(tmp_path / f"{name}.mp4", shown(), options={"crf": "1"})
        else:
            (tmp_path / name).mkdir()
            for index, picture in enumerate(shown()):
                cv2.imwrite(str(tmp_path / name / f"{index:03}.png"), picture)
    (tmp_path / "take.toml").write_text(("frame_rate = 30\n" if kind == "pictures" else "") + settings)
    take = find_takes(tmp_path)[0]
    clips = plan(take, probe_take(take))
    assert tuple(clip.rotate for clip in clips.clips) == rotate
    for index, degrees in enumerate(rotate):
        assert clips.clips[index].size == turned_size((64, 32), degrees)
        for frame in take_frames(clips, index):
            np.testing.assert_allclose(frame.rgb.astype(int), turned(shown()[0], degrees), atol=12)
    content = proxy_path(clips.clips[0], tmp_path, "a"), proxy_path(replace(clips.clips[0], rotate=0), tmp_path, "a")
    assert (content[0] == content[1]) == (rotate[0] == 0), "a proxy of turned pictures is none of others"


def test_take_toml_goes_before_shoot_toml_camera_by_camera(tmp_path) -> None:
    take = tmp_path / "takes" / "T001"
    take.mkdir(parents=True)
    for name in ("camA", "camB", "camC"):
        write_clip(take / f"{name}.mp4", shown())
    (tmp_path / "shoot.toml").write_text("[rotate]\ncamA = 90\ncamB = 180\ncamZ = 270\n")
    (take / "take.toml").write_text("rotate = { camB = 0 }\n")
    found = find_takes(take)[0]
    assert [found.rotate(name) for name in found.cameras] == [90, 0, 0]
    (take / "take.toml").write_text("rotate = { camX = 90 }\n")
    assert "no clip of camX, only of camA, camB, camC" in open_shoot(tmp_path).takes[0].problem


@pytest.mark.parametrize("value", ["45", "true", '"90"', "-90", "[90]", "{ camA = 30 }", "{ camA = [90] }", "90.5"])
def test_a_turn_that_is_none_is_refused(tmp_path, value: str) -> None:
    write_clip(tmp_path / "camA.mp4", shown())
    (tmp_path / "take.toml").write_text(f"rotate = {value}\n")
    with pytest.raises(DataError, match=r"take.toml: rotate: .* is not 0, 90, 180 or 270"):
        find_takes(tmp_path)


def test_a_rig_says_for_which_turn_it_holds(tmp_path) -> None:
    write_clip(tmp_path / "camA.mp4", shown())
    (tmp_path / "take.toml").write_text("rotate = 90\n")
    take = find_takes(tmp_path)[0]
    clips = probe_take(take)
    filed = Camera("camA", (64, 32), np.array([[80, 0, 30], [0, 81, 17], [0, 0, 1.0]]))
    for rig in (Rig((filed,)), Rig((turned_camera(filed, 90),)), Rig((turned_camera(filed, 270),))):
        save_rig(rig, tmp_path / "rig.toml")
        text = (tmp_path / "rig.toml").read_text()
        assert text.startswith(f"version = {2 if rig.cameras[0].rotate else 1}\n"), "an older mien must not misread it"
        read = load_rig(tmp_path / "rig.toml")
        camera = fitted(read, clips).cameras[0]
        assert (camera.size, camera.rotate) == ((32, 64), 90)
        np.testing.assert_allclose(camera.matrix, turned_camera(filed, 90).matrix, atol=1e-9)
        plan(take, clips, fitted(read, clips))
        assert bool(lies(read, clips)) == (rig.cameras[0].rotate != 90)
    with pytest.raises(RigError, match="turned by 0 degrees, and `rotate` turns them by 90 now"):
        plan(take, clips, Rig((filed,)))
    upright = replace(turned_camera(filed, 90), rotate=0)  # calibrated on clips that somebody had turned
    with pytest.raises(RigError, match=r"says `rotate = 90` in its \[cameras.camA\]"):
        plan(take, clips, fitted(Rig((upright,)), clips))
    (tmp_path / "rig.toml").write_text((tmp_path / "rig.toml").read_text().replace("rotate = 270", "rotate = 45"))
    with pytest.raises(RigError, match="rotate is 45; write one of 0, 90, 180, 270"):
        load_rig(tmp_path / "rig.toml")
