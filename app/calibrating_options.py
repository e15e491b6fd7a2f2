"""The options of `mien calibrate`."""

import argparse
from pathlib import Path


def add_options(calibrate: argparse.ArgumentParser) -> None:
    """Give `mien calibrate` its options."""
    calibrate.add_argument("shoot", type=Path, help="a shoot folder with board clips in calibration/")
    calibrate.add_argument("--print-board", type=Path, metavar="FILE",
                           help="only write a board to print, a PDF: that of calibration/board.toml, else mien's own")
    calibrate.add_argument("--fisheye", action="store_true",
                           help="the lenses are fisheyes (OpenCV's model; else found out by itself)")
    calibrate.add_argument("--from-face", action="store_true",
                           help="no board: find the cameras from the face in a take that all of them filmed")
    calibrate.add_argument("--import", type=Path, dest="source", metavar="FILE",
                           help="another program's calibration: OpenCV's .yml or .xml, caliscope's or aniposelib's "
                                ".toml, COLMAP's text folder; checked by the face in a take")
    calibrate.add_argument("--unit", choices=("m", "cm", "mm", "inch"), default="m",
                           help="of the lengths in that file (default m)")
    calibrate.add_argument("--take", metavar="NAME",
                           help="which take, with --from-face and --import (default: the first)")
    calibrate.add_argument("--interocular", type=float, metavar="MM",
                           help="the actor's distance between the pupils, with --from-face (default 63)")
    calibrate.add_argument("--out", type=Path, metavar="FILE", help="where the rig goes (default: SHOOT/rig.toml)")
    calibrate.add_argument("--force", action="store_true", help="replace a rig that is there")
