"""Alignment to the pictures: it must see what the landmarks do not, and say nothing where it sees nothing."""

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from capture.camera import Camera, Rig, lone_camera, project
from solver.appearance import FORWARD, skin_spots
from solver.appearance_picture import bands, look_up, view_of
from solver.embedding import Embedding
from solver.face_model import FaceModel, deform
from solver.landmarks import Landmarks
from solver.model_file import load_model
from solver.performance import Performance
from solver.render import Renderer, face_mesh
from solver.solve import PRESETS, TakeFacts, solve_take

HEAD = Path(__file__).parents[2] / "assets" / "head.npz"
SIZE = (240, 320)
SHAPES = ("jawOpen", "mouthSmileLeft", "mouthSmileRight", "browInnerUp", "cheekPuff")
FRAMES = 8
SHAKE_PX = 0.8


@pytest.fixture(scope="module")
def head() -> FaceModel:
    whole = load_model(HEAD)
    kept = [whole.shape_names.index(name) for name in SHAPES]
    return replace(whole, shape_names=SHAPES, shapes=whole.shapes[kept])


@pytest.fixture(scope="module")
def embedding(head: FaceModel) -> Embedding:
    """A landmark on every fortieth triangle of the face's front."""
    corners = head.neutral[head.triangles]
    normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    front = (normal[:, 2] > 0.5 * np.linalg.norm(normal, axis=1)) & (corners[..., 2].min(axis=1) > 0.03)
    triangle = np.flatnonzero(front)[::40]
    count = len(triangle)
    return Embedding("made", triangle, np.full((count, 3), 1 / 3), np.zeros(count), np.zeros(count, bool),
                     np.ones(count, bool))


def motion(head: FaceModel) -> Performance:
    time = np.arange(FRAMES)[:, None]
    weights = 0.3 + 0.25 * np.sin(time * [0.9, 0.7, 0.7, 1.1, 0.5] + np.arange(5))
    turn = Rotation.from_euler("yx", 0.12 * np.sin(time * [0.8, 0.5]))
    return Performance("T001", "", head.name, head.sha256, Fraction(30), "00:00:00:00", ("cam0", "cam1"), SHAPES,
                       weights, turn.as_quat(), 0.004 * np.sin(time * [0.6, 0.9, 0.4]), np.zeros((FRAMES, 2, 2)),
                       np.zeros(len(head.identity)), np.zeros_like(weights), np.zeros(FRAMES), np.ones(FRAMES),
                       ((),) * FRAMES)


def rig_of_two() -> Rig:
    matrix = lone_camera("", SIZE, 700.0).matrix
    return Rig(tuple(Camera(f"cam{index}", SIZE, matrix, rotation=np.diag([1.0, -1.0, -1.0])
                            @ Rotation.from_euler("y", yaw, degrees=True).as_matrix(),
                            translation=np.array([0.0, 0.0, 0.7])) for index, yaw in enumerate((-20, 20))))


def posed(head: FaceModel, truth: Performance, frame: int) -> np.ndarray:
    turn = Rotation.from_quat(truth.head_rotation[frame]).as_matrix()
    return deform(head, truth.weights[frame], truth.identity) @ turn.T + truth.head_translation[frame]


@pytest.fixture(scope="module")
def shot(head: FaceModel) -> tuple[Performance, Rig, np.ndarray]:
    """A face with freckles: the truth, the cameras, and their pictures (C, T, H, W, 3)."""
    truth, rig = motion(head), rig_of_two()
    freckles = np.random.default_rng(3).uniform(0.15, 0.6, (len(head.neutral), 1)) * [1.0, 0.7, 0.6]
    with Renderer(*SIZE) as renderer:
        pictures = [[renderer.colours(camera, [face_mesh(head, posed(head, truth, frame), freckles)])
                     for frame in range(FRAMES)] for camera in rig.cameras]
    return truth, rig, np.array(pictures)


def shaken(head: FaceModel, embedding: Embedding, truth: Performance, rig: Rig) -> Landmarks:
    """Landmarks that a detector moves about together, by another shift in each picture, and a little apart."""
    random = np.random.default_rng(5)
    points = np.array([embedding.points(head, posed(head, truth, frame)) for frame in range(FRAMES)])
    xy = np.stack([project(camera, points) for camera in rig.cameras])
    xy += random.normal(0, SHAKE_PX, (*xy.shape[:2], 1, 2)) + random.normal(0, 0.4, xy.shape)
    return Landmarks(rig.names, "made", xy, np.full(xy.shape[:3], 1.5), np.ones(xy.shape[:3], bool))


