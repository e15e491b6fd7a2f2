import subprocess
import sys

import numpy as np
import pytest

from capture.camera import Camera, project
from capture.errors import MienError
from solver.render import Light, Look, Mesh, Renderer, vertex_normals

SIZE = (161, 120)


@pytest.fixture(scope="module")
def renderer():
    with Renderer(*SIZE) as renderer:
        yield renderer


def camera(**changes: object) -> Camera:
    """A camera with everything uneven: focal lengths, principal point, pose."""
    turn = np.array([[0.96, 0.0, -0.28], [0.0, 1.0, 0.0], [0.28, 0.0, 0.96]])
    values = {"matrix": np.array([[210.0, 0.0, 83.3], [0.0, 190.0, 41.7], [0.0, 0.0, 1.0]]),
              "rotation": turn @ np.diag([1.0, -1.0, -1.0]), "translation": np.array([0.02, 0.03, 0.9])} | changes
    return Camera("cam", SIZE, **values)


def small_triangles(centres: np.ndarray, view: Camera, size: float) -> tuple[np.ndarray, np.ndarray]:
    """Triangles about each centre, parallel to the picture: (N * 3, 3) vertices, (N, 3) indices."""
    angles = np.radians([90, 210, 330])
    corners = size * np.stack([np.cos(angles), np.sin(angles), 0 * angles], axis=1) @ view.rotation  # (3, 3) in world
    return (centres[:, None] + corners).reshape(-1, 3), np.arange(3 * len(centres)).reshape(-1, 3)


def plain_mesh(vertices, triangles, colour=(0.6, 0.6, 0.6)):
    """Of one colour; ids count its triangles."""
    count = len(triangles)
    return Mesh(vertices, triangles, np.broadcast_to(np.float32(colour), (count, 3, 3)), np.full(count, 0.1),
                np.arange(count))


def test_a_point_lands_where_the_camera_projects_it(renderer):
    view = camera()
    centres = np.array([[x, y, z] for x in (-0.2, 0.0, 0.13) for y in (-0.11, 0.04) for z in (-0.1, 0.0, 0.15)])
    vertices, triangles = small_triangles(centres, view, 0.02)
    for index, centre in enumerate(centres):
        mesh = plain_mesh(vertices, triangles[index:index + 1])
        rows, columns = np.nonzero(renderer.surface(view, [mesh]).triangle == 0)
        pixel = project(view, centre)
        if (pixel < 8).any() or (pixel > np.array(SIZE) - 8).any():
            continue
        assert len(rows) > 15
        np.testing.assert_allclose([columns.mean(), rows.mean()], pixel, atol=0.5)


def test_no_offset_is_left_on_average(renderer):
    # One triangle's pixels scatter by the raster; over many places what stays is the convention's own error.
    view = camera()
    centres = np.random.default_rng(1).uniform([-0.15, -0.06, -0.1], [0.15, 0.1, 0.1], (60, 3))
    vertices, triangles = small_triangles(centres, view, 0.015)
    offsets = []
    for index, centre in enumerate(centres):
        rows, columns = np.nonzero(renderer.surface(view, [plain_mesh(vertices, triangles[index:index + 1])]).mesh == 0)
        offsets.append([columns.mean(), rows.mean()] - project(view, centre))
    assert np.abs(np.mean(offsets, axis=0)).max() < 0.05


def test_depth_is_metres_along_z(renderer):
    view = camera()
    # A large triangle that slopes: depth must follow the plane at each pixel, perspective included.
    vertices = np.array([[-0.4, -0.3, -0.3], [0.4, -0.3, 0.2], [0.0, 0.5, 0.1]])
    seen = renderer.surface(view, [plain_mesh(vertices, np.array([[0, 1, 2]]))])
    rows, columns = np.nonzero(seen.triangle == 0)
    assert len(rows) > 1000
    rays = np.stack([columns, rows, np.ones(len(rows))], axis=1) @ np.linalg.inv(view.matrix).T
    in_camera = vertices @ view.rotation.T + view.translation
    normal = np.cross(in_camera[1] - in_camera[0], in_camera[2] - in_camera[0])
    np.testing.assert_allclose(seen.depth[rows, columns], (in_camera[0] @ normal) / (rays @ normal), rtol=1e-5)
    assert np.isinf(seen.depth[seen.triangle < 0]).all()


