"""From a rig's own shape names to ARKit's: a table of conventions, and a small TOML where the user has the last word.

A shape whose name no convention knows keeps its own name. Several shapes that mean parts of one ARKit shape (both inner
brows, both cheeks) are summed, as ARKit's shape moves both.
"""

import functools
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from capture.errors import ModelError, UsageError
from capture.files import write_bytes
from capture.toml_file import read_toml
from solver.face_model import ARKIT, Between, FaceModel, Side, offsets_at

SIDES = {"Left": ("left", "l", "lf", "lft"), "Right": ("right", "r", "rt", "rgt")}

OTHER = {  # other conventions' names without side and separators, in lower case -> ARKit's, "*" for its side
    # Faceshift, which FaceScape took over
    "eyeopen": "eyeWide*", "eyedown": "eyeLookDown*", "eyeup": "eyeLookUp*", "eyein": "eyeLookIn*",
    "eyeout": "eyeLookOut*", "browsd": "browDown*", "browsuc": "browInnerUp", "browsu": "browOuterUp*",
    "jawfwd": "jawForward", "lipsstretch": "mouthStretch*", "lipsfunnel": "mouthFunnel", "lipspucker": "mouthPucker",
    "lipsupperup": "mouthUpperUp*", "lipslowerdown": "mouthLowerDown*", "lipsupperclose": "mouthRollUpper",
    "lipslowerclose": "mouthRollLower", "chinlowerraise": "mouthShrugLower", "chinupperraise": "mouthShrugUpper",
    "lipstogether": "mouthClose", "sneer": "noseSneer*", "puff": "cheekPuff",
    # Meta's face tracking
    "browlowerer": "browDown*", "innerbrowraiser": "browInnerUp", "outerbrowraiser": "browOuterUp*",
    "cheekraiser": "cheekSquint*", "eyesclosed": "eyeBlink*", "lidtightener": "eyeSquint*",
    "upperlidraiser": "eyeWide*", "eyeslookdown": "eyeLookDown*", "eyeslookup": "eyeLookUp*", "jawdrop": "jawOpen",
    "eyeslookleftl": "eyeLookOutLeft", "eyeslookrightl": "eyeLookInLeft",  # where each eye looks, then which eye
    "eyeslookleftr": "eyeLookInRight", "eyeslookrightr": "eyeLookOutRight",
    "jawthrust": "jawForward", "jawsidewaysleft": "jawLeft", "jawsidewaysright": "jawRight",
    "lipcornerpuller": "mouthSmile*", "lipcornerdepressor": "mouthFrown*", "dimpler": "mouthDimple*",
    "lipstretcher": "mouthStretch*", "lippressor": "mouthPress*", "lowerlipdepressor": "mouthLowerDown*",
    "upperlipraiser": "mouthUpperUp*", "nosewrinkler": "noseSneer*", "chinraiserb": "mouthShrugLower",
    "chinraisert": "mouthShrugUpper", "lipstoward": "mouthClose", "lippucker": "mouthPucker",
    "lipsuckb": "mouthRollLower", "lipsuckt": "mouthRollUpper", "lipsucklb": "mouthRollLower",
    "lipsuckrb": "mouthRollLower", "lipsucklt": "mouthRollUpper", "lipsuckrt": "mouthRollUpper",
    "lipfunnelerlb": "mouthFunnel", "lipfunnelerlt": "mouthFunnel", "lipfunnelerrb": "mouthFunnel",
    "lipfunnelerrt": "mouthFunnel",
    # VRM and hand-made rigs
    "blink": "eyeBlink*", "wink": "eyeBlink*", "smile": "mouthSmile*", "frown": "mouthFrown*", "squint": "eyeSquint*",
}

