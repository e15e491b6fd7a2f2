"""What the cameras show: levels, faces and small pictures, found beside the recording and never in its way."""

import base64
import threading
import time
from collections.abc import Sequence

import cv2
import numpy as np

from app.face_watch import FaceWatch
from capture.record import Camera
from capture.record_levels import Levels, levels

PREVIEW = 400
"""Longest side in px of the pictures that are shown."""
JPEG = 70
PAUSE_SECONDS = 0.05
FACE_SECONDS = 0.7
"""Between two looks for a face in one camera: there may be eight, and one process that looks."""


class Look:
    """Looks at each camera's latest picture in turn, in a thread of its own.

    Args:
        cameras: to look at.
        faces: whether to look for faces.
        show: whether anybody wants pictures.

    Attributes:
        levels: camera -> of its latest picture.
        shown: camera -> a small JPEG of it as base64, until somebody takes it out.
    """

    def __init__(self, cameras: Sequence[Camera], faces: bool, show: bool) -> None:
        self.levels: dict[str, Levels] = {}
        self.shown: dict[str, str] = {}
        self._cameras, self._show = tuple(cameras), show
        self._watch = FaceWatch() if faces else None
        self._asked: dict[str, float] = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="look", daemon=True)
        self._thread.start()

    def face(self, camera: str) -> float | None:
        """The height of the face as a share of the picture, 0 where there is none; None where that is not known."""
        if self._watch is None or camera not in self._watch.boxes:
            return None
        box = self._watch.boxes[camera]
        return 0.0 if box is None else box[3]

    def close(self) -> None:
        """Stop looking."""
        self._stop.set()
        self._thread.join()
        if self._watch is not None:
            self._watch.close()

    def _run(self) -> None:
        while not self._stop.wait(PAUSE_SECONDS):
            for camera in self._cameras:
                self._look(camera)

    def _look(self, camera: Camera) -> None:
        picture = camera.picture()
        if picture is None:
            return
        name = camera.source.camera
        box = self._watch.boxes.get(name) if self._watch is not None else None
        self.levels[name] = levels(picture.to_ndarray(format="gray"), box)
        scale = min(PREVIEW / max(picture.width, picture.height), 1.0)
        small = picture.reformat(max(round(picture.width * scale), 2), max(round(picture.height * scale), 2), "rgb24"
                                 ).to_ndarray()
        now = time.monotonic()
        if self._watch is not None and not self._watch.busy and now - self._asked.get(name, 0.0) > FACE_SECONDS:
            self._asked[name] = now
            self._watch.ask(name, small)
        if self._show:
            self.shown[name] = jpeg_text(small)


def jpeg_text(rgb: np.ndarray) -> str:
    """A picture (H, W, 3) uint8 as a JPEG in base64."""
    _, jpeg = cv2.imencode(".jpg", np.ascontiguousarray(rgb[:, :, ::-1]), [cv2.IMWRITE_JPEG_QUALITY, JPEG])
    return base64.b64encode(jpeg.tobytes()).decode()
