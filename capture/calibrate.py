"""Cameras from a filmed board: each lens by itself, then where the cameras stand, then everything at once.

The world of the rig is the first camera's own space (in the order of the names) turned to Y up: x to its right, y up,
z from what it sees towards it, the origin in its lens. Only relative poses can be known from a board in the hand.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import cv2
import numpy as np

from capture.board import Board, Corners
from capture.board_faults import middle, why_apart
from capture.board_motion import Neighbours, in_rows, plausible, said, sliding
from capture.bundle import FISHEYE, LENS, Answer, Guess, Problem, View, covariances, lens_matrix, refine, rms
from capture.camera import WORLD_FROM_LONE_CAMERA, Camera, Rig
from capture.errors import RigError
from capture.lens import ENOUGH_COVERAGE, choose_kind, choose_lens, coverage_of, known_lens, pose

FEWEST_VIEWS = 8
"""Board views that a lens needs."""

FEWEST_SHARED = 5
"""Moments in which two cameras must both see the board to know how they stand."""

MOST_VIEWS = 60
"""Views a lens is chosen by, and moments that two cameras share: more add time, not knowledge."""

ASTRAY, ASTRAY_PX = 1.5, 0.1
"""Cameras that together err by more than so many times what each does alone, and so many px, may be out of step."""

TIMED_HELPS = 0.6
"""Share of the error that may be left for pictures to have been taken in their own time."""

MOST_KEPT = 0.7
"""Share of a camera's corners that must agree with all cameras for the others to be called mistakes."""

OUT_OF_STEP_PX = 6.0
"""An error of the cameras together from which the result is worth nothing."""

@dataclass(frozen=True)
class CameraReport:
    """How well one camera is known.

    Attributes:
        views: board views that were used.
        error_px: RMS distance between seen and explained corners.
        held_out_px: the same on views that the lens was not fitted to.
        coverage: share of the picture (as 8 by 8 cells) in which corners were seen.
        terms: numbers of the lens that were worth having.
        focal_sigma: standard deviation of the focal length, as a share of it.
        position_sigma: (3,) metres, of where it stands; 0 for the camera that the world is fixed by.
        direction_sigma: radians, of how it is turned about its least certain axis.
        lens_covariance: (12, 12) of fx, fy, cx, cy and the coefficients in OpenCV's order; 0 for what was not free.
        pose_covariance: (6, 6) of the rotation vector and translation (metres) that take the first camera's space to
            this camera's, OpenCV's axes.
        corners: (K, 2) px, where corners were seen.
        residuals: (K, 2) px, explained minus seen.
    """

    name: str
    views: int
    error_px: float
    held_out_px: float
    coverage: float
    terms: int
    focal_sigma: float
    position_sigma: np.ndarray = field(compare=False)
    direction_sigma: float
    lens_covariance: np.ndarray = field(compare=False, repr=False)
    pose_covariance: np.ndarray = field(compare=False, repr=False)
    corners: np.ndarray = field(compare=False, repr=False)
    residuals: np.ndarray = field(compare=False, repr=False)


@dataclass(frozen=True)
class Calibration:
    """A rig and how far to trust it.

    Attributes:
        shared: (C, C) moments in which both cameras saw the board.
        warnings: sentences for the user.
    """

    rig: Rig
    cameras: tuple[CameraReport, ...]
    shared: np.ndarray = field(compare=False)
    warnings: tuple[str, ...] = ()


