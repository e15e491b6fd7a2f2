"""Training the landmark network on made faces, on one page.

The start is MediaPipe's attention mesh, all but its first layers free. Places are learnt by a smooth L1 distance to the
true points, the coarse mesh's and the refined regions'; uncertainties by the Gaussian's negative log likelihood of the
distances as they are (they do not pull at the places). There are no normalisation layers, so the rate warms up,
gradients are clipped, and a set of faces that is never learnt from says each time whether it is getting better.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F
from torch.utils.data import DataLoader, Dataset

from solver import network_file, train_common
from solver.network import EYE_LEFT, EYE_RIGHT, LIPS, MESH, POINTS, SIZE, LandmarkNetwork
from solver.train_common import Tell, alone, in_shares, keep, rate_at, resumed, shown
from solver.train_data_augment import example

BETA = 1.0
"""Distance in px up to which a point's error counts squared, beyond which only by its length."""
SIGMA_SHARE = 0.05
"""What the uncertainties' term weighs beside the places'."""
FINE = 2.0
"""What a point of the lips, lids and irises counts beside one of the cheeks."""
CLIP = 1.0
LAST = 0.01
"""The last step's learning rate as a share of the first."""


@dataclass(frozen=True)
class Config(train_common.Config):
    """See `train_common.Config`.

    Attributes:
        learn: beginnings of the names of the layers that learn, such as "base.eye_left"; () is all.
        begin: weights to begin with instead of MediaPipe's.
    """

    learn: tuple[str, ...] = ()
    begin: Path | None = None


class Examples(Dataset):
    """`count` examples; the i-th is made from the seed and i alone, from picture i modulo the pictures."""

    def __init__(self, jpegs: tuple[bytes, ...], points: np.ndarray, seed: int, start: int, count: int,
                 amount: float = 1.0) -> None:
        self.jpegs, self.points, self.seed = jpegs, points, seed
        self.start, self.count, self.amount = start, count, amount

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        picture, chosen, random = shown(self.jpegs, self.seed, self.start + index)
        points = self.points[chosen]
        picture, points = example(picture, points, SIZE, random, self.amount)
        return torch.from_numpy(picture).permute(2, 0, 1), torch.from_numpy(points.astype(np.float32))


def point_weights() -> Tensor:
    """(478,) what each point counts; their mean is 1."""
    weights = torch.ones(POINTS)
    for region, margin in ((LIPS, 40), (EYE_LEFT, 16), (EYE_RIGHT, 16)):
        weights[list(region.frame[:margin])] = FINE  # both lip lines, the lids' edges; what follows surrounds them
    weights[MESH:] = FINE
    return weights / weights.mean()


def loss(network: LandmarkNetwork, pictures: Tensor, true: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
    """The loss to minimise, and each point's distance: (B, 3, S, S) uint8, (B, 478, 2) -> (), (B, 478) px."""
    points, sigma, coarse = network((pictures.float() / 255).contiguous(memory_format=torch.channels_last))
    off = (points - true).norm(dim=2)  # (B, 478)
    places = (F.smooth_l1_loss(points, true, beta=BETA, reduction="none").sum(2) * weights).mean() \
        + F.smooth_l1_loss(coarse, true[:, :MESH], beta=BETA, reduction="none").sum(2).mean()
    likelihood = (2 * sigma.log() + off.detach().square() / (2 * sigma.square())).mean()
    return places + SIGMA_SHARE * likelihood, off.detach()


def measure(network: LandmarkNetwork, held: DataLoader, device: str) -> dict[str, float]:
    """Errors on faces that were never learnt from, in px of the network's picture; and how many distances lie within
    the radii that hold 39.3 and 86.5 % of a two-dimensional Gaussian (one and two sigma)."""
    off, sigma = [], []
    network.eval()
    with torch.inference_mode():
        for pictures, true in held:
            points, spread, _ = network(pictures.to(device).float() / 255)
            off.append((points.cpu() - true).norm(dim=2))
            sigma.append(spread.cpu())
    network.train()
    off, sigma = torch.cat(off), torch.cat(sigma)
    fine = point_weights() > 1
    return {"mean": float(off.mean()), "median": float(off.median()), "fine_median": float(off[:, fine].median()),
            "within_1": float((off < sigma).float().mean()), "within_2": float((off < 2 * sigma).float().mean())}


def train(config: Config, report: Callable[[int, int], None] = lambda done, total: None,
          tell: Tell = lambda text: None) -> Path:
    """Train, and return the checkpoint's path. History, recipe and seed are in it; `report` may raise Cancelled, and
    `tell` hears when batches are cut up for want of memory.

    Raises:
        ModelError: MediaPipe's weights are not there, or what to begin with or go on from is damaged or of another
            kind.
    """
    torch.manual_seed(config.seed)
    alone()
    network = network_file.fresh().to(config.device).train()
    if config.begin is not None:
        network.load_state_dict(network_file.load_trained(config.begin).state_dict())
    network.base.face_out.requires_grad_(False)  # whether there is a face is not taught here
    # The first layers see edges, which are the same everywhere, and at 96 px they cost as much as all the others.
    for first in (network.base.stem.conv, network.base.stem.act, network.base.stem.near):
        first.requires_grad_(False)
    names = {name: parameter.requires_grad_(name.startswith(config.learn or ("",)))
             for name, parameter in network.named_parameters() if parameter.requires_grad}
    names = {name: parameter for name, parameter in names.items() if parameter.requires_grad}
    optimiser = torch.optim.AdamW(names.values(), config.rate, weight_decay=1e-4)
    start, history, tables = resumed(config, names, optimiser, network_file.ARCHITECTURE)
    if start >= config.steps:  # as many and more were done before
        return config.out
    if tables:
        network.load_state_dict(tables["weights"])
    network = network.to(memory_format=torch.channels_last)
    held = DataLoader(Examples(config.faces.held_jpegs, config.faces.held_points, 1, 0, len(config.faces.held_jpegs),
                               0.5), 32)
    left = (config.steps - start) * config.batch
    data = Examples(config.faces.jpegs, config.faces.points, config.seed, start * config.batch, left)
    batches = DataLoader(data, config.batch, num_workers=config.workers, worker_init_fn=alone)
    weights = point_weights().to(config.device)
    running, share = 0.0, config.batch
    for step, (pictures, true) in enumerate(batches, start + 1):
        for group in optimiser.param_groups:
            group["lr"] = rate_at(step, config.rate, config.warm_up, config.steps, LAST)
        away: list[Tensor] = []

        def learn(part: slice, of_all: float, pictures: Tensor = pictures, true: Tensor = true,
                  away: list[Tensor] = away) -> None:
            value, off = loss(network, pictures[part].to(config.device), true[part].to(config.device), weights)
            (value * of_all).backward()
            away.append(off.cpu())

        def forget(away: list[Tensor] = away) -> None:
            optimiser.zero_grad(set_to_none=True)
            away.clear()

        share = in_shares(learn, forget, len(pictures), share, tell)
        torch.nn.utils.clip_grad_norm_(network.parameters(), CLIP)
        optimiser.step()
        running += float(torch.cat(away).mean())
        if step % config.every == 0 or step == config.steps:
            since = step - (history[-1]["step"] if history else 0)
            history.append({"step": step, "train": running / max(since, 1), **measure(network, held, config.device)})
            running = 0.0
            keep(config, history, {"weights": network.state_dict()}, names, optimiser, network_file.ARCHITECTURE)
        report(step, config.steps)
    return config.out
