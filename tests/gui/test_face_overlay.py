"""The solved face over the footage: where the lens puts it, what hides what, and where residuals are shown."""

import dataclasses

import numpy as np
import pytest
from PySide6.QtCore import Qt

from app.gui import pane_faces
from app.gui.face_overlay import FaceOverlay
from app.gui.heat_map import HeatMap
from app.gui.pane_faces import HEATMAP, HIDDEN, SHADED
from app.gui.residuals import Residuals
from app.gui.take_data import model_named
from capture.camera import Camera, project
from capture.errors import MienError
from solver.embedding import Embedding
from tests.gui import faked
from tests.gui.conftest import seen

SIZE = (240, 200)


@pytest.fixture(scope="module")
def overlay():
    overlay = FaceOverlay()
    yield overlay
    overlay.release()


@pytest.fixture(scope="module")
def head():
    """The built-in head and its vertices in the world, half a metre before the cameras."""
    model = model_named("mien")
    return model, model.neutral.astype(float)


def covered(picture: np.ndarray) -> np.ndarray:
    return picture[..., 3] > 64


@pytest.mark.parametrize("distortion", [(), (-0.35, 0.1, 0.0, 0.0, 0.0)])
def test_the_surface_lies_where_the_lens_puts_it(overlay, head, distortion):
    model, vertices = head
    camera: Camera = faked.rig().cameras[1]
    camera = dataclasses.replace(camera, distortion=np.array(distortion, dtype=float))
    overlay.set_model(model)
    scale, shift = 1.25, (4.0, -6.0)
    drawn = overlay.surface(camera, vertices, SIZE, scale, shift, np.ones((len(vertices), 4)))
    places = (project(camera, vertices) + 0.5) * scale + shift  # from the picture's corner
    inside = ((places > 0) & (places < SIZE)).all(axis=1)
    columns, rows = places[inside].astype(int).T
    assert inside.sum() > 3000
    assert (drawn[rows, columns, 3] > 0).mean() > 0.995, "each vertex lies in the silhouette"
    where = np.argwhere(covered(drawn)) + 0.5  # the middles of its pixels
    np.testing.assert_allclose(where.min(axis=0)[::-1], np.maximum(places.min(axis=0), 0), atol=1.3)
    np.testing.assert_allclose(where.max(axis=0)[::-1], np.minimum(places.max(axis=0), SIZE), atol=1.3)


def test_wires_of_the_far_side_are_hidden(overlay, head):
    model, vertices = head
    camera = faked.rig().cameras[0]
    overlay.set_model(model)
    whole = overlay.wires(camera, vertices, SIZE, 1.25, (0.0, 0.0))
    assert 0.02 < (whole[..., 3] > 40).mean() < 0.9
    depth = vertices @ camera.rotation[2] + camera.translation[2]
    near = vertices.copy()
    near[depth > np.median(depth)] = [9.0, 9.0, -9.0]  # the far half is gone, and nobody sees the difference
    row = SIZE[1] // 2
    middle = slice(SIZE[0] // 2 - 25, SIZE[0] // 2 + 25)
    without = overlay.wires(camera, near, SIZE, 1.25, (0.0, 0.0))
    difference = np.abs(whole[row - 20:row + 20, middle].astype(int) - without[row - 20:row + 20, middle])
    assert (difference.max(axis=2) > 60).mean() < 0.02


def test_a_residual_is_hot_where_its_landmark_lies_and_unknown_far_away(head):
    model, vertices = head
    generator = np.random.default_rng(2)
    count = 40
    front = np.flatnonzero(vertices[model.triangles][:, :, 2].mean(axis=1) > np.percentile(vertices[:, 2], 80))
    embedding = Embedding("some", generator.choice(front, count, replace=False), np.full((count, 3), 1 / 3),
                          np.zeros(count), np.zeros(count, dtype=bool), np.ones(count, dtype=bool))
    places = embedding.points(model, vertices)
    px, seen = np.full(count, 1.0), np.ones(count, dtype=bool)
    apart = np.linalg.norm(places[:, None] - places[None], axis=2) + np.eye(count)
    lone = int(apart.min(axis=1).argmax())
    px[lone] = 11.0
    amount, known = HeatMap(model, embedding).spread(px, seen)
    distance = np.linalg.norm(vertices - places[lone], axis=1)
    assert amount[distance.argmin()] > 5.0
    assert known[distance.argmin()] > 0.9
    far = np.linalg.norm(vertices[:, None] - places[None], axis=2).min(axis=1) > 0.06
    assert known[far].max() < 0.01
    seen[lone] = False
    assert HeatMap(model, embedding).spread(px, seen)[0].max() <= 1.0 + 1e-9, "what is not seen counts nothing"


@pytest.mark.parametrize("scale", [1.0, 6.0])
def test_how_well_a_camera_agrees_is_the_same_in_small_pictures_and_in_large_ones(scale):
    seen = scale * np.random.default_rng(0).normal(0.0, 50.0, (400, 2))
    off = scale * np.array([2.4, 1.8])
    found = Residuals(seen, seen + off, np.linalg.norm(np.broadcast_to(off, seen.shape), axis=1), np.ones(400, bool))
    assert found.rms == pytest.approx(3.0 * scale)
    assert found.share == pytest.approx(0.06, rel=0.05)


def test_looks_are_chosen_by_keys_and_drawn(opened, qtbot):
    pane = opened.grid.panes[0]
    bare = pane.grab().toImage()
    qtbot.keyClick(opened, Qt.Key.Key_8)
    assert opened.grid.look.currentText() == SHADED
    assert seen(opened, pane) != bare
    qtbot.keyClick(opened, Qt.Key.Key_9)
    assert opened.grid.look.currentText() == HEATMAP
    opened.session.data = dataclasses.replace(opened.session.data, embedding=faked.embedding())
    mapped = seen(opened, pane)
    assert mapped != bare
    assert pane.grab().toImage() == mapped, "drawn once, kept"
    qtbot.keyClick(opened, Qt.Key.Key_9)
    assert opened.grid.look.currentText() == HIDDEN


def test_without_opengl_the_panes_say_so(opened, qtbot, monkeypatch):
    def refuse():
        raise MienError("no OpenGL 3.3 to draw with; install a driver")

    monkeypatch.setattr(pane_faces, "FaceOverlay", refuse)
    opened.grid.faces.release()
    bare = opened.grid.panes[0].grab().toImage()
    qtbot.keyClick(opened, Qt.Key.Key_3)
    assert seen(opened, opened.grid.panes[0]) != bare, "a sentence over the footage"
    assert "install a driver" in opened.grid.faces.problem
    opened.session.seek(9)
    qtbot.waitUntil(lambda: opened.grid.panes[0].shown_frame == 9)