def calibrate(board: Board, seen: Mapping[str, Sequence[Corners | None]], sizes: Mapping[str, tuple[int, int]],
              lenses: Mapping[str, Camera] | None = None, fisheye: bool | None = None,
              around: Neighbours | None = None) -> Calibration:
    """Find the cameras from what they saw of a board.

    Args:
        board: what was filmed.
        seen: camera -> its corners at each of M moments, None where it did not see the board.
        sizes: camera -> width, height in px.
        lenses: cameras whose lens is known from before and stays; only where they stand is looked for.
        fisheye: whether the other lenses are fisheyes; None: found for each by its error on held-out views.
        around: asked, where cameras seem out of step, for what they saw one frame before and after some moments;
            None: the moments themselves follow one another.

    Raises:
        RigError: too little was seen; the message says by which camera and what to film.
    """
    names = sorted(seen)
    if board.turned_alike and len(names) > 1:
        raise RigError(f"a chessboard of {board.squares[0]} by {board.squares[1]} squares looks the same upside down, "
                       "so cameras cannot agree which corner is which; film one with an odd and an even number of "
                       "squares, or a ChArUco board")
    points, known = board.points, lenses or {}
    lenses, free, held_out, fish = [], [], [], []
    for name in names:
        views = [corners for corners in seen[name] if corners is not None]
        if len(views) < FEWEST_VIEWS:
            raise RigError(f"{name} sees the board in {len(views)} of {len(seen[name])} moments and {FEWEST_VIEWS} are "
                           "needed; film the board longer, larger in the picture, slowly and in good light")
        views = _spread_out(views, MOST_VIEWS)
        if name in known:
            lens, directions, error = known_lens(known[name], points, views, sizes[name])
            wide = known[name].model == "fisheye"
        elif fisheye is None:
            lens, directions, error, wide = choose_kind(name, points, views, sizes[name])
        else:
            lens, directions, error = choose_lens(name, points, views, sizes[name], fisheye)
            wide = fisheye
        fish.append(wide)
        lenses.append(lens)
        free.append(directions)
        held_out.append(error)
    moments = _useful_moments([seen[name] for name in names])
    rows = [[seen[name][moment] for moment in moments] for name in names]
    shared = np.array([[sum(a is not None and b is not None for a, b in zip(one, other, strict=True))
                        for other in rows] for one in rows])
    poses = [[pose(points, corners, lens, wide) for corners in row]
             for row, lens, wide in zip(rows, lenses, fish, strict=True)]
    cameras = _stand(names, poses, shared)
    guess = Guess(np.array(lenses), cameras, _board_poses(poses, cameras))
    views = tuple(View(camera, moment, corners) for camera, row in enumerate(rows)
                  for moment, corners in enumerate(row) if corners is not None)
    softness = max(0.25, 2 * float(np.median(held_out)))
    problem = Problem(points, views, tuple(free), fisheye=tuple(fish))
    answer = refine(problem, guess, softness)
    kept = _without_mistakes(views, answer)
    agree = _mostly(kept, views)
    if agree:
        views = kept
        problem = Problem(points, views, tuple(free), fisheye=tuple(fish))
        answer = refine(problem, answer.guess, softness)
    errors = _errors(views, answer)
    if any(map(_strays, errors, held_out)):
        # Clips out of step would bend the lenses to explain a board that moved; each lens by itself knows better.
        answer = refine(_lenses_held(problem), guess, 2 * max(errors))
    timed = None
    if len(names) > 1 and rms(answer.residuals) > ASTRAY * np.sqrt(np.mean(np.square(held_out))) + ASTRAY_PX:
        moving = sliding(seen, moments, around or in_rows(seen))
        timed = _timed(replace(problem, views=moving), guess, softness, rms(answer.residuals), held_out)
    if timed is not None:
        problem, answer = timed
        return _result(names, sizes, problem, answer, held_out, shared,
                       (said(names, problem.views, answer.guess.late),))
    errors = _errors(views, answer)
    worst = int(np.argmax(errors))
    if not agree or errors[worst] > OUT_OF_STEP_PX:
        whole = [[pose(points, corners, lens, wide) for corners in seen[name]]
                 for name, lens, wide in zip(names, lenses, fish, strict=True)]
        why = why_apart(names, [[None if one is None else _matrix(one) for one in row] for row in whole])
        raise RigError(f"{names[worst]} agrees with itself to {held_out[worst]:.2f} px but with the other cameras only "
                       f"to {errors[worst]:.1f} px: {why}")
    return _result(names, sizes, problem, answer, held_out, shared)


def _lenses_held(problem: Problem) -> Problem:
    return replace(problem, free=tuple(np.zeros((LENS, 0)) for _ in problem.free))


