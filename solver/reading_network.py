"""A small network that reads weights off landmarks: what a human face tends to do when its landmarks lie so.

Landmarks alone leave much open: a brow is low because it is pressed down or because the person's brows are low, lips
are thin because they are rolled in or because they are thin. Fitting shapes one by one to points that err by some px
shares each error out among dozens of shapes. This network has seen many people making many faces; it looks at one
frame beside the whole take (the mean of a code of every frame, as in Zaheer et al., "Deep sets", 2017), and its answer
is one more belief of the solve, as uncertain as it says itself.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from capture.arrays import Damaged, load_arrays, save_arrays
from capture.errors import ModelError
from solver.crop import apply, crop_from_picture, roi_of_points
from solver.landmarks import Landmarks
from solver.network import POINTS
from solver.network_mirror import balanced
from solver.reading import OwnAnswer, Reading

FORMAT = "mien.reading.1"
CODE, HIDDEN = 128, 320
CHUNK = 1024
"""Faces read at once."""
LOG_SIGMA = (-5.0, 1.0)
FLAT, FLAT_TAUGHT = 1.0, 0.5
"""How flat a reading is (`Reading.flat`) of anybody, and of a person whose corrected frames taught it; the second was
measured on three actors, of whom half a take was corrected."""


class ReadingNetwork(nn.Module):
    """faces (G, T, 956) of G people -> weights (G, T, K) and the logarithm of their sigma (G, T, K)."""

    def __init__(self, shapes: int) -> None:
        super().__init__()
        self.code = nn.Sequential(nn.Linear(2 * POINTS, 256), nn.GELU(), nn.Linear(256, CODE), nn.GELU())
        self.frame = nn.Sequential(nn.Dropout(0.05), nn.Linear(2 * POINTS, HIDDEN), nn.GELU(), nn.Dropout(0.1))
        self.out = nn.Sequential(nn.Linear(HIDDEN + CODE, HIDDEN), nn.GELU(), nn.Dropout(0.1),
                                 nn.Linear(HIDDEN, 2 * shapes))

    def person(self, faces: Tensor) -> Tensor:
        """(G, T, 956) -> (G, 1, 128): what is said of the person by all of these frames."""
        return self.code(faces).mean(1, keepdim=True)

    def person_of(self, parts: Iterable[Tensor]) -> Tensor | None:
        """The same of one person's frames, part by part: (t, 956) each -> (1, 1, 128); None where there are none."""
        total, count = None, 0
        for faces in parts:
            code = self.code(faces).sum(0)
            total, count = code if total is None else total + code, count + len(faces)
        return None if total is None else (total / count)[None, None]

    def look(self, faces: Tensor, person: Tensor) -> Tensor:
        """(G, T, 320): what the last layer answers to."""
        return self.out[:-1](torch.cat([self.frame(faces), person.expand(-1, faces.shape[1], -1)], -1))

    def answer(self, features: Tensor) -> tuple[Tensor, Tensor]:
        weights, log_sigma = self.out[-1](features).chunk(2, -1)
        return weights, log_sigma.clamp(*LOG_SIGMA)

    def forward(self, faces: Tensor, person: Tensor) -> tuple[Tensor, Tensor]:
        return self.answer(self.look(faces, person))


@dataclass(frozen=True)
class Person:
    """What the network sees of a person: the mean of a code (128) over so many faces; and what it was taught of the
    person, None where nothing was."""

    code: np.ndarray
    faces: int
    own: OwnAnswer | None = None


@dataclass(frozen=True)
class Looked:
    """Of each camera's pictures: found (C, T), features (C, T, 320), weights and their sigma (C, T, K); anything where
    the face was not found."""

    found: np.ndarray
    features: np.ndarray
    weights: np.ndarray
    sigma: np.ndarray


