"""From stored pictures to what the network sees: another square about the face, another camera's faults, each time."""

import cv2
import numpy as np

from solver.crop import Roi, apply, crop_from_picture, crops, roi_of_points

MARGIN = 1.35
"""The side of our network's square as a multiple of the face's longer side."""

GRAIN = np.random.default_rng(0).standard_normal((512, 512, 3), dtype=np.float32)
"""Noise to cut from: drawing it anew took a third of an example's time."""


def jittered(points: np.ndarray, random: np.random.Generator, amount: float = 1.0) -> Roi:
    """The square about a face as tracking would place it: moved, scaled and turned a little. points (478, 2) px."""
    return shaken(roi_of_points(points, MARGIN, profile=True), random, amount)


def shaken(roi: Roi, random: np.random.Generator, amount: float = 1.0) -> Roi:
    """A square moved, scaled and turned a little."""
    centre = np.asarray(roi.centre) + random.normal(0, 0.025 * amount, 2) * roi.side
    return Roi((float(centre[0]), float(centre[1])), roi.side * float(np.exp(random.normal(0, 0.07 * amount))),
               roi.angle + float(random.normal(0, np.radians(4) * amount)))


def example(picture: np.ndarray, points: np.ndarray, size: int, random: np.random.Generator,
            amount: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """One training example: (S, S, 3) uint8 and (478, 2) px in the picture -> (size, size, 3) uint8 and (478, 2) px in
    the network's own coordinates. `amount` 0 leaves all faults out."""
    roi = jittered(points, random, amount)
    crop, inside = crops([picture], [roi], size)[0], apply(crop_from_picture(roi, size), points)
    return (faulty(crop, random) if amount else crop), inside


def faulty(picture: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """A picture as a real camera might have taken it: tone, colour, shade, blur, motion, noise, compression."""
    side = len(picture)
    value = picture.astype(np.float32) / 255
    if random.random() < 0.8:  # tone
        value = value ** np.exp(random.normal(0, 0.25))
        value = (value - 0.5) * np.exp(random.normal(0, 0.2)) + 0.5 + random.normal(0, 0.07)
        value = value * random.normal(1, 0.06, 3).astype(np.float32)
    if random.random() < 0.3:  # a soft shadow's edge
        y, x = np.mgrid[:side, :side].astype(np.float32) / side - 0.5
        angle, offset = random.uniform(0, 2 * np.pi), random.normal(0, 0.25)
        edge = np.clip((x * np.cos(angle) + y * np.sin(angle) - offset) / random.uniform(0.02, 0.4) + 0.5, 0, 1)
        value = value * (1 - random.uniform(0.1, 0.6) * edge[:, :, None])
    if random.random() < 0.1:
        value = np.repeat(value.mean(axis=2, keepdims=True), 3, axis=2)
    if random.random() < 0.4:  # out of focus, or small in the frame
        value = cv2.GaussianBlur(value, (0, 0), random.uniform(0.3, 1.6))
    if random.random() < 0.15:
        value = cv2.filter2D(value, -1, _motion(random.uniform(2, 8), random.uniform(0, np.pi)))
    if random.random() < 0.7:
        x, y = random.integers(0, len(GRAIN) - side, 2)
        noise = GRAIN[y:y + side, x:x + side] * np.float32(random.uniform(0, 0.05))
        value = value + (cv2.GaussianBlur(noise, (0, 0), 0.6) * 1.5 if random.random() < 0.4 else noise)
    picture = np.clip(value * 255 + 0.5, 0, 255).astype(np.uint8)
    if random.random() < 0.4:
        quality = [cv2.IMWRITE_JPEG_QUALITY, int(random.integers(25, 90))]
        picture = cv2.imdecode(cv2.imencode(".jpg", picture, quality)[1], cv2.IMREAD_COLOR)
    return picture


def _motion(length: float, angle: float) -> np.ndarray:
    """A centred kernel that smears along a line: (k, k), k odd."""
    size = int(length) // 2 * 2 + 3
    kernel = np.zeros((size, size), np.float32)
    middle, step = size // 2, np.array([np.cos(angle), np.sin(angle)]) * length / 2
    ends = [tuple(round((middle + sign * value) * 16) for value in step.tolist()) for sign in (-1, 1)]
    cv2.line(kernel, ends[0], ends[1], 1.0, 1, cv2.LINE_AA, shift=4)
    kernel = kernel + kernel[::-1, ::-1]  # whatever the line drawing rounded, its middle stays the middle
    return kernel / kernel.sum()


def creased(picture: np.ndarray, lines: tuple[tuple[np.ndarray, float, float], ...], random: np.random.Generator
            ) -> np.ndarray:
    """Dark lines along edges of the face, as lashes make them and lids and lips where they meet: our heads have
    neither lashes nor light that dies away in a fold.

    Args:
        picture: (S, S, 3) uint8, not changed.
        lines: each the points (N, 2) px, in the networks' coordinates, how often it is drawn, and how dark at most.
    """
    value = picture.astype(np.float32)
    for points, often, darkest in lines:
        if random.random() > often:
            continue
        mask = np.zeros(picture.shape[:2], np.uint8)
        cv2.polylines(mask, [np.round((points - 0.5) * 16).astype(np.int32)], False, 255,
                      int(random.integers(1, 4)), cv2.LINE_AA, shift=4)
        share = cv2.GaussianBlur(mask, (0, 0), random.uniform(0.4, 1.1)).astype(np.float32)
        share *= random.uniform(0.2, 1.0) * darkest / max(float(share.max()), 1.0)
        value *= 1 - share[:, :, None]
    return np.clip(value + 0.5, 0, 255).astype(np.uint8)
