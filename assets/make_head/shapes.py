"""All 52 shapes of the head, in ARKit's order."""

import numpy as np

from assets.make_head import flesh as muscles
from assets.make_head.eye_shapes import eye_shapes
from assets.make_head.face_shapes import face_shapes, ties
from assets.make_head.head import Head
from assets.make_head.jaw_shapes import jaw_shapes
from assets.make_head.mouth_shapes import mouth_shapes
from solver.face_model import ARKIT


def build(head: Head) -> np.ndarray:
    """(52, V, 3) mm."""
    flesh = muscles.build(head)
    made = eye_shapes(flesh) | jaw_shapes(flesh) | mouth_shapes(flesh) | face_shapes(flesh)
    for stem in ("jaw", "mouth"):
        made[f"{stem}Right"] = muscles.mirror(flesh, made[f"{stem}Left"])
    brow, under, share = ties(flesh)
    result = []
    for name in ARKIT:
        stem = name.removesuffix("Left").removesuffix("Right")
        left = made.get(name)
        move = made[stem] if left is None else left
        if left is None and name.endswith("Right"):
            move = muscles.mirror(flesh, move)
        move = move.copy()
        for ring in head.skin.nostril[3:]:  # the inside of the nostrils goes with their rim
            rim = head.skin.nostril[2]
            move[ring], move[head.twin[ring]] = move[rim], move[head.twin[rim]]
        move[brow] += np.einsum("bk,bkc->bc", share, move[under])
        result.append(move)
    return np.array(result)