@dataclass(frozen=True)
class Reader:
    """A trained network.

    Attributes:
        network: it.
        names: (K) what it reads.
        mean, scale: (956) of the inputs in training.
        scheme: whose landmarks it knows.
        key: names it: equal keys, equal readings.
    """

    network: ReadingNetwork
    names: tuple[str, ...]
    mean: np.ndarray
    scale: np.ndarray
    scheme: str
    key: str

    @property
    def answers(self) -> tuple[int, int]:
        """(K, F): how many weights it answers with, to how many features."""
        return len(self.names), HIDDEN

    def person(self, landmarks: Landmarks) -> Person:
        """What the landmarks of a take say of the person alone."""
        torch.set_num_threads(1)
        faces = upright(balanced(landmarks.xy[landmarks.whole], landmarks.seen[landmarks.whole]))
        if not len(faces):
            return Person(np.zeros(CODE), 0)
        inside = torch.from_numpy(((faces - self.mean) / self.scale).astype(np.float32))[None]
        with torch.inference_mode():
            return Person(self.network.person(inside)[0, 0].numpy().astype(np.float64), len(faces))

    def read(self, landmarks: Landmarks, known: Person | None = None) -> Reading:
        """What the landmarks of a take say: a mean over the cameras, weighed by how sure each is.

        Args:
            landmarks: of the take.
            known: what other takes have said of the person.
        """
        seen = self.looked(landmarks, known)
        weights, precision = seen.weights, np.where(seen.found[..., None], seen.sigma**-2, 0.0)
        own = known.own if known is not None else None
        if own is not None:
            weights = weights + seen.features @ own.weight.T + own.bias
            precision = precision / own.unsure**2
        found = seen.found
        total = precision.sum(axis=0)
        told = total > 0
        mean = np.divide((precision * weights).sum(axis=0), total, out=np.zeros_like(total), where=told)
        # Cameras err alike, because what is not in the landmarks of one is not in those of another: they do not
        # make one another surer.
        count = np.maximum(found.sum(axis=0), 1)[:, None]
        sigma = np.where(told, np.sqrt(count / np.where(told, total, 1.0)), np.inf)
        return Reading(self.names, np.clip(mean, 0.0, 1.0), sigma, flat=FLAT if own is None else FLAT_TAUGHT)

    def looked(self, landmarks: Landmarks, known: Person | None = None) -> Looked:
        """What the network says of each camera's pictures by itself; as `read`, but for what it was taught."""
        torch.set_num_threads(1)  # the same sums in the same order
        cameras, frames = landmarks.found.shape
        found = landmarks.whole  # (C, T): half a face is nothing that it knows
        weights = np.zeros((cameras, frames, len(self.names)))
        sigma, features = np.ones_like(weights), np.zeros((cameras, frames, HIDDEN), np.float32)
        inside = np.empty((np.count_nonzero(found), 2 * POINTS), dtype=np.float32)
        rows = np.argwhere(found)
        parts = [slice(start, start + CHUNK) for start in range(0, len(rows), CHUNK)]
        for part in parts:
            at = tuple(rows[part].T)
            inside[part] = (upright(balanced(landmarks.xy[at], landmarks.seen[at])) - self.mean) / self.scale
        with torch.inference_mode():
            person = self.network.person_of(torch.from_numpy(inside[part]) for part in parts)
            if known is not None and known.faces and person is not None:
                code = torch.from_numpy(known.code.astype(np.float32))
                person = (person * len(inside) + code * known.faces) / (len(inside) + known.faces)
            for part in parts:
                look = self.network.look(torch.from_numpy(inside[part])[None], person)
                answer, log_sigma = self.network.answer(look)
                at = tuple(rows[part].T)
                weights[at], sigma[at] = answer[0].numpy(), np.exp(log_sigma[0].numpy())
                features[at] = look[0].numpy()
        return Looked(found, features, weights, sigma)


def upright(points: np.ndarray) -> np.ndarray:
    """Faces as the network sees them: (F, 478, 2) px -> (F, 956), turned upright, about their mean, of one size."""
    faces = np.empty((len(points), POINTS, 2))
    for row, face in enumerate(points):
        faces[row] = apply(crop_from_picture(roi_of_points(face, profile=True), 1), face)
    faces -= faces.mean(axis=1, keepdims=True)
    faces /= np.sqrt(np.square(faces).sum(axis=(1, 2), keepdims=True) / POINTS)
    return faces.reshape(len(points), 2 * POINTS)


def save_reader(reader: Reader, path: Path) -> None:
    """Write it with 16-bit weights."""
    arrays = {f"weights/{name}": value.numpy().astype(np.float16) for name, value in
              reader.network.state_dict().items()}
    save_arrays(path, {"format": np.array(FORMAT), "scheme": np.array(reader.scheme),
                       "names": np.array(reader.names), "mean": reader.mean.astype(np.float32),
                       "scale": reader.scale.astype(np.float32), **arrays}, compress=True)


def shipped_reader() -> Path:
    """The trained network in `assets`."""
    return Path(str(resources.files("assets") / "reading.npz"))  # installed as files, never inside a zip


def load_reader(path: Path) -> Reader:
    """Read what `save_reader` wrote.

    Raises:
        ModelError: the file is missing, damaged, or of another version.
    """
    try:
        arrays = load_arrays(path)
        found = str(arrays["format"])
        if found != FORMAT:
            raise ModelError(f"{path} is a reading network of the format {found!r}, and this mien reads {FORMAT!r}; "
                             "install mien again")
        names = tuple(str(name) for name in arrays["names"])
        network = ReadingNetwork(len(names))
        network.load_state_dict({name.removeprefix("weights/"): torch.from_numpy(value.astype(np.float32))
                                 for name, value in arrays.items() if name.startswith("weights/")})
        mean, scale = arrays["mean"].astype(np.float64), arrays["scale"].astype(np.float64)
        if mean.shape != (2 * POINTS,) or scale.shape != mean.shape or not (scale > 0).all():
            raise Damaged("its means and scales are not those of 478 points")
        return Reader(network.eval().requires_grad_(False), names, mean, scale, str(arrays["scheme"]),
                      hashlib.sha256(path.read_bytes()).hexdigest()[:16])
    except (Damaged, KeyError, RuntimeError, ValueError) as error:
        raise ModelError(f"{path} is damaged or no reading network ({error}); install mien again") from error
