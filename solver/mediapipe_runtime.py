"""MediaPipe's own runtime as a detector: the one file that imports mediapipe.

It is the reference that our own detectors are compared with. Its 478 points are MediaPipe's attention mesh:
0..467 the face, 468..472 the right eye's iris (the face's own right), 473..477 the left eye's.
"""

import contextlib
import math
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from capture.errors import ModelError
from solver.detect import Footage, Report, Track

SCHEME = "mediapipe478"
POINTS = 478
SIGMA_SHARE = 0.0172
"""Standard deviation of a point of a frontal face, as a share of its height; measured on renders with known points."""
TURNED = math.radians(38.0)
"""It grows with the fourth power of how far the face is turned away, and is doubled here."""

CROP_PX = 192
"""The side of the picture that MediaPipe's landmark network sees."""
SHIFT = 0.11
"""How far its points lie off along the crop's x axis, in pixels of the crop: half of what a mirrored picture, mirrored
back, differs by, on 92 pictures of three faces at 0.4 to 6.5 px per crop pixel (0.10, 0.11, 0.13). Used for y, too.
"""
CROP_PER_FACE = 1.5
"""The side of its crop, as a multiple of the longer side of the face."""
EYE_CORNERS = (33, 263)
"""The outer corners of the right and the left eye: the crop's x axis."""

SCOUT_EVERY = 0.4
"""Seconds between the frames in which the face is looked for before tracking starts."""
CROP_MARGIN = 1.0
"""The searched region is the union of the found faces, widened by this share of the largest of them on each side."""


def find_face(rgb: np.ndarray) -> np.ndarray | None:
    """The landmarks of the largest face in one picture: (H, W, 3) uint8 -> (478, 2) px, or None.

    Pixels follow OpenCV: the centre of the top-left pixel is (0, 0).
    """
    with _quiet(), _face_mesh(still=True) as mesh:
        found = _landmarks(_ask(mesh, rgb), rgb.shape[1], rgb.shape[0])
    return None if found is None else found[:, :2]


def face_landmarker(task: Path, pictures: Iterator[np.ndarray],
                    frame_rate: float) -> tuple[tuple[str, ...], np.ndarray]:
    """MediaPipe's Face Landmarker over a clip, in its video mode: the peer that mien's weights are compared with.

    Args:
        task: its model file.
        pictures: (H, W, 3) uint8 each.
        frame_rate: a second.

    Returns:
        Its shape names (K), and the scores (T, K); 0 where it saw no face.

    Raises:
        ModelError: the file cannot be used.
    """
    import mediapipe
    from mediapipe.tasks.python import BaseOptions, vision

    options = vision.FaceLandmarkerOptions(
        base_options=BaseOptions(model_asset_path=str(task)), running_mode=vision.RunningMode.VIDEO,
        output_face_blendshapes=True)
    rows: list[dict[str, float]] = []
    with _quiet():
        try:
            landmarker = vision.FaceLandmarker.create_from_options(options)
        except (RuntimeError, ValueError, OSError) as error:
            raise ModelError(f"{task} is no Face Landmarker that MediaPipe can open; copy it again") from error
        with landmarker:
            for index, rgb in enumerate(pictures):
                image = mediapipe.Image(image_format=mediapipe.ImageFormat.SRGB, data=np.ascontiguousarray(rgb))
                found = landmarker.detect_for_video(image, round(index * 1000 / frame_rate)).face_blendshapes
                rows.append({item.category_name: item.score for item in found[0]} if found else {})
    names = next((tuple(row) for row in rows if row), ())
    return names, np.array([[row.get(name, 0.0) for name in names] for row in rows])


def face_mesh_loop(pictures: Iterator[np.ndarray], clock: Callable[[], float]) -> float:
    """What MediaPipe's own tracking loop over pictures takes by a clock, in seconds, its start left out."""
    with _quiet(), _face_mesh(still=False) as mesh:
        first = next(pictures)
        _ask(mesh, first)
        mesh.reset()
        began = clock()
        _ask(mesh, first)
        for rgb in pictures:
            _ask(mesh, rgb)
        return clock() - began


class MediapipeDetector:
    """FaceMesh in tracking mode over the region where the full-range detector finds the actor.

    FaceMesh looks for faces with a network made for selfies: an actor two metres away is lost to it at the first
    hand before the face. So a quick pass with the full-range network finds the region where the face is during the
    clip, and FaceMesh sees that region alone.
    """

    scheme = SCHEME
    key = "mediapipe-0.10.21-facemesh-3"

    def detect(self, footage: Footage, report: Report) -> Track:
        points = np.full((footage.count, POINTS, 3), np.nan)
        with _quiet(), _face_mesh(still=False) as mesh:
            left, top, right, bottom = _region(footage)
            for index, rgb in enumerate(footage.pictures()):
                found = _landmarks(_ask(mesh, rgb[top:bottom, left:right]), right - left, bottom - top)
                if found is not None:
                    points[index] = found + np.array([left, top, 0])
                report(index + 1, footage.count)
        seen = np.isfinite(points).all(axis=2)  # (T, N)
        sigma = np.broadcast_to(_sigma(points)[:, None], seen.shape).copy()
        return Track(points[..., :2], sigma, seen)


