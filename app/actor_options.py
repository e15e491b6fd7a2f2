"""The options of `mien actor`."""

import argparse
from pathlib import Path

from app.option_actions import actions_of
from capture.errors import UsageError


def add_options(actor: argparse.ArgumentParser, common: argparse.ArgumentParser) -> None:
    """Give `mien actor` its actions; each one's module is loaded when it runs."""
    add = actions_of(actor, common, _run)

    for name, summary in (
            ("teach", "the same, and nothing without corrected frames: shapes of the actor's own come from these"),
            ("make", "learn an actor's face from takes; it is kept only if it is better on frames held out"),
            ("train", "the same, from all of the shoot's takes that name the actor unless --from says which")):
        make = add(name, summary, f"mien actor {name} anna --from my-shoot/takes/T001")
        make.add_argument("name", help="the actor's, as take.toml and --actor have it")
        make.add_argument("--from", dest="takes", nargs="+", type=Path, metavar="TAKE", required=name != "train",
                          help="takes or shoots that show the actor")
        make.add_argument("--model", metavar="NAME|PATH",
                          help="the face model (default: the shoot's, else the built-in head)")
        make.add_argument("--detector", choices=("auto", "mien", "mediapipe"), default="auto")
        make.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
        make.add_argument("--rig", type=Path, help="cameras (default: the shoot's rig.toml)")
        make.add_argument("--corrections", default="", metavar="none|FILE",
                          help="what animators said (default: each take's own corrections.json)")
        make.add_argument("--start", help="first frame, a number from 0 or a timecode")
        make.add_argument("--end", help="the frame after the last, a number or a timecode")
        make.add_argument("--out", type=Path, metavar="DIR", help="where `mien solve` put the results, if by --out")
        if name == "train":
            _in(make)

    _in(add("list", "the profiles of a shoot", "mien actor list --in my-shoot"))
    for name, summary in (("show", "what is known of an actor"), ("check", "whether a profile is whole")):
        look = add(name, summary, f"mien actor {name} anna --in my-shoot")
        look.add_argument("name", help="the actor's, or a profile's folder")
        _in(look)
    suggest = add("suggest", "which frames of a solved take are most worth correcting next",
                  "mien actor suggest my-shoot/takes/T001")
    suggest.add_argument("take", type=Path, metavar="TAKE")
    suggest.add_argument("--count", type=int, default=3, help="how many (default 3)")
    suggest.add_argument("--out", type=Path, metavar="DIR", help="where `mien solve` put the results, if by --out")
    guide = add("guide", "the poses of a short range-of-motion take, printed; drawn with --out",
                "mien actor guide --out poses")
    guide.add_argument("--out", type=Path, metavar="DIR", help="draw each pose there with the built-in head")
    pack = add("pack", "one file of a profile, with checksums, for another machine",
               "mien actor pack anna --in my-shoot")
    pack.add_argument("name", help="the actor's, or a profile's folder")
    pack.add_argument("--out", type=Path, metavar="FILE", help="default: NAME.mienactor")
    _in(pack)
    export = add("export", "the actor's own network as an ONNX file, like those of `mien net export`",
                 "mien actor export anna --in my-shoot --out onnx")
    export.add_argument("name", help="the actor's, or a profile's folder")
    export.add_argument("--out", type=Path, required=True, metavar="DIR")
    _in(export)
    mesh = add("mesh", "the actor's resting face as an OBJ file, on the model's vertices",
               "mien actor mesh anna --in my-shoot --out anna.obj")
    mesh.add_argument("name", help="the actor's, or a profile's folder")
    mesh.add_argument("--out", type=Path, required=True, metavar="FILE")
    mesh.add_argument("--model", default="", metavar="NAME|PATH", help="the profile's model (default: by its name)")
    _in(mesh)
    unpack = add("unpack", "put a packed profile into a shoot", "mien actor unpack anna.mienactor --in my-shoot")
    unpack.add_argument("file", type=Path)
    unpack.add_argument("--force", action="store_true", help="replace a profile that is there")
    _in(unpack)


def run(options: argparse.Namespace) -> int:
    """`mien actor` alone."""
    raise UsageError("`mien actor` needs to know what to do: make, teach, train, suggest, list, show, check, guide, "
                     "pack, export, mesh or unpack; see `mien actor --help`")


def _in(action: argparse.ArgumentParser) -> None:
    action.add_argument("--in", dest="shoot", type=Path, default=Path(), metavar="SHOOT",
                        help="the shoot (default: this folder)")


def _run(name: str, options: argparse.Namespace) -> int:
    from app import actor

    return getattr(actor, f"run_{name}")(options)
