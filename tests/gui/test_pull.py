import numpy as np
from PySide6.QtCore import QPointF, Qt
from PySide6.QtTest import QTest

from app.gui.drag_face import pick, pulled, to_pixels
from app.gui.view_renderer import orbit, through
from capture.camera import project
from tests.gui import faked


def test_the_view_of_a_camera_is_the_cameras():
    points = np.random.default_rng(1).normal(0, 0.08, (50, 3))
    for camera in faked.rig().cameras:
        pixels = to_pixels(points, through(camera).clip_from_world, camera.size)
        np.testing.assert_allclose(pixels[:, :2] - 0.5, project(camera, points), atol=1e-6)


def test_the_nearest_vertex_to_the_eye_is_picked():
    view = orbit(np.zeros(3), 0.0, 0.0, 1.0, 1.0)
    points = np.array([[0.0, 0.0, -0.1], [0.0, 0.0, 0.1], [0.15, 0.0, 0.0]])
    assert pick(points, view.clip_from_world, (400, 400), (200.0, 200.0)) == 1
    assert pick(points, view.clip_from_world, (400, 400), (20.0, 20.0)) is None


def test_a_pull_is_followed_by_the_fewest_shapes_within_their_bounds():
    moves = np.array([[40.0, 0.0], [0.0, 30.0], [2.0, 1.0], [0.0, 0.0]])
    weights = np.array([0.2, 0.5, 0.1, 0.9])
    everything = np.ones(4, dtype=bool)
    after = pulled(weights, moves, np.array([12.0, 0.0]), everything)
    np.testing.assert_allclose((after - weights) @ moves, [12.0, 0.0], atol=0.6)
    assert after[1] == weights[1], "what pulls across is left alone"
    far = pulled(weights, moves, np.array([400.0, 0.0]), everything)
    assert far.max() <= 1.0
    assert far[0] == 1.0
    np.testing.assert_array_equal(pulled(weights, moves, np.array([12.0, 0.0]), ~everything), weights)


def test_dragging_the_mouth_with_ctrl_sets_keys_that_move_it(opened, qtbot):
    session, canvas = opened.session, opened.viewport.canvas
    session.seek(12)
    session.select_shapes(())
    canvas.yaw = canvas.pitch = 0.0
    canvas.frame_face()
    scene = session.data.scene
    lips = np.unique(scene.model.triangles[scene.model.triangle_part == scene.model.part_names.index("lips")])
    lowest = lips[np.argmin(scene.model.neutral[lips, 1])]

    def place() -> QPointF:
        view = canvas._view(canvas.width() / canvas.height())
        x, y, _ = to_pixels(session.vertices()[lowest], view.clip_from_world, (canvas.width(), canvas.height()))
        return QPointF(x, y)

    before = place()
    ctrl = Qt.KeyboardModifier.ControlModifier
    QTest.mousePress(canvas, Qt.MouseButton.LeftButton, ctrl, before.toPoint())
    for step in (2, 4, 6):
        QTest.mouseMove(canvas, (before + QPointF(0, step)).toPoint())
    QTest.mouseRelease(canvas, Qt.MouseButton.LeftButton, ctrl, (before + QPointF(0, 6)).toPoint())
    assert 2.0 < place().y() - before.y() < 9.0, "the lip follows the mouse"
    assert {frame for _, frame in session.layer.spots()} == {12}
    assert set(session.shapes) == set(session.layer.keys)
    assert session.undo.count() == 1
    session.undo.undo()
    assert not session.layer.keys