def solved(head: FaceModel, embedding: Embedding, shot: tuple[Performance, Rig, np.ndarray],
           pictures: np.ndarray | None) -> Performance:
    truth, rig, _ = shot

    def film(camera: int, frames: np.ndarray) -> Iterator[np.ndarray]:
        return iter(pictures[camera][frames])

    facts = TakeFacts("T001", "", Fraction(30), "00:00:00:00", {})
    found, _ = solve_take(shaken(head, embedding, truth, rig), rig, False, head, embedding, facts,
                          lambda done, total: None, PRESETS["final"], known=np.zeros(len(head.identity)),
                          film=None if pictures is None else film)
    return found


def test_the_pictures_steady_a_head_that_the_landmarks_shake(head: FaceModel, embedding: Embedding,
                                                             shot: tuple[Performance, Rig, np.ndarray]) -> None:
    truth, _, pictures = shot
    without, aligned = (solved(head, embedding, shot, film) for film in (None, pictures))

    def shake(found: Performance) -> float:
        """The head's motion from frame to frame, beyond the true one, metres."""
        return float(np.linalg.norm(np.diff(found.head_translation - truth.head_translation, axis=0), axis=1).mean())

    assert shake(aligned) < 0.2 * shake(without)
    curves = [(found.weights - truth.weights).std(axis=0).mean() for found in (aligned, without)]
    assert curves[0] < 0.75 * curves[1]
    assert (aligned.sigma < without.sigma).mean() > 0.9


def test_a_face_without_any_pattern_is_left_to_its_landmarks(head: FaceModel, embedding: Embedding,
                                                             shot: tuple[Performance, Rig, np.ndarray]) -> None:
    without, grey = (solved(head, embedding, shot, film) for film in (None, np.full_like(shot[2], 120)))
    assert np.abs(grey.weights - without.weights).max() < 0.02


def test_the_same_take_gives_the_same_bytes(head: FaceModel, embedding: Embedding,
                                            shot: tuple[Performance, Rig, np.ndarray]) -> None:
    one, other = (solved(head, embedding, shot, shot[2]) for _ in range(2))
    assert one.weights.tobytes() == other.weights.tobytes()


def test_spots_lie_on_skin_that_no_blink_folds(embedding: Embedding) -> None:
    head = load_model(HEAD)
    spots = skin_spots(head, embedding).embedding
    corners = head.neutral[head.triangles[spots.triangle]]
    normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    assert (normal[:, 2] > FORWARD * np.linalg.norm(normal, axis=1)).all()
    blink = head.shapes[head.shape_names.index("eyeBlinkLeft")]
    moved = np.linalg.norm(np.einsum("ncx,nc->nx", blink[head.triangles[spots.triangle]], spots.barycentric), axis=1)
    assert moved.max() < 0.0005 < np.linalg.norm(blink, axis=1).max()


def test_no_landmark_known_means_no_spots(head: FaceModel, embedding: Embedding) -> None:
    assert skin_spots(head, replace(embedding, known=np.zeros(len(embedding.known), bool))) is None


@pytest.mark.parametrize("px_per_metre", [900.0, 5000.0])
def test_slopes_are_those_of_the_picture(px_per_metre: float) -> None:
    """Also where a large face is looked at in a smaller picture."""
    scale = 1.0 if px_per_metre < 1650 else 3.0
    y, x = np.mgrid[:240, :320] / scale
    picture = np.repeat((120 + 40 * np.sin(x / 3) * np.cos(y / 4)).astype(np.uint8)[..., None], 3, axis=2)
    view = view_of(picture, np.array([60.0, 40.0, 260.0, 200.0]), px_per_metre)
    xy = np.random.default_rng(0).uniform([100, 80], [220, 160], (50, 2))
    detail = bands(view, px_per_metre)
    _, slope = look_up(detail, view, xy)
    step = 0.5 * scale
    for axis in (0, 1):
        ahead, behind = (look_up(detail, view, xy + sign * step * np.eye(2)[axis])[0] for sign in (1, -1))
        np.testing.assert_allclose(slope[:, :, axis], (ahead - behind) / (2 * step), atol=0.12 / scale)
    assert np.isnan(look_up(detail, view, np.array([[np.nan, 50.0], [-5000.0, 3.0]]))[0]).all()


def test_a_large_face_is_seen_where_it_is_however_its_box_is_cut() -> None:
    """Made smaller, a picture has whole pixels: no point may move with the box. Look-ups go by 1/32 px of it."""
    ramp = np.repeat(np.arange(1200, dtype=np.float32)[None].repeat(900, axis=0)[..., None], 3, axis=2)
    xy = np.array([[900.0, 500.0], [400.0, 300.0]])
    for right in range(995, 1005):
        view = view_of(ramp, np.array([300.0, 200.0, float(right), 800.0]), 4000.0)
        found, _ = look_up(np.dstack([view.grey] * 2), view, xy)
        np.testing.assert_allclose(found[:, 0], xy[:, 0], atol=0.1)