SUMMED = ("browInnerUp", "cheekPuff", "mouthPucker", "mouthFunnel", "mouthRollLower", "mouthRollUpper")
"""ARKit's shapes that other conventions have in parts. Of any other, the first spelling counts and the rest stay."""
ENDING = re.compile(r"l|r|left|right|\d+", re.IGNORECASE)
"""What Blender puts behind a name and a dot: `smile.L`, and `smile.L.001` for a second one."""
DEFORMER = re.compile(r"blend_?shapes?_?\d*$", re.IGNORECASE)
"""What Maya calls a deformer unless told otherwise: `blendShape1.L` is its shape for that sound."""
FEWEST = 3
"""Names that must be known without a beginning for it to be one."""
MOST_PARTS = 8
"""Of a beginning; a name out of a stranger's file may have any number."""
_ARKIT_PLAIN = frozenset(name.lower() for name in ARKIT)

HEADER = """# Which of ARKit's shapes each shape of this rig stands for. Change what mien guessed wrong:
#   "its own name" = "jawOpen"   stands for ARKit's jawOpen; several may stand for one, they are summed
#   "its own name" = ""          is left out
# A shape without a line keeps its own name.
"""


def other_side(shape: str) -> str | None:
    """The shape of the face's other side: mouthSmileLeft -> mouthSmileRight; None for a shape of both sides."""
    for side, other in (("Left", "Right"), ("Right", "Left"), ("_L", "_R"), ("_R", "_L")):
        if shape.endswith(side):
            return shape.removesuffix(side) + other
    return None


def short_name(name: str) -> str:
    """A shape's name without its deformer's: `blendShape1.browDown_L` and `head:browDown_L` are `browDown_L`."""
    end = len(name)
    while (dot := name.rfind(".", 0, end)) >= 0 and ENDING.fullmatch(name, dot + 1, end):
        end = dot
    if DEFORMER.search(name[:end]):
        end = len(name)
    stem = re.split(r"[.:|]", name[:end])[-1].strip()
    return stem + name[end:] if stem else name


def arkit_name(name: str) -> str | None:
    """The ARKit shape that a name means, or None: `EyeBlink_L`, `blendShape1.eyeBlinkLeft`, `Eyes_Closed_L`, `blink.L`.
    """
    return _known().get(_plain(short_name(name)))


def arkit_names(shape_names: Iterable[str]) -> dict[str, str]:
    """Own name -> the ARKit shape that it means, for a rig's names that are known: each by itself, and those that are
    once the beginning is left out that many of the rig's names share (`h_jawOpen`, `A14_Eye_Blink_Left`)."""
    return {name: arkit_name(end) for group in reversed(_without_beginnings(shape_names))
            for name, end in group.items()}


def _without_beginnings(shape_names: Iterable[str]) -> list[dict[str, str]]:
    """Own name -> what of it is known: first of the names that are known as they are, then of each beginning that many
    share, the one with the most first."""
    known = {name: name for name in shape_names if arkit_name(name) is not None}
    groups: dict[str, list[tuple[str, str]]] = {}
    for name in shape_names:
        short = short_name(name)
        ends = [found.end() for found in re.finditer(r"[_\-\s]+", short)][:MOST_PARTS]
        for place, end in enumerate(ends):
            if any(_plain(short[start:end]) in _known() for start in (0, *ends[:place])):
                break  # jawOpen_mouthFunnel is what both do together
            if name not in known and short[end:]:
                groups.setdefault(re.sub(r"\d+", "#", short[:end]), []).append((name, short[end:]))
    found = []
    for group in groups.values():
        told = {name: end for name, end in group if arkit_name(end) is not None}
        if len({arkit_name(end) for end in told.values()}) >= FEWEST and 2 * len(told) >= len(group):
            found.append(told)
    return [known, *sorted(found, key=lambda told: -len(told))]


