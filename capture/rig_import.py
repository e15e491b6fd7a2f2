"""Other programs' calibrations -> Rig. Each function's docstring names the convention it reads."""

import math
import re
from collections.abc import Mapping
from pathlib import Path

import cv2
import numpy as np

from capture.camera import MODELS, MOST_SKEW_PX, WORLD_FROM_LONE_CAMERA, Camera, Rig
from capture.errors import RigError
from capture.toml_file import read_toml

LARGEST_FILE = 64 << 20


def import_rig(path: Path, size: tuple[int, int] | None = None, unit_m: float = 1.0) -> Rig:
    """Read a calibration of another program, told by its file.

    Args:
        path: OpenCV .yml, .yaml, .xml or .json; caliscope's or aniposelib's .toml; or a folder with COLMAP's
            cameras.txt and images.txt.
        size: width, height in px, where the file does not state it.
        unit_m: metres in one unit of the file's lengths (1.0: it is in metres already).

    The world becomes the first camera's own space turned to Y up, as `capture.calibrate` has it, because other
    programs' worlds have no common up.

    Raises:
        RigError: it cannot be read, or states no complete camera.
    """
    path = Path(path)
    if not math.isfinite(unit_m) or unit_m <= 0:
        raise RigError(f"a unit of {unit_m} metres makes no sense; 0.001 is a millimetre, 1 a metre")
    kind = _kind(path)
    if kind == "opencv":
        return _from_first_camera(from_opencv(path, size), unit_m)
    read = {"colmap": from_colmap, "caliscope": from_caliscope, "anipose": from_anipose}[kind]
    return _from_first_camera(read(path), unit_m)


CONVENTIONS = {
    "opencv": "OpenCV's FileStorage (x right, y down, z forward; the second camera from the first; pixels from the "
              "middle of the top-left one)",
    "caliscope": "caliscope's (camera from world, OpenCV's axes, metres)",
    "anipose": "aniposelib's (camera from world as rotation vectors, OpenCV's axes, the board's unit)",
    "colmap": "COLMAP's text (camera from world as quaternions, w first, OpenCV's axes, no unit; pixels from the "
              "corner of the top-left one)"}


def convention(path: Path) -> str:
    """By which convention `import_rig` reads a file, in words.

    Raises:
        RigError: it is no calibration that is known.
    """
    return CONVENTIONS[_kind(Path(path))]


def _kind(path: Path) -> str:
    if path.is_dir():
        return "colmap"
    if path.suffix.lower() in (".yml", ".yaml", ".xml", ".json"):
        return "opencv"
    if path.suffix.lower() == ".toml":
        table = _toml(path)
        tables = table.get("cameras") if isinstance(table.get("cameras"), dict) else table
        caliscope = any(isinstance(entry, dict) and ("cam_id" in entry or "port" in entry) for entry in tables.values())
        return "caliscope" if caliscope else "anipose"
    raise RigError(f"{path} is no calibration that mien knows; give OpenCV's .yml or .xml, caliscope's or "
                   "aniposelib's .toml, or COLMAP's text folder")


def from_opencv(path: Path, size: tuple[int, int] | None = None) -> Rig:
    """OpenCV's FileStorage, as its samples `calibration.cpp` and `stereo_calib.cpp` write it.

    One camera: camera_matrix, distortion_coefficients, image_width, image_height. Two: M1, D1, M2, D2 (intrinsics.yml)
    and R, T (extrinsics.yml beside it, or the same file): x_2 = R x_1 + T. Pixels count from the centre of the top-left
    one; lengths are in the units of the board that was given, which the file does not state.

    Raises:
        RigError: entries are missing or no size is known.
    """
    store = _open_store(path)
    if size is None:
        size = _size(path, [_number(path, store, key) for key in ("image_width", "image_height")])
    if store.getNode("M1").empty():
        matrix = _array(path, store, "camera_matrix", 9).reshape(3, 3)
        return Rig((_camera(path, path.stem, size, matrix, _array(path, store, "distortion_coefficients")),))
    beside = path.with_name(path.name.replace("intrinsics", "extrinsics"))
    poses = store if not store.getNode("R").empty() else _open_store(beside)
    turn, shift = _array(path, poses, "R", 9).reshape(3, 3), _array(path, poses, "T", 3)
    left, right = ((_array(path, store, matrix, 9).reshape(3, 3), _array(path, store, distortion))
                   for matrix, distortion in (("M1", "D1"), ("M2", "D2")))
    return Rig((_camera(path, "left", size, *left), _camera(path, "right", size, *right, turn, shift)))


