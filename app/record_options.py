"""The options of `mien record`."""

import argparse
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

from capture.errors import DataError
from capture.timecode import exact_rate


def add_options(command: argparse.ArgumentParser, number: Callable[[str], int]) -> None:
    """Give `mien record` its options."""
    command.add_argument("shoot", nargs="?", type=Path, help="a shoot folder; made where it is not there")
    command.add_argument("--list", action="store_true", help="name the cameras that are attached, and record nothing")
    camera_options(command)
    command.add_argument("--slate", metavar="SCENE", help="the scene: takes become SCENE_t01 and so on (default: T001)")
    command.add_argument("--take", type=number, metavar="N", help="the take's number (default: the next)")
    command.add_argument("--actor", help="the actor's name, kept in take.toml")
    command.add_argument("--seconds", type=seconds, metavar="S", help="stop by itself (default: at Ctrl+C)")
    command.add_argument("--armed", action="store_true",
                         help="wait for lines on stdin: roll, cut, slate SCENE, take NUMBER, actor NAME, end; an empty "
                         "line rolls or cuts")
    keep_free_option(command)
    command.add_argument("--no-faces", dest="faces", action="store_false", help="do not look for faces")
    command.add_argument("--pictures", action="store_true", help=argparse.SUPPRESS)


def keep_free_option(command: argparse.ArgumentParser) -> None:
    """How much of the disk a recording leaves."""
    command.add_argument("--keep-free", type=seconds, default=1.0, metavar="GIB",
                         help="stop recording before the disk has less than this left (default 1)")


def camera_options(command: argparse.ArgumentParser) -> None:
    """Which cameras, and what they are asked for."""
    command.add_argument("--camera", action="append", metavar="NAME=ADDRESS",
                         help="a camera: a device such as /dev/video0, a stream such as rtsp://192.168.1.9/live, or a "
                         "clip that stands for one, clip:FILE or loop:FILE; once for each (default: all attached)")
    command.add_argument("--size", type=_size, metavar="WxH", help="ask attached cameras for this size")
    command.add_argument("--rate", type=_rate, metavar="FPS", help="ask attached cameras for this frame rate")


def _size(text: str) -> tuple[int, int]:
    width, cross, height = text.lower().partition("x")
    if not (cross and width.isdecimal() and height.isdecimal() and int(width) and int(height)):
        raise argparse.ArgumentTypeError(f"{text} is no size such as 1920x1080")
    return int(width), int(height)


def _rate(text: str) -> Fraction:
    try:
        return exact_rate(text)
    except DataError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < 1e9:
        raise argparse.ArgumentTypeError(f"{text} is no number from 0")
    return value
