"""Cameras that are mounted turned: pictures, places in them and lenses, turned clockwise by quarters, exactly.

`rotate` is by how many degrees clockwise the picture that a file gives is turned to stand upright: 0, 90, 180 or 270.
All that mien shows, finds and solves is in the upright picture. A rig.toml says of each camera for which turn it holds;
one that was made for another turn becomes that of the upright picture by a turn of the camera about its own axis.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from capture.camera import Camera, Rig, same_name
from capture.errors import RigError
from capture.video import Clip


def turned_size(size: tuple[int, int], degrees: int) -> tuple[int, int]:
    """Width and height, px, of a picture that is turned clockwise."""
    return size if degrees % 180 == 0 else (size[1], size[0])


def turned_places(places: np.ndarray, size: tuple[int, int], degrees: int) -> np.ndarray:
    """Where places (..., 2) px of a picture of that size lie once it is turned clockwise."""
    x, y = places[..., 0], places[..., 1]
    width, height = size
    return np.stack({0: (x, y), 90: (height - 1 - y, x), 180: (width - 1 - x, height - 1 - y),
                     270: (y, width - 1 - x)}[degrees % 360], axis=-1)


def turned_camera(camera: Camera, degrees: int) -> Camera:
    """The same camera, of pictures that are turned clockwise by so many degrees more; it stands where it stood.

    Raises:
        RigError: its lens model has no such turn: OpenCV's tilted sensor about both axes, by a quarter.
    """
    if degrees % 180 and camera.model == "pinhole" and len(camera.distortion) >= 14 and all(camera.distortion[12:14]):
        raise RigError(f"the lens of {camera.name} in the rig is tilted about both axes, which OpenCV's model cannot "
                       "say of pictures turned by 90 degrees; calibrate with the pictures turned, or without a tilt")
    for _ in range(degrees % 360 // 90):
        camera = _quarter(camera)
    return camera


def fitted(rig: Rig, clips: Sequence[Clip]) -> Rig:
    """The rig with its cameras as those of the clips' upright pictures; cameras without a clip stay as they are.

    Raises:
        RigError: see `turned_camera`.
    """
    return Rig(tuple(turned_camera(camera, _now(camera, clips) - camera.rotate) for camera in rig.cameras))


def lies(rig: Rig, clips: Sequence[Clip]) -> str:
    """A sentence where the rig's world lies as its first camera did, for the rig was made before its pictures were
    turned; else "". `rig` is as it was read, not fitted."""
    first = rig.cameras[0]
    if (now := _now(first, clips)) == first.rotate:
        return ""
    return (f"the rig was made for pictures of {first.name} turned by {first.rotate} degrees, and they are turned by "
            f"{now} now: it fits exactly, but its world, and so the exported head, may lie on its side as that "
            "camera does; calibrate again with `rotate` in shoot.toml to have it upright")


def _now(camera: Camera, clips: Sequence[Clip]) -> int:
    return next((clip.rotate for clip in clips if same_name(clip.camera, camera.name)), camera.rotate)


def _quarter(camera: Camera) -> Camera:
    """Turned by 90 degrees: what was up is right, what was right is down.

    The tangential terms, OpenCV's p, and the thin prism's, s, are vectors in the picture and turn with it; the radial
    ones know no direction. A tilt about x becomes one about y.
    """
    bend = list(camera.distortion)
    if camera.model == "pinhole":
        bend[2], bend[3] = bend[3], -bend[2]  # p1 acts along y, p2 along x
        if len(bend) >= 12:
            bend[8:12] = [-bend[10], -bend[11], bend[8], bend[9]]
        if len(bend) >= 14:
            bend[12:14] = [-bend[13], bend[12]]
    width, height = camera.size
    matrix = camera.matrix.copy()
    matrix[0, 0], matrix[1, 1] = camera.matrix[1, 1], camera.matrix[0, 0]
    matrix[:2, 2] = turned_places(camera.matrix[:2, 2], camera.size, 90)
    clockwise = np.array([[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
    return replace(camera, size=(height, width), matrix=matrix, distortion=tuple(bend),
                   rotation=clockwise @ camera.rotation, translation=clockwise @ camera.translation,
                   rotate=(camera.rotate + 90) % 360)