def guess_names(shape_names: tuple[str, ...]) -> dict[str, str]:
    """Own name -> ARKit's, for those shapes whose name is known. What one beginning has in parts is summed; what two
    have (`old_jawOpen`, `new_jawOpen`) is there twice, and the first is taken."""
    guessed: dict[str, str] = {}
    for group in _without_beginnings(shape_names):
        earlier = set(guessed.values())
        own = {name for name, end in group.items() if _plain(short_name(end)) in _ARKIT_PLAIN}
        whole: set[str] = set()
        for name in sorted(group, key=lambda name: name not in own):
            meaning = arkit_name(group[name])
            if name in guessed or meaning in earlier or meaning in whole or (
                    meaning not in SUMMED and meaning in guessed.values()):
                continue
            guessed[name] = meaning
            whole |= {meaning} if name in own else set()
    return {name: guessed[name] for name in shape_names if name in guessed}


@dataclass(frozen=True)
class NamesFound:
    """What a rig's names are taken for, for the user to look over.

    Attributes:
        matched: ARKit's name -> the rig's own that stand for it; several are summed.
        renamed: own -> the name that the user gave it, where that is none of ARKit's.
        ambiguous: own -> the ARKit shape that it may stand for, too, which another shape stands for already.
        unknown: those that no convention knows.
        left_out: those that the user left out.
        missing: ARKit's shapes that none stands for.
    """

    matched: dict[str, tuple[str, ...]]
    renamed: dict[str, str]
    ambiguous: dict[str, str]
    unknown: tuple[str, ...]
    left_out: tuple[str, ...]
    missing: tuple[str, ...]


def names_found(shape_names: tuple[str, ...], table: dict[str, str]) -> NamesFound:
    """Sort a rig's names by what `table` (own name -> the name to use) makes of them."""
    matched: dict[str, tuple[str, ...]] = {}
    for own in shape_names:
        if (meaning := table.get(own, own)) in ARKIT:
            matched[meaning] = (*matched.get(meaning, ()), own)
    rest = [own for own in shape_names if table.get(own, own) not in ARKIT]
    kept = [own for own in rest if table.get(own, own) == own]
    meanings = arkit_names(shape_names)
    ambiguous = {own: meaning for own in kept if (meaning := meanings.get(own)) in matched}
    return NamesFound(
        {name: matched[name] for name in ARKIT if name in matched},
        {own: table[own] for own in rest if table.get(own, own) not in ("", own)}, ambiguous,
        tuple(own for own in kept if own not in ambiguous), tuple(own for own in rest if table.get(own) == ""),
        tuple(name for name in ARKIT if name not in matched))


def names_lines(found: NamesFound) -> list[str]:
    """The same as lines to read."""
    wide = max((len(" + ".join(own)) for own in found.matched.values()), default=0)
    lines = [f"  {' + '.join(own):<{wide}}  stands for  {name}" for name, own in found.matched.items()]
    lines += [f"  {own:<{wide}}  is called   {name}" for own, name in found.renamed.items()]
    lines += [f"ambiguous: {own} may stand for {meaning}, but so does {' + '.join(found.matched[meaning])}; "
              "it keeps its own name" for own, meaning in found.ambiguous.items()]
    for names, what in ((found.unknown, "of no known meaning, they keep their own names: "),
                        (found.left_out, "left out: "), (found.missing, "ARKit's that no shape stands for: ")):
        lines += [what + ", ".join(names)] if names else []
    return lines


def rename_shapes(model: FaceModel, names: dict[str, str]) -> FaceModel:
    """`model` with ARKit's names first, in ARKit's order, then the others in their own.

    Args:
        model: with its own names.
        names: own name -> the name to use; "" leaves the shape out; a shape without an entry keeps its name.

    Raises:
        UsageError: an entry names no shape of the model, or nothing is left.
    """
    for own in names:
        if own not in model.shape_names:
            raise UsageError(f"the model {model.name!r} has no shape named {own!r}; mend that line of its names file")
    sums: dict[str, np.ndarray] = {}
    parts: dict[str, list[str]] = {}
    for own, shape in zip(model.shape_names, model.shapes, strict=True):
        meaning = names.get(own, own)
        if meaning:
            sums[meaning] = sums[meaning] + shape if meaning in sums else shape
            parts.setdefault(meaning, []).append(own)
    if not sums:
        raise UsageError(f"the names file of {model.name!r} leaves out all shapes; keep some")
    order = [name for name in ARKIT if name in sums] + [name for name in sums if name not in ARKIT]
    if tuple(order) == model.shape_names:
        return model
    own_shape = dict(zip(model.shape_names, model.shapes, strict=True))
    sides = tuple(Side(own, meaning, own_shape[own]) for meaning in order for own in parts[meaning]
                  if len(parts[meaning]) > 1)
    return replace(model, shape_names=tuple(order), shapes=np.stack([sums[name] for name in order]), sides=sides,
                   between=tuple(step for meaning in order for step in _between(model, meaning, parts[meaning])))


