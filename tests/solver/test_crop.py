import cv2
import numpy as np
import pytest
import torch

from capture.errors import DataError
from solver import pretrained
from solver.crop import Roi, apply, crop_from_picture, crops, eight_bit_rgb, picture_from_crop, roi_of_points
from solver.network_faces import faces
from tests.material import shared

SLOPE = 2.37
"""Levels a pixel: not whole, so that rounding errors average out."""


def ramp(side: int = 104) -> np.ndarray:
    """Red grows with the column, green with the row: a picture that says where each pixel's centre is."""
    x, y = np.meshgrid(np.arange(side) * SLOPE, np.arange(side) * SLOPE)
    return np.stack([x, y, np.zeros_like(x)], axis=2).round().astype(np.uint8)


def shown(roi: Roi, as_mediapipe: bool = False) -> np.ndarray:
    """(48, 48, 2): how far what each pixel of a crop shows lies from where its matrix puts the pixel's centre, px."""
    crop = crops([ramp()], [roi], 48, as_mediapipe)[0].astype(float)
    centres = np.stack(np.meshgrid(np.arange(48) + 0.5, np.arange(48) + 0.5), axis=2)
    return crop[..., :2] / SLOPE - apply(picture_from_crop(roi, 48), centres)


@pytest.mark.parametrize("roi", [Roi((50.1, 53.3), 48.0), Roi((52.3, 49.7), 60.0, 0.4), Roi((51.0, 52.0), 95.0),
                                 Roi((60.0, 40.2), 24.0, -1.2), Roi((51.7, 51.2), 97.0, 0.04)])
def test_a_crop_pixel_shows_what_its_matrix_says(roi):
    off = shown(roi)
    assert np.abs(off).max() < 0.6
    assert np.abs(off.mean(axis=(0, 1))).max() < 0.1


@pytest.mark.parametrize("roi", [Roi((151.0, 133.3), 110.0, 0.3), Roi((140.0, 150.5), 222.7, -0.7),
                                 Roi((20.0, 288.5), 190.0, 0.1), Roi((260.3, 30.0), 240.0, 2.0)])
def test_a_crop_is_the_mean_of_what_each_pixel_covers(roi):
    """Against a hundred samples a pixel, also past the edges of a picture whose size no block divides."""
    noise = np.random.default_rng(1).normal(128, 60, (293, 307, 3)).clip(0, 255).astype(np.uint8)
    picture = cv2.GaussianBlur(noise, (0, 0), 3.0)
    dense = crops([picture], [roi], 480)[0].reshape(48, 10, 48, 10, 3).mean(axis=(1, 3))
    off = crops([picture], [roi], 48)[0] - dense
    assert dense.std() > 3 * off.std()
    assert abs(off.mean()) < 0.6  # rounding


def test_mediapipes_crop_is_off_by_half_a_crop_pixel_less_half_a_pixel():
    off = shown(Roi((52.0, 52.0), 96.0), as_mediapipe=True)
    assert off.mean(axis=(0, 1)) == pytest.approx([-0.5, -0.5], abs=0.1)  # (96 / 48 - 1) / 2


def test_noise_is_averaged_over_the_covered_area():
    noise = np.random.default_rng(0).normal(128, 30, (600, 600, 3)).clip(0, 255).astype(np.uint8)
    crop = crops([noise], [Roi((300.0, 300.0), 400.0)], 100)[0].astype(float)
    assert crop.std() < 30 / 4 * 1.15  # 16 px are averaged


def test_matrices_undo_one_another():
    roi = Roi((31.0, -4.0), 77.0, 2.2)
    points = np.random.default_rng(0).uniform(0, 192, (20, 2))
    there = apply(picture_from_crop(roi, 192), points)
    assert np.allclose(apply(crop_from_picture(roi, 192), there), points)
    both = np.stack([picture_from_crop(roi, 192)] * 2)
    assert np.allclose(apply(both, np.stack([points] * 2))[1], there)


