"""Pictures as upright RGB: from files (PNG, JPEG, EXR), from numbered folders of them, and from decoders."""

import itertools
import os
import re
import struct
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from av.video.reformatter import Colorspace, Interpolation

from capture.errors import ClipError

SUFFIXES = {".png": "png", ".jpg": "jpeg", ".jpeg": "jpeg", ".exr": "exr"}

LONGEST_SIDE = 16384
"""Of a picture, px: more is a mistake or an attack, and 16384 squared takes 800 MB already."""

HEADER = 1 << 20
"""Bytes within which a JPEG states its size, thumbnails and colour profiles before it included."""

UNTAGGED = 2
"""FFmpeg's AVCOL_SPC_UNSPECIFIED."""

# The fast paths of FFmpeg's scaler differ between processors; the same clip must give the same pixels everywhere.
EXACT = Interpolation.ACCURATE_RND | Interpolation.BITEXACT
SCALING = Interpolation.BICUBIC | EXACT
COLOUR_SCALING = Interpolation.BILINEAR | EXACT
"""Where only the colours are coarser than the picture: half the time, the same but for 0.007 of 255 on average."""

_NUMBER = re.compile(r"(\d+)$")


def is_sequence(folder: Path) -> bool:
    """Whether a folder holds pictures."""
    return folder.is_dir() and any(_is_picture(file) for file in folder.iterdir())


def is_numbered(folder: Path) -> bool:
    """Whether a folder holds pictures with a number at the end of their names."""
    return folder.is_dir() and any(_is_picture(file) and _NUMBER.search(file.stem) for file in folder.iterdir())


def find(path: Path) -> tuple[tuple[Path, ...], str, tuple[int, int]]:
    """The pictures of a numbered folder in order (or the one picture `path`), their codec, and width and height in px.

    Raises:
        ClipError: there are none, their kinds are mixed, a number is missing or double, or the first cannot be read.
    """
    if path.is_dir():
        files = _numbered(path)
    else:
        if not path.is_file():
            raise ClipError(f"{path} does not exist; check the path")
        files = (path,)
    height, width = _load(files[0]).shape[:2]
    return files, SUFFIXES[files[0].suffix.lower()], (width, height)


def read(path: Path, size: tuple[int, int]) -> np.ndarray:
    """One picture of a sequence of pictures of that size: (H, W, 3) uint8, sRGB.

    Raises:
        ClipError: it cannot be read, or has another size than the first.
    """
    rgb = _load(path)
    height, width = rgb.shape[:2]
    if (width, height) != size:
        raise ClipError(f"{path} is {width} by {height} px and the pictures before it are {size[0]} by {size[1]}; "
                        "export them all at one size")
    return rgb


