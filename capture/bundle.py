"""Bundle adjustment of a flat board: cameras, lenses and board poses that explain all corners at once.

Triggs et al., "Bundle Adjustment: A Modern Synthesis" (1999). The lens is OpenCV's; poses are axis-angle and
translation (a rotation vector and metres). Derivatives are exact: OpenCV gives those of a projection and of two poses
one after the other, and the chain rule does the rest.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np
from scipy import sparse
from scipy.linalg import cho_factor, cho_solve

from capture.board import Corners

LENS = 12
"""Numbers of a lens: fx, fy, cx, cy, k1, k2, p1, p2, k3, k4, k5, k6; of a fisheye fx, fy, cx, cy, k1, k2, k3, k4, and
four that stay 0."""

FISHEYE = slice(4, 8)


PLAUSIBLE_DISTORTION = (0.5, 1.0, 0.02, 0.02, 1.0, 0.5, 1.0, 1.0)
"""Standard deviations of k1, k2, p1, p2, k3, k4, k5, k6 over the lenses that exist."""

PLAUSIBLE_LATENESS = 0.3
"""Standard deviation, in frames, of when pictures are taken by cameras that are not in step."""


@dataclass(frozen=True)
class View:
    """What one camera saw of the board at one moment.

    Attributes:
        slide: (2, K, 2) how fast its corners move in the picture, px a frame, and how that changes, px a frame^2.
            Where it is given the picture may have been taken later or earlier than its moment.
    """

    camera: int
    moment: int
    corners: Corners
    slide: np.ndarray | None = field(default=None, compare=False)


@dataclass(frozen=True)
class Problem:
    """C cameras, M moments.

    Attributes:
        points: (N, 3) metres, the board's corners on the board.
        views: all that was seen.
        free: for each camera (LENS, n): which directions of its lens may change.
        fixed_camera: whose pose stays, because only relative poses can be known.
        fisheye: for each camera whether its lens is a fisheye; () for none.
    """

    points: np.ndarray
    views: tuple[View, ...]
    free: tuple[np.ndarray, ...]
    fixed_camera: int = 0
    fisheye: tuple[bool, ...] = ()


@dataclass(frozen=True)
class Guess:
    """What is looked for.

    Attributes:
        lenses: (C, LENS) px and coefficients.
        cameras: (C, 6) rotation vector and metres, camera_from_world.
        boards: (M, 6) rotation vector and metres, world_from_board.
        late: (V) frames by which each view's picture was taken after its moment; None: all 0.
    """

    lenses: np.ndarray
    cameras: np.ndarray
    boards: np.ndarray
    late: np.ndarray | None = None


@dataclass(frozen=True)
class Answer:
    """The best guess.

    Attributes:
        guess: the minimum.
        residuals: for each view (K, 2) px, explained minus seen.
    """

    guess: Guess
    residuals: tuple[np.ndarray, ...]


def lens_matrix(lens: np.ndarray) -> np.ndarray:
    """The camera matrix (3, 3) of a lens (LENS,)."""
    return np.array([[lens[0], 0.0, lens[2]], [0.0, lens[1], lens[3]], [0.0, 0.0, 1.0]])


def picture_of(lens: np.ndarray, fisheye: bool, points: np.ndarray, rotation: np.ndarray, translation: np.ndarray,
               ) -> tuple[np.ndarray, np.ndarray]:
    """Where points (K, 3) appear, (K, 2) px, and the derivatives by its pose (rotation vector, translation) and
    the lens: (2K, 6 + LENS)."""
    if not fisheye:
        pixels, jacobian = cv2.projectPoints(points, rotation, translation, lens_matrix(lens), lens[4:])
        return pixels.reshape(-1, 2), jacobian[:, :6 + LENS]
    pixels, jacobian = cv2.fisheye.projectPoints(points.reshape(-1, 1, 3), rotation.reshape(3, 1),
                                                 translation.reshape(3, 1), lens_matrix(lens), lens[FISHEYE])
    ours = np.zeros((len(jacobian), 6 + LENS))
    # OpenCV's order: focal lengths, centre, coefficients, rotation, translation, skew.
    ours[:, :6], ours[:, 6:14] = jacobian[:, 8:14], jacobian[:, :8]
    return pixels.reshape(-1, 2), ours


def refine(problem: Problem, start: Guess, softness_px: float = 1.0, steps: int = 50) -> Answer:
    """Minimise the distances between seen and explained corners; those beyond `softness_px` count less.

    Levenberg-Marquardt on reweighted squares: each corner's distance d costs s^2 (sqrt(1 + d^2 / s^2) - 1), which is
    d^2 / 2 for small d and s d for large. The normal equations are small and dense enough to solve them exactly; an
    iterative solver needs many times as long here, because focal length and distance are nearly interchangeable.
    """
    layout = _Layout(problem, start)
    change, damping = np.zeros(layout.size), 1e-3
    flat, jacobian = layout.compute(change)
    for _ in range(steps):
        weights = np.repeat(1 / np.sqrt(1 + _squares(flat) / softness_px ** 2), 2)
        weighted = jacobian.multiply(weights[:, None]).tocsr()
        normal = (weighted.T @ jacobian).toarray()
        prior, pull = layout.prior(change, softness_px)
        normal[np.diag_indices_from(normal)] += prior
        gradient = weighted.T @ flat + pull
        scale = np.diag(normal).copy()
        step = -_solve(normal + np.diag(damping * scale + 1e-12), gradient)
        tried, tried_jacobian = layout.compute(change + step)
        cost = layout.cost(change, flat, softness_px)
        gain = cost - layout.cost(change + step, tried, softness_px)
        if not gain > 0:
            damping *= 8
            if damping > 1e8:
                break
            continue
        change, flat, jacobian, damping = change + step, tried, tried_jacobian, max(damping / 8, 1e-12)
        if gain < 1e-9 * cost:
            break
    ends = np.cumsum([2 * len(view.corners.ids) for view in problem.views])[:-1]
    return Answer(layout.unpack(change), tuple(part.reshape(-1, 2) for part in np.split(flat, ends)))


def covariances(problem: Problem, answer: Answer) -> tuple[np.ndarray, np.ndarray]:
    """Of the lenses (C, LENS, LENS), px and coefficients, and of the cameras (C, 6, 6), rotation vector and metres as
    in `Guess`; 0 for what is fixed. Of the corners' noise alone: independent, of the size that the residuals show."""
    layout = _Layout(problem, answer.guess)
    flat, jacobian = layout.compute(np.zeros(layout.size))
    variance = (1.4826 * np.median(np.abs(flat))) ** 2  # robust: a few mistaken corners must not widen every error bar
    normal = (jacobian.T @ jacobian).toarray()
    normal[layout.late_at:, layout.late_at:] += variance / PLAUSIBLE_LATENESS**2 * np.eye(layout.size - layout.late_at)
    scale = np.sqrt(np.maximum(np.diag(normal), 1e-30))
    values, vectors = np.linalg.eigh(normal / np.outer(scale, scale))
    # What the views do not tell at all comes out as very uncertain, not as certain.
    root = vectors[:layout.board_at] / np.sqrt(np.maximum(values, 1e-13)) / scale[:layout.board_at, None]
    return layout.spread(variance * root @ root.T)