def _timed(problem: Problem, guess: Guess, softness_px: float, error_px: float, held_out: Sequence[float],
           ) -> tuple[Problem, Answer] | None:
    """The cameras if each picture was taken in its own time; None where that does not explain what was seen."""
    cameras = range(len(problem.free))
    of_camera = [{view.moment for view in problem.views if view.camera == camera} for camera in cameras]
    shared = [sum(bool(mine & others) for others in of_camera if others is not mine) for mine in of_camera]
    if min(map(len, of_camera)) < FEWEST_VIEWS or not all(shared):
        return None
    moments = sorted(set.union(*of_camera))
    place = {moment: index for index, moment in enumerate(moments)}
    views = tuple(replace(view, moment=place[view.moment]) for view in problem.views)
    problem, guess = replace(problem, views=views), replace(guess, boards=guess.boards[moments])
    answer = refine(_lenses_held(problem), guess, 2 * error_px)
    answer = refine(problem, answer.guess, softness_px)  # in its own time each picture tells of the lens too
    strays = any(map(_strays, _errors(views, answer), held_out))
    helps = rms(answer.residuals) < TIMED_HELPS * error_px and plausible(answer.guess.late)
    return (problem, answer) if helps and not strays else None


def _spread_out(items: Sequence, most: int) -> list:
    """At most so many of the items, evenly taken."""
    if len(items) <= most:
        return list(items)
    return [items[int(at)] for at in np.linspace(0, len(items) - 1, most).round()]


def _useful_moments(rows: Sequence[Sequence[Corners | None]]) -> list[int]:
    """Moments that tell something: up to MOST_VIEWS that each pair of cameras shares, and as many of each camera's."""
    chosen: set[int] = set()
    for one in range(len(rows)):
        for other in range(one, len(rows)):
            both = [moment for moment in range(len(rows[one]))
                    if rows[one][moment] is not None and rows[other][moment] is not None]
            chosen.update(_spread_out(both, MOST_VIEWS))
    return sorted(chosen)


def _stand(names: Sequence[str], poses: Sequence[Sequence[np.ndarray | None]], shared: np.ndarray) -> np.ndarray:
    """How the cameras stand to the first one, (C, 6) camera_from_first, along the pairs that share the most views.

    Raises:
        RigError: a camera shares too few views with the others.
    """
    known = {0: np.eye(4)}
    while len(known) < len(names):
        pairs = [(int(shared[there, new]), -there, -new) for there in known for new in range(len(names))
                 if new not in known]
        count, there, new = max(pairs)
        there, new = -there, -new
        if count < FEWEST_SHARED:
            missing = [camera for camera in range(len(names)) if camera not in known]
            raise RigError("; ".join(_too_few(names, shared, sorted(known), camera) for camera in missing))
        steps = [_matrix(b) @ np.linalg.inv(_matrix(a)) for a, b in zip(poses[there], poses[new], strict=True)
                 if a is not None and b is not None]
        known[new] = middle(np.array(steps)) @ known[there]
    return np.array([_vector(known[camera]) for camera in range(len(names))])


def _too_few(names: Sequence[str], shared: np.ndarray, known: Sequence[int], camera: int) -> str:
    nearest = max(known, key=lambda other: shared[camera, other])
    return (f"{names[camera]} shares {shared[camera, nearest]} views with {names[nearest]} and no more with others, "
            f"but {FEWEST_SHARED} are needed; film the board where {names[camera]} and {names[nearest]} both see it")


def _board_poses(poses: Sequence[Sequence[np.ndarray | None]], cameras: np.ndarray) -> np.ndarray:
    """Where the board stood at each moment, (M, 6) first_from_board: the most central of what the cameras say."""
    boards = []
    for moment in range(len(poses[0])):
        said = [np.linalg.inv(_matrix(cameras[camera])) @ _matrix(row[moment])
                for camera, row in enumerate(poses) if row[moment] is not None]
        boards.append(_vector(middle(np.array(said))))
    return np.array(boards)


def _matrix(vector: np.ndarray) -> np.ndarray:
    matrix = np.eye(4)
    matrix[:3, :3], matrix[:3, 3] = cv2.Rodrigues(vector[:3])[0], vector[3:]
    return matrix


def _vector(matrix: np.ndarray) -> np.ndarray:
    return np.concatenate([cv2.Rodrigues(matrix[:3, :3])[0].ravel(), matrix[:3, 3]])


