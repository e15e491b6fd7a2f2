"""Which of a file's shapes a solve has weights for, and how these play the file's own.

An avatar's expression that means one of ARKit's shapes stands for all morphs that it binds: how a VRM's maker says what
"perfect sync" moves, whatever the morphs are called. Other rigs are solved in their own shapes, by their names without
the deformer's. Either way the file's shapes are kept, for programs that play them by their names.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from solver.face_model import ARKIT, Morph
from solver.rig import MOST_MOVES, RigMesh
from solver.shape_extras import ENOUGH
from solver.shape_spelling import guess_names, short_name

MOST_NUMBERS = MOST_MOVES // 2
"""In all shapes of a file that are kept beside the model's."""
Plays = list[dict[str, dict[str, float]]]
"""For each mesh: a shape's name in the file -> the names of the model's shapes and what of it each of them shows."""


def solved_shapes(meshes: Sequence[RigMesh], presets: Sequence[str] = ()
                  ) -> tuple[tuple[RigMesh, ...], Plays, tuple[str, ...]]:
    """The meshes with the shapes that are solved, how these play the file's, and sentences on what was made of it.

    Args:
        meshes: as the file has them.
        presets: which of their expressions only count where nothing else means the same.
    """
    made, plays, remarks = _expressed(meshes, presets)
    short = {own: short_name(own) for mesh in made for own in mesh.shapes}
    counts = [Counter(short[own] for own in mesh.shapes) for mesh in made]
    shared = {name for count in counts for name in count if count[name] > 1}
    names = {own: own if name in shared else name for own, name in short.items()}
    renamed = tuple(replace(mesh, shapes={names[own]: delta for own, delta in mesh.shapes.items()},
                            between={names[own]: steps for own, steps in mesh.between.items() if own in names})
                    for mesh in made)
    return renamed, [{own: {names[of]: much for of, much in binds.items()} for own, binds in each.items()}
                     for each in plays], remarks


def morphs_of(meshes: Sequence[RigMesh], plays: Plays, shapes: dict[str, np.ndarray]
              ) -> tuple[list[Morph], tuple[str, ...]]:
    """The file's shapes in the file's order, those of one name that play alike as one, none if they are the model's;
    and a sentence where they are too many to keep.

    Args:
        meshes: as the file has them.
        plays: of `solved_shapes`.
        shapes: the model's, (V, 3) over the vertices of all meshes.
    """
    starts = np.cumsum([0] + [len(mesh.vertices) for mesh in meshes])
    found: dict[tuple, np.ndarray] = {}
    called: dict[tuple, str] = {}
    keys = {(own, tuple(play[own].items())) for mesh, play in zip(meshes, plays, strict=True) for own in mesh.shapes}
    if 3 * starts[-1] * len(keys) > MOST_NUMBERS:
        return [], (f"its file's {len(keys)} shapes are too many to be played by their own names",)
    for mesh, start, play in zip(meshes, starts, plays, strict=False):
        for own, delta in mesh.shapes.items():
            if np.abs(delta).max(initial=0.0) == 0.0:
                continue
            key = own, tuple((of, much) for of, much in play[own].items() if of in shapes)
            if key not in found:
                called[key] = own if own not in called.values() else f"{mesh.name}.{own}"
                found[key] = np.zeros((starts[-1], 3))
            found[key][start:start + len(delta)] = delta
    if [binds for _, binds in found] == [((called[key], 1.0),) for key in found]:
        return [], ()
    return [Morph(called[key], key[1], offsets) for key, offsets in found.items()], ()


def _expressed(meshes: Sequence[RigMesh], presets: Sequence[str]
               ) -> tuple[Sequence[RigMesh], Plays, tuple[str, ...]]:
    own = tuple(dict.fromkeys(name for mesh in meshes for name in mesh.shapes))
    told = tuple(dict.fromkeys(name for mesh in meshes for name in mesh.binds))
    plain: Plays = [{name: {name: 1.0} for name in mesh.shapes} for mesh in meshes]
    if not told:
        return meshes, plain, ()
    by_name, by_bind = guess_names(own), guess_names(told)
    makers = {meaning for name, meaning in by_bind.items() if name not in presets} | set(by_name.values())
    by_bind = {name: meaning for name, meaning in by_bind.items()
               if meaning in ARKIT and (name not in presets or meaning not in makers)}
    used = [name for name, meaning in by_bind.items()
            if any(binds != {morph: 1.0} or by_name.get(morph) != meaning
                   for mesh in meshes for binds in [mesh.binds.get(name, {})] for morph in list(binds)[:1])]
    if not used:
        return meshes, plain, ()
    covered = {by_bind[name] for name in used}
    whole = covered | set(by_bind.values()) | set(by_name.values())
    perfect = len(set(by_bind.values())) >= ENOUGH and "jawOpen" in whole
    bound = {morph for mesh in meshes for name in used for morph in mesh.binds.get(name, ())}
    kept = {name for name in own if (by_name[name] not in covered if name in by_name
                                     else not perfect and name not in bound)}
    out, plays = [], []
    for mesh in meshes:
        shapes = {name: sum(much * mesh.shapes[morph] for morph, much in mesh.binds[name].items())
                  for name in used if name in mesh.binds}
        play: dict[str, dict[str, float]] = {name: {name: 1.0} if name in kept else {} for name in mesh.shapes}
        for name in shapes:
            for morph, much in mesh.binds[name].items():
                play[morph][name] = much
        out.append(replace(mesh, shapes=shapes | {name: move for name, move in mesh.shapes.items() if name in kept}))
        plays.append(play)
    several = [name for name in used if any(len(mesh.binds.get(name, ())) > 1 for mesh in meshes)]
    rest = [name for name in told if name not in by_bind and name not in presets]
    lines = [f"{len(used)} of its shapes are the VRM's expressions, {len(several)} of them of several morphs; "
             "`mien export --names own` plays the morphs"]
    if rest and perfect:
        lines.append("expressions that mean none of ARKit's shapes are not solved: " + ", ".join(rest))
    return out, plays, tuple(lines)
