"""From a rig's own shape names to ARKit's, by how they are spelled and by what other vocabularies call them.

A shape whose name no convention knows is not guessed. Several shapes that mean parts of one ARKit shape (both inner
brows, four quarters of a funnel) are summed, as ARKit's shape moves all of them.
"""

import functools
import itertools
import re
from collections.abc import Iterable

from solver.face_model import ARKIT
from solver.vocabularies import SIDES, VOCABULARIES, ways

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
FIGURE = re.compile(r"[fm]_[fm]?\d+_\d+_\d+_(?=fcl_)|(?:genesis\w*?__)?(?:facs_(?:bs_|ctrl_|jnt_)?)?", re.IGNORECASE)
"""What Daz Studio and VRoid Studio put before a figure's shapes: `Genesis8_1Female__facs_bs_TongueOut`."""
_ARKIT_PLAIN = frozenset(name.lower() for name in ARKIT)


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
    return _known().get(plain_name(name))


def arkit_names(shape_names: Iterable[str]) -> dict[str, str]:
    """Own name -> the ARKit shape that it means, for a rig's names that are known: each by itself, and those that are
    once the beginning is left out that many of the rig's names share (`h_jawOpen`, `A14_Eye_Blink_Left`)."""
    return {name: meaning for group in reversed(without_beginnings(shape_names)) for name, end in group.items()
            if (meaning := arkit_name(end)) is not None}


def without_beginnings(shape_names: Iterable[str]) -> list[dict[str, str]]:
    """Own name -> what of it is known, or a part of what is: first of the names that are so as they are, then of each
    beginning that many share, the one with the most first."""
    known = {name: name for name in shape_names if _told(name)}
    groups: dict[str, list[tuple[str, str]]] = {}
    for name in shape_names:
        short = short_name(name)
        ends = _ends(short)
        for place, end in enumerate(ends):
            if any(plain(short[start:end]) in _known() for start in (0, *ends[:place])):
                break  # jawOpen_mouthFunnel is what both do together
            if name not in known and short[end:]:
                groups.setdefault(re.sub(r"\d+", "#", short[:end]), []).append((name, short[end:]))
    found = []
    for group in groups.values():
        told = {name: end for name, end in group if _told(end)}
        if len({_told(end) for end in told.values()}) >= FEWEST and 2 * len(told) >= len(group):
            found.append(told)
    return [known, *sorted(found, key=lambda told: -len(told))]


def endings(shape_names: Iterable[str]) -> dict[str, str]:
    """Own name -> what it is without a beginning that many of the rig's known names share."""
    beginnings = {_beginning(short_name(name), end) for group in without_beginnings(shape_names)[1:]
                  for name, end in group.items()}

    def without(name: str) -> str:
        short = short_name(name)
        return next((short[end:] for end in _ends(short) if re.sub(r"\d+", "#", short[:end]) in beginnings), name)

    return {name: without(name) for name in shape_names}


def _beginning(short: str, end: str) -> str:
    return re.sub(r"\d+", "#", short.removesuffix(end))


def _ends(short: str) -> list[int]:
    """Where the first words of a name end."""
    return [found.end() for found in itertools.islice(re.finditer(r"[_\-\s]+", short), MOST_PARTS)]


def guess_names(shape_names: tuple[str, ...]) -> dict[str, str]:
    """Own name -> ARKit's, for those shapes whose name is known. What one beginning has in parts is summed, where all
    are there; what two have (`old_jawOpen`, `new_jawOpen`) is there twice, and the first is taken. ARKit's own words
    count before another convention's: Character Creator 3 has `A01_Brow_Inner_Up` beside `Brow_Raise_Inner_L`."""
    guessed: dict[str, str] = {}
    groups = without_beginnings(shape_names)
    in_its_words = {arkit_name(end) for group in groups for end in group.values() if plain_name(end) in _ARKIT_PLAIN}
    for group in groups:
        earlier = set(guessed.values())
        own = {name for name, end in group.items() if plain_name(end) in _ARKIT_PLAIN}
        taken = earlier | in_its_words
        composed = _composed({plain_name(end): name for name, end in reversed(group.items()) if name not in guessed},
                             taken)
        guessed |= composed
        whole: set[str] = set(composed.values())
        for name in sorted(group, key=lambda name: name not in own):
            meaning = arkit_name(group[name])
            if meaning is None or name in guessed or meaning in earlier or meaning in whole or (
                    name not in own and meaning in in_its_words) or (
                    meaning not in SUMMED and meaning in guessed.values()):
                continue
            guessed[name] = meaning
            whole |= {meaning} if name in own else set()
    return {name: guessed[name] for name in shape_names if name in guessed}


def _composed(there: dict[str, str], taken: set[str]) -> dict[str, str]:
    """Own name -> the one of ARKit's that it makes with others.

    Args:
        there: a rig's names as `plain_name` spells them -> its own.
        taken: those of ARKit's that are there already.
    """
    made: dict[str, str] = {}
    for meaning, parts in composed_ways():
        other = [spelled for spelled in there if _known().get(spelled) == meaning and spelled not in parts]
        whole = [spelled for spelled in other if meaning not in SUMMED or spelled in wholes()]
        if meaning in taken or meaning in made.values() or whole or any(part not in there for part in parts):
            continue
        made |= {there[part]: meaning for part in parts}
    return made


def _told(name: str) -> str | None:
    """The ARKit shape that a name means, or is a part of."""
    return arkit_name(name) or part_of().get(plain_name(name))


def plain_name(name: str) -> str:
    """A name as it is looked up: without its deformer, figure, separators and case."""
    short = short_name(name)
    return plain(short[FIGURE.match(short).end():].removesuffix("_div2"))


def plain(name: str) -> str:
    """Without separators and case."""
    return re.sub(r"[\s_\-.]+", "", name).lower()


@functools.cache
def composed_ways() -> tuple[tuple[str, tuple[str, ...]], ...]:
    """ARKit's name, and the plain names of parts that together make it, of all vocabularies."""
    return tuple(dict.fromkeys(
        (meaning, tuple(map(plain_name, parts))) for vocabulary in VOCABULARIES.values()
        for meaning, found in ways(vocabulary).items() for parts in found if len(parts) > 1))


@functools.cache
def part_of() -> dict[str, str]:
    """Plain names of such parts -> ARKit's name."""
    return {part: meaning for meaning, parts in reversed(composed_ways()) for part in parts}


@functools.cache
def wholes() -> frozenset[str]:
    """Plain names that stand for a shape by themselves."""
    return _ARKIT_PLAIN | {plain_name(parts[0]) for vocabulary in VOCABULARIES.values()
                           for found in ways(vocabulary).values() for parts in found if len(parts) == 1}


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
    for vocabulary in VOCABULARIES.values():
        for meaning, found in ways(vocabulary).items():
            for parts in found:
                if len(parts) == 1:
                    table.setdefault(plain_name(parts[0]), meaning)
    return table


def _sided(base: str, side: str) -> list[str]:
    return [text for mark in SIDES[side] for text in (base + mark, mark + base)]
