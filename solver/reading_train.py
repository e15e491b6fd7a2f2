"""Training the network that reads weights off landmarks, on one page.

It learns from the landmark networks' own answers to made faces, eight of each person, those of the first look and
those of both, and from points part of the way from there to the truth, so that it need not be trained anew whenever
these err a little less. One in three is of a person that nobody rendered (`reading_unseen`), with expressions mixed at
random, so that it does not take one performer's habits for how all faces move.
    python -m solver.reading_train --recording CSV --out DIR HEAD...
"""

import argparse
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor

from capture.errors import DataError
from solver import mediapipe_runtime, network_file
from solver.crop import apply, crops, picture_from_crop
from solver.embedding import embed
from solver.face_model import ARKIT
from solver.model_import import find_model
from solver.network import POINTS, SIZE
from solver.network_mirror import MIRRORED, unmirror
from solver.network_run import as_input, ready
from solver.network_second import SecondLook
from solver.reading_network import Reader, ReadingNetwork, save_reader, upright
from solver.reading_unseen import errors_of, unrendered
from solver.train_data import Recipe, Samples, made, true_points
from solver.train_data_augment import jittered
from solver.train_data_people import mirrored, recorded_weights

NAMES = tuple(name for name in ARKIT if name != "tongueOut")
EACH = 8
"""Faces of one person."""
NEARER = 0.75
"""How far, of the way to the truth, the nearest points are that are learnt from."""
SHAKEN = 0.03
"""Noise on the inputs, in their standard deviations."""
CUT_OFF = 0.3
"""How far a face's square is off, as a share of what the landmark network's training has."""
UNSEEN = 0.5
"""Unseen people in a batch, as a share of the others."""
LIKELIHOOD = 0.005
"""What the uncertainties' term weighs beside the squared error."""


@dataclass(frozen=True)
class People:
    """P people with EACH faces: points as found and as nearer to the truth, (P, EACH, 956) as `upright` makes them,
    and weights (P, EACH, K) of NAMES."""

    found: np.ndarray
    nearer: np.ndarray
    weights: np.ndarray


@dataclass(frozen=True)
class Unseen:
    """Q people with EACH faces that nobody rendered: points as networks would find them but for `rest`, (M, 956), of
    which one is added to each face, more or less of it each time; and weights (Q, EACH, K)."""

    found: np.ndarray
    weights: np.ndarray
    rest: np.ndarray


