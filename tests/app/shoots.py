"""Shoots of several takes, made of the demo's footage."""

import shutil
from collections.abc import Sequence
from pathlib import Path

FEW = ("--end", "4", "--format", "json,csv", "--preset", "draft")
"""Options that make a take quick."""


def shoot_of(demo: Path, folder: Path, names: Sequence[str]) -> Path:
    """A shoot whose takes are copies of the demo's one."""
    for name in names:
        (folder / "takes" / name).mkdir(parents=True)
        for clip in sorted((demo / "takes" / "T001").glob("*.mp4")):
            shutil.copyfile(clip, folder / "takes" / name / clip.name)
    (folder / "rig.toml").write_bytes((demo / "rig.toml").read_bytes())
    return folder


def results(shoot: Path) -> dict[str, bytes]:
    """What a batch made that has to be the same each time: results, solves and landmarks, by name. The report tells
    what the steps took."""
    paths = [*(shoot / "solved").glob("*"), *(shoot / "takes").glob("*/.mien/solve.json"),
             *(shoot / "takes").glob("*/.mien/*.npz"), *(shoot / "takes").glob("*/.mien/rig.used.toml")]
    return {str(path.relative_to(shoot)): path.read_bytes() for path in sorted(paths) if path.suffix != ".html"}
