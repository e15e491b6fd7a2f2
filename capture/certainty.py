"""How sure a calibration is, in full: a table beside rig.toml for programs that weigh cameras."""

import json
from pathlib import Path

import numpy as np

from capture.calibrate import Calibration
from capture.files import write_bytes

LENS_ENTRIES = ("fx", "fy", "cx", "cy", "d1", "d2", "d3", "d4", "d5", "d6", "d7", "d8")


def save_certainty(calibration: Calibration, rig_path: Path) -> Path:
    """Write rig.certainty.json beside rig.toml: each camera's covariances, and what they rest on. Returns its path.

    `lens` is in px and OpenCV's coefficients, d1 the first of them; `pose` is that of the rotation vector and
    translation (metres) from the first camera's space to this one's; entries that were not free are 0.

    Raises:
        OutputError: it cannot be written.
    """
    path = rig_path.with_name(f"{rig_path.stem}.certainty.json")
    cameras = {report.name: {
        "views": report.views, "error_px": _plain(report.error_px), "held_out_px": _plain(report.held_out_px),
        "coverage": _plain(report.coverage), "position_sigma_m": _plain(report.position_sigma),
        "lens": _plain(report.lens_covariance), "pose": _plain(report.pose_covariance)}
        for report in calibration.cameras}
    table = {"version": 1, "lens_entries": LENS_ENTRIES, "pose_entries": ("rx", "ry", "rz", "tx", "ty", "tz"),
             "cameras": cameras}
    write_bytes(path, (json.dumps(table, indent=1) + "\n").encode())
    return path


def _plain(value: float | np.ndarray) -> float | list:
    """Six digits: an error bar is not known better, and processors differ in the last ones."""
    if isinstance(value, np.ndarray) and value.ndim:
        return [_plain(item) for item in value]
    return float(f"{float(value):.6g}")
