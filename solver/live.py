"""One camera's face as it happens: landmarks of each picture, and the weights that explain them beside the last ones.

The same network, reading and energy as the whole solve's, with what cannot be had live left out: no second look through
smoothed squares, no frame that comes after. The person is found once, from the first seconds, and then held; a frame
starts from the one before it and may stray from it as the solve's steadiness allows.
"""

import threading
from dataclasses import dataclass, replace
from fractions import Fraction

import cv2
import numpy as np
import torch

from capture.camera import Rig, lone_camera
from capture.errors import MienError
from solver.embedding import Embedding
from solver.energy import State
from solver.face_model import FaceModel
from solver.facing import Poses
from solver.fit import Stage, fit, minimise, stages
from solver.fuller import fuller
from solver.hidden import HIDES, unseen_share
from solver.landmarks import Landmarks
from solver.network_detector import Look
from solver.network_mirror import balanced
from solver.points import DTYPE
from solver.problem import Pins
from solver.reading import Reading
from solver.reading_network import FLAT, Reader, upright
from solver.solve import problem_of, with_gaze

FOCAL_GUESS = 1.2
"""Focal length over the picture's longer side, until the first seconds tell."""
PERSON_FRAMES, PERSON_SECONDS = 24, 0.15
"""From how many frames the person is found, and how far apart they are at least."""
ITERATIONS = 2
"""Newton steps for a frame: it starts where the last one ended."""
FIRST_ITERATIONS = 8
LIVE = Stage("live", frozenset({"pose", "weights", "gaze"}), None, ITERATIONS)
PERSON = stages(person=8, performance=0)
MOST_READ = 900
"""Frames that what is known of a person by reading is a mean of: then old ones fade."""
NO_FACE = (torch.linalg.LinAlgError, np.linalg.LinAlgError, cv2.error, MienError)
"""What goes wrong where points are no face's."""


@dataclass(frozen=True)
class LiveFrame:
    """What is known of one frame: weights (K), rotation (3, 3) and translation (3) metres in the camera's world, gaze
    (2, 2) radians."""

    weights: np.ndarray
    rotation: np.ndarray
    translation: np.ndarray
    gaze: np.ndarray


class LiveSolver:
    """Explains one picture's landmarks after the other.

    Args:
        size: width, height in px of the camera.
        rate: frames a second that are to be expected.

    Attributes:
        person_known: whether the person has been found.
    """

    def __init__(self, size: tuple[int, int], rate: Fraction, model: FaceModel, embedding: Embedding,
                 reader: Reader | None, scheme: str) -> None:
        self._model, self._embedding, self._reader, self._scheme, self._rate = model, embedding, reader, scheme, rate
        self.camera = lone_camera("camera", size, FOCAL_GUESS * max(size))
        self.identity = np.zeros(len(model.identity))
        self.person_known = False
        self._code: torch.Tensor | None = None
        self._codes = 0
        self._last: tuple[State, float] | None = None
        self._kept: list[tuple[float, Look]] = []
        self._thread: threading.Thread | None = None

    def next(self, look: Look, seconds: float) -> LiveFrame | None:
        """The frame at `seconds` of the camera's clock; None where no face fits the look."""
        read = self._code, self._codes
        try:
            frame = self._solved(look, seconds)
        except NO_FACE:
            self._code, self._codes = read
            self.lose()
            return None
        self._keep(look, seconds)
        return frame

    def _solved(self, look: Look, seconds: float) -> LiveFrame:
        reading = self._read(look)
        landmarks, rig = _landmarks([look], self._scheme), Rig((self.camera,))
        problem, start = problem_of(landmarks, rig, False, self._model, self._embedding, self._rate, np.array([0]),
                                    reading=reading)
        state = replace(start, identity=torch.tensor(self.identity, dtype=DTYPE))
        stage = replace(LIVE, iterations=FIRST_ITERATIONS)
        if self._last is not None and 0 < seconds - self._last[1] < 0.5:
            last, when = self._last
            spread = problem.priors.weight_step**2 * (seconds - when) * 30  # the solve's own random walk
            precision = torch.full_like(last.weights, 1 / spread)
            problem = replace(problem, pins=Pins(last.weights, precision, torch.zeros(
                problem.precision.shape, dtype=torch.bool)))
            state, stage = replace(state, weights=last.weights, gaze=last.gaze), LIVE
        before = state.weights
        state = minimise(problem, state, stage, lambda done: None)
        poses = Poses(state.rotation.numpy(), state.translation.numpy())
        unseen = unseen_share(landmarks, np.array([0]), self._model, self._embedding, rig, poses)
        hidden = torch.from_numpy(unseen > HIDES)
        state = with_gaze(replace(state, weights=torch.where(hidden, before, state.weights)), problem, self._model)
        self._last = (state, seconds)
        weights = state.weights.numpy()
        if reading is not None:
            weights = fuller(weights, np.zeros_like(weights), self._model.shape_names, float(self._rate), reading.flat)
        return LiveFrame(weights[0], state.rotation[0].numpy(), state.translation[0].numpy(),
                         state.gaze[0].numpy())

    def lose(self) -> None:
        """There is no face: the next one starts anew."""
        self._last = None

    def close(self) -> None:
        """Wait for what is still being found."""
        if (thread := self._thread) is not None:
            thread.join()

    def _read(self, look: Look) -> Reading | None:
        """What the landmarks say, beside the mean of what was said of this person so far."""
        if self._reader is None or self._reader.scheme != self._scheme:
            return None
        reader, points = self._reader, balanced(look.points[None], look.seen[None])
        face = torch.from_numpy(((upright(points) - reader.mean) / reader.scale).astype(np.float32))
        with torch.inference_mode():
            code = reader.network.code(face)[0]
            share = 1 / min(self._codes + 1, MOST_READ)
            self._code = code if self._code is None else self._code + share * (code - self._code)
            self._codes += 1
            weights, log_sigma = reader.network(face[None], self._code[None, None])
        return Reading(reader.names, weights[0].numpy().astype(np.float64).clip(0.0, 1.0),
                       log_sigma[0].exp().numpy().astype(np.float64), FLAT)

    def _keep(self, look: Look, seconds: float) -> None:
        if self._thread is not None or (self._kept and abs(seconds - self._kept[-1][0]) < PERSON_SECONDS):
            return
        self._kept.append((seconds, look))
        if len(self._kept) == PERSON_FRAMES:
            self._thread = threading.Thread(target=self._find_person, name="person", daemon=True)
            self._thread.start()

    def _find_person(self) -> None:
        try:
            self._fit_person([look for _, look in self._kept])
        except NO_FACE:  # newer looks may tell
            self._kept.clear()
            self._thread = None

    def _fit_person(self, looks: list[Look]) -> None:
        reading = self._reader.read(_landmarks(looks, self._scheme)) if self._reader else None
        problem, start = problem_of(_landmarks(looks, self._scheme), Rig((self.camera,)), True, self._model,
                                    self._embedding, self._rate, np.arange(len(looks)), reading=reading)
        state = fit(problem, start, lambda done, total: None, PERSON)
        matrix = self.camera.matrix.copy()
        matrix[:2, :2] *= float(state.log_focal[0].exp())
        self.camera, self.identity = replace(self.camera, matrix=matrix), state.identity.numpy()
        self.person_known = True


def _landmarks(looks: list[Look], scheme: str) -> Landmarks:
    return Landmarks(("camera",), scheme, np.stack([look.points for look in looks])[None],
                     np.stack([look.sigma for look in looks])[None], np.stack([look.seen for look in looks])[None])
