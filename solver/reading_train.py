"""Training the network that reads weights off landmarks, on one page.

It learns from the landmark network's own answers to made faces, eight of each person, and from points part of the way
from those answers to the truth, so that it need not be trained anew whenever the landmark network errs a little less.
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
from solver.embedding import embed
from solver.face_model import ARKIT
from solver.model_import import find_model
from solver.network import POINTS, SIZE, LandmarkNetwork
from solver.network_mirror import MIRRORED
from solver.reading_network import Reader, ReadingNetwork, save_reader, upright
from solver.train_data import Recipe, Samples, made, true_points
from solver.train_data_augment import example
from solver.train_data_people import mirrored

NAMES = tuple(name for name in ARKIT if name != "tongueOut")
EACH = 8
"""Faces of one person."""
NEARER = 0.75
"""How far, of the way to the truth, the nearest points are that are learnt from."""
SHAKEN = 0.03
"""Noise on the inputs, in their standard deviations."""
LIKELIHOOD = 0.005
"""What the uncertainties' term weighs beside the squared error."""


@dataclass(frozen=True)
class People:
    """P people with EACH faces: points as found and as nearer to the truth, (P, EACH, 956) as `upright` makes them,
    and weights (P, EACH, K) of NAMES."""

    found: np.ndarray
    nearer: np.ndarray
    weights: np.ndarray


def people(samples: Samples, true: np.ndarray, names: tuple[str, ...], seed: int) -> People:
    """What the landmark network finds in the samples' faces, each cut out as tracking might.

    Args:
        samples: N = P x EACH, made with `Recipe.faces_each`.
        true: (N, 478, 2) px of the stored pictures.
        names: the samples' shapes.
        seed: of the cut-outs' faults.
    """
    network = network_file.load_trained(network_file.shipped_path())
    found, exact = np.empty((2, len(samples), POINTS, 2))
    for row, jpeg in enumerate(samples.jpegs):
        picture = np.ascontiguousarray(cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)[:, :, ::-1])
        crop, exact[row] = example(picture, true[row], SIZE, np.random.default_rng((seed, row)))
        found[row] = _found(network, crop)
    weights = samples.weights[:, [names.index(name) for name in NAMES]]
    return People(*(value.reshape(-1, EACH, value.shape[-1]).astype(np.float32) for value in
                    (upright(found), upright(found + NEARER * (exact - found)), weights)))


def _found(network: LandmarkNetwork, crop: np.ndarray) -> np.ndarray:
    with torch.inference_mode():
        points, _, _ = network(torch.from_numpy(crop).permute(2, 0, 1)[None].float() / 255)
    return points[0].numpy()


def with_mirrors(group: People) -> People:
    """The same people, and their mirror images."""
    other = mirrored(NAMES)

    def both(points: np.ndarray) -> np.ndarray:
        turned = points.reshape(*points.shape[:2], POINTS, 2)[:, :, MIRRORED] * np.float32([-1, 1])
        return np.concatenate([points, turned.reshape(points.shape)])

    return People(both(group.found), both(group.nearer), np.concatenate([group.weights, group.weights[..., other]]))


def train(group: People, epochs: int = 24, batch: int = 32, rate: float = 1.5e-3, seed: int = 0) -> Reader:
    """The reader that these people teach: AdamW, one cycle of the rate."""
    torch.manual_seed(seed)
    random = np.random.default_rng(seed)
    mean = group.found.reshape(-1, 2 * POINTS).mean(axis=0)
    scale = group.found.reshape(-1, 2 * POINTS).std(axis=0) + 0.01
    found, nearer = (torch.from_numpy((points - mean) / scale) for points in (group.found, group.nearer))
    weights = torch.from_numpy(group.weights)
    network = ReadingNetwork(len(NAMES))
    steps = epochs * (len(found) // batch)
    optimiser = torch.optim.AdamW(network.parameters(), rate, weight_decay=0.02)
    cycle = torch.optim.lr_scheduler.OneCycleLR(optimiser, rate, total_steps=max(steps, 2))
    for _ in range(epochs):
        order = torch.randperm(len(found))
        for start in range(0, len(order) - batch + 1, batch):
            chosen = order[start:start + batch]
            share = torch.rand(batch, 1, 1)
            faces = found[chosen] * (1 - share) + nearer[chosen] * share
            faces = faces + SHAKEN * torch.randn_like(faces)
            some = torch.from_numpy(random.permutation(EACH)[:random.integers(3, EACH + 1)])
            value = loss(*network(faces, network.person(faces[:, some])), weights[chosen])
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
    parser.add_argument("--seed", type=int, default=311)
    options = parser.parse_args()
    groups = []
    for number, head in enumerate(options.heads):
        model = find_model(head.stem, head)
        missing = set(NAMES) - set(model.shape_names)
        if missing:
            raise DataError(f"{head} lacks {', '.join(sorted(missing))}; give a head with ARKit's shapes")
        embedding = embed(model, mediapipe_runtime.find_face, mediapipe_runtime.SCHEME)
        recipe = Recipe(options.faces, options.seed + number, tuple(options.recording), 0.3, EACH)
        samples = made(recipe, model, embedding, options.out, lambda done, total: print(done, total, end="\r"))
        true = true_points(samples, model, embedding)
        groups += [with_mirrors(people(samples, true, model.shape_names, turn)) for turn in (0, 1)]
    together = People(*(np.concatenate([getattr(group, name) for group in groups])
                        for name in ("found", "nearer", "weights")))
    save_reader(train(together), options.out / "reading.npz")


if __name__ == "__main__":
    main()
