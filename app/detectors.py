"""Which landmark detectors there are: our own network, and MediaPipe's runtime as the reference."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from solver import mediapipe_runtime, network_file
from solver.detect import Detector
from solver.embedding import Embedding, embed
from solver.face_model import FaceModel
from solver.landmarks import Landmarks
from solver.network_detector import NetworkDetector
from solver.network_glance import GlanceDetector
from solver.reading import Reading
from solver.reading_network import Person, Reader, load_reader, shipped_reader


@dataclass(frozen=True)
class Landmarker:
    """A detector; how it finds the face in a single picture, (H, W, 3) uint8 -> (N, 2) px or None; and what reads
    weights off its landmarks, where something does."""

    detector: Detector
    find_face: Callable[[np.ndarray], np.ndarray | None]
    reader: Reader | None = None

    @property
    def reader_key(self) -> str:
        """Equal keys, equal readings."""
        return self.reader.key if self.reader else ""

    def read(self, landmarks: Landmarks, known: Person | None = None) -> Reading | None:
        """What the landmarks of a take say of its weights, before any model is fitted; `known` is what other takes say
        of the person."""
        return self.reader.read(landmarks, known) if self.reader else None

    def embedding(self, model: FaceModel) -> Embedding:
        """Where its landmarks lie on the model: found once, then read from the cache."""
        if self.detector.scheme == network_file.SCHEME and network_file.geometry_key(model) == network_file.DEFINED_ON:
            # There the points were fixed by MediaPipe's answers, and the network learnt to find those very places.
            return embed(model, mediapipe_runtime.find_face, mediapipe_runtime.SCHEME)
        return embed(model, self.find_face, self.detector.scheme)


def landmarker_named(name: str = "auto", device: str = "auto", quick: bool = False) -> Landmarker:
    """The detector that `--detector NAME` means: "mien", "mediapipe", or "auto", which is mien's where it ships; or a
    file of trained weights, which take the place of those that ship. With `quick`, mien's network takes but a glance at
    each frame; single pictures, such as those by which landmarks are found on a model, it looks at as ever.

    Raises:
        ModelError: its weights are missing or damaged.
    """
    if name == "mediapipe" or (name == "auto" and network_file.shipped_path() is None):
        return Landmarker(mediapipe_runtime.MediapipeDetector(), mediapipe_runtime.find_face)
    kind = GlanceDetector if quick else NetworkDetector
    if name in ("auto", "mien"):
        detector = kind(device=device, tell=_to_user)
    else:
        detector = kind(Path(name), device, network_file.shipped_parts(), _to_user)

    def find_face(rgb: np.ndarray) -> np.ndarray | None:
        look = detector.find(rgb)
        return None if look is None else look.points

    return Landmarker(detector, find_face, load_reader(shipped_reader()))


def _to_user(text: str) -> None:
    print(f"mien: {text}", file=sys.stderr)
