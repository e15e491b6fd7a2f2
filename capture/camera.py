"""Cameras and rigs, and the page on spaces, axes and units.

Spaces. A point's name says where it lives: `point_in_world`, `point_in_camera`, `point_in_head`. A transform
`b_from_a` takes coordinates in a to coordinates in b: `x_b = R @ x_a + t`.

- world: metres, right-handed, Y up. A rig fixes it; with one camera and no rig it is that camera's own space turned to
  Y up: x to the right, y up, z towards the camera's back (so the face looks along +z).
- model and head: metres, Y up, the face looks along +z, +x is the face's own left.
- camera: OpenCV's axes, x right, y down, z forward.
- picture: pixels, x right, y down; the centre of the top-left pixel is (0, 0), so a centred principal point is
  ((width - 1) / 2, (height - 1) / 2).

Angles are radians, times are seconds, frame rates are fractions.
"""

import unicodedata
from dataclasses import dataclass, field, replace
from pathlib import Path

import cv2
import numpy as np

from capture.errors import RigError
from capture.files import write_bytes
from capture.toml_file import read_toml

MODELS = {"pinhole": (4, 5, 8, 12, 14), "fisheye": (4,)}
"""Lens models and the numbers of distortion coefficients that OpenCV knows for each."""

FAR_PX = 1e6
"""No lens has a focal length of more, nor its middle farther away."""
MOST_SKEW_PX = 1.0
"""OpenCV's lens models know no skew of a picture's axes. Up to this it is what a calibration that may have one makes of
noise, and is left out."""
FAR_M = 1e4
"""No camera of a rig stands farther from the others."""

TURNS = (0, 90, 180, 270)
"""Degrees clockwise by which pictures may be turned to stand upright."""
TURNED_VERSION = 2
"""Of a rig.toml that holds of turned pictures: a mien that does not know of these must not read it."""

WORLD_FROM_LONE_CAMERA = np.diag([1.0, -1.0, -1.0])
"""Turns OpenCV's camera axes to a world with Y up."""


@dataclass(frozen=True)
class Camera:
    """A calibrated camera.

    Attributes:
        name: the stem of its clips.
        size: width, height in px.
        matrix: (3, 3), px.
        model: "pinhole" or "fisheye".
        distortion: coefficients in OpenCV's order.
        rotation: (3, 3), camera_from_world.
        translation: (3,), metres, camera_from_world.
        error_px: RMS reprojection error in px, where known.
        rotate: degrees clockwise by which the pictures that its file gives are turned before all this holds of them;
            see `capture.turned`.
    """

    name: str
    size: tuple[int, int]
    matrix: np.ndarray
    model: str = "pinhole"
    distortion: tuple[float, ...] = (0.0, 0.0, 0.0, 0.0, 0.0)
    rotation: np.ndarray = field(default_factory=lambda: np.eye(3))
    translation: np.ndarray = field(default_factory=lambda: np.zeros(3))
    error_px: float | None = None
    rotate: int = 0

    @property
    def centre(self) -> np.ndarray:
        """Where the camera stands: (3,), metres, in the world."""
        return -self.rotation.T @ self.translation


@dataclass(frozen=True)
class Rig:
    """The cameras of a shoot, in one world."""

    cameras: tuple[Camera, ...]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(camera.name for camera in self.cameras)

    def __getitem__(self, name: str) -> Camera:
        for camera in self.cameras:
            if camera.name == name:
                return camera
        for camera in self.cameras:  # macOS takes the accents in files' names apart, editors do not
            if same_name(camera.name, name):
                return replace(camera, name=name)
        raise RigError(f"the rig has no camera named {name!r}, only {', '.join(self.names)}; "
                       f"add [cameras.{toml_key(name)}] to rig.toml, rename the clip after its camera, or name "
                       "the cameras to use in take.toml: cameras = [...]")


def same_name(one: str, other: str) -> bool:
    """Whether both are one camera's, though one has its accents as letters of their own."""
    return unicodedata.normalize("NFC", one) == unicodedata.normalize("NFC", other)


