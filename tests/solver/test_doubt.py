"""Which frames are doubtful: by faces of a known size, a known claim of the detector and a known residual."""

import numpy as np
import pytest

from solver.doubt import doubtful
from solver.landmarks import Landmarks

FRAMES, SPREAD = 9, 40.0


def seen_by(*spreads: float, claimed: float = 0.04) -> Landmarks:
    """Cameras in which the points lie a spread (px) from their middle along each axis, as sure as a share of it."""
    square = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]], float)
    xy = np.stack([np.tile(300 + spread * square, (FRAMES, 1, 1)) for spread in spreads])
    sigma = np.stack([np.full((FRAMES, 4), claimed * spread) for spread in spreads])
    return Landmarks(tuple(f"cam{index}" for index in range(len(spreads))), "made", xy, sigma,
                     np.ones(sigma.shape, bool))


def residuals(usual: float, odd: float = np.nan) -> np.ndarray:
    """(T) px, the fifth another."""
    out = np.full(FRAMES, usual)
    out[4] = usual if np.isnan(odd) else odd
    return out


def test_a_face_that_is_explained_is_not_doubtful():
    assert not doubtful(seen_by(SPREAD, SPREAD), residuals(1.0, 2.4)).any()


def test_a_frame_far_worse_than_the_takes_others_is():
    assert np.flatnonzero(doubtful(seen_by(SPREAD), residuals(1.0, 2.6))).tolist() == [4]


def test_one_that_is_a_large_part_of_the_face_off_is_however_bad_the_others_are():
    assert not doubtful(seen_by(SPREAD), residuals(7.6)).any()
    assert doubtful(seen_by(SPREAD), residuals(8.4)).all()
    assert doubtful(seen_by(60.0, 20.0), residuals(8.4)).all()  # by the cameras' mean, of 40
    assert not doubtful(seen_by(60.0, 20.0), residuals(7.6)).any()


@pytest.mark.parametrize("other", [0.04, 0.2])
def test_what_one_camera_is_sure_of_is_sure(other):
    landmarks = seen_by(SPREAD, SPREAD, claimed=0.11)
    landmarks.sigma[1] = other * SPREAD
    assert doubtful(landmarks, residuals(1.0)).all() == (other > 0.1)


def test_a_face_that_is_small_in_all_cameras_is_and_one_that_is_large_in_one_is_not():
    assert doubtful(seen_by(7.9, 7.5), residuals(0.2)).all()
    assert not doubtful(seen_by(8.1, 7.5), residuals(0.2)).any()


def test_frames_that_nobody_saw_are_not_doubtful_and_do_not_count():
    landmarks = seen_by(SPREAD, SPREAD)
    landmarks.seen[:, :2] = False
    landmarks.seen[1, 2:] = False  # a camera that never saw the face is as none
    residual = residuals(1.0, 2.6)
    residual[:2] = np.nan
    assert np.flatnonzero(doubtful(landmarks, residual)).tolist() == [4]
