"""Where the cameras that see the face say that it is in the pictures of the others.

Each camera's detector works alone: seen from the side a face may not be found at all, or an ear be taken for one. A
head is one rigid body in one place, so two cameras that agree on it know where a third must look, and one that sees it
well knows that of one that is lost. Each camera's word is the mean face, put where its landmarks
are (perspective n-point).
"""

from dataclasses import dataclass, replace

import numpy as np

from capture.camera import Rig, project, undistort
from solver.crop import Roi, roi_of_points
from solver.embedding import Embedding
from solver.face_model import FaceModel
from solver.face_poses import in_world, pose_of
from solver.landmarks import FEWEST, SURE, Landmarks, sized
from solver.reprojection import reprojected

ASTRAY = 0.35
"""A face that lies farther from where another camera's word puts it, in shares of its size, is another thing. The mean
face errs by a tenth in size and so in depth, which from the side is a quarter of a face."""
TOGETHER = 0.17
"""The same of the middles of all cameras' faces and the one place that suits them best."""
BENT = 0.12
"""A face whose landmarks lie otherwise to one another than in the mean face as another camera sees it stand, by more
than this share of its size, is another thing, too."""
UNSURE = 1.6
"""How many times as unsure of its points, for their size, all that contradict a single camera must be to be wrong."""
SIDEWAYS = np.cos(np.radians(95.0))
"""Cosine between where a face looks and the way to a camera below which its picture shows the back of a head."""
ONE_IN = 4
"""Points that a pose is found by: their errors go together, so that a quarter of them says as much."""


@dataclass(frozen=True)
class ByOthers:
    """For C cameras and T frames: wrong (C, T), whether something else than the face was followed; and where the face
    must be in such frames and in those without it, of each camera a table from frame to square, px of the picture."""

    wrong: np.ndarray
    squares: tuple[dict[int, Roi], ...]


def seen_by_others(landmarks: Landmarks, rig: Rig, model: FaceModel, embedding: Embedding, margin: float) -> ByOthers:
    """What C calibrated cameras say of one another. Where nobody can tell which of them is right nothing is said.

    Args:
        landmarks: (C, T, N) of these cameras at the same moments.
        rig: the cameras, in the landmarks' order.
        model: the face.
        embedding: where the landmarks lie on it.
        margin: a square's side as a multiple of the face's longer side.
    """
    words = _Words(landmarks, rig, model, embedding)
    wrong = np.zeros(words.found.shape, bool)
    squares: tuple[dict[int, Roi], ...] = tuple({} for _ in rig.cameras)
    for frame in np.flatnonzero(words.found.any(axis=0) & ~words.agreed()):
        right, face = words.consensus(frame)
        if face is None:
            continue
        for camera in set(range(len(rig.cameras))) - set(right):
            wrong[camera, frame] = words.found[camera, frame]
            points = words.shown(face, camera)
            if points is not None:
                squares[camera][int(frame)] = roi_of_points(points, margin, profile=True)
    return ByOthers(wrong, squares)


