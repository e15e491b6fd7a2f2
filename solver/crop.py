"""Square, turned cut-outs of pictures for the networks, exact to the pixel.

A crop's own coordinates are those of the networks: 0 at the left edge of its first pixel, SIZE at the right edge of
its last. Pictures follow OpenCV: the centre of the top-left pixel is (0, 0).

Each crop pixel is the mean of the area that it covers, not a sample at its centre: blocks of the picture are averaged
first, as large as they can be and no larger than a crop's pixel, and then four samples where one reaches too short;
sampling a 500 px face every third pixel makes landmarks dance with the sensor's noise.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from capture.errors import DataError

EYE_CORNERS = (33, 263)
"""The outer corners of the face's own right and left eye: a face's x axis."""
FOREHEAD, CHIN = 10, 152
MARGIN = 1.5
"""The side of MediaPipe's crop as a multiple of the face's longer side."""
SLACK = 0.25
"""How much wider than a picture's pixel a crop's may be and still take one sample: bilinear spreads as far."""


@dataclass(frozen=True)
class Roi:
    """A square on a picture: centre (2,) px, side px, angle in radians of its x axis (clockwise on the screen)."""

    centre: tuple[float, float]
    side: float
    angle: float = 0.0


def roi_of_points(points: np.ndarray, margin: float = MARGIN, profile: bool = False) -> Roi:
    """The square about a face: (478, 2) px -> Roi, upright along the eye corners.

    Seen from the side the eye corners lie one behind the other, and their line turns wildly: `profile` adds the line
    from the forehead to the chin, which is long when the eyes' is short. MediaPipe's own square does without.
    """
    along = points[EYE_CORNERS[1]] - points[EYE_CORNERS[0]]
    if profile:
        down = points[CHIN] - points[FOREHEAD]
        along = along + np.array([down[1], -down[0]])
    angle = float(np.arctan2(along[1], along[0]))
    return square_about(points, angle, margin)


def square_about(points: np.ndarray, angle: float, margin: float) -> Roi:
    """The square about points (N, 2) px, turned by an angle; its side `margin` times their longer one."""
    turn = _turn(angle)
    local = points @ turn  # (N, 2): coordinates along the square's axes
    low, high = local.min(axis=0), local.max(axis=0)
    centre = turn @ ((low + high) / 2)
    return Roi((float(centre[0]), float(centre[1])), float((high - low).max() * margin), angle)


def picture_from_crop(roi: Roi, size: int) -> np.ndarray:
    """(2, 3): a crop's own coordinates to px of the picture."""
    linear = _turn(roi.angle) * (roi.side / size)
    return np.column_stack([linear, np.asarray(roi.centre) - linear @ [size / 2, size / 2]])


def crop_from_picture(roi: Roi, size: int) -> np.ndarray:
    """(2, 3): px of the picture to the crop's own coordinates."""
    return cv2.invertAffineTransform(picture_from_crop(roi, size))


def apply(matrix: np.ndarray, points: np.ndarray) -> np.ndarray:
    """An affine (2, 3) on points (..., 2), or one matrix each (B, 2, 3) on (B, N, 2)."""
    return points @ np.swapaxes(matrix[..., :2], -1, -2) + matrix[..., None, :, 2]