def test_the_nearer_surface_hides_the_farther(renderer):
    view = camera(rotation=np.diag([1.0, -1.0, -1.0]), translation=np.array([0.0, 0.0, 0.9]))
    square = np.array([[-1, -1, 0], [1, -1, 0], [1, 1, 0], [-1, 1, 0]], dtype=float)
    faces = np.array([[0, 1, 2], [0, 2, 3]])
    near = plain_mesh(square * 0.05 + [0, 0, 0.1], faces, (1.0, 0.0, 0.0))
    far = plain_mesh(square * 0.3, faces, (0.0, 1.0, 0.0))
    for place, order in enumerate(([near, far], [far, near])):
        seen = renderer.surface(view, order)
        column, row = np.round(project(view, np.array([0.0, 0.0, 0.1]))).astype(int)
        assert seen.mesh[row, column] == place
        assert seen.depth[row, column] == pytest.approx(0.8, rel=1e-5)
        picture = renderer.colours(view, order)
        red, green, _ = picture[row, column].astype(int)
        assert red > green + 50
        corner = picture[row - 40, column].astype(int)
        assert corner[1] > corner[0] + 50


def test_light_falls_on_the_side_that_faces_it(renderer):
    view = camera(rotation=np.diag([1.0, -1.0, -1.0]), translation=np.array([0.0, 0.0, 0.9]))
    ball, faces = sphere(0.1)
    look = Look(lights=(Light((1.0, 0.0, 0.3), size=0.0),), sky=(0.02,) * 3, ground=(0.02,) * 3, background=(9, 8, 7))
    picture = renderer.colours(view, [plain_mesh(ball, faces)], look)
    column, row = np.round(project(view, np.zeros(3))).astype(int)
    left, right = picture[row, column - 12].mean(), picture[row, column + 12].mean()
    assert right > 3 * left
    assert tuple(picture[0, 0]) == (9, 8, 7)


def test_a_background_picture_shows_through(renderer):
    view = camera()
    behind = np.random.default_rng(0).integers(0, 255, (SIZE[1], SIZE[0], 3), dtype=np.uint8)
    np.testing.assert_array_equal(renderer.colours(view, [], Look(background=behind)), behind)


def test_equal_input_gives_equal_bytes(renderer):
    view = camera()
    ball, faces = sphere(0.1)
    first = renderer.colours(view, [plain_mesh(ball, faces)])
    with Renderer(*SIZE) as other:
        second = other.colours(view, [plain_mesh(ball, faces)])
    assert first.tobytes() == second.tobytes()
    assert len(np.unique(first.reshape(-1, 3), axis=0)) > 100


def test_normals_of_a_ball_point_outwards():
    ball, faces = sphere(2.0)
    np.testing.assert_allclose((vertex_normals(ball, faces) * ball).sum(axis=1), 2.0, rtol=0.01)


def test_a_camera_of_another_size_is_refused(renderer):
    with pytest.raises(ValueError, match="picture"):
        renderer.surface(Camera("cam", (10, 10), camera().matrix), [])


def test_without_a_driver_the_sentence_names_the_packages(monkeypatch):
    def missing(**_: object) -> None:
        raise ImportError("libEGL.so not loaded")

    monkeypatch.setattr("moderngl.create_standalone_context", missing)
    with pytest.raises(MienError, match="libegl1 libgl1-mesa-dri"), Renderer(8, 8):
        pass


def test_no_context_stays_current():
    code = ("import ctypes\nfrom solver.render import Renderer\n"
            "egl = ctypes.CDLL('libEGL.so.1')\negl.eglGetCurrentContext.restype = ctypes.c_void_p\n"
            "with Renderer(8, 8):\n    assert egl.eglGetCurrentContext() is None\n"
            "assert egl.eglGetCurrentContext() is None\n")
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def sphere(radius: float) -> tuple[np.ndarray, np.ndarray]:
    """A ball at the origin: vertices and outward triangles."""
    rows, columns = 16, 32
    down, around = np.meshgrid(np.linspace(0.0, np.pi, rows + 1), np.arange(columns) * 2 * np.pi / columns,
                               indexing="ij")
    points = radius * np.stack([np.sin(down) * np.cos(around), np.cos(down), -np.sin(down) * np.sin(around)], axis=-1)
    index = np.arange((rows + 1) * columns).reshape(rows + 1, columns)
    a, b = index[:-1], np.roll(index[:-1], -1, axis=1)
    c, d = np.roll(index[1:], -1, axis=1), index[1:]
    return points.reshape(-1, 3), np.concatenate([np.stack([a, d, c], -1), np.stack([a, c, b], -1)]).reshape(-1, 3)