def looks(samples: Samples, true: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Where the networks find the samples' faces (N, 478, 2) px, at the first look and after both, each face cut out as
    tracking might.

    Args:
        samples: N, made with `Recipe.faces_each`.
        true: (N, 478, 2) px of the stored pictures.
        seed: of how faces are cut out.
    """
    network = ready(network_file.load_trained(network_file.shipped_path()), outputs=("points", "sigma"))
    parts = network_file.load_parts(network_file.shipped_parts())
    closer = SecondLook({name: ready(part) for name, part in parts.items()})
    first, both = np.empty((2, *true.shape))
    for row, jpeg in enumerate(samples.jpegs):
        picture = np.ascontiguousarray(cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)[:, :, ::-1])
        square = jittered(true[row], np.random.default_rng((seed, row)), CUT_OFF)
        shown = as_input(crops([picture], [square], SIZE))
        sides = [network(shown)[:2], unmirror(*network(np.ascontiguousarray(shown[..., ::-1]))[:2])]
        points, sigma = (np.mean([side[which][0] for side in sides], axis=0) for which in (0, 1))
        first[row] = apply(picture_from_crop(square, SIZE), points.astype(np.float64))
        spread = sigma.astype(np.float64) * square.side / SIZE
        both[row] = closer.refine([picture], first[row][None], first[row][None], spread[None])[0][0]
    return first, both


def people(found: np.ndarray, true: np.ndarray, weights: np.ndarray) -> People:
    """Faces (N, 956) of people in a row, as found and as they are, with weights (N, K) of NAMES."""
    return People(*(value.reshape(-1, EACH, value.shape[-1]).astype(np.float32)
                    for value in (found, found + NEARER * (true - found), weights)))


def with_mirrors(group: People) -> People:
    """The same people, and their mirror images."""
    other = mirrored(NAMES)

    def both(points: np.ndarray) -> np.ndarray:
        turned = points.reshape(*points.shape[:2], POINTS, 2)[:, :, MIRRORED] * np.float32([-1, 1])
        return np.concatenate([points, turned.reshape(points.shape)])

    return People(both(group.found), both(group.nearer), np.concatenate([group.weights, group.weights[..., other]]))


def train(group: People, epochs: int = 60, batch: int = 32, rate: float = 1.5e-3, seed: int = 0,
          unseen: Unseen | None = None) -> Reader:
    """The reader that these people teach: AdamW, one cycle of the rate. Half as many unseen ones join each batch."""
    torch.manual_seed(seed)
    random = np.random.default_rng(seed)
    mean = group.found.reshape(-1, 2 * POINTS).mean(axis=0)
    scale = group.found.reshape(-1, 2 * POINTS).std(axis=0) + 0.01
    found, nearer = (torch.from_numpy((points - mean) / scale) for points in (group.found, group.nearer))
    weights = torch.from_numpy(group.weights)
    if unseen is not None:
        made_found, made_weights, rest = (torch.from_numpy(array.astype(np.float32)) for array in (
            (unseen.found - mean) / scale, unseen.weights, unseen.rest / scale))
    network = ReadingNetwork(len(NAMES))
    steps = epochs * (len(found) // batch)
    optimiser = torch.optim.AdamW(network.parameters(), rate, weight_decay=0.02)
    cycle = torch.optim.lr_scheduler.OneCycleLR(optimiser, rate, total_steps=max(steps, 2))
    for _ in range(epochs):
        order = torch.randperm(len(found))
        for start in range(0, len(order) - batch + 1, batch):
            chosen = order[start:start + batch]
            share = torch.rand(batch, 1, 1)
            faces, told = found[chosen] * (1 - share) + nearer[chosen] * share, weights[chosen]
            if unseen is not None:
                some = torch.randint(len(made_found), (int(UNSEEN * batch),))
                astray = rest[torch.randint(len(rest), (len(some), EACH))] * torch.rand(len(some), 1, 1)
                faces = torch.cat([faces, made_found[some] + astray])
                told = torch.cat([told, made_weights[some]])
            faces = faces + SHAKEN * torch.randn_like(faces)
            some = torch.from_numpy(random.permutation(EACH)[:random.integers(3, EACH + 1)])
            value = loss(*network(faces, network.person(faces[:, some])), told)
            optimiser.zero_grad()
            value.backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimiser.step()
            cycle.step()
    return Reader(network.eval().requires_grad_(False), NAMES, mean.astype(np.float64), scale.astype(np.float64),
                  network_file.SCHEME, "")


def loss(read: Tensor, log_sigma: Tensor, true: Tensor) -> Tensor:
    """The squared error, and the Gaussian's negative log likelihood of that error as it is."""
    error = (true - read).square()
    return error.mean() + LIKELIHOOD * (2 * log_sigma + error.detach() * (-2 * log_sigma).exp()).mean()


def main() -> None:
    """Make faces of the given heads, or take those made before; train; write DIR/reading.npz."""
    parser = argparse.ArgumentParser(prog="python -m solver.reading_train")
    parser.add_argument("heads", nargs="+", type=Path, help="packed face models with ARKit's shapes")
    parser.add_argument("--recording", type=Path, action="append", default=[], help="Live Link Face CSV files")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--faces", type=int, default=3600, help="of each head, a multiple of 8")
    parser.add_argument("--unseen", type=int, default=4000, help="people of each head that nobody renders")
    parser.add_argument("--seed", type=int, default=311)
    options = parser.parse_args()
    groups, made_up = [], []
    rendered: list[tuple[np.ndarray, np.ndarray]] = []
    for number, head in enumerate(options.heads):
        model = find_model(head.stem, head)
        missing = set(NAMES) - set(model.shape_names)
        if missing:
            raise DataError(f"{head} lacks {', '.join(sorted(missing))}; give a head with ARKit's shapes")
        embedding = embed(model, mediapipe_runtime.find_face, mediapipe_runtime.SCHEME)
        recipe = Recipe(options.faces, options.seed + number, tuple(options.recording), 0.3, EACH)
        samples = made(recipe, model, embedding, options.out, lambda done, total: print(done, total, end="\r"))
        pixels = true_points(samples, model, embedding)
        columns = [model.shape_names.index(name) for name in NAMES]
        true, first, both = (upright(points) for points in (pixels, *looks(samples, pixels, number)))
        groups += [with_mirrors(people(found, true, samples.weights[:, columns])) for found in (first, both)]
        rendered.append((true, both))
        recorded = recorded_weights(tuple(options.recording), model)
        points, weights = unrendered(model, embedding, recorded, options.unseen, EACH, options.seed + 10 + number)
        made_up.append((upright(points.reshape(-1, *points.shape[2:])), weights[..., columns]))
    together = People(*(np.concatenate([getattr(group, name) for group in groups])
                        for name in ("found", "nearer", "weights")))
    save_reader(train(together, unseen=as_found(rendered, made_up)), options.out / "reading.npz")


def as_found(rendered: list[tuple[np.ndarray, np.ndarray]], made_up: list[tuple[np.ndarray, np.ndarray]]) -> Unseen:
    """Faces that nobody rendered as the networks would find them: of each head true and found faces (N, 956), and true
    faces (M, 956) with weights (Q, EACH, K)."""
    errors = errors_of(*(np.concatenate(side).astype(np.float32) for side in zip(*rendered, strict=True)))
    found = np.concatenate([errors.found(true.astype(np.float32)) for true, _ in made_up])
    return Unseen(found.reshape(-1, EACH, found.shape[-1]), np.concatenate([weights for _, weights in made_up]),
                  errors.rest)


if __name__ == "__main__":
    main()
