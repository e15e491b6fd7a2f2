"""One camera's lens from what it saw of a board: how many numbers it needs, and which.

Zhang, "A Flexible New Technique for Camera Calibration" (2000), with the lens chosen by its error on held-out views.
"""

from collections.abc import Sequence

import cv2
import numpy as np

from capture.board import Corners
from capture.bundle import FISHEYE, LENS, Guess, Problem, View, lens_matrix, picture_of, refine
from capture.camera import Camera
from capture.errors import RigError

FOLDS = 3
"""Parts of the clip that are held out in turn. Neighbouring frames are nearly the same view, so parts are unbroken."""

WORTH = 0.99
"""A further lens number stays only if it brings the error on views that were held out below this share."""

WIDE = 0.7
"""Focal length over the longer side of the picture above which no lens is tried as a fisheye."""

CLEARLY_BETTER = 0.97
"""A fisheye is believed if it brings the error on held-out views below this share of the pinhole's."""

_ = np.eye(LENS)
_SQUARE, _CENTRE, _K1, _K2, _P, _K3 = _[0] + _[1], _[2:4], _[4], _[5], _[6:8], _[8]
LADDER = tuple(np.vstack(rows).T for rows in (
    (_SQUARE, _CENTRE), (_SQUARE, _CENTRE, _K1), (_SQUARE, _CENTRE, _K1, _K2), (_SQUARE, _CENTRE, _K1, _K2, _P),
    (_[:4], _K1, _K2, _P), (_[:4], _K1, _K2, _P, _K3), (_[:4], _[4:12])))
"""Lenses to choose from, simplest first: focal length and centre; more and more distortion; oblong pixels.

The centre is always free: a camera by itself hides a wrong one in the board's pose, several cameras do not."""

FISHEYE_LADDER = tuple(np.vstack(rows).T for rows in (
    (_SQUARE, _CENTRE, _[4:6]), (_SQUARE, _CENTRE, _[4:8]), (_[:4], _[4:8])))
"""The same for fisheyes, whose distortion has four numbers."""

NARROW_LADDER = tuple(np.vstack(rows).T for rows in ((_SQUARE,), (_SQUARE, _K1)))
"""Lenses for a camera that saw the board in a small part of its picture: any lens explains that part, and the held-out
views, seen there too, do not warn of it."""

ENOUGH_COVERAGE = 0.4
"""Share of the picture in which a lens must have been seen to be known."""


def choose_kind(name: str, points: np.ndarray, views: Sequence[Corners], size: tuple[int, int],
                ) -> tuple[np.ndarray, np.ndarray, float, bool]:
    """The same as `choose_lens`, and whether the lens is a fisheye: told by its error on held-out views.

    Only a wide lens is tried as a fisheye: within 70 degrees both models bend alike.
    """
    try:
        pinhole = choose_lens(name, points, views, size)
    except RigError:
        return *choose_lens(name, points, views, size, True), True
    if pinhole[0][0] > WIDE * max(size):
        return *pinhole, False
    try:
        fisheye = choose_lens(name, points, views, size, True)
    except RigError:
        return *pinhole, False
    return (*fisheye, True) if fisheye[2] < CLEARLY_BETTER * pinhole[2] else (*pinhole, False)


def choose_lens(name: str, points: np.ndarray, views: Sequence[Corners], size: tuple[int, int], fisheye: bool = False,
                ) -> tuple[np.ndarray, np.ndarray, float]:
    """The lens (LENS,), its free directions (LENS, n), and the error in px on views it was not fitted to."""
    start = _first_lens(points, views, size, fisheye)
    chosen, least, lens, idle = None, np.inf, start, 0
    coverage = coverage_of(np.concatenate([view.xy for view in views]), size)
    ladder = FISHEYE_LADDER if fisheye else LADDER if coverage >= ENOUGH_COVERAGE else NARROW_LADDER
    for directions in ladder:
        if idle == 2:
            break
        errors = []
        for part in np.array_split(np.arange(len(views)), FOLDS):
            fitted = _fit_lens(points, [view for at, view in enumerate(views) if at not in part], start, directions,
                               fisheye)
            errors += [_residual(points, views[at], fitted, fisheye) for at in part]
        error = _typical(errors)
        idle += 1
        if chosen is None or error < WORTH * least:
            chosen, least, idle = directions, error, 0
            lens = _fit_lens(points, views, start, directions, fisheye)
    if not (0.1 if fisheye else 0.2) * max(size) < lens[0] < 50 * max(size):
        raise RigError(f"the board's views from {name} give no sensible focal length; film the board tilted to all "
                       "sides, not only facing the camera")
    return lens, chosen, least


