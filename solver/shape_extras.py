"""Shapes of a rig that others of its shapes make together: sounds, moods, both sides at once, correctives.

Solved beside the shapes that they are made of they would take a share of each one's weight, and a face says nothing of
which. So they are left out of a rig's table of names at first; who wants one solved gives it its own name there.
"""

import functools
import re
from collections.abc import Mapping

from solver.face_model import ARKIT
from solver.shape_spelling import OTHER, SUMMED, arkit_names, endings, part_of, plain_name, short_name, wholes
from solver.vocabularies import MOODS, SEVERAL, SIDES, VISEMES, VOCABULARIES

ENOUGH = 26
"""Of ARKit's shapes, among them jawOpen, a rig must have for the others to be made of them."""
SHORTEST = 4
"""Letters of a name that counts as one of two in another's."""
MOST_PIECES = 12
"""Of a name; one out of a stranger's file may have any number."""
GOES = ("jaw", "mouth", "tongue", "head", "neck", "look")
"""Stems whose left and right are ways to go: what has none is not both of them."""
SOUND, MOOD, BOTH, PART = "a sound", "a mood", "both sides at once", "a part of what is there whole"
AT_ONCE = " at once"
SEVERAL_AT_ONCE = "several" + AT_ONCE
ROUND = {"mouthFunnel", "mouthPucker"}
"""Without one of them sounds are all that a rig's lips have."""
SEPARATORS = r"[\s_\-.+]+"


def made_by_others(shape_names: tuple[str, ...], guessed: Mapping[str, str]) -> dict[str, str]:
    """Own name -> what it is, for those shapes that others make together.

    Args:
        shape_names: of the rig.
        guessed: own name -> ARKit's, as far as known.
    """
    meant = set(guessed.values()) & set(ARKIT)
    if len(meant) < ENOUGH or "jawOpen" not in meant:
        return {}
    ends = endings(shape_names)
    spelled = {own: plain_name(end) for own, end in ends.items()}
    named, known = set(spelled.values()), {spelled[own] for own in guessed}
    meanings = arkit_names(shape_names)
    found = {}
    for own in shape_names:
        if own in guessed:
            continue
        name = spelled[own]
        if name in _kinds() and (_kinds()[name] != SOUND or meant & ROUND):
            found[own] = _kinds()[name]
        elif meant.issuperset(_several().get(name, ("",))):
            found[own] = SEVERAL_AT_ONCE
        elif own not in meanings and (meant.issuperset(_both().get(name, ("",))) or (name not in GOES and any(
                name + left in named and name + right in named for left, right in zip(*SIDES.values(), strict=True)))):
            found[own] = BOTH  # Cheek_Raise_R is no CheekRaiser
        elif part_of().get(name) in meant or (
                meanings.get(own) in SUMMED and meanings[own] in meant and name not in OTHER
                and name not in wholes()):
            found[own] = PART
        elif pieces := _pieces(ends[own], known):
            found[own] = " and ".join(pieces) + AT_ONCE
    return found


def correctives(shape_names: tuple[str, ...], guessed: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """Own name -> the rig's own that it corrects where they act together, for those of `made_by_others` that do."""
    made, ends = made_by_others(shape_names, guessed), endings(shape_names)
    place = {plain_name(ends[own]): own for own in reversed(shape_names) if own in guessed}
    found = {own: _pieces(ends[own], set(place)) for own, what in made.items()
             if what not in (SOUND, MOOD, BOTH, PART, SEVERAL_AT_ONCE)}
    return {own: tuple(place["".join(re.split(SEPARATORS, piece)).lower()] for piece in pieces)
            for own, pieces in found.items()}


def _pieces(own: str, known: set[str]) -> list[str]:
    """The known shapes whose names a name is made of, two or more: `jawOpen_smile_L` is of jawOpen and smile_L."""
    words = re.split(SEPARATORS, short_name(own))
    if not 2 <= len(words) <= MOST_PIECES:
        return []
    best: list[list[str] | None] = [[]] + [None] * len(words)  # how the first so many words are covered
    for end in range(1, len(words) + 1):
        for start in range(end):
            text = "".join(words[start:end]).lower()
            if best[start] is not None and len(text) >= SHORTEST and text in known and end - start < len(words) \
                    and len(best[start]) >= len(best[end] or ()):  # as many as there are, for none of a pair's own
                best[end] = [*best[start], "_".join(words[start:end])]
    found = best[-1] or []
    return found if len(set(found)) == len(found) else []


@functools.cache
def _kinds() -> dict[str, str]:
    return {plain_name(name): what for names, what in ((MOODS, MOOD), (VISEMES, SOUND)) for name in names}


@functools.cache
def _several() -> dict[str, tuple[str, ...]]:
    return {plain_name(name): made_of for name, made_of in SEVERAL.items()}


@functools.cache
def _both() -> dict[str, tuple[str, ...]]:
    """Plain names without a side -> the two of ARKit's that they are at once."""
    table = {}
    for name in ARKIT:
        if name.endswith("Left") and (stem := name.removesuffix("Left").lower()) not in GOES:
            table[stem] = tuple(name.removesuffix("Left") + side for side in SIDES)
    others = [(name + "*", meaning) for name, meaning in OTHER.items()]
    for vocabulary in VOCABULARIES.values():
        others += [(name, meaning) for meaning, name in vocabulary.names.items() if not set("+|^") & set(name)]
    for name, meaning in others:
        if meaning.endswith("*") and name.count("*") == 1:
            table.setdefault(plain_name(name.replace("*", "")), tuple(meaning[:-1] + side for side in SIDES))
    return table
