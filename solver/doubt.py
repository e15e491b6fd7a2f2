"""Which frames of a solve are doubtful, whatever their curves look like: flagged, so that nobody takes them unseen."""

import numpy as np

from solver.landmarks import Landmarks, spreads

UNLIKE = 2.5
"""So many times the take's median residual."""
UNEXPLAINED = 0.2
"""A residual of such a share of the spread of the landmarks. Faces that are explained have 0.02 to 0.05, ones on
MediaPipe's points, with a profile among the cameras, up to 0.15; cameras turned by 20 degrees make it 0.28."""
UNSURE = 0.1
"""The detector claims no better than such a share of the spread in any camera: 0.03 to 0.06 on faces, turned or small,
and 0.15 to 0.18 on heads upside down, where it finds a face that is not there."""
SMALL_PX = 8.0
"""The landmarks spread less in every camera: the face is 30 px wide, and its curves are noise."""


def doubtful(landmarks: Landmarks, residual_px: np.ndarray) -> np.ndarray:
    """(T) bool.

    Args:
        landmarks: of T frames.
        residual_px: (T), how far the solve is from them; NaN where no camera saw the face.
    """
    wide, claimed = spreads(landmarks)  # (C, T) each
    found = landmarks.found
    cameras = np.maximum(found.sum(axis=0), 1)
    mean = np.where(found, wide, 0.0).sum(axis=0) / cameras
    surest = np.where(found, claimed / np.where(found, wide, 1.0), np.inf).min(axis=0)
    widest = np.where(found, wide, 0.0).max(axis=0)
    residual = np.nan_to_num(residual_px, nan=0.0)
    return found.any(axis=0) & ((residual > UNLIKE * np.nanmedian(residual_px)) | (residual > UNEXPLAINED * mean)
                                | (surest > UNSURE) | (widest < SMALL_PX))
