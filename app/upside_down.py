"""Is a camera mounted turned? Detectors find no faces in its pictures, or some that are none, and no rig fits these."""

from collections.abc import Callable, Mapping

import numpy as np
from scipy.spatial.transform import Rotation

from app.detectors import Landmarker
from app.preparing import Prepared
from capture.camera import Rig, toml_key
from capture.pictures import turned
from capture.shoot import Take
from capture.turned import turned_size
from solver.detect import Footage, stack
from solver.landmarks import SURE, Landmarks, sized
from solver.performance import Performance

SAMPLES = 5
"""Pictures of a camera that are looked at once more, turned."""
MOSTLY = 0.5
"""Cameras that surely see a face in this share of the frames stand upright."""
SIDEWAYS = 30.0
"""Degrees by which a head that lies on its side may be turned from that; people lean by less than the rest."""
WAYS = {180: "upside down", 90: "on its side", 270: "on its side"}
"""How a camera filmed whose pictures must be turned by so much. A camera on a stand hangs more often than it lies."""


def upside_down(ready: Prepared, found: Landmarks, landmarker: Landmarker, step: Callable[[], None]) -> dict[str, int]:
    """The cameras in whose pictures faces are surely found once these are turned, and else are not: camera -> degrees
    clockwise.

    Args:
        found: by each camera's own clock.
        step: called before each look at a camera.

    Raises:
        ClipError: a frame cannot be decoded.
    """
    sure = sized(found)[1] <= SURE  # (C, T)
    out = {}
    for index, there in enumerate(map(np.flatnonzero, ready.there)):
        if not len(there) or sure[index, there].mean() >= MOSTLY:
            continue
        frames = there[np.unique(np.linspace(0, len(there) - 1, SAMPLES).round().astype(int))]
        pictures = list(ready.pictures(index, frames))
        camera, clip = found.cameras[index], ready.clips.clips[index]
        best = max(MOSTLY, float(sure[index, there].mean()))
        for degrees in WAYS:
            step()
            # One by one: they are far apart, and what was found in one says nothing of the next.
            looked = [landmarker.detector.detect(
                Footage(turned_size(clip.size, degrees), ready.clips.rate, 1,
                        lambda picture=picture, degrees=degrees: iter([turned(picture, degrees)])),
                lambda done, total: None) for picture in pictures]
            surely = [bool((sized(stack([camera], [track], found.scheme))[1] <= SURE).all()) for track in looked]
            if np.mean(surely) > best:
                best, out[camera] = float(np.mean(surely)), degrees
    return out


def lying(performance: Performance, rig: Rig) -> dict[str, int]:
    """The cameras in whose pictures the solved head lies on its side in most frames, though landmarks do not mind:
    camera -> degrees clockwise by which it would stand upright."""
    up = Rotation.from_quat(performance.head_rotation).as_matrix()[:, :, 1]  # (T, 3) in the world
    out = {}
    for camera in rig.cameras:
        across, down, _ = camera.rotation @ up.T  # (T) each
        rolls = np.degrees(np.arctan2(across, -down))  # clockwise from upright
        for degrees in (90, 270):
            if np.mean(np.abs((rolls + degrees + 180) % 360 - 180) < SIDEWAYS) > MOSTLY:
                out[camera.name] = degrees
    return out


def lying_words(cameras: Mapping[str, int], besides: Mapping[str, int], take: Take) -> str:
    """That as a sentence, which turns what else is turned, too."""
    return (f"the head lies on its side in {' and '.join(cameras)}; where that is because the camera is mounted "
            f"turned, {_cure({**besides, **cameras}, take)}")


def words(cameras: Mapping[str, int], take: Take) -> str:
    """What `upside_down` found as a sentence, with the line of take.toml that mends it."""
    said = [f"{' and '.join(names)} filmed {way}: turned by {degrees} degrees its pictures show a face"
            for degrees, way in WAYS.items()
            if (names := [camera for camera, found in cameras.items() if found == degrees])]
    return f"{'; '.join(said)}: {_cure(cameras, take)}"


def _cure(cameras: Mapping[str, int], take: Take) -> str:
    """The setting that turns them, whatever is turned already."""
    turns = {camera: (take.rotate(camera) + cameras.get(camera, 0)) % 360 for camera in take.cameras}
    alike = set(turns.values())
    line = str(alike.pop()) if len(alike) == 1 else \
        "{ " + ", ".join(f"{toml_key(camera)} = {degrees}" for camera, degrees in turns.items()) + " }"
    return (f"write `rotate = {line}` at the top of take.toml, or of shoot.toml for all takes and the board; a "
            "rig.toml that is there will fit")
