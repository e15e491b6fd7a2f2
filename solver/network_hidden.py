"""Which landmarks are behind a hand or another thing, in pictures of a face that was found."""

from itertools import pairwise

import numpy as np
from scipy.ndimage import map_coordinates
from scipy.special import expit

from solver.crop import apply, crop_from_picture, crops
from solver.network_faces import Runner
from solver.network_occlusion import CELL, SIZE, face_square
from solver.network_run import as_input

BATCH = 16
"""Crops that the network sees at once."""


def occluded(network: Runner, pictures: list[np.ndarray], points: np.ndarray) -> np.ndarray:
    """How likely each point is behind something: (T, N), 0..1.

    Args:
        network: an `OcclusionNetwork` that runs.
        pictures: T of (H, W, 3) uint8.
        points: (T, N, 2) px, N of the face's 478 first.
    """
    out = np.zeros(points.shape[:2])
    for start, stop in pairwise([*range(0, len(points), BATCH), len(points)]):
        squares = [face_square(face) for face in points[start:stop]]
        cells = network(as_input(crops(pictures[start:stop], squares, SIZE)))[0][:, 0]  # (b, S / 4, S / 4)
        for row, (face, square, logit) in enumerate(zip(points[start:stop], squares, cells, strict=True), start):
            place = apply(crop_from_picture(square, SIZE), face) / CELL - 0.5  # a cell's middle is at a whole number
            out[row] = expit(map_coordinates(logit, place[:, ::-1].T, order=1, mode="nearest"))
    return out
