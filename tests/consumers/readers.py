"""Every reader of the shared consumers and the formats it opens, with what each makes of axes, units and rates."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy.spatial.transform import Rotation

from tests.consumers.ask import ask

Z_UP = Rotation.from_euler("x", 90, degrees=True)
"""Blender's axes from ours."""


@dataclass(frozen=True)
class Reader:
    """A program and a format.

    Attributes:
        script: the consumer.
        suffix: of the file.
        metres: one unit of what it reports.
        options: more arguments.
        told: whether it must be told the frame rate, as it does not find it in this format.
        axes: "ours"; "root" where the whole scene hangs under Blender's turn; "all" where every node is turned.
        places: whether it reports the motion of nodes (Blender reads a moving USD root as a cache of the file).
    """

    script: str
    suffix: str
    metres: float = 1.0
    options: tuple[str, ...] = ()
    told: bool = False
    axes: str = "ours"
    places: bool = True


PATIENT = ("--timeout", "300")
"""Its import takes long on a busy machine."""
READERS = {
    "ufbx fbx": Reader("ufbx_read.py", ".fbx", 0.01),
    "three fbx": Reader("three_read.mjs", ".fbx", 0.01),
    "three glb": Reader("three_read.mjs", ".glb"),
    "babylon glb": Reader("babylon_read.mjs", ".glb"),
    "assimp fbx": Reader("assimp_read.cpp", ".fbx", 0.01),
    "assimp glb": Reader("assimp_read.cpp", ".glb"),
    "openusd usdc": Reader("usd_read.py", ".usdc"),
    "blender fbx": Reader("blender_read.py", ".fbx", axes="root"),
    "blender's ufbx": Reader("blender_read.py", ".fbx", options=("--importer", "ufbx"), axes="root"),
    "blender glb": Reader("blender_read.py", ".glb", told=True, axes="all"),
    "blender usdc": Reader("blender_read.py", ".usdc", told=True, places=False),
    "godot fbx": Reader("godot_read.py", ".fbx", options=PATIENT, told=True),
    "godot glb": Reader("godot_read.py", ".glb", options=PATIENT, told=True),
}


def seen_by_all(folder: Path, take: str, rate: float) -> dict[str, Callable[[], dict[str, Any]]]:
    """What each reader says of the take's files, asked two at a time; calling an entry gives it or raises."""
    def look(reader: Reader) -> dict[str, Any]:
        told = (("--fps", f"{rate:.9g}") if reader.told else ())
        return _ours(reader, ask(reader.script, folder / f"{take}{reader.suffix}", *reader.options, *told))

    with ThreadPoolExecutor(2) as pool:
        return {name: pool.submit(look, reader).result for name, reader in READERS.items()}


def _ours(reader: Reader, seen: dict[str, Any]) -> dict[str, Any]:
    """The reader's transforms in our axes; Godot's paths and its numbers behind a doubled name cut away."""
    out = {}
    for path, motion in seen.get("transforms", {}).items():
        name = path.split("/")[-1].removesuffix("2")
        turn = Rotation.from_quat(motion["rotation_xyzw"])
        place = np.array(motion.get("translation", np.zeros((1, 3))))  # the web's say nothing of what only turns
        if reader.axes != "ours" and name == "Head":
            place = Z_UP.inv().apply(place)
        if reader.axes == "root" and name == "Head":
            turn = Z_UP.inv() * turn
        if reader.axes == "all":
            turn = Z_UP.inv() * turn * Z_UP
        out[name] = {"translation": place, "rotation_xyzw": turn.as_quat()}
    return {**seen, "transforms": out}
