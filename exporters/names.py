"""Names as a program keeps them, so that a curve still finds its shape after the program's own clean-up.

What a program would change is changed here first, and two names that would become one are told apart by a number.
"""

import dataclasses
import re
from collections.abc import Sequence
from dataclasses import dataclass

from exporters.scene import Scene


@dataclass(frozen=True)
class Naming:
    """Which names a program leaves alone.

    Attributes:
        forbidden: a pattern of the characters that become "_".
        digit_first: whether a name may begin with a digit.
        longest: bytes in UTF-8.
    """

    forbidden: str = r"[\x00-\x1f\x7f]"
    digit_first: bool = True
    longest: int = 1023


ANY = Naming()
MAYA = Naming(r"[^A-Za-z0-9_]", digit_first=False)
UNREAL = Naming(r"""[\s"',/.:|&!~@#(){}\[\]=;^%$`\\*?<>]""")
"""What Unreal's asset and curve names must not hold; its names are no longer than 1023 characters."""

BLENDER = Naming(longest=63)
"""Blender before 5.0 cuts names there."""


def clean(names: Sequence[str], naming: Naming) -> tuple[str, ...]:
    """The names as the program keeps them, all different, also where it takes no notice of case."""
    out: list[str] = []
    taken: set[str] = set()
    for name in names:
        stem = re.sub(naming.forbidden, "_", name) or "_"
        if stem[0].isdigit() and not naming.digit_first:
            stem = "_" + stem
        found, number = _cut(stem, naming.longest), 1
        while found.casefold() in taken:
            number += 1
            end = f"_{number}"
            found = _cut(stem, naming.longest - len(end)) + end
        taken.add(found.casefold())
        out.append(found)
    return tuple(out)


def renamed(scene: Scene, naming: Naming) -> Scene:
    """The scene with its take, shapes and materials under names that the program keeps."""
    model, performance = scene.model, scene.performance
    take, = clean([scene.take], naming)
    shapes = clean(model.shape_names, naming)
    return dataclasses.replace(
        scene, take=take, performance=dataclasses.replace(performance, shape_names=shapes),
        model=dataclasses.replace(model, shape_names=shapes, part_names=clean(model.part_names, naming)))


def in_utf8(scene: Scene) -> Scene:
    """The scene with names that UTF-8 can hold: those of files in another encoding lose their odd letters."""
    try:
        "".join([scene.take, *scene.model.shape_names, *scene.model.part_names]).encode()
    except UnicodeEncodeError:
        return renamed(scene, ANY)
    return scene


def _cut(text: str, longest: int) -> str:
    return text.encode("utf-8", "surrogateescape")[:longest].decode("utf-8", "ignore")
