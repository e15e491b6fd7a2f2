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

import csv
import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from capture import timecode
from capture.errors import DataError
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

LIMIT = 1 << 30


@dataclass(frozen=True)
class LiveLinkTable:
    """The content of a Live Link Face CSV.

    Attributes:
        timecodes: (T) "HH:MM:SS:FF.mmm", FF in sixtieths of a second.
        values: (T, 61) in the order of COLUMNS; weights, then radians.
    """

    timecodes: tuple[str, ...]
    values: np.ndarray

    def weights(self, shape_names: tuple[str, ...]) -> np.ndarray:
        """(T, K): the columns of the named shapes; 0 where the file has none of that name."""
        out = np.zeros((len(self.values), len(shape_names)))
        for index, name in enumerate(shape_names):
            if name in SHAPES:
                out[:, index] = self.values[:, SHAPES.index(name)]
        return out


def write(scene: Scene, path: Path) -> None:
    """Write a scene's performance as Live Link Face would have recorded it.

    Raises:
        OutputError: it cannot be written.
        DataError: the start timecode does not exist at the frame rate.
    """
    write_table(table(scene), path)


def table(scene: Scene) -> LiveLinkTable:
    """A scene's performance as the 61 values of each frame."""
    performance = scene.performance
    start = timecode.parse(performance.start_timecode, performance.frame_rate)
    values = np.zeros((performance.frames, len(COLUMNS)))
    for index, name in enumerate(SHAPES):
        if name in performance.shape_names:
            values[:, index] = performance.weights[:, performance.shape_names.index(name)]
    values[:, len(SHAPES):] = angles(performance)
    return LiveLinkTable(tuple((start + frame).live_link_text() for frame in range(performance.frames)), values)


def angles(performance: Performance) -> np.ndarray:
    """(T, 9) radians: yaw, pitch and roll of the head, the left eye and the right eye, in the signs told above."""
    out = np.zeros((performance.frames, len(ANGLES)))
    out[:, 0:3] = yaw_pitch_roll(performance.head_rotation) * [-1.0, -1.0, 1.0]
    out[:, 3:5] = -performance.gaze[:, 0]
    out[:, 6:8] = -performance.gaze[:, 1]
    return out


def write_table(table: LiveLinkTable, path: Path) -> None:
    """Write a table: ten decimals, LF, no quotes.

    Raises:
        OutputError: it cannot be written.
    """
    out = io.StringIO()
    out.write(",".join(("Timecode", "BlendShapeCount", *COLUMNS)) + "\n")
    row = "%s,61," + ",".join(["%.10f"] * len(COLUMNS)) + "\n"
    for label, values in zip(table.timecodes, (table.values + 0.0).tolist(), strict=True):  # + 0.0: no "-0.0000000000"
        out.write(row % (label, *values))
    write_bytes(path, out.getvalue().encode())


def read(path: Path) -> LiveLinkTable:
    """Read a Live Link Face CSV, whichever way its header is spelled and ordered.

    Raises:
        DataError: the file is missing, damaged or another kind of table; the message names the line.
    """
    try:
        if path.stat().st_size > LIMIT:
            raise DataError(f"{path} is larger than {LIMIT >> 30} GiB; give a Live Link Face CSV")
        rows = list(csv.reader(io.StringIO(path.read_text(encoding="utf-8-sig"))))
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}; give a Live Link Face CSV") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path} is no CSV text ({error}); export it again from Live Link Face") from error
    header = [name.strip().lower() for name in rows[0]] if rows else []
    if header[:2] != ["timecode", "blendshapecount"]:
        raise DataError(f"{path} is no Live Link Face CSV: its first line does not begin with "
                        "Timecode,BlendShapeCount; export it again from Live Link Face")
    missing = [name for name in COLUMNS if name.lower() not in header]
    if missing:
        raise DataError(f"{path} has no column {missing[0]}; export it again from Live Link Face")
    places = [header.index(name.lower()) for name in COLUMNS]
    lines = [(number, row) for number, row in enumerate(rows[1:], start=2) if row]
    if not lines:
        raise DataError(f"{path} has a header and no frames; record the take again")
    values = np.array([_row(path, number, row, len(header), places) for number, row in lines])
    return LiveLinkTable(tuple(row[0].strip() for _, row in lines), values)


def _row(path: Path, number: int, row: list[str], width: int, places: list[int]) -> list[float]:
    cure = "the file is damaged, export it again from Live Link Face"
    if len(row) != width:
        raise DataError(f"{path}, line {number} has {len(row)} values and the header {width}; {cure}")
    try:
        timecode.parse_live_link(row[0], timecode.LIVE_LINK_BASE)
        values = [float(row[place]) for place in places]
    except DataError as error:
        raise DataError(f"{path}, line {number}: {error}") from None
    except ValueError as error:
        raise DataError(f"{path}, line {number}: {error}; {cure}") from None
    if not np.isfinite(values).all():
        raise DataError(f"{path}, line {number} has a value that is not finite; {cure}")
    return values
