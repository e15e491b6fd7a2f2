"""Is there a face? Asked of a process of its own: a recorder must not stumble over a network that is loading.

`python -m app.face_watch` reads pictures from stdin, each SIDE x SIDE x 3 bytes of RGB, and answers each with one JSON
line: {"box": [x, y, width, height]} in shares of the picture, or {"box": null}.
"""

import contextlib
import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import cv2
import numpy as np

SIDE = 192
Box = tuple[float, float, float, float]


class FaceWatch:
    """Asks about one picture at a time; whoever comes while it is busy is not heard.

    Attributes:
        boxes: camera -> the face's box (x, y, width, height in shares of the picture); None where there is no face.
    """

    def __init__(self) -> None:
        self.boxes: dict[str, Box | None] = {}
        self._asked: tuple[str, tuple[int, int]] | None = None
        root = str(Path(__file__).resolve().parents[1])
        path = os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH")]))
        self._process = subprocess.Popen([sys.executable, "-m", "app.face_watch"], stdin=subprocess.PIPE,
                                         stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True,
                                         env={**os.environ, "PYTHONPATH": path})
        self._thread = threading.Thread(target=self._read, name="faces", daemon=True)
        self._thread.start()

    @property
    def busy(self) -> bool:
        return self._asked is not None or self._process.poll() is not None

    def ask(self, camera: str, rgb: np.ndarray) -> None:
        """Look for a face in (H, W, 3) uint8; the answer comes into `boxes` later."""
        if self.busy:
            return
        height, width = rgb.shape[:2]
        scale = SIDE / max(height, width)
        small = cv2.resize(rgb, (max(round(width * scale), 1), max(round(height * scale), 1)),
                           interpolation=cv2.INTER_AREA)
        square = np.zeros((SIDE, SIDE, 3), np.uint8)
        top, left = (SIDE - small.shape[0]) // 2, (SIDE - small.shape[1]) // 2
        square[top:top + small.shape[0], left:left + small.shape[1]] = small
        self._asked = (camera, (small.shape[1], small.shape[0]))
        try:
            self._process.stdin.write(square.tobytes())
            self._process.stdin.flush()
        except OSError:  # it died; there is no answer, and recording goes on
            self._asked = None

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.wait()
        self._thread.join()
        self._process.stdout.close()
        with contextlib.suppress(OSError):
            self._process.stdin.close()

    def _read(self) -> None:
        for line in self._process.stdout:
            camera, (width, height) = self._asked
            box = json.loads(line)["box"]
            if box is not None:
                left, top = (SIDE - width) / 2 / SIDE, (SIDE - height) / 2 / SIDE
                across, down = SIDE / width, SIDE / height
                box = ((box[0] - left) * across, (box[1] - top) * down, box[2] * across, box[3] * down)
            self.boxes[camera] = box
            self._asked = None


def main() -> int:
    from solver.network_search import FOUND_SIDE, FaceSearch

    if hasattr(os, "nice"):
        os.nice(10)
    search = FaceSearch()
    while len(data := sys.stdin.buffer.read(SIDE * SIDE * 3)) == SIDE * SIDE * 3:
        squares = search.squares(np.frombuffer(data, np.uint8).reshape(SIDE, SIDE, 3))
        box = None
        if squares:
            face = max(squares, key=lambda square: square.side)
            side = face.side / FOUND_SIDE
            box = [*((middle + 0.5 - side / 2) / SIDE for middle in face.centre), side / SIDE, side / SIDE]
        print(json.dumps({"box": box}), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
