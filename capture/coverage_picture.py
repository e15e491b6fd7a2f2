"""A picture per camera of what its calibration rests on: where the board was seen, and what was left unexplained."""

from pathlib import Path

import cv2
import numpy as np

from capture.calibrate import Calibration, CameraReport
from capture.camera import Camera
from capture.files import write_bytes

CELLS = 8
WIDTH = 960
"""Of the picture, px."""
VECTOR_SHARE = 0.05
"""How long a residual of three times the camera's error is drawn, as a share of the width."""
EMPTY, FULL, INK, PALE = (46, 42, 40), (150, 105, 40), (90, 220, 255), (225, 225, 225)  # BGR


def save_coverage(calibration: Calibration, rig_path: Path) -> list[Path]:
    """Write rig.camA.png and so on beside rig.toml. Returns their paths.

    Raises:
        OutputError: one cannot be written.
    """
    paths = []
    for camera, report in zip(calibration.rig.cameras, calibration.cameras, strict=True):
        path = rig_path.with_name(f"{rig_path.stem}.{camera.name}.png")
        write_bytes(path, cv2.imencode(".png", coverage_picture(camera, report))[1].tobytes())
        paths.append(path)
    return paths


def coverage_picture(camera: Camera, report: CameraReport) -> np.ndarray:
    """(H, W, 3) uint8 BGR: cells shaded by how many corners lie in them, and each corner's residual as a line.

    Empty cells stay dark: there the lens is not known. Residuals should point anywhere; where they all point one way,
    the lens or the board is not what was assumed.
    """
    scale = WIDTH / camera.size[0]
    height = round(camera.size[1] * scale)
    picture = np.full((height, WIDTH, 3), EMPTY, np.uint8)
    cells = np.clip((report.corners / camera.size * CELLS).astype(int), 0, CELLS - 1)
    counts = np.zeros((CELLS, CELLS))
    np.add.at(counts, (cells[:, 1], cells[:, 0]), 1)
    for row, column in np.argwhere(counts > 0):
        share = 0.35 + 0.65 * min(1.0, counts[row, column] / max(np.median(counts[counts > 0]) * 2, 1))
        colour = tuple(round(low + share * (high - low)) for low, high in zip(EMPTY, FULL, strict=True))
        corner = (column * WIDTH // CELLS, row * height // CELLS)
        cv2.rectangle(picture, corner, ((column + 1) * WIDTH // CELLS - 2, (row + 1) * height // CELLS - 2), colour, -1)
    gain = VECTOR_SHARE * WIDTH / max(3 * report.error_px, 1e-6)
    order = np.linspace(0, len(report.corners) - 1, min(len(report.corners), 1500)).astype(int)
    for start, residual in zip(report.corners[order] * scale, report.residuals[order], strict=True):
        end = start + gain * residual
        cv2.line(picture, tuple(start.round().astype(int).tolist()), tuple(end.round().astype(int).tolist()), INK, 1,
                 cv2.LINE_AA)
    bar = round(gain * report.error_px)
    words = (f"{report.name}: {report.views} views, {report.error_px:.2f} px, held out {report.held_out_px:.2f} px, "
             f"covers {report.coverage:.0%}")
    band = np.full((64, WIDTH, 3), 20, np.uint8)
    cv2.putText(band, words, (12, 26), cv2.FONT_HERSHEY_SIMPLEX, 0.6, PALE, 1, cv2.LINE_AA)
    cv2.line(band, (12, 48), (12 + bar, 48), INK, 2)
    cv2.putText(band, f"= {report.error_px:.2f} px; lines lead from seen to explained corners", (24 + bar, 53),
                cv2.FONT_HERSHEY_SIMPLEX, 0.5, PALE, 1, cv2.LINE_AA)
    return np.concatenate([picture, band])
