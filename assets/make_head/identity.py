"""How people differ: smooth warps of the whole head, each one standard deviation of a measure. Millimetres."""

import numpy as np

from assets.make_head.head import Head


def build(head: Head) -> dict[str, np.ndarray]:
    """Name of each mode -> (V, 3) mm for one standard deviation."""
    x, y, z = head.points.T
    zero = np.zeros_like(x)
    return {"head_size": head.points * 0.03, "head_width": np.stack([x * 0.04, zero, zero], -1),
            "face_height": np.stack([zero, y * 0.05, zero], -1)}