def _squares(flat: np.ndarray) -> np.ndarray:
    return (flat.reshape(-1, 2) ** 2).sum(axis=1)


def _solve(normal: np.ndarray, right: np.ndarray) -> np.ndarray:
    try:
        return cho_solve(cho_factor(normal), right)
    except np.linalg.LinAlgError:
        return np.linalg.lstsq(normal, right, rcond=None)[0]


class _Layout:
    """Where each unknown stands in the vector that is optimised: lenses, cameras but the fixed one, boards, and when
    those views were taken that can tell."""

    def __init__(self, problem: Problem, start: Guess) -> None:
        self.problem, self.start = problem, start
        counts = [free.shape[1] for free in problem.free]
        self.lens_at = np.concatenate([[0], np.cumsum(counts)])
        others = [camera for camera in range(len(problem.free)) if camera != problem.fixed_camera]
        self.camera_at = {camera: int(self.lens_at[-1]) + 6 * place for place, camera in enumerate(others)}
        self.board_at = int(self.lens_at[-1]) + 6 * len(others)
        self.late_at = self.board_at + 6 * len(start.boards)
        self.sliding = [index for index, view in enumerate(problem.views) if view.slide is not None]
        self.late_of = {index: self.late_at + place for place, index in enumerate(self.sliding)}
        self.size = self.late_at + len(self.sliding)

    def unpack(self, change: np.ndarray) -> Guess:
        lenses, cameras = self.start.lenses.copy(), self.start.cameras.copy()
        for camera, free in enumerate(self.problem.free):
            lenses[camera] += free @ change[self.lens_at[camera]:self.lens_at[camera + 1]]
        for camera, at in self.camera_at.items():
            cameras[camera] += change[at:at + 6]
        late = np.zeros(len(self.problem.views)) if self.start.late is None else self.start.late.copy()
        late[self.sliding] += change[self.late_at:]
        boards = self.start.boards + change[self.board_at:self.late_at].reshape(-1, 6)
        return Guess(lenses, cameras, boards, late)

    def spread(self, covariance: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        count = len(self.problem.free)
        lenses, cameras = np.zeros((count, LENS, LENS)), np.zeros((count, 6, 6))
        for camera, free in enumerate(self.problem.free):
            at = slice(self.lens_at[camera], self.lens_at[camera + 1])
            lenses[camera] = free @ covariance[at, at] @ free.T
        for camera, at in self.camera_at.items():
            cameras[camera] = covariance[at:at + 6, at:at + 6]
        return lenses, cameras

    def prior(self, change: np.ndarray, softness_px: float) -> tuple[np.ndarray, np.ndarray]:
        """Curvature (diagonal) and gradient of the pull that keeps a lens plausible where the views do not tell."""
        curvature = np.zeros(self.size)
        end = int(self.lens_at[-1])
        widths = [self.problem.free[camera].T @ self._plausible(camera) for camera in range(len(self.problem.free))]
        width = np.concatenate(widths) if end else np.zeros(0)
        curvature[:end] = (softness_px / width) ** 2
        curvature[self.late_at:] = (softness_px / PLAUSIBLE_LATENESS) ** 2
        return curvature, curvature * change

    def cost(self, change: np.ndarray, flat: np.ndarray, softness_px: float) -> float:
        soft = softness_px ** 2 * (np.sqrt(1 + _squares(flat) / softness_px ** 2) - 1)
        return float(soft.sum() + (self.prior(change, softness_px)[0] * change ** 2).sum() / 2)

    def _plausible(self, camera: int) -> np.ndarray:
        """How far each number of a lens may stray, as a standard deviation."""
        focal = self.start.lenses[camera, 0]
        return np.array([focal, focal, 0.03 * focal, 0.03 * focal, *PLAUSIBLE_DISTORTION])

    def compute(self, change: np.ndarray) -> tuple[np.ndarray, sparse.csr_matrix]:
        """Explained minus seen corners (2K,) over all views, and its derivatives (2K, unknowns)."""
        guess = self.unpack(change)
        values, rows, columns, entries, row = [], [], [], [], 0
        for index, view in enumerate(self.problem.views):
            board, camera = guess.boards[view.moment], guess.cameras[view.camera]
            composed = cv2.composeRT(board[:3], board[3:], camera[:3], camera[3:])
            rotation, translation = composed[0], composed[1]
            # Derivatives of the composed rotation, then of the composed translation, by each pose's own.
            turn = dict(zip(("rr1", "rt1", "rr2", "rt2", "tr1", "tt1", "tr2", "tt2"), composed[2:], strict=True))
            lens = guess.lenses[view.camera]
            fisheye = bool(self.problem.fisheye) and self.problem.fisheye[view.camera]
            pixels, jacobian = picture_of(lens, fisheye, self.problem.points[view.corners.ids], rotation, translation)
            seen, blocks = view.corners.xy, []
            if view.slide is not None:  # where its corners were at the moment itself
                late, (speed, change_of_speed) = guess.late[index], view.slide
                seen = seen - late * (speed - late / 2 * change_of_speed)
                blocks.append((self.late_of[index], (speed - late * change_of_speed).reshape(-1, 1)))
            values.append((pixels - seen).ravel())
            by_pose = jacobian[:, :6]  # (2K, 6)
            blocks += [(self.lens_at[view.camera], jacobian[:, 6:6 + LENS] @ self.problem.free[view.camera]),
                       (self.board_at + 6 * view.moment, by_pose @ np.block([[turn["rr1"], turn["rt1"]],
                                                                             [turn["tr1"], turn["tt1"]]]))]
            if view.camera in self.camera_at:
                blocks.append((self.camera_at[view.camera], by_pose @ np.block([[turn["rr2"], turn["rt2"]],
                                                                                [turn["tr2"], turn["tt2"]]])))
            for column, block in blocks:
                height, width = block.shape
                rows.append(np.repeat(np.arange(row, row + height), width))
                columns.append(np.tile(np.arange(column, column + width), height))
                entries.append(block.ravel())
            row += len(by_pose)
        matrix = sparse.csr_matrix((np.concatenate(entries), (np.concatenate(rows), np.concatenate(columns))),
                                   shape=(row, self.size))
        return np.concatenate(values), matrix


def rms(residuals: Sequence[np.ndarray]) -> float:
    """Root of the mean squared distance in px over views of residuals (K, 2)."""
    flat = np.concatenate(residuals)
    return float(np.sqrt((flat ** 2).sum(axis=1).mean()))