def _between(model: FaceModel, meaning: str, parts: list[str]) -> list[Between]:
    """The in-betweens of the sum of `parts`: at each weight where one of them has one, what all have there."""
    steps = {own: [(step.weight, step.offsets) for step in model.between if step.of == own] for own in parts}
    full = {own: model.shapes[model.shape_names.index(own)] for own in parts}
    return [Between(meaning, weight, np.sum([offsets_at(weight, full[own], steps[own]) for own in parts], axis=0))
            for weight in sorted({weight for own in parts for weight, _ in steps[own]})]


def write_names(path: Path, shape_names: tuple[str, ...], names: dict[str, str]) -> None:
    """Write the table for the user to edit; shapes of unknown or ambiguous meaning appear as comments.

    Raises:
        OutputError: it cannot be written.
    """
    ambiguous = names_found(shape_names, names).ambiguous
    lines = [f"{_quoted(own)} = {_quoted(names[own])}" if own in names else f"# {_quoted(own)} = {_quoted(own)}"
             + (f"  # or {ambiguous[own]}, as another" if own in ambiguous else "") for own in shape_names]
    write_bytes(path, (HEADER + "\n".join(["[names]", *lines]) + "\n").encode())


def read_names(path: Path) -> dict[str, str]:
    """Own name -> the name to use.

    Raises:
        ModelError: the file is damaged; the message says where.
    """
    table = read_toml(path, ModelError, "mend it, or delete it and add the model again")
    names = table.get("names", {})
    if not isinstance(names, dict) or not all(isinstance(value, str) for value in names.values()):
        raise ModelError(f"{path}: [names] must hold lines of the form \"own name\" = \"jawOpen\"; mend it, or "
                         "delete it and add the model again")
    return names


def _quoted(text: str) -> str:
    def escaped(c: str) -> str:
        return "\\" + c if c in '"\\' else c if c.isprintable() else f"\\U{ord(c):08x}"

    return f'"{"".join(escaped(c) for c in text)}"'


def _plain(name: str) -> str:
    return re.sub(r"[\s_\-.]+", "", name).lower()


@functools.cache
def _known() -> dict[str, str]:
    """All spellings without separators, in lower case -> ARKit's name."""
    table: dict[str, str] = {}
    for arkit in ARKIT:
        side = next((side for side in SIDES if arkit.endswith(side)), None)
        if side is None:
            table[arkit.lower()] = arkit
            if arkit in ("browInnerUp", "cheekPuff"):
                table |= {spelled: arkit for each in SIDES for spelled in _sided(arkit.lower(), each)}
        else:
            base = arkit.removesuffix(side).lower()
            for spelled in _sided(base, side):
                table[spelled] = arkit
    for other, meaning in OTHER.items():
        if not meaning.endswith("*"):
            table.setdefault(other, meaning)
            table |= {spelled: meaning for each in SIDES for spelled in _sided(other, each) if spelled not in table}
            continue
        for side in SIDES:
            for spelled in _sided(other, side):
                table.setdefault(spelled, meaning[:-1] + side)
    return table


def _sided(base: str, side: str) -> list[str]:
    return [text for mark in SIDES[side] for text in (base + mark, mark + base)]