def from_caliscope(path: Path) -> Rig:
    """caliscope's camera_array.toml or the older config.toml: a table [cameras.N] or [cam_N] for each camera.

    matrix and distortions are OpenCV's; rotation (3, 3, or a rotation vector in newer files) and translation take
    world to camera, in metres, OpenCV's axes. A camera that was ignored, or has no pose, is left out. Cameras are named
    cam_N, as caliscope's clips are.

    Raises:
        RigError: no camera in it is complete.
    """
    table = _toml(path)
    entries = table["cameras"] if isinstance(table.get("cameras"), dict) else {
        name: entry for name, entry in table.items() if re.fullmatch(r"cam_\d+", name)}
    cameras = []
    for key, entry in entries.items():
        if not isinstance(entry, dict) or entry.get("ignore") or entry.get("translation") is None:
            continue
        turn = _numbers(path, key, entry, "rotation")
        turn = cv2.Rodrigues(turn.reshape(3))[0] if turn.size == 3 else turn
        name = key if key.startswith("cam_") else f"cam_{key}"
        error = entry.get("error")
        cameras.append(_camera(path, name, _size(path, entry.get("size")), _numbers(path, key, entry, "matrix"),
                               _numbers(path, key, entry, "distortions").ravel(), turn,
                               _numbers(path, key, entry, "translation"), bool(entry.get("fisheye", False)),
                               float(error) if isinstance(error, int | float) else None))
    return _rig(path, cameras)


def from_anipose(path: Path) -> Rig:
    """aniposelib's calibration.toml: a table [cam_N] for each camera with name, size, matrix, distortions, and
    rotation (a rotation vector) and translation that take world to camera, OpenCV's axes, in the board's units
    (millimetres, as a rule: give unit_m = 0.001).

    Raises:
        RigError: no camera in it is complete.
    """
    cameras = []
    for key, entry in _toml(path).items():
        if key == "metadata" or not isinstance(entry, dict) or "matrix" not in entry:
            continue
        turn = _numbers(path, key, entry, "rotation").ravel()
        if turn.shape != (3,):
            raise RigError(f"{path}: [{key}] rotation is no vector of three numbers; export the calibration again")
        cameras.append(_camera(path, str(entry.get("name", key)), _size(path, entry.get("size")),
                               _numbers(path, key, entry, "matrix"), _numbers(path, key, entry, "distortions").ravel(),
                               cv2.Rodrigues(turn)[0], _numbers(path, key, entry, "translation"),
                               bool(entry.get("fisheye", False))))
    return _rig(path, cameras)


