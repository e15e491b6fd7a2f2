"""Live Link Face's CSV: 61 values a frame, as Apple's capture app records them.

Conventions, measured on a real recording unless said otherwise:

- The timecode counts sixtieths of a second with thousandths, whatever the take's rate.
- Weights may exceed 1. Shapes that the model lacks are 0.
- Angles are radians. Eye yaw is positive to the face's own right and eye pitch is positive down: in the recording
  LeftEyeYaw grows with EyeLookInLeft, RightEyeYaw with EyeLookOutRight, both pitches with EyeLookDown.
- The recording's head angles are all zero, so the head follows the eyes' convention: HeadYaw to the face's own right,
  HeadPitch down; HeadRoll is positive when the head leans to its own right shoulder (a positive roll in Unreal). The
  three turn in the order yaw, pitch, roll. They are world_from_head, as in mien.json.
- Eyes have no roll of their own: gaze is yaw and pitch.
"""

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from capture import timecode
from capture.files import write_bytes
from exporters.rotations import yaw_pitch_roll
from exporters.scene import Scene
from solver.face_model import ARKIT
from solver.performance import Performance

SHAPES = tuple(
    # Apple's order, but the recorder swaps each of these pairs.
    {"jawLeft": "jawRight", "jawRight": "jawLeft", "mouthLeft": "mouthRight", "mouthRight": "mouthLeft"}.get(name, name)
    for name in ARKIT)
ANGLES = tuple(part + angle for part in ("Head", "LeftEye", "RightEye") for angle in ("Yaw", "Pitch", "Roll"))
COLUMNS = tuple(name[0].upper() + name[1:] for name in SHAPES) + ANGLES
"""The header's 61 value columns."""

def write(scene: Scene, path: Path) -> None:
    """Write a scene's performance as Live Link Face would have recorded it.

    Raises:
        OutputError: it cannot be written.
        DataError: the start timecode does not exist at the frame rate.
    """
    performance = scene.performance
    start = timecode.parse(performance.start_timecode, performance.frame_rate)
    values = np.zeros((performance.frames, len(COLUMNS)))
    for index, name in enumerate(SHAPES):
        if name in performance.shape_names:
            values[:, index] = performance.weights[:, performance.shape_names.index(name)]
    values[:, len(SHAPES):] = angles(performance)
    write_table([(start + frame).live_link_text() for frame in range(performance.frames)], values, path)


def angles(performance: Performance) -> np.ndarray:
    """(T, 9) radians: yaw, pitch and roll of the head, the left eye and the right eye, in the signs told above."""
    out = np.zeros((performance.frames, len(ANGLES)))
    out[:, 0:3] = yaw_pitch_roll(performance.head_rotation) * [-1.0, -1.0, 1.0]
    out[:, 3:5] = -performance.gaze[:, 0]
    out[:, 6:8] = -performance.gaze[:, 1]
    return out


def write_table(timecodes: Sequence[str], values: np.ndarray, path: Path) -> None:
    """Write a table: ten decimals, LF, no quotes.

    Args:
        timecodes: (T) "HH:MM:SS:FF.mmm", FF in sixtieths of a second.
        values: (T, 61) in the order of COLUMNS; weights, then radians.

    Raises:
        OutputError: it cannot be written.
    """
    out = io.StringIO()
    out.write(",".join(("Timecode", "BlendShapeCount", *COLUMNS)) + "\n")
    row = "%s,61," + ",".join(["%.10f"] * len(COLUMNS)) + "\n"
    for label, numbers in zip(timecodes, (values + 0.0).tolist(), strict=True):  # + 0.0: no "-0.0000000000"
        out.write(row % (label, *numbers))
    write_bytes(path, out.getvalue().encode())