def _sigma(points: np.ndarray) -> np.ndarray:
    """(T, N, 3) px -> (T) px: what is to be expected of a point's error."""
    across = points[:, EYE_CORNERS[1]] - points[:, EYE_CORNERS[0]]  # (T, 3)
    turned = np.arctan2(np.abs(across[:, 2]), np.hypot(across[:, 0], across[:, 1]))
    return SIGMA_SHARE * np.ptp(points[:, :, 1], axis=1) * (1 + (turned / TURNED) ** 4)


def _region(footage: Footage) -> tuple[int, int, int, int]:
    """left, top, right, bottom in px of the part of the picture where the actor's face stays; all of it if unsure."""
    width, height = footage.size
    if footage.actor is not None and footage.actor.near.any():
        half = footage.actor.side[footage.actor.near, None] / 2
        centre = footage.actor.centre[footage.actor.near]
        return _around(np.hstack([centre - half, centre + half]), 0.0, width, height)
    step = max(1, round(SCOUT_EVERY * float(footage.rate)))
    boxes = []
    with _solutions().face_detection.FaceDetection(model_selection=1, min_detection_confidence=0.5) as scout:
        for index, rgb in enumerate(footage.pictures()):
            if index % step:
                continue
            found = [item.location_data.relative_bounding_box for item in _ask(scout, rgb).detections or ()]
            if found:
                box = max(found, key=lambda item: item.width * item.height)
                boxes.append((box.xmin * width, box.ymin * height, (box.xmin + box.width) * width,
                              (box.ymin + box.height) * height))
    if not boxes:
        return 0, 0, width, height
    return _around(np.array(boxes), CROP_MARGIN, width, height)


def _around(boxes: np.ndarray, widened: float, width: int, height: int) -> tuple[int, int, int, int]:
    """The region about boxes (K, 4), widened by a share of the largest of them."""
    margin = widened * (boxes[:, 2:] - boxes[:, :2]).max()
    left, top = np.floor(boxes[:, :2].min(axis=0) - margin)
    right, bottom = np.ceil(boxes[:, 2:].max(axis=0) + margin)
    return int(max(left, 0)), int(max(top, 0)), int(min(right, width)), int(min(bottom, height))


def _landmarks(result: object, width: int, height: int) -> np.ndarray | None:
    """(478, 3) px of FaceMesh's answer: x, y, and z away from the camera.

    Its crop lacks the half-pixel term: it samples the picture at i * scale for the crop's pixel i, where an exact crop
    samples at (i + 1/2) * scale - 1/2. Its network was trained on such crops, so its answers, as shares of the width,
    count pixels from the first one's centre as we do; what mirrored pictures show to be left over is SHIFT.
    """
    if not result.multi_face_landmarks:
        return None
    points = result.multi_face_landmarks[0].landmark
    xyz = np.array([(point.x * width, point.y * height, point.z * width) for point in points])
    xy = xyz[:, :2]
    along = xy[EYE_CORNERS[1]] - xy[EYE_CORNERS[0]]
    along /= max(np.hypot(*along), 1e-9)
    across = np.array([-along[1], along[0]])
    scale = CROP_PER_FACE * max(np.ptp(xy @ along), np.ptp(xy @ across)) / CROP_PX
    return np.column_stack([xy - SHIFT * scale * (along + across), xyz[:, 2]])


def _solutions() -> object:
    import mediapipe

    return mediapipe.solutions


def _ask(solution: object, rgb: np.ndarray) -> object:
    return solution.process(np.ascontiguousarray(rgb))


def _face_mesh(still: bool) -> object:
    return _solutions().face_mesh.FaceMesh(static_image_mode=still, max_num_faces=1, refine_landmarks=True)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep mediapipe's C++ notes off the terminal: its threads write them to the process's stderr, and no setting stops
    them. Python's own `sys.stderr` goes on to the place where it led before."""
    sys.stderr.flush()
    real, keep = sys.stderr, os.dup(2)
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 2)
        os.close(nowhere)
        if _leads_to_fd_2(real):
            sys.stderr = os.fdopen(keep, "w", buffering=1, errors=real.errors, closefd=False)
        yield
    finally:
        sys.stderr.flush()
        sys.stderr = real
        os.dup2(keep, 2)
        os.close(keep)


def _leads_to_fd_2(stream: object) -> bool:
    try:
        return stream.fileno() == 2
    except (OSError, ValueError, AttributeError):  # tests and the app put streams without a file there
        return False