def _result(names: Sequence[str], sizes: Mapping[str, tuple[int, int]], problem: Problem, answer: Answer,
            held_out: Sequence[float], shared: np.ndarray, said_before: tuple[str, ...] = ()) -> Calibration:
    cameras, reports, warnings, views = [], [], list(said_before), problem.views
    lens_covariance, pose_covariance = covariances(problem, answer)
    errors = _errors(views, answer)
    for camera, name in enumerate(names):
        mine = [at for at, view in enumerate(views) if view.camera == camera]
        error = errors[camera]
        lens = answer.guess.lenses[camera]
        stands = _matrix(answer.guess.cameras[camera])
        wide = problem.fisheye[camera]
        distortion = lens[FISHEYE] if wide else lens[4:] if lens[9:].any() else lens[4:9]
        cameras.append(Camera(name, sizes[name], lens_matrix(lens), "fisheye" if wide else "pinhole",
                              tuple(distortion.tolist()), stands[:3, :3] @ WORLD_FROM_LONE_CAMERA.T, stands[:3, 3],
                              error))
        corners = np.concatenate([views[at].corners.xy for at in mine])
        coverage = coverage_of(corners, sizes[name])
        focal_sigma = float(np.sqrt(lens_covariance[camera, 0, 0]) / lens[0])
        place_by_pose = _place_by_pose(answer.guess.cameras[camera])
        place = place_by_pose @ pose_covariance[camera] @ place_by_pose.T
        reports.append(CameraReport(name, len(mine), error, held_out[camera], coverage,
                                    problem.free[camera].shape[1], focal_sigma, np.sqrt(np.diag(place)),
                                    float(np.sqrt(np.diag(pose_covariance[camera])[:3].max())),
                                    lens_covariance[camera], pose_covariance[camera], corners,
                                    np.concatenate([answer.residuals[at] for at in mine])))
        if focal_sigma > 0.02:
            raise RigError(f"the focal length of {name} stays uncertain by {100 * focal_sigma:.0f} %; film the board "
                           "tilted to all sides and at several distances, not only facing the camera")
        if _strays(error, held_out[camera]):
            warnings.append(f"{name} agrees with itself to {held_out[camera]:.2f} px but with the other cameras to "
                            f"{error:.1f} px: the board clips are not quite in step; hold the board still more often")
        if coverage < ENOUGH_COVERAGE:
            warnings.append(f"the board covered {100 * coverage:.0f} % of {name}'s picture; move it into the corners "
                            "too, for the lens is only known where the board was seen")
    return Calibration(Rig(tuple(cameras)), tuple(reports), shared, tuple(warnings))


def _place_by_pose(pose: np.ndarray) -> np.ndarray:
    """(3, 6): how where a camera stands, -R^T t, follows from its rotation vector and translation."""
    turn, by_vector = cv2.Rodrigues(pose[:3])  # (9, 3) transposed: rows of the vector, columns of R
    by_turn = -np.einsum("aji,j->ia", by_vector.reshape(3, 3, 3), pose[3:])
    return np.concatenate([by_turn, -turn.T], axis=1)


def _without_mistakes(views: Sequence[View], answer: Answer) -> tuple[View, ...]:
    """The views without corners that lie far from where all others say they should."""
    distances = [np.linalg.norm(residual, axis=1) for residual in answer.residuals]
    limit = max(1.0, 8 * float(np.median(np.concatenate(distances))))
    kept = []
    for view, distance in zip(views, distances, strict=True):
        good = distance < limit
        if good.sum() >= 4:
            kept.append(View(view.camera, view.moment, Corners(view.corners.ids[good], view.corners.xy[good])))
    return tuple(kept)


def _mostly(kept: Sequence[View], views: Sequence[View]) -> bool:
    """Whether so many of each camera's corners were kept that the others are mistakes, and not this camera's word
    against the others'."""
    cameras = {view.camera for view in views}
    counts = [[sum(len(view.corners.ids) for view in some if view.camera == camera) for camera in cameras]
              for some in (kept, views)]
    return all(left >= MOST_KEPT * all_ for left, all_ in zip(*counts, strict=True))


def _errors(views: Sequence[View], answer: Answer) -> list[float]:
    """RMS distance in px between seen and explained corners of each camera."""
    cameras = range(1 + max(view.camera for view in views))
    return [rms([residual for view, residual in zip(views, answer.residuals, strict=True) if view.camera == camera])
            for camera in cameras]


def _strays(error_px: float, alone_px: float) -> bool:
    """Whether a camera agrees much less with the others than with itself."""
    return error_px > 4 * alone_px + 0.5
