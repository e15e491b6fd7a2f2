"""An actor's resting face as a Wavefront OBJ file."""

from pathlib import Path

import numpy as np

from capture.files import write_bytes
from solver.actor import Actor
from solver.face_model import FaceModel

UNSEEN = (180.0, 160.0, 150.0)
"""A skin of which nothing was seen."""


def write_neutral(actor: Actor, model: FaceModel, path: Path) -> None:
    """The model as the actor's identity has it, without an expression: metres, Y up, looking along +z; the model's
    vertices in their order, coloured as the skin was seen where the profile knows that, and its faces, a group for
    each part.

    Raises:
        OutputError: it cannot be written.
    """
    resting = model.neutral + np.tensordot(actor.identity, model.identity, 1)  # (V, 3)
    colours = [" {:.4f} {:.4f} {:.4f}".format(*rgb) for rgb in _shown(actor.skin) / 255] or [""] * len(resting)
    lines = ["# metres, Y up", *(f"v {x:.6f} {y:.6f} {z:.6f}{colour}"
                                 for (x, y, z), colour in zip(resting, colours, strict=True))]
    for part, name in enumerate(model.part_names):
        lines.append(f"g {name.replace(' ', '_')}")
        lines += ["f " + " ".join(str(corner + 1) for corner in face if corner >= 0)
                  for face in model.faces[model.face_part == part].tolist()]
    write_bytes(path, ("\n".join(lines) + "\n").encode())


def _shown(skin: np.ndarray) -> np.ndarray:
    """(V, 3): the skin's colours, their mean where nobody saw it."""
    seen = skin[:, 3] > 0
    return np.where(seen[:, None], skin[:, :3], skin[seen, :3].mean(axis=0) if seen.any() else UNSEEN)
