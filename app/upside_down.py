"""Is a camera's picture upside down? Detectors find faces there that are none, and no rig fits these."""

from collections.abc import Callable

import numpy as np

from app.detectors import Landmarker
from app.preparing import Prepared
from solver.detect import Footage, stack
from solver.landmarks import SURE, Landmarks, sized

SAMPLES = 5
"""Pictures of a camera that are looked at once more, turned."""
MOSTLY = 0.5
"""Cameras that surely see a face in this share of the frames stand upright."""


def upside_down(ready: Prepared, found: Landmarks, landmarker: Landmarker, step: Callable[[], None]) -> tuple[str, ...]:
    """The cameras in whose pictures faces are surely found once these are turned by 180 degrees, and else are not.

    Args:
        found: by each camera's own clock.
        step: called before each camera that is looked at.

    Raises:
        ClipError: a frame cannot be decoded.
    """
    sure = sized(found)[1] <= SURE  # (C, T)
    out = []
    for index, there in enumerate(map(np.flatnonzero, ready.there)):
        if not len(there) or sure[index, there].mean() >= MOSTLY:
            continue
        step()
        frames = there[np.unique(np.linspace(0, len(there) - 1, SAMPLES).round().astype(int))]
        pictures = [np.ascontiguousarray(picture[::-1, ::-1]) for picture in ready.pictures(index, frames)]
        camera = found.cameras[index]
        # One by one: they are far apart, and what was found in one says nothing of the next.
        turned = [landmarker.detector.detect(
            Footage(ready.clips.clips[index].size, ready.clips.rate, 1, lambda picture=picture: iter([picture])),
            lambda done, total: None) for picture in pictures]
        surely = [bool((sized(stack([camera], [track], found.scheme))[1] <= SURE).all()) for track in turned]
        if np.mean(surely) > max(MOSTLY, float(sure[index, there].mean())):
            out.append(camera)
    return tuple(out)


def words(cameras: tuple[str, ...]) -> str:
    """That as a sentence."""
    return (f"{' and '.join(cameras)} filmed upside down: turned by 180 degrees its pictures show a face. Turn the "
            "clip, and the board's, and calibrate again; a turn that the file itself states is heard, too")
