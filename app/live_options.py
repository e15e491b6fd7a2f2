"""The options of `mien live`."""

import argparse
from pathlib import Path

from app.record_options import camera_options, keep_free_option, seconds


def add_options(command: argparse.ArgumentParser) -> None:
    """Give `mien live` its options."""
    camera_options(command)
    command.add_argument("--to", choices=("livelink", "vmc"), help="send the face on")
    command.add_argument("--host", default="127.0.0.1", help="the receiver (default: this computer)")
    command.add_argument("--port", type=port, help="its UDP port (default: 11111 for livelink, 39539 for vmc)")
    command.add_argument("--subject", default="mien", help="the face's name in Unreal (default mien)")
    command.add_argument("--record", type=Path, metavar="SHOOT", help="record into a new take of this shoot")
    command.add_argument("--slate", metavar="SCENE", help="its scene: takes become SCENE_t01 and so on")
    command.add_argument("--actor", help="the actor's name, kept in the take")
    keep_free_option(command)
    command.add_argument("--model", default="mien", metavar="NAME|PATH", help="the face model (default: our own head)")
    command.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    command.add_argument("--seconds", type=seconds, metavar="S", help="stop by itself (default: at Ctrl+C)")
    command.add_argument("--armed", action="store_true", help="wait for lines on stdin: record, cut, end")
    command.add_argument("--pictures", action="store_true", help=argparse.SUPPRESS)


def port(text: str) -> int:
    """A UDP port, for argparse: the system would take a larger number for another one."""
    if not text.isdecimal() or not 1 <= int(text) <= 65535:
        raise argparse.ArgumentTypeError(f"{text} is no port, a whole number from 1 to 65535")
    return int(text)