def project(camera: Camera, points_in_world: np.ndarray) -> np.ndarray:
    """Where points appear: (..., 3) metres in the world -> (..., 2) px. Points behind the camera give NaN."""
    shape = points_in_world.shape[:-1]
    in_camera = points_in_world.reshape(-1, 3) @ camera.rotation.T + camera.translation  # (N, 3)
    in_front = in_camera[:, 2] > 1e-9
    safe = np.where(in_front[:, None], in_camera, [0.0, 0.0, 1.0]).astype(np.float64).reshape(-1, 1, 3)
    zero = np.zeros(3)
    distortion = np.array(camera.distortion, dtype=np.float64)
    if camera.model == "fisheye":
        pixels, _ = cv2.fisheye.projectPoints(safe, zero, zero, camera.matrix, distortion)
    else:
        pixels, _ = cv2.projectPoints(safe, zero, zero, camera.matrix, distortion)
    return np.where(in_front[:, None], pixels.reshape(-1, 2), np.nan).reshape(*shape, 2)


def undistort(camera: Camera, pixels: np.ndarray) -> np.ndarray:
    """Where the same rays would appear without the lens's distortion: (..., 2) px -> (..., 2) px. NaN stays NaN."""
    if not any(camera.distortion):
        return pixels.astype(np.float64, copy=True)
    flat = pixels.reshape(-1, 1, 2).astype(np.float64)
    known = np.isfinite(flat).all(axis=(1, 2))
    out = np.full_like(flat, np.nan)
    if known.any():
        distortion = np.array(camera.distortion, dtype=np.float64)
        if camera.model == "fisheye":
            out[known] = cv2.fisheye.undistortPoints(flat[known], camera.matrix, distortion, P=camera.matrix)
        else:
            # Ten iterations, OpenCV's default is five: at the picture's edge of a wide lens five leave 0.1 px.
            criteria = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 20, 1e-9)
            out[known] = cv2.undistortPointsIter(flat[known], camera.matrix, distortion, np.eye(3), camera.matrix,
                                                 criteria)
    return out.reshape(pixels.shape)


def lone_camera(name: str, size: tuple[int, int], focal_px: float) -> Camera:
    """A pinhole at the world's origin, its principal point in the middle: assumed of one camera without a rig."""
    width, height = size
    matrix = np.array([[focal_px, 0.0, (width - 1) / 2], [0.0, focal_px, (height - 1) / 2], [0.0, 0.0, 1.0]])
    return Camera(name, (width, height), matrix, rotation=WORLD_FROM_LONE_CAMERA.copy())


def load_rig(path: Path) -> Rig:
    """Read a rig.toml.

    Raises:
        RigError: it cannot be read or a camera in it makes no sense; the message names the camera and the entry.
    """
    table = read_toml(path, RigError, "mend it, write it anew with `mien calibrate`, or give another with --rig")
    if table.get("version") not in (1, TURNED_VERSION):
        raise RigError(f"{path} says version {table.get('version')!r}, and this mien reads version 1 and "
                       f"{TURNED_VERSION}; put `version = 1` at its top or update mien")
    cameras = table.get("cameras")
    if not isinstance(cameras, dict) or not cameras:
        raise RigError(f"{path} has no [cameras.NAME] table; add one for each clip")
    return Rig(tuple(_read_camera(path, name, entry) for name, entry in cameras.items()))


def save_rig(rig: Rig, path: Path) -> None:
    """Write a rig.toml, atomically. Numbers keep twelve digits.

    Raises:
        OutputError: it cannot be written.
    """
    lines = [f"version = {TURNED_VERSION if any(camera.rotate for camera in rig.cameras) else 1}"]
    for camera in rig.cameras:
        lines += [f"[cameras.{toml_key(camera.name)}]",
                  f"size = [{camera.size[0]}, {camera.size[1]}]",
                  f"matrix = {_toml_array(camera.matrix)}",
                  f'model = "{camera.model}"',
                  f"distortion = {_toml_array(camera.distortion)}",
                  f"rotation = {_toml_array(camera.rotation)}",
                  f"translation = {_toml_array(camera.translation)}"]
        if camera.error_px is not None:
            lines.append(f"error_px = {float(camera.error_px):.9g}")
        if camera.rotate:
            lines.append(f"rotate = {camera.rotate}")
    write_bytes(path, ("\n".join(lines) + "\n").encode())