def test_the_square_of_a_turned_face_is_turned():
    rng = np.random.default_rng(0)
    points = rng.uniform(-1, 1, (478, 2)) * [50, 70]
    points[33], points[263] = (-30, -10), (30, -10)
    points[0], points[1] = (-50, -70), (50, 70)
    angle = 0.6
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    roi = roi_of_points(points @ turn.T + [300, 200])
    assert roi.centre == pytest.approx((300, 200))
    assert roi.side == pytest.approx(140 * 1.5)
    assert roi.angle == pytest.approx(angle)


def test_outside_the_picture_its_edge_goes_on():
    picture = np.full((20, 20, 3), 90, np.uint8)
    assert (crops([picture], [Roi((0.0, 0.0), 60.0)], 32) == 90).all()
    assert (crops([np.full((1, 1, 3), 7, np.uint8)], [Roi((0.0, 0.0), 60.0)], 32) == 7).all()


@pytest.mark.parametrize(("picture", "value"), [
    (np.full((4, 5), 9, np.uint8), 9), (np.full((4, 5, 1), 9, np.uint8), 9), (np.full((4, 5, 4), 9, np.uint8), 9),
    (np.full((4, 5, 3), 9 * 256 + 200, np.uint16), 9)])
def test_grey_deep_and_transparent_pictures_become_plain(picture, value):
    plain = eight_bit_rgb(picture)
    assert plain.shape == (4, 5, 3)
    assert plain.dtype == np.uint8
    assert (plain == value).all()


@pytest.mark.parametrize("picture", [np.zeros((0, 5, 3), np.uint8), np.zeros((4, 5, 2), np.uint8),
                                     np.zeros((4, 5, 3), np.float32), np.zeros(7, np.uint8)])
def test_what_is_no_picture_is_refused(picture):
    with pytest.raises(DataError, match="is no picture"):
        crops([picture], [Roi((2.0, 2.0), 4.0)], 8)


@pytest.mark.parametrize("roi", [Roi((2.0, 2.0), 0.0), Roi((float("nan"), 2.0), 4.0), Roi((2.0, 2.0), -3.0)])
def test_a_square_without_area_is_refused(roi):
    with pytest.raises(DataError, match="needs an area"):
        crops([np.zeros((9, 9, 3), np.uint8)], [roi], 8)


def test_the_whole_chain_is_mediapipes_face_mesh():
    """Finder, square, crop and network together, against FaceMesh on a still, within 0.02 px."""
    import mediapipe

    photo = cv2.cvtColor(cv2.imread(str(shared("footage", "astronaut.png"))), cv2.COLOR_BGR2RGB)
    finder, network = pretrained.short_range(), pretrained.attention_mesh()
    with mediapipe.solutions.face_mesh.FaceMesh(static_image_mode=True, refine_landmarks=True) as reference:
        for picture in (photo, np.ascontiguousarray(photo[:400, 60:460]), np.ascontiguousarray(photo[:300, :512])):
            height, width = picture.shape[:2]
            answer = reference.process(picture).multi_face_landmarks[0].landmark
            expected = np.array([(p.x * width, p.y * height) for p in answer]) - 0.5
            whole = Roi(((width - 1) / 2, (height - 1) / 2), max(height, width))
            boxed = cv2.copyMakeBorder(picture, *[(whole.side - height) // 2] * 2, *[(whole.side - width) // 2] * 2,
                                       cv2.BORDER_CONSTANT)
            middle = (whole.side - 1) / 2
            square = crops([boxed], [Roi((middle, middle), whole.side)], finder.size, as_mediapipe=True)
            face = faces(finder, square)[0][0]
            eyes = face.points[1] - face.points[0]
            centre = np.asarray(whole.centre) + (face.centre - 0.5) * whole.side
            roi = Roi((centre[0], centre[1]), 1.5 * face.size.max() * whole.side, np.arctan2(eyes[1], eyes[0]))
            crop = crops([picture], [roi], 192, as_mediapipe=True)
            with torch.inference_mode():
                points = network(torch.from_numpy(crop).permute(0, 3, 1, 2).float() / 255).points()[0].numpy()
            assert np.abs(apply(picture_from_crop(roi, 192), points) - expected).max() < 0.02