def turned(rgb: np.ndarray, degrees: int) -> np.ndarray:
    """A picture turned clockwise by 0, 90, 180 or 270 degrees."""
    return np.ascontiguousarray(np.rot90(rgb, -(degrees // 90))) if degrees else rgb


def upright(picture: av.VideoFrame, pixel_aspect: Fraction | None) -> np.ndarray:
    """A decoded picture as it should be looked at: square pixels, turned as its file says, (H, W, 3) uint8, RGB."""
    width, height = picture.width, picture.height
    if pixel_aspect and abs(pixel_aspect - 1) > Fraction(1, 500):
        # Stretched, never shrunk: no detail is lost.
        width, height = (round(width * pixel_aspect), height) if pixel_aspect > 1 else (width,
                                                                                       round(height / pixel_aspect))
    colorspace = Colorspace(picture.colorspace) if picture.colorspace in list(Colorspace) else None
    if picture.colorspace == UNTAGGED:
        colorspace = Colorspace.ITU709 if picture.height >= 720 else Colorspace.ITU601  # what players assume
    scaling = COLOUR_SCALING if (width, height) == (picture.width, picture.height) else SCALING
    rgb = picture.reformat(width, height, "rgb24", src_colorspace=colorspace, interpolation=scaling).to_ndarray()
    quarters = round(picture.rotation / 90)
    return np.ascontiguousarray(np.rot90(rgb, quarters)) if quarters % 4 else rgb


def _numbered(folder: Path) -> tuple[Path, ...]:
    files = [file for file in folder.iterdir() if _is_picture(file)]
    kinds = {SUFFIXES[file.suffix.lower()] for file in files}
    if not files:
        raise ClipError(f"{folder} holds no PNG, JPEG or EXR picture; give a clip or a folder of numbered pictures")
    if len(files) == 1:
        return tuple(files)
    if len(kinds) > 1:
        raise ClipError(f"{folder} mixes {' and '.join(sorted(kinds))} pictures; leave one kind in it")
    by_number: dict[int, Path] = {}
    for file in sorted(files):
        match = _NUMBER.search(file.stem)
        if not match:
            raise ClipError(f"{file} has no number at the end of its name; name the pictures frame_0001 and so on, "
                            "or move it away")
        if int(match[1]) in by_number:
            raise ClipError(f"{file} and {by_number[int(match[1])].name} have the same number; move one away")
        by_number[int(match[1])] = file
    numbers = sorted(by_number)
    for before, after in itertools.pairwise(numbers):
        if after != before + 1:
            raise ClipError(f"{folder} has the pictures {before} and {after} but none between them; "
                            "copy or export the missing ones")
    return tuple(by_number[number] for number in numbers)


def _is_picture(file: Path) -> bool:
    return file.suffix.lower() in SUFFIXES and not file.name.startswith(".") and file.is_file()


def _load(path: Path) -> np.ndarray:
    wrong = ClipError(f"{path} is not a picture that can be read; export it again")
    if path.suffix.lower() == ".exr":
        return _load_exr(path, wrong)
    try:
        data = np.fromfile(path, dtype=np.uint8)
        _check_size(path, _declared_size(data[:HEADER].tobytes()))
        bgr = cv2.imdecode(data, cv2.IMREAD_COLOR) if len(data) else None
    except (OSError, cv2.error) as error:
        raise wrong from error
    if bgr is None:
        raise wrong
    return cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB)


def _check_size(path: Path, declared: tuple[int, int] | None) -> None:
    if declared is not None and max(declared) > LONGEST_SIDE:
        raise ClipError(f"{path} says that it is {declared[0]} by {declared[1]} px, more than {LONGEST_SIDE} a "
                        "side; scale it down, or export it again if that is wrong")


def _declared_size(header: bytes) -> tuple[int, int] | None:
    """Width and height that a PNG or JPEG states, before a decoder takes memory for them; None if it is neither."""
    if header[:8] == b"\x89PNG\r\n\x1a\n":
        return int.from_bytes(header[16:20], "big"), int.from_bytes(header[20:24], "big")
    at = 2 if header[:2] == b"\xff\xd8" else len(header)
    while at + 9 <= len(header) and header[at] == 0xFF:
        kind, length = header[at + 1], int.from_bytes(header[at + 2:at + 4], "big")
        if 0xC0 <= kind <= 0xCF and kind not in (0xC4, 0xC8, 0xCC):  # a frame's start, of whichever process
            return int.from_bytes(header[at + 7:at + 9], "big"), int.from_bytes(header[at + 5:at + 7], "big")
        at += 2 + max(length, 2)
    return None


def _declared_window(header: bytes) -> tuple[int, int] | None:
    """The larger width and height of the two windows that an EXR states; None if it states none."""
    sizes = []
    for name in (b"dataWindow", b"displayWindow"):
        at = header.find(name + b"\0box2i\0\x10\0\0\0")
        if at >= 0:
            left, top, right, bottom = struct.unpack_from("<4i", header, at + len(name) + 11)
            sizes.append((abs(right - left) + 1, abs(bottom - top) + 1))
    return (max(size[0] for size in sizes), max(size[1] for size in sizes)) if sizes else None


def _load_exr(path: Path, wrong: ClipError) -> np.ndarray:
    """EXR holds linear light; sRGB's curve (IEC 61966-2-1) makes it the picture that a screen shows."""
    try:
        _check_size(path, _declared_window(path.read_bytes()[:HEADER]))
        with av.open(os.path.abspath(path), options={"protocol_whitelist": "file",
                                                     "format_whitelist": "exr_pipe"}) as container:
            picture = next(container.decode(video=0), None)
            linear = None if picture is None else picture.to_ndarray()
    except (OSError, av.error.FFmpegError, ValueError, IndexError) as error:
        raise wrong from error
    if linear is None or linear.dtype.kind != "f":
        raise wrong
    linear = linear if linear.ndim == 3 else linear[:, :, None].repeat(3, axis=2)
    linear = np.clip(np.nan_to_num(linear[:, :, :3]), 0.0, 1.0)
    return np.round(255 * np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
                    ).astype(np.uint8)
