"""What a rig's shapes stand for: guessed from their names, and a small TOML where the user has the last word.

A shape whose name no convention knows keeps its own name. What others of the rig make together is left out.
"""

from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from capture.errors import ModelError, UsageError
from capture.files import write_bytes
from capture.toml_file import read_toml
from solver.face_model import ARKIT, Between, FaceModel, Side, offsets_at
from solver.shape_extras import made_by_others
from solver.shape_spelling import arkit_name, arkit_names, guess_names, short_name

__all__ = ["NamesFound", "arkit_name", "arkit_names", "first_table", "guess_names", "names_found", "names_lines",
           "other_side", "read_names", "rename_shapes", "short_name", "write_names"]

HEADER = """# Which of ARKit's shapes each shape of this rig stands for. Change what mien guessed wrong:
#   "its own name" = "jawOpen"   stands for ARKit's jawOpen; several may stand for one, they are summed
#   "its own name" = ""          is left out
# A shape without a line keeps its own name.
"""


def first_table(shape_names: tuple[str, ...]) -> dict[str, str]:
    """Own name -> the name to use, before anybody has looked it over: what is known stands for ARKit's, and what the
    others make together is left out ("")."""
    guessed = guess_names(shape_names)
    return guessed | dict.fromkeys(made_by_others(shape_names, guessed), "")


def other_side(shape: str) -> str | None:
    """The shape of the face's other side: mouthSmileLeft -> mouthSmileRight; None for a shape of both sides."""
    for side, other in (("Left", "Right"), ("Right", "Left"), ("_L", "_R"), ("_R", "_L")):
        if shape.endswith(side):
            return shape.removesuffix(side) + other
    return None


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
        made: of those that are left out, what the others make together -> what it is.
    """

    matched: dict[str, tuple[str, ...]]
    renamed: dict[str, str]
    ambiguous: dict[str, str]
    unknown: tuple[str, ...]
    left_out: tuple[str, ...]
    missing: tuple[str, ...]
    made: dict[str, str] = field(default_factory=dict)


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
    gone = tuple(own for own in rest if table.get(own) == "")
    made = made_by_others(shape_names, guess_names(shape_names)) if gone else {}
    return NamesFound(
        {name: matched[name] for name in ARKIT if name in matched},
        {own: table[own] for own in rest if table.get(own, own) not in ("", own)}, ambiguous,
        tuple(own for own in kept if own not in ambiguous), gone,
        tuple(name for name in ARKIT if name not in matched), {own: made[own] for own in gone if own in made})


def names_lines(found: NamesFound) -> list[str]:
    """The same as lines to read."""
    wide = max((len(" + ".join(own)) for own in found.matched.values()), default=0)
    lines = [f"  {' + '.join(own):<{wide}}  stands for  {name}" for name, own in found.matched.items()]
    lines += [f"  {own:<{wide}}  is called   {name}" for own, name in found.renamed.items()]
    lines += [f"ambiguous: {own} may stand for {meaning}, but so does {' + '.join(found.matched[meaning])}; "
              "it keeps its own name" for own, meaning in found.ambiguous.items()]
    for kind in dict.fromkeys(found.made.values()):
        lines.append(f"left out, as others of its shapes make it ({kind}): "
                     + ", ".join(own for own, what in found.made.items() if what == kind))
    left_out = [own for own in found.left_out if own not in found.made]
    for names, what in ((found.unknown, "of no known meaning, they keep their own names: "), (left_out, "left out: "),
                        (found.missing, "ARKit's that no shape stands for: ")):
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
                   morphs=(),
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