def from_colmap(folder: Path) -> Rig:
    """COLMAP's text export: cameras.txt (CAMERA_ID MODEL WIDTH HEIGHT PARAMS...) and images.txt, of which every other
    line is IMAGE_ID QW QX QY QZ TX TY TZ CAMERA_ID NAME.

    The quaternion (w first) and translation take world to camera, OpenCV's axes. Pixels count from the CORNER of the
    top-left one, so half a pixel is taken off the principal point here. Lengths have no known unit. One picture per
    camera; a camera is named after the stem of its picture.

    Raises:
        RigError: a file is missing or a lens model is not among SIMPLE_PINHOLE, PINHOLE, SIMPLE_RADIAL, RADIAL, OPENCV,
            OPENCV_FISHEYE, FULL_OPENCV.
    """
    lenses = {}
    for fields in _rows(folder / "cameras.txt"):
        lenses[fields[0]] = _colmap_lens(folder / "cameras.txt", fields)
    cameras = []
    for fields in _rows(folder / "images.txt", every=2):
        try:
            w, x, y, z, *shift = (float(value) for value in fields[1:8])
            lens = lenses[fields[8]]
            name = Path(" ".join(fields[9:])).stem
        except (ValueError, KeyError, IndexError):
            raise RigError(f"{folder / 'images.txt'} has a line that is no picture: {' '.join(fields)[:60]!r}; "
                           "export the model as text again") from None
        length = math.sqrt(w * w + x * x + y * y + z * z)
        if not length > 0:
            raise RigError(f"{folder / 'images.txt'}: {name} has no rotation; export the model as text again")
        w, x, y, z = (value / length for value in (w, x, y, z))
        turn = np.array([[1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
                         [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
                         [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)]])
        size, matrix, model, distortion = lens
        cameras.append(_camera(folder, name, size, matrix, distortion, turn, np.array(shift), model == "fisheye"))
    return _rig(folder, cameras)


# COLMAP's lens models: which parameter is fx, fy, cx, cy, and where the rest go in OpenCV's order.
COLMAP_LENSES: Mapping[str, tuple[tuple[int, int, int, int], tuple[int | None, ...], str]] = {
    "SIMPLE_PINHOLE": ((0, 0, 1, 2), (), "pinhole"),
    "PINHOLE": ((0, 1, 2, 3), (), "pinhole"),
    "SIMPLE_RADIAL": ((0, 0, 1, 2), (3,), "pinhole"),
    "RADIAL": ((0, 0, 1, 2), (3, 4), "pinhole"),
    "OPENCV": ((0, 1, 2, 3), (4, 5, 6, 7), "pinhole"),
    "OPENCV_FISHEYE": ((0, 1, 2, 3), (4, 5, 6, 7), "fisheye"),
    "FULL_OPENCV": ((0, 1, 2, 3), (4, 5, 6, 7, 8, 9, 10, 11), "pinhole"),
}


def _colmap_lens(path: Path, fields: list[str]) -> tuple[tuple[int, int], np.ndarray, str, np.ndarray]:
    model = fields[1] if len(fields) > 1 else ""
    if model not in COLMAP_LENSES:
        raise RigError(f"{path} has a lens of the model {model!r}; calibrate with one of {', '.join(COLMAP_LENSES)}")
    where, rest, kind = COLMAP_LENSES[model]
    try:
        width, height = int(fields[2]), int(fields[3])
        numbers = [float(value) for value in fields[4:]]
        fx, fy, cx, cy = (numbers[at] for at in where)
        distortion = np.array([numbers[at] for at in rest])
    except (ValueError, IndexError):
        raise RigError(f"{path} has a camera with too few numbers; export the model as text again") from None
    return _size(path, (width, height)), np.array([[fx, 0, cx - 0.5], [0, fy, cy - 0.5], [0, 0, 1]]), kind, distortion


def _rows(path: Path, every: int = 1) -> list[list[str]]:
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise RigError(f"{path} is too large for a calibration; export the model without its points")
        lines = [line.strip() for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    except OSError as error:
        raise RigError(f"{path} cannot be read ({error.strerror}); export COLMAP's model as text") from error
    except UnicodeDecodeError as error:
        raise RigError(f"{path} is no text; export COLMAP's model as text") from error
    # Every second line of images.txt holds the points, and may be empty.
    return [line.split() for line in lines[::every] if line]


def _toml(path: Path) -> dict:
    return read_toml(path, RigError, "export it again", LARGEST_FILE)


def _open_store(path: Path) -> cv2.FileStorage:
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise RigError(f"{path} is too large for a calibration; give the file with the cameras alone")
        store = cv2.FileStorage(str(path), cv2.FILE_STORAGE_READ)
    except OSError as error:
        raise RigError(f"{path} cannot be read ({error.strerror}); give it beside the other file") from error
    except (cv2.error, SystemError) as error:
        raise RigError(f"{path} is no file of OpenCV's FileStorage; export it again") from error
    if not store.isOpened():
        raise RigError(f"{path} is no file of OpenCV's FileStorage; export it again")
    return store


def _number(path: Path, store: cv2.FileStorage, key: str) -> float:
    try:
        return store.getNode(key).real()
    except cv2.error as error:
        raise RigError(f"{path} has a damaged {key}; export the calibration again") from error


def _array(path: Path, store: cv2.FileStorage, key: str, count: int | None = None) -> np.ndarray:
    """An array of the file, flat; `count` numbers, or at least one."""
    try:
        value = store.getNode(key).mat()
    except cv2.error:
        value = None
    if value is None or not value.size or value.size != (count or value.size):
        raise RigError(f"{path} has no {key}{f' of {count} numbers' if count else ''}; export the calibration again")
    return value.ravel().astype(np.float64)


def _numbers(path: Path, key: str, entry: dict, name: str) -> np.ndarray:
    try:
        value = np.array(entry[name], dtype=np.float64)
    except (KeyError, ValueError, TypeError, OverflowError):
        raise RigError(f"{path}: [{key}] has no {name} of numbers; export the calibration again") from None
    return value


def _size(path: Path, size: object) -> tuple[int, int]:
    try:
        width, height = (int(value) for value in size)
    except (TypeError, ValueError, OverflowError):
        width = height = 0
    if not 0 < width <= 65536 or not 0 < height <= 65536:
        raise RigError(f"{path} does not state the pictures' size; give width and height in px")
    return width, height


def _camera(path: Path, name: str, size: tuple[int, int], matrix: np.ndarray, distortion: np.ndarray,
            turn: np.ndarray | None = None, shift: np.ndarray | None = None, fisheye: bool = False,
            error_px: float | None = None) -> Camera:
    model = "fisheye" if fisheye else "pinhole"
    turn = np.eye(3) if turn is None else turn
    shift = np.zeros(3) if shift is None else shift.ravel()
    whole = matrix.shape == (3, 3) and turn.shape == (3, 3) and shift.shape == (3,)
    if not whole or not all(np.isfinite(part).all() for part in (matrix, distortion, turn, shift)):
        raise RigError(f"{path}: the camera {name} is not complete; export the calibration again")
    if not (matrix[0, 0] > 0 and matrix[1, 1] > 0) or not np.allclose(turn @ turn.T, np.eye(3), atol=1e-3):
        raise RigError(f"{path}: the camera {name} has no sensible matrix or rotation; export the calibration again")
    if abs(matrix[0, 1]) > MOST_SKEW_PX:
        raise RigError(f"{path}: the camera {name} has a skew of {matrix[0, 1]:g} px, which no lens model has; "
                       "calibrate again without skew")
    matrix = matrix * [[1, 0, 1], [1, 1, 1], [1, 1, 1]]
    counts = MODELS[model]
    if len(distortion) > max(counts):
        raise RigError(f"{path}: the camera {name} has {len(distortion)} distortion numbers, and a {model} lens at "
                       f"most {max(counts)}; export the calibration again")
    # Files may leave out trailing zeros.
    count = next(count for count in counts if count >= len(distortion) and (count != 4 or fisheye))
    full = np.concatenate([distortion, np.zeros(count - len(distortion))])
    return Camera(name, size, matrix, model, tuple(full.tolist()), turn, shift, error_px)


def _rig(path: Path, cameras: list[Camera]) -> Rig:
    if not cameras:
        raise RigError(f"{path} has no camera with a lens and a pose; finish the calibration and export it again")
    names = [camera.name for camera in cameras]
    if len(set(names)) < len(names):
        raise RigError(f"{path} has two cameras of one name ({', '.join(names)}); keep one picture of each camera")
    return Rig(tuple(sorted(cameras, key=lambda camera: camera.name)))


def _from_first_camera(rig: Rig, unit_m: float) -> Rig:
    """The same rig in metres, its world the first camera's own space turned to Y up."""
    first = rig.cameras[0]
    cameras = []
    for camera in rig.cameras:
        turn = camera.rotation @ first.rotation.T
        shift = unit_m * (camera.translation - turn @ first.translation)
        cameras.append(Camera(camera.name, camera.size, camera.matrix, camera.model, camera.distortion,
                              turn @ WORLD_FROM_LONE_CAMERA.T, shift, camera.error_px))
    return Rig(tuple(cameras))
