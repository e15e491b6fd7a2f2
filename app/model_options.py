"""The options of `mien model`."""

import argparse
from pathlib import Path

from app.option_actions import actions_of
from capture.errors import UsageError


def add_options(model: argparse.ArgumentParser, common: argparse.ArgumentParser) -> None:
    """Give `mien model` its actions; their module is loaded when one runs."""
    action = actions_of(model, common, _run)
    action("list", "the face models that are known", "mien model list")
    add = action("add", "know a face model by a name from now on", "mien model add ICT-FaceKit-master.zip --name ict")
    add.add_argument("source", metavar="PATH", help="a .glb, .gltf, .vrm, .fbx or .npz file, a folder of .obj "
                                                    "shapes, or ICT-FaceKit's folder or zip")
    add.add_argument("--name", help="what it shall be called (default: as its file)")
    show = action("show", "what a model has: its shapes, and what their names are taken for", "mien model show ict")
    check = action("check", "where the landmarks lie on a model: a table and a picture", "mien model check ict")
    for look in (show, check):
        look.add_argument("source", metavar="NAME|PATH", help="a known model, or a file or folder")
    check.add_argument("--out", type=Path, default=Path(), metavar="DIR", help="where they go (default: this folder)")


def run(options: argparse.Namespace) -> int:
    """`mien model` alone."""
    raise UsageError("`mien model` needs to know what to do: list, add, show or check; see `mien model --help`")


def _run(name: str, options: argparse.Namespace) -> int:
    from app import models

    return getattr(models, f"run_{name}")(options)
