"""How far cameras that were found look from where they should."""

import numpy as np

from capture.camera import Rig


def directions(found: Rig, right: Rig) -> list[float]:
    """Degrees between where each camera looks and where it should, seen from the first one."""
    out = []
    for mine, truth in zip(found.cameras[1:], right.cameras[1:], strict=True):
        axes = [rig.rotation[2] @ first.rotation.T for rig, first in ((mine, found.cameras[0]),
                                                                      (truth, right.cameras[0]))]
        out.append(float(np.degrees(np.arccos(np.clip(axes[0] @ axes[1], -1, 1)))))
    return out
