"""Landmarks: what a detector found, in every camera and frame of a take."""

from dataclasses import dataclass, replace

import numpy as np

FAR_PX = 1e6
"""No picture has a landmark so far from its corner."""
SURE = 0.024
"""The median sigma of a face's landmarks, as a share of its size, up to which there surely is a face: filmed and made
ones have 0.004 to 0.021, an ear that was followed 0.026 and more, 373 squares without a face 0.03 and more."""
FEWEST = 12
"""Fewer points say nothing of a face."""
THIN = 0.05
"""A face's points spread in one direction at least so much as in the other; less is a line."""
NARROW_PX = 0.5
"""Points that spread less are one point."""
CHUNK = 256
"""Frames at a time: of a long take no second copy is made."""


@dataclass(frozen=True)
class Landmarks:
    """Points in pictures. A point that was not found, or is behind a hand or another thing, has `seen` False; the
    arrays never get shorter for it.

    Attributes:
        cameras: (C) camera names.
        scheme: the name of the point set, such as "mediapipe478": what point n means.
        xy: (C, T, N, 2) px, in the distorted picture as filmed; of points behind something, where the rest of the face
            says that they are; NaN where no face was found, or a point was left out.
        sigma: (C, T, N) px, the standard deviation that the detector claims per axis.
        seen: (C, T, N) bool.
    """

    cameras: tuple[str, ...]
    scheme: str
    xy: np.ndarray
    sigma: np.ndarray
    seen: np.ndarray

    def __post_init__(self) -> None:
        shape = self.seen.shape
        if len(shape) != 3 or shape[0] != len(self.cameras) or self.xy.shape != (*shape, 2) \
                or self.sigma.shape != shape:
            raise ValueError(f"landmarks of {len(self.cameras)} cameras do not fit: xy {self.xy.shape}, "
                             f"sigma {self.sigma.shape}, seen {shape}")

    @property
    def found(self) -> np.ndarray:
        """(C, T) bool: whether the camera saw the face at all."""
        return self.seen.any(axis=2)

    @property
    def whole(self) -> np.ndarray:
        """(C, T) bool: whether the camera saw the face, and each point of it has a place, if only a likely one."""
        return self.found & np.isfinite(self.xy).all(axis=(2, 3))

    def every(self, one_in: int) -> "Landmarks":
        """One point in so many alone."""
        part = slice(None, None, one_in)
        return replace(self, xy=self.xy[:, :, part], sigma=self.sigma[:, :, part], seen=self.seen[:, :, part])


def sound(landmarks: Landmarks) -> Landmarks:
    """The same without what cannot be: a point that is no number, or has no spread, was not seen; and a camera whose
    points are few, or lie on a line or in one place, did not see a face."""
    seen = landmarks.seen.copy()
    for camera in range(len(seen)):
        for start in range(0, seen.shape[1], CHUNK):
            part = (camera, slice(start, start + CHUNK))
            sigma = landmarks.sigma[part]
            with np.errstate(invalid="ignore"):
                seen[part] &= (np.abs(landmarks.xy[part]) < FAR_PX).all(axis=-1) & (sigma > 0) & (sigma < FAR_PX)
            thin, wide = _axes(landmarks.xy[part], seen[part])
            seen[part] &= ((thin >= THIN * wide) & (wide > NARROW_PX) & (seen[part].sum(axis=1) >= FEWEST))[:, None]
    return landmarks if (seen == landmarks.seen).all() else replace(landmarks, seen=seen)


def spreads(landmarks: Landmarks) -> tuple[np.ndarray, np.ndarray]:
    """What each camera's points in each frame are worth: (C, T) px, their standard deviation per axis, of which a face
    is four wide; and (C, T) px, the median of what the detector claims of them. NaN where no face was seen."""
    wide, claimed = np.full(landmarks.found.shape, np.nan), np.full(landmarks.found.shape, np.nan)
    for camera, found in enumerate(landmarks.found):
        for start in range(0, len(found), CHUNK):
            part = (camera, slice(start, start + CHUNK))
            seen, here = landmarks.seen[part], found[part[1]]
            wide[part][here] = np.sqrt(np.square(_axes(landmarks.xy[part], seen)).mean(axis=0))[here]
            claimed[part][here] = np.nanmedian(np.where(seen, landmarks.sigma[part], np.nan)[here], axis=1)
    return wide, claimed


def sized(landmarks: Landmarks) -> tuple[np.ndarray, np.ndarray]:
    """(C, T) px, each face's size, NaN where there is none; and (C, T) the median sigma of its landmarks as a share of
    that, infinite where there is none. Up to SURE there surely is a face."""
    wide, claimed = spreads(landmarks)
    return 4 * wide, np.where(np.isfinite(claimed), claimed / (4 * np.maximum(np.nan_to_num(wide), 1e-6)), np.inf)


def surely(landmarks: Landmarks) -> Landmarks:
    """The same without faces that a detector may have seen in something else."""
    sure = sized(landmarks)[1] <= SURE
    return landmarks if sure[landmarks.found].all() else replace(landmarks, seen=landmarks.seen & sure[..., None])


def _axes(xy: np.ndarray, seen: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(t) px each: how far the seen ones of (t, N, 2) points spread across and along the direction of their most."""
    count = np.maximum(seen.sum(axis=1), 1)[:, None]
    held = np.where(seen[..., None], xy, 0.0)
    apart = np.where(seen[..., None], held - (held.sum(axis=1) / count)[:, None], 0.0)
    variance = np.linalg.eigvalsh(apart.transpose(0, 2, 1) @ apart / count[..., None])  # (t, 2), the smaller first
    thin, wide = np.sqrt(np.maximum(variance, 0.0)).T
    return thin, wide
