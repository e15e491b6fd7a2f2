"""All 52 shapes of the head, in ARKit's order."""

from collections.abc import Callable

import numpy as np

from assets.make_head.eye_shapes import eye_shapes
from assets.make_head.face_shapes import face_shapes, ties
from assets.make_head.flesh import Flesh, mirror
from assets.make_head.jaw_shapes import jaw_shapes
from assets.make_head.mouth_shapes import mouth_shapes
from solver.face_model import ARKIT


def build(flesh: Flesh) -> np.ndarray:
    """(52, V, 3) mm."""
    made = eye_shapes(flesh) | jaw_shapes(flesh) | mouth_shapes(flesh) | face_shapes(flesh)
    for stem in ("jaw", "mouth"):
        made[f"{stem}Right"] = mirror(flesh, made[f"{stem}Left"])
    carried = carrier(flesh)
    return np.array([carried(_named(flesh, made, name)) for name in ARKIT])


def _named(flesh: Flesh, made: dict[str, np.ndarray], name: str) -> np.ndarray:
    if name in made:
        return made[name]
    left = made[name.removesuffix("Left").removesuffix("Right")]
    return mirror(flesh, left) if name.endswith("Right") else left


def carrier(flesh: Flesh) -> Callable[[np.ndarray], np.ndarray]:
    """What completes a move of the skin: the brows go with the skin under them, the nostrils' inside with their rim."""
    brow, under, share = ties(flesh)
    rings, twin = flesh.head.skin.nostril, flesh.head.twin

    def carried(move: np.ndarray) -> np.ndarray:
        move = move.copy()
        for ring in rings[3:]:
            move[ring], move[twin[ring]] = move[rings[2]], move[twin[rings[2]]]
        move[brow] = np.einsum("bk,bkc->bc", share, move[under])
        return move
    return carried
