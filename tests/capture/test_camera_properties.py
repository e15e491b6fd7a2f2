"""Whatever the camera: what it projects comes back, and its rig reads back. The same examples each time."""

import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from capture.camera import Camera, Rig, load_rig, project, save_rig, undistort

few = settings(max_examples=60, deadline=None, derandomize=True, phases=[Phase.generate])
turns = st.tuples(*(3 * [st.floats(-3.1, 3.1)]))
places = st.tuples(*(3 * [st.floats(-5, 5)]))
bends = st.one_of(
    st.tuples(st.just("pinhole"), st.tuples(*(st.floats(-size, size) for size in (0.1, 0.02, 0.001, 0.001, 0.005)))),
    st.tuples(st.just("fisheye"), st.tuples(*(st.floats(-size, size) for size in (0.05, 0.01, 0.005, 0.002)))))


@st.composite
def cameras(draw: st.DrawFn) -> Camera:
    width, height = draw(st.integers(64, 8192)), draw(st.integers(64, 8192))
    focal = draw(st.floats(0.6, 4.0)) * max(width, height)
    model, distortion = draw(bends)
    matrix = np.array([[focal, 0, draw(st.floats(0.4, 0.6)) * width],
                       [0, focal * draw(st.floats(0.95, 1.05)), draw(st.floats(0.4, 0.6)) * height], [0, 0, 1]])
    return Camera("camA", (width, height), matrix, model, distortion,
                  Rotation.from_rotvec(draw(turns)).as_matrix(), np.array(draw(places)))


def before(camera: Camera, depth: float) -> np.ndarray:
    """Points of the world that the whole picture shows, metres, so far from the camera."""
    across, down = np.meshgrid(np.linspace(0, camera.size[0] - 1, 7), np.linspace(0, camera.size[1] - 1, 5))
    rays = np.stack([across, down, np.ones_like(across)], axis=-1).reshape(-1, 3) @ np.linalg.inv(camera.matrix).T
    return (depth * rays - camera.translation) @ camera.rotation


@few
@given(cameras(), st.floats(0.1, 20))
def test_what_a_lens_bends_is_straightened_to_a_hundredth_of_a_pixel(camera: Camera, depth: float) -> None:
    world = before(camera, depth)
    straight = project(replace(camera, model="pinhole", distortion=(0.0,) * 5), world)
    np.testing.assert_allclose(undistort(camera, project(camera, world)), straight, atol=0.01)


@few
@given(cameras(), st.floats(0.1, 20), turns, places)
def test_a_picture_does_not_care_where_the_world_begins(camera: Camera, depth: float, turn: tuple,
                                                        place: tuple) -> None:
    world, other = before(camera, depth), Rotation.from_rotvec(turn).as_matrix()
    moved = replace(camera, rotation=camera.rotation @ other.T,
                    translation=camera.translation - camera.rotation @ other.T @ np.array(place))
    np.testing.assert_allclose(project(moved, world @ other.T + place), project(camera, world), atol=1e-5)
    np.testing.assert_allclose(moved.centre, other @ camera.centre + place, atol=1e-9)


@few
@given(cameras(), st.floats(0.1, 20))
def test_what_is_behind_is_not_in_the_picture(camera: Camera, depth: float) -> None:
    assert np.isnan(project(camera, before(camera, -depth))).all()


@few
@given(st.lists(cameras(), min_size=1, max_size=3), st.lists(st.text(min_size=1, max_size=12), min_size=3, max_size=3,
                                                             unique=True))
def test_a_rig_reads_back(found: list[Camera], names: list[str]) -> None:
    names = [name.encode("utf-8", "replace").decode() + str(index) for index, name in enumerate(names)]
    rig = Rig(tuple(replace(camera, name=name) for camera, name in zip(found, names, strict=False)))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rig.toml"
        save_rig(rig, path)
        again = load_rig(path)
    assert again.names == rig.names
    for one, other in zip(rig.cameras, again.cameras, strict=True):
        assert (one.size, one.model) == (other.size, other.model)
        for name in ("matrix", "rotation", "translation", "distortion"):
            np.testing.assert_allclose(getattr(other, name), getattr(one, name), rtol=1e-11, atol=1e-11)