def crops(pictures: Sequence[np.ndarray], rois: Sequence[Roi], size: int, as_mediapipe: bool = False,
          quick: bool = False) -> np.ndarray:
    """One crop of each picture: (B, size, size, 3) uint8 RGB. What lies outside a picture repeats its edge.

    Args:
        pictures: (H, W, 3) RGB, or (H, W) grey, of 8 or 16 bits; their sizes may differ.
        rois: where to cut each.
        size: side of a crop in px.
        as_mediapipe: cut as MediaPipe does: samples at the pixels' corners instead of means over their areas, so that
            what is seen lies (side / size - 1) / 2 px off. For comparison only.
        quick: take one sample a pixel, each up to a sixtieth of a pixel off, in a quarter of the time.

    Raises:
        DataError: a picture is none, or a square has no area.
    """
    out = np.empty((len(rois), size, size, 3), dtype=np.uint8)
    for row, (picture, roi) in enumerate(zip(pictures, rois, strict=True)):
        if not (np.isfinite([*roi.centre, roi.side, roi.angle]).all() and roi.side > 0):
            raise DataError(f"a face's square has the side {roi.side} px at {roi.centre}; "
                            "a square needs an area, so detect the face again")
        picture = eight_bit_rgb(picture)
        matrix = picture_from_crop(roi, size)
        if not as_mediapipe and (times := int(roi.side / size)) > 1:
            picture, matrix = _shrunk(picture, matrix, size, times)
        # The grid's pixel i covers [i, i + 1] / fine of the crop's own coordinates; its centre is at i + 1/2.
        fine = 2 if not (as_mediapipe or quick) and np.hypot(*matrix[:, 0]) > 1 + SLACK else 1
        matrix[:, :2] /= fine
        matrix[:, 2] += 0.5 if as_mediapipe else matrix[:, :2] @ [0.5, 0.5]
        how = {"dsize": (size * fine, size * fine), "flags": cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
               "borderMode": cv2.BORDER_REPLICATE}
        # cv2.warpAffine steps along a row in rounded steps, which moves landmarks by up to 0.02 px.
        grid = cv2.warpAffine(picture, matrix, **how) if quick else \
            cv2.warpPerspective(picture, np.vstack([matrix, [0, 0, 1]]), **how)
        out[row] = grid if fine == 1 else cv2.resize(grid, (size, size), interpolation=cv2.INTER_AREA)
    return out


def eight_bit_rgb(picture: np.ndarray) -> np.ndarray:
    """Any grey or colour picture of 8 or 16 bits as (H, W, 3) uint8.

    Raises:
        DataError: it is no picture.
    """
    if picture.ndim not in (2, 3) or picture.size == 0 or (picture.ndim == 3 and picture.shape[2] not in (1, 3, 4)) \
            or picture.dtype not in (np.uint8, np.uint16):
        raise DataError(f"an array of shape {picture.shape} and kind {picture.dtype} is no picture; "
                        "give rows by columns by red, green, blue, of 8 or 16 bits")
    if picture.dtype == np.uint16:
        picture = (picture >> 8).astype(np.uint8)
    if picture.ndim == 2:
        picture = picture[:, :, None]
    return np.repeat(picture, 3, axis=2) if picture.shape[2] == 1 else np.ascontiguousarray(picture[:, :, :3])


def _turn(angle: float) -> np.ndarray:
    return np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])


def _shrunk(picture: np.ndarray, picture_from_crop: np.ndarray, size: int, times: int) -> tuple[np.ndarray, np.ndarray]:
    """The part of a picture that a crop shows, `times` by `times` px averaged into one; the matrix to its px.

    Blocks are counted from the picture's own corner: they stay where they are when the square moves.
    """
    corners = apply(picture_from_crop, np.array([[0, 0], [size, 0], [0, size], [size, size]], float))
    shape = np.array(picture.shape[1::-1])
    # One block more on each side: what bilinear samples at the edge reach for.
    first = np.clip(np.floor(corners.min(axis=0) / times).astype(int) - 1, 0, (shape - 1) // times)
    last = np.clip(np.ceil(corners.max(axis=0) / times).astype(int) + 1, first + 1, -(-shape // times))
    (left, top), (right, bottom) = first * times, np.minimum(last * times, shape)
    part = picture[top:bottom, left:right]
    beyond = last * times - (right, bottom)
    if beyond.any():  # a block that the picture's edge cuts
        part = cv2.copyMakeBorder(part, 0, int(beyond[1]), 0, int(beyond[0]), cv2.BORDER_REPLICATE)
    small = cv2.resize(part, tuple(int(count) for count in last - first), interpolation=cv2.INTER_AREA)
    matrix = picture_from_crop / times
    matrix[:, 2] -= (times - 1) / 2 / times + first
    return small, matrix