def known_lens(camera: Camera, points: np.ndarray, views: Sequence[Corners], size: tuple[int, int],
                ) -> tuple[np.ndarray, np.ndarray, float]:
    """The same for a lens that is known and stays."""
    fisheye = camera.model == "fisheye"
    if camera.size != size or len(camera.distortion) > LENS - 4:
        raise RigError(f"the lens of {camera.name} that is known is a {camera.model} one for {camera.size[0]} by "
                       f"{camera.size[1]} px and does not fit its board clip of {size[0]} by {size[1]}; "
                       "leave it out to find it anew")
    lens = np.zeros(LENS)
    lens[:4] = camera.matrix[0, 0], camera.matrix[1, 1], camera.matrix[0, 2], camera.matrix[1, 2]
    lens[4:4 + len(camera.distortion)] = camera.distortion
    return lens, np.zeros((LENS, 0)), _typical([_residual(points, view, lens, fisheye) for view in views])


def _typical(residuals: Sequence[np.ndarray]) -> float:
    """RMS distance in px of the median view, not of all: one blurred view must not choose the lens."""
    return float(np.sqrt(np.median([(residual ** 2).sum(axis=1).mean() for residual in residuals])))


def _first_lens(points: np.ndarray, views: Sequence[Corners], size: tuple[int, int], fisheye: bool) -> np.ndarray:
    """The best of some focal lengths for a centred lens without distortion."""
    def lens(focal: float) -> np.ndarray:
        return np.array([focal, focal, (size[0] - 1) / 2, (size[1] - 1) / 2] + [0.0] * (LENS - 4))

    focals = max(size) * (np.geomspace(0.2, 1.0, 13) if fisheye else np.geomspace(0.5, 8.0, 17))
    some = views[::max(1, len(views) // 12)]
    errors = [np.median([(_residual(points, view, lens(focal), fisheye) ** 2).mean() for view in some])
              for focal in focals]
    return lens(float(focals[int(np.argmin(errors))]))


def _fit_lens(points: np.ndarray, views: Sequence[Corners], start: np.ndarray, directions: np.ndarray, fisheye: bool,
              ) -> np.ndarray:
    boards = np.array([pose(points, view, start, fisheye) for view in views])
    problem = Problem(points, tuple(View(0, at, view) for at, view in enumerate(views)), (directions,),
                      fisheye=(fisheye,))
    return refine(problem, Guess(start[None], np.zeros((1, 6)), boards), steps=40).guess.lenses[0]


def pose(points: np.ndarray, corners: Corners | None, lens: np.ndarray, fisheye: bool = False) -> np.ndarray | None:
    """camera_from_board as (6,) rotation vector and metres."""
    if corners is None:
        return None
    if fisheye:  # where the same rays would meet a picture without distortion
        flat = cv2.fisheye.undistortPoints(corners.xy.reshape(-1, 1, 2), lens_matrix(lens), lens[FISHEYE])
        known = np.isfinite(flat).all(axis=(1, 2)) & (np.abs(flat).max(axis=(1, 2)) < 20)
        if known.sum() >= 4:
            # OpenCV's usual method wants six points where bent rays leave them hardly in one plane.
            method = cv2.SOLVEPNP_ITERATIVE if known.sum() >= 6 else cv2.SOLVEPNP_SQPNP
            _, rotation, translation = cv2.solvePnP(points[corners.ids][known], flat[known], np.eye(3), None,
                                                    flags=method)
            return np.concatenate([rotation.ravel(), translation.ravel()])
        return np.array([0.0, 0.0, 0.0, 0.0, 0.0, 1.0])
    _, rotation, translation = cv2.solvePnP(points[corners.ids], corners.xy, lens_matrix(lens), lens[4:])
    return np.concatenate([rotation.ravel(), translation.ravel()])


def _residual(points: np.ndarray, corners: Corners, lens: np.ndarray, fisheye: bool = False) -> np.ndarray:
    """Seen minus explained corners (K, 2) px, the board standing where it fits best."""
    where = pose(points, corners, lens, fisheye)
    return corners.xy - picture_of(lens, fisheye, points[corners.ids], where[:3], where[3:])[0]


def coverage_of(xy: np.ndarray, size: tuple[int, int]) -> float:
    """The share of a picture, as 8 by 8 cells, in which there are corners (K, 2) px."""
    cells = np.clip((xy / size * 8).astype(int), 0, 7)
    return len(np.unique(cells, axis=0)) / 64
