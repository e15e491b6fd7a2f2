"""An actor's resting face as a Wavefront OBJ file."""

from pathlib import Path

import numpy as np

from capture.files import write_bytes
from solver.actor import Actor
from solver.face_model import FaceModel


def write_neutral(actor: Actor, model: FaceModel, path: Path) -> None:
    """The model as the actor's identity has it, without an expression: metres, Y up, looking along +z; the model's
    vertices in their order and its faces, a group for each part.

    Raises:
        OutputError: it cannot be written.
    """
    resting = model.neutral + np.tensordot(actor.identity, model.identity, 1)  # (V, 3)
    lines = ["# metres, Y up", *(f"v {x:.6f} {y:.6f} {z:.6f}" for x, y, z in resting)]
    for part, name in enumerate(model.part_names):
        lines.append(f"g {name.replace(' ', '_')}")
        lines += ["f " + " ".join(str(corner + 1) for corner in face if corner >= 0)
                  for face in model.faces[model.face_part == part].tolist()]
    write_bytes(path, ("\n".join(lines) + "\n").encode())