def _read_camera(path: Path, name: str, entry: object) -> Camera:
    def wrong(what: str, cure: str) -> RigError:
        return RigError(f"{path}: [cameras.{name}] {what}; {cure}")

    def array(key: str, shape: tuple[int, ...]) -> np.ndarray:
        if key not in entry:
            raise wrong(f"has no {key}", f"add {key}")
        try:
            value = np.array(entry[key], dtype=np.float64)
        except (ValueError, TypeError, OverflowError):
            raise wrong(f"{key} is not an array of numbers", f"give {' by '.join(map(str, shape))} numbers") from None
        if value.shape != shape:
            raise wrong(f"{key} has the shape {' by '.join(map(str, value.shape)) or 'of one number'}",
                        f"give {' by '.join(map(str, shape))} numbers")
        if not np.isfinite(value).all():
            raise wrong(f"{key} has a value that is not finite", "calibrate again")
        return value

    if not isinstance(entry, dict):
        raise wrong("is not a table", "write it as the README shows")
    size = array("size", (2,))
    if (size < 1).any() or (size > 65536).any() or (size != size.round()).any():
        raise wrong(f"size is {size.tolist()}", "give width and height in px")
    matrix = array("matrix", (3, 3))
    if matrix[0, 0] <= 0 or matrix[1, 1] <= 0 or not np.allclose(matrix[2], [0, 0, 1]) or matrix[1, 0] != 0:
        raise wrong("matrix is not a camera matrix", "write [[fx, 0, cx], [0, fy, cy], [0, 0, 1]] with fx, fy above 0")
    if abs(matrix[0, 1]) > MOST_SKEW_PX:
        raise wrong(f"matrix has a skew of {matrix[0, 1]:g} px, which no lens model has",
                    "calibrate again without skew, or write 0 in its place")
    matrix[0, 1] = 0.0
    if not (np.abs(matrix) <= FAR_PX).all() or min(matrix[0, 0], matrix[1, 1]) < 1:
        raise wrong("matrix has a focal length or a middle that no camera has", "give them in px, or calibrate again")
    rotation = array("rotation", (3, 3))
    if np.abs(rotation).max() > 2 or not np.allclose(rotation @ rotation.T, np.eye(3), atol=1e-3) \
            or np.linalg.det(rotation) < 0:
        raise wrong("rotation is not a rotation matrix", "its rows must be orthonormal with determinant +1")
    model = entry.get("model", "pinhole")
    if not isinstance(model, str) or model not in MODELS:
        raise wrong(f"model is {model!r}", f"use {' or '.join(MODELS)}")
    distortion = entry.get("distortion", [0.0] * MODELS[model][0])
    count = len(distortion) if isinstance(distortion, list) else -1
    if count not in MODELS[model]:
        raise wrong("distortion has another number of coefficients than OpenCV's models",
                    f"a {model} lens takes {' or '.join(map(str, MODELS[model]))}")
    distortion = tuple(array("distortion", (count,)).tolist()) if "distortion" in entry else tuple(distortion)
    translation = array("translation", (3,))
    if np.abs(translation).max() > FAR_M:
        raise wrong("translation is farther away than any camera of a rig", "give it in metres")
    error_px = entry.get("error_px")
    if error_px is not None and not (isinstance(error_px, int | float) and 0 <= error_px <= 65536):
        raise wrong("error_px is not a number of pixels", "leave it out if it is unknown")
    rotate = entry.get("rotate", 0)
    if isinstance(rotate, bool) or rotate not in TURNS:
        raise wrong(f"rotate is {rotate!r}", f"write one of {', '.join(map(str, TURNS))}")
    return Camera(name, (int(size[0]), int(size[1])), matrix, model, distortion, rotation,
                  translation, error_px, int(rotate))


def _toml_array(value: object) -> str:
    if isinstance(value, np.ndarray | list | tuple):
        return "[" + ", ".join(_toml_array(item) for item in value) + "]"
    number = float(value)
    return f"{number:.12g}" if not number.is_integer() or abs(number) > 1e15 else f"{number:.1f}"


def toml_key(name: str) -> str:
    """A name as a key of a TOML table."""
    if name and all(c.isascii() and (c.isalnum() or c in "-_") for c in name):
        return name
    escaped = "".join(c if c not in '"\\' and c.isprintable() else "\\" + c if c in '"\\' else f"\\U{ord(c):08x}"
                      for c in name)
    return f'"{escaped}"'
