"""What cameras say of one another's faces, on made landmarks whose truth is known."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from app.demo import DISTANCE, FOCAL_PX, SIZE, known_performance
from app.detectors import landmarker_named
from app.film import ring_of_cameras
from app.models import model_named
from capture.camera import Rig, project
from solver.crop import roi_of_points
from solver.embedding import Embedding
from solver.face_model import FaceModel, deform
from solver.landmarks import Landmarks, surely
from solver.seen_by_others import ByOthers, seen_by_others

FRAMES = 6
MARGIN = 1.35
YAWS = {"front": 0, "left": -40, "side": 60, "back": 150}
RIG = ring_of_cameras({name: np.radians(yaw) for name, yaw in YAWS.items()}, DISTANCE, SIZE, FOCAL_PX)
FRONT, LEFT, SIDE, BACK = range(4)


@pytest.fixture(scope="module")
def head(cache: None) -> tuple[FaceModel, Embedding, Landmarks]:
    """The built-in head, and another person's landmarks in four cameras, of which the last sees the back of the
    head."""
    model = model_named("mien")
    embedding = landmarker_named().embedding(model)
    truth = known_performance(model, FRAMES)
    points = np.stack([
        embedding.points(model, deform(model, truth.weights[frame], truth.identity, truth.gaze[frame]))
        @ Rotation.from_quat(truth.head_rotation[frame]).as_matrix().T + truth.head_translation[frame]
        for frame in range(FRAMES)])
    xy = np.stack([project(camera, points) for camera in RIG.cameras])
    seen = np.ones(xy.shape[:3], bool)
    seen[BACK] = False
    return model, embedding, Landmarks(RIG.names, "mien478", xy, np.ones(xy.shape[:3]), seen)


def said(head: tuple[FaceModel, Embedding, Landmarks], landmarks: Landmarks, *cameras: int) -> ByOthers:
    model, embedding, _ = head
    rows = list(cameras)
    part = Landmarks(tuple(RIG.names[row] for row in rows), landmarks.scheme, landmarks.xy[rows], landmarks.sigma[rows],
                     landmarks.seen[rows])
    return seen_by_others(part, Rig(tuple(RIG.cameras[row] for row in rows)), model, embedding, MARGIN)


def astray(landmarks: Landmarks, camera: int, frames: list[int], unsure: float) -> Landmarks:
    """A camera that takes something below the face for a small one."""
    xy, sigma = landmarks.xy.copy(), landmarks.sigma.copy()
    middle = xy[camera, frames].mean(axis=1, keepdims=True)
    xy[camera, frames] = middle + 0.4 * (xy[camera, frames] - middle) + [0.0, 150.0]
    sigma[camera, frames] = unsure
    return replace(landmarks, xy=xy, sigma=sigma)


def test_cameras_that_see_one_face_have_nothing_to_say(head):
    told = said(head, head[2], FRONT, LEFT, SIDE)
    assert not told.wrong.any()
    assert not any(told.squares)


@pytest.mark.parametrize("others", [(FRONT,), (LEFT,), (FRONT, LEFT)])
def test_a_camera_that_lost_the_face_is_told_where_it_is(head, others):
    seen = head[2].seen.copy()
    seen[SIDE, 2:4] = False
    told = said(head, replace(head[2], seen=seen), *others, SIDE)
    assert not told.wrong.any()
    assert sorted(told.squares[-1]) == [2, 3]
    for frame, square in told.squares[-1].items():
        true = roi_of_points(head[2].xy[SIDE, frame], MARGIN, profile=True)
        assert np.hypot(*np.subtract(square.centre, true.centre)) < 0.15 * true.side
        assert 0.8 < square.side / true.side < 1.25


def test_a_hand_before_half_a_face_moves_nothing_of_where_it_is(head):
    hidden = head[2].xy[..., 1] > np.median(head[2].xy[..., 1], axis=2, keepdims=True)
    seen = head[2].seen.copy()
    seen[FRONT] &= ~hidden[FRONT]
    assert not any(said(head, replace(head[2], seen=seen), FRONT, LEFT).squares)
    seen[LEFT] &= ~hidden[LEFT]
    seen[SIDE] = False
    told = said(head, replace(head[2], seen=seen), FRONT, LEFT, SIDE)
    assert len(told.squares[-1]) == FRAMES
    for frame, square in told.squares[-1].items():
        true = roi_of_points(head[2].xy[SIDE, frame], MARGIN, profile=True)
        assert np.hypot(*np.subtract(square.centre, true.centre)) < 0.15 * true.side


def test_what_two_cameras_contradict_is_wrong(head):
    told = said(head, astray(head[2], SIDE, [1, 4], 2.0), FRONT, LEFT, SIDE)
    assert np.flatnonzero(told.wrong[-1]).tolist() == [1, 4]
    assert sorted(told.squares[-1]) == [1, 4]
    assert not told.wrong[:-1].any()


def test_of_two_that_contradict_each_other_the_one_that_is_far_less_sure_is_wrong(head):
    told = said(head, astray(head[2], LEFT, [1, 4], 9.0), FRONT, LEFT)
    assert np.flatnonzero(told.wrong[1]).tolist() == [1, 4]
    told = said(head, astray(head[2], LEFT, [1, 4], 0.4), FRONT, LEFT)
    assert not told.wrong.any()
    assert not any(told.squares)


def test_a_camera_that_is_unsure_itself_tells_others_nothing(head):
    seen = head[2].seen.copy()
    seen[LEFT, [1, 4]] = False
    assert not any(said(head, replace(astray(head[2], FRONT, [1, 4], 9.0), seen=seen), FRONT, LEFT).squares)


def test_the_back_of_a_head_is_not_looked_at(head):
    told = said(head, head[2], FRONT, LEFT, BACK)
    assert not told.wrong.any()
    assert not any(told.squares)


def test_a_frame_in_which_nobody_sees_the_face(head):
    seen = head[2].seen.copy()
    seen[:, 3] = False
    assert not any(said(head, replace(head[2], seen=seen), FRONT, LEFT, SIDE).squares)


def test_faces_of_which_a_detector_is_unsure_are_no_sure_ones(head):
    landmarks = astray(head[2], SIDE, [1, 4], 9.0)
    assert np.flatnonzero(~surely(landmarks).found[SIDE]).tolist() == [1, 4]
    assert surely(head[2]) is head[2]
