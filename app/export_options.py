"""The options of `mien export`, apart from the common ones: argparse and tables alone, so that help stays quick."""

import argparse
from collections.abc import Callable
from pathlib import Path

from solver.vocabularies import VOCABULARIES

FORMATS = ("json", "csv", "fbx", "glb", "usd", "usda", "maya", "unity", "metahuman", "metahuman-fbx", "metahuman-json",
           "cptake")
REGIONS = ("eyes", "brows", "mouth", "cheeks")
UNITS = {"mm": 0.1, "cm": 1.0, "in": 2.54, "m": 100.0}


def add_options(command: argparse.ArgumentParser, default_formats: tuple[str, ...]) -> None:
    """Add them all."""
    command.add_argument("paths", nargs="+", type=Path, metavar="TAKE",
                         help="TAKE.mien.json files, or folders of solved takes")
    command.add_argument("--out", type=Path, metavar="DIR", help="where results go (default: beside the solve)")
    command.add_argument("--model", default="mien", metavar="NAME|PATH",
                         help="the face model that the take was solved on, if mien does not know it by name")
    command.add_argument("--format", type=formats_of(FORMATS), default=default_formats, metavar="LIST",
                         help=f"of {','.join(FORMATS)} (default {','.join(default_formats)})")
    file = command.add_argument_group("FBX")
    file.add_argument("--for", dest="program", choices=("maya", "unity", "unreal", "blender"),
                      help="axes, unit, names, bones and keys as that program likes them")
    file.add_argument("--curves-only", action="store_true", help="without the head, for one that is there")
    file.add_argument("--up", choices=("y", "z"), help="the axis that points up (default: y; blender: z)")
    file.add_argument("--unit", choices=tuple(UNITS), help="of lengths (default: cm; blender: m)")
    file.add_argument("--fbx", dest="version", choices=("7.4", "7.5"), default="7.4", help="version (default 7.4)")
    clean = command.add_argument_group("curves, as solved unless asked for")
    clean.add_argument("--key-tolerance", type=float, metavar="WEIGHT",
                       help="leave out keys of FBX, maya and unity that change no weight by more")
    clean.add_argument("--rate", metavar="FPS", help='another frame rate, such as 60 or "30000/1001"')
    clean.add_argument("--smooth", type=_smooth, default=0.0, metavar="SECONDS",
                       help="take jitter out, keep blinks and closed lips: 0.1, or by region as "
                            f"eyes=0.05,brows=0.15 (regions: {', '.join(REGIONS)})")
    clean.add_argument("--dead-zone", type=float, default=0.0, metavar="WEIGHT", help="weights below become 0")
    clean.add_argument("--mirror", action="store_true", help="exchange left and right, head and eyes included")
    clean.add_argument("--swap-sides", action="store_true",
                       help="exchange only the names of left and right, for a receiver that mirrors")
    rig = command.add_argument_group("another rig")
    rig.add_argument("--map", type=Path, metavar="TOML|NAME",
                     help="curves of another rig, by a map of gains and curves, or by the names of "
                          f"{', '.join(VOCABULARIES)}")
    rig.add_argument("--names", choices=("arkit", "own"), default="arkit",
                     help="of shapes in FBX, GLB, USD, maya and unity: ARKit's where a shape has that meaning, or the "
                          "rig's own, also where it has several for ARKit's one (default: arkit)")
    rig.add_argument("--rig", metavar="NAME|PATH",
                     help="on another model: by what its shapes do where it has the same vertices, else by names; "
                          "what --map gives is kept")


def formats_of(known: tuple[str, ...]) -> Callable[[str], tuple[str, ...]]:
    """A reader of lists of formats, for argparse."""
    def formats(text: str) -> tuple[str, ...]:
        names = tuple(dict.fromkeys(name.strip().lower() for name in text.split(",") if name.strip()))
        unknown = [name for name in names if name not in known]
        if unknown or not names:
            raise argparse.ArgumentTypeError(f"{', '.join(unknown) or 'an empty list'} is no format; "
                                             f"choose of {','.join(known)}" + "".join(map(_instead, unknown)))
        return names

    return formats


def _instead(name: str) -> str:
    """What does what a format would that mien does not write."""
    return {"vrma": "; VRM programs take an avatar's expressions by `mien stream TAKE --to vmc --rig AVATAR.vrm`, and "
                    "others its morphs from `--format glb --names own`",
            "vrm": "; a take goes onto an avatar by `--format glb --rig AVATAR.vrm --names own`"}.get(name, "")


def _smooth(text: str) -> float | dict[str, float]:
    try:
        if "=" not in text:
            return _seconds(text)
        pairs = [part.split("=") for part in text.split(",")]
        if any(len(pair) != 2 or pair[0].strip() not in REGIONS for pair in pairs):
            raise ValueError
        return {region.strip(): _seconds(seconds) for region, seconds in pairs}
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text} is not within 0 to 1 second, or REGION=SECONDS of "
                                         f"{', '.join(REGIONS)}; 0.05 to 0.15 are useful") from None


def _seconds(text: str) -> float:
    value = float(text)
    if not 0 <= value <= 1:
        raise ValueError
    return value