class _Words:
    """The words of all cameras: found (C, T); of each face its size (C, T) px, the median sigma (C, T) of its points
    as a share of that, and its middle as the one landmark of `middles`: of the points `placed` (T, N') that have a
    place in all cameras, for what is hidden in one is not in another."""

    def __init__(self, landmarks: Landmarks, rig: Rig, model: FaceModel, embedding: Embedding) -> None:
        few, known = landmarks.every(ONE_IN), embedding.every(ONE_IN)
        usable = known.known & ~known.contour
        self.rig = rig
        self.points = known.points(model, model.neutral)[usable]  # (N', 3)
        self.whole = embedding.points(model, model.neutral)  # (N, 3)
        self.xy, self.seen = few.xy[:, :, usable], few.seen[:, :, usable]
        self.found = self.seen.sum(axis=2) >= FEWEST
        self.placed = (np.isfinite(self.xy).all(axis=3) | ~self.found[..., None]).all(axis=0)
        self.found &= self.placed.any(axis=1)  # faces without a point in common have no middles to compare
        self.size, self.unsure = sized(landmarks)
        middle = np.full((*self.found.shape, 2), np.nan)
        for at in map(tuple, np.argwhere(self.found)):
            middle[at] = self.xy[at][self.placed[at[1]]].mean(axis=0)
        self.middles = replace(landmarks, xy=middle[:, :, None], sigma=self.unsure[..., None],
                               seen=self.found[..., None])

    def agreed(self) -> np.ndarray:
        """(T) bool: all cameras see one face in one place."""
        every = np.arange(self.found.shape[1])
        _, apart = reprojected(self.middles, self.rig, every, self.found[..., None])
        near = np.linalg.norm(np.nan_to_num(apart[:, :, 0]), axis=2) < TOGETHER * self.size
        return (self.found & near & (self.unsure <= SURE)).all(axis=0)

    def consensus(self, frame: int) -> tuple[list[int], np.ndarray | None]:
        """The cameras that see the face, and where it is, world_from_head (4, 4); None where nobody can tell."""
        found = np.flatnonzero(self.found[:, frame])
        best: tuple[bool, float] = (False, 0.0)
        right: list[int] = []
        face = None
        for camera in found:
            pose = self._pose(camera, frame)
            if pose is None:
                continue
            group = [int(other) for other in found if other == camera or self._stands(pose, other, frame)]
            weight = (len(group) > 1, float((self.unsure[group, frame] ** -2.0).sum()))
            if weight > best:
                best, right, face = weight, group, pose
        against = [camera for camera in found if camera not in right]
        if face is None or (len(right) == 1 and not self._alone(right[0], against, frame)):
            return [], None
        return right, self._put(face, right, frame)

    def _alone(self, camera: int, against: list[int], frame: int) -> bool:
        """Whether a camera that no other bears out is to be believed."""
        own = self.unsure[camera, frame]
        return bool(own <= SURE and all(self.unsure[other, frame] >= UNSURE * own for other in against))

    def shown(self, face: np.ndarray, camera: int) -> np.ndarray | None:
        """Where a face's landmarks lie in a camera's picture, (N, 2) px; None where it is not to be seen there."""
        lens = self.rig.cameras[camera]
        points = self.whole @ face[:3, :3].T + face[:3, 3]
        away = lens.centre - points.mean(axis=0)
        behind = (points @ lens.rotation.T + lens.translation)[:, 2] <= 0
        if behind.any() or face[:3, 2] @ away < SIDEWAYS * np.linalg.norm(away):
            return None
        pixels = project(lens, points)
        inside = (pixels.mean(axis=0) >= 0) & (pixels.mean(axis=0) < lens.size)
        return pixels if inside.all() else None

    def _pose(self, index: int, frame: int) -> np.ndarray | None:
        """world_from_head (4, 4) of the mean face by one camera's landmarks."""
        camera, chosen = self.rig.cameras[index], self.seen[index, frame]
        seen = pose_of(self.points[chosen], undistort(camera, self.xy[index, frame][chosen]), camera.matrix)
        return None if seen is None else in_world(seen, camera)

    def _stands(self, face: np.ndarray, index: int, frame: int) -> bool:
        """Whether a camera's landmarks lie as they would if the face were there."""
        camera, chosen = self.rig.cameras[index], self.seen[index, frame]
        points = self.points[chosen] @ face[:3, :3].T + face[:3, 3]
        if ((points @ camera.rotation.T + camera.translation)[:, 2] <= 0).any():
            return False
        shown = project(camera, points)
        size, off = np.ptp(shown, axis=0).max(), self.xy[index, frame][chosen] - shown
        shift = off.mean(axis=0)
        bent = np.median(np.linalg.norm(off - shift, axis=1))
        return bool(np.linalg.norm(shift) < ASTRAY * size and bent < BENT * size)

    def _put(self, face: np.ndarray, right: list[int], frame: int) -> np.ndarray:
        """The face where the middles of what these cameras see meet: one camera alone errs in depth."""
        if len(right) < 2:
            return face
        usable = np.zeros((len(self.rig.cameras), 1, 1), bool)
        usable[right] = True
        place, _ = reprojected(self.middles, self.rig, np.array([frame]), usable)
        out = face.copy()
        out[:3, 3] = place[0, 0] - face[:3, :3] @ self.points[self.placed[frame]].mean(axis=0)
        return out
