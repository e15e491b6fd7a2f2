"""The neutral head put together from its pieces, and where each piece lies."""

from dataclasses import dataclass

import numpy as np

from assets.make_head import eyeball, hair, inside, skin
from assets.make_head.even_out import height
from assets.make_head.mesh import Half, mirrored
from assets.make_head.sculpt import Front

ALBEDO = {  # linear colours
    "skin": (0.56, 0.33, 0.235), "lips": (0.44, 0.155, 0.135), "eye rim": (0.58, 0.27, 0.23),
    "mouth": (0.22, 0.045, 0.045), "eyeLeft": (0.78, 0.75, 0.72), "eyeRight": (0.78, 0.75, 0.72),
    "iris": (0.075, 0.036, 0.018), "pupil": (0.004, 0.004, 0.004), "teeth": (0.72, 0.66, 0.54),
    "gums": (0.42, 0.12, 0.11), "tongue": (0.45, 0.13, 0.12), "brows": (0.045, 0.026, 0.017),
    "lashes": (0.012, 0.008, 0.006), "nostrils": (0.10, 0.035, 0.028),
}


@dataclass(frozen=True)
class Head:
    """The whole head in millimetres.

    Attributes:
        points: (V, 3); faces: (F, 4); parts: (F) part names.
        twin: (V) each vertex's mirror image. The first `half` vertices are the left half's.
        skin: where the loops of the left half lie.
        eye, brow, lashes, teeth, gums, tongue: indices of the left half's pieces.
        loose: (V) True where the vertex belongs to no skin: eyes, teeth, gums, tongue, hair.
    """

    points: np.ndarray
    faces: np.ndarray
    parts: list[str]
    twin: np.ndarray
    half: int
    skin: skin.Skin
    eye: np.ndarray
    brow: np.ndarray
    lashes: list[np.ndarray]
    teeth: dict[str, np.ndarray]
    gums: dict[str, np.ndarray]
    tongue: np.ndarray


def build() -> Head:
    """Make the neutral head."""
    half = Half()
    loops = skin.build(half)
    eye = eyeball.build(half)
    front = Front()
    brow = hair.brow(half, lambda x, y: height(front, x, y))
    lashes = hair.lashes(half, loops)
    teeth = inside.teeth(half)
    gums = inside.gums(half)
    tongue = inside.tongue(half)
    points, faces, parts, twin = mirrored(half)
    sides = ["Left"] * len(half.quads) + ["Right"] * len(half.quads)
    parts = [part + side if part == "eye" else part for part, side in zip(parts, sides, strict=True)]
    return Head(points, faces, parts, twin, len(half.points), loops, eye, brow, lashes, teeth, gums, tongue)
