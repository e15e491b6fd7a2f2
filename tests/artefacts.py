"""What a solve leaves beside its results."""

from pathlib import Path

import numpy as np

from solver.landmarks import Landmarks


def landmarks_in(work: Path) -> Landmarks:
    """The landmarks of all cameras of a take, from its folder of artefacts."""
    cameras, tracks = [], []
    for path in sorted(work.glob("detect.*.npz")):
        with np.load(path) as arrays:
            tracks.append({name: arrays[name] for name in ("xy", "sigma", "seen", "scheme")})
        cameras.append(path.stem.removeprefix("detect."))
    return Landmarks(tuple(cameras), str(tracks[0]["scheme"]),
                     *(np.stack([track[name] for track in tracks]) for name in ("xy", "sigma", "seen")))
