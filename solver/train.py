"""Training the landmark network on made faces, on one page.

The start is MediaPipe's attention mesh, all but its first layers free. Places are learnt by a smooth L1 distance to the
true points, the coarse mesh's and the refined regions'; uncertainties by the Gaussian's negative log likelihood of the
distances as they are (they do not pull at the places). There are no normalisation layers, so the rate warms up,
gradients are clipped, and a set of faces that is never learnt from says each time whether it is getting better.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F
from torch.utils.data import DataLoader, Dataset

from solver import network_file, train_data
from solver.embedding import Embedding
from solver.face_model import FaceModel
from solver.network import EYE_LEFT, EYE_RIGHT, LIPS, MESH, POINTS, SIZE, LandmarkNetwork
from solver.train_data_augment import example

BETA = 1.0
"""Distance in px up to which a point's error counts squared, beyond which only by its length."""
SIGMA_SHARE = 0.05
"""What the uncertainties' term weighs beside the places'."""
FINE = 2.0
"""What a point of the lips, lids and irises counts beside one of the cheeks."""
CLIP = 1.0


@dataclass(frozen=True)
class Config:
    """What to train on, how long, and where to keep it.

    Attributes:
        out: the checkpoint; if it is there, training goes on from it.
        jpegs: pictures; points: (N, 478, 2) px in each, true.
        held_jpegs, held_points: faces to measure on, never learnt from.
        recipe: what made the data, kept with the weights.
        steps, batch, rate, warm_up: of AdamW, with a cosine down to a hundredth of the rate.
        learn: beginnings of the names of the layers that learn, such as "base.eye_left"; () is all.
        every: steps between measurements and checkpoints.
        workers: processes that prepare pictures.
    """

    out: Path
    jpegs: tuple[bytes, ...] = field(repr=False)
    points: np.ndarray = field(repr=False)
    held_jpegs: tuple[bytes, ...] = field(repr=False)
    held_points: np.ndarray = field(repr=False)
    recipe: dict[str, Any] = field(default_factory=dict)
    steps: int = 6000
    batch: int = 32
    rate: float = 2e-4
    warm_up: int = 100
    learn: tuple[str, ...] = ()
    every: int = 250
    seed: int = 0
    workers: int = 1
    device: str = "cpu"


class Examples(Dataset):
    """`count` examples; the i-th is made from the seed and i alone, from picture i modulo the pictures."""

    def __init__(self, jpegs: tuple[bytes, ...], points: np.ndarray, seed: int, start: int, count: int,
                 amount: float = 1.0) -> None:
        self.jpegs, self.points, self.seed = jpegs, points, seed
        self.start, self.count, self.amount = start, count, amount

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        number = self.start + index
        turn, place = divmod(number, len(self.jpegs))
        order = np.random.default_rng((self.seed, turn)).permutation(len(self.jpegs))
        random = np.random.default_rng((self.seed, turn, place))
        stored = cv2.imdecode(np.frombuffer(self.jpegs[order[place]], np.uint8), cv2.IMREAD_COLOR)[:, :, ::-1]
        picture, points = example(np.ascontiguousarray(stored), self.points[order[place]], SIZE, random, self.amount)
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


def train(config: Config, report: Callable[[int, int], None] = lambda done, total: None) -> Path:
    """Train, and return the checkpoint's path. History, recipe and seed are in it; `report` may raise Cancelled.

    Raises:
        ModelError: MediaPipe's weights are not there, or the checkpoint to go on from is damaged or of another kind.
    """
    torch.manual_seed(config.seed)
    network, start, history = network_file.fresh().to(config.device).train(), 0, []
    network.base.face_out.requires_grad_(False)  # whether there is a face is not taught here
    # The first layers see edges, which are the same everywhere, and at 96 px they cost as much as all the others.
    for first in (network.base.stem.conv, network.base.stem.act, network.base.stem.near):
        first.requires_grad_(False)
    names = {name: parameter.requires_grad_(name.startswith(config.learn or ("",)))
             for name, parameter in network.named_parameters() if parameter.requires_grad}
    names = {name: parameter for name, parameter in names.items() if parameter.requires_grad}
    optimiser = torch.optim.AdamW(names.values(), config.rate, weight_decay=1e-4)
    if config.out.exists():
        about, tables = network_file.load_checkpoint(config.out)
        start, history = about["step"], about["history"]
        network.load_state_dict(tables["weights"])
        for name, parameter in names.items():
            optimiser.state[parameter] = {"step": torch.tensor(float(start)), "exp_avg": tables["first"][name],
                                          "exp_avg_sq": tables["second"][name]}
    network = network.to(memory_format=torch.channels_last)
    held = DataLoader(Examples(config.held_jpegs, config.held_points, 1, 0, len(config.held_jpegs), 0.5), 32)
    left = (config.steps - start) * config.batch
    data = Examples(config.jpegs, config.points, config.seed, start * config.batch, left)
    batches = DataLoader(data, config.batch, num_workers=config.workers, worker_init_fn=_alone)
    weights = point_weights().to(config.device)

    def keep(step: int) -> None:
        state = {name: optimiser.state[parameter] for name, parameter in names.items()}
        network_file.save_checkpoint(
            config.out, {"step": step, "history": history, "recipe": config.recipe, "seed": config.seed},
            network.state_dict(), {"first": {name: value["exp_avg"] for name, value in state.items()},
                                   "second": {name: value["exp_avg_sq"] for name, value in state.items()}})

    running = 0.0
    for step, (pictures, true) in enumerate(batches, start + 1):
        warm = min(1.0, step / config.warm_up)
        rate = config.rate * warm * (0.01 + 0.99 * (1 + np.cos(np.pi * step / config.steps)) / 2)
        for group in optimiser.param_groups:
            group["lr"] = rate
        optimiser.zero_grad(set_to_none=True)
        value, off = loss(network, pictures.to(config.device), true.to(config.device), weights)
        value.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), CLIP)
        optimiser.step()
        running += float(off.mean())
        if step % config.every == 0 or step == config.steps:
            since = step - (history[-1]["step"] if history else 0)
            history.append({"step": step, "train": running / max(since, 1), **measure(network, held, config.device)})
            running = 0.0
            keep(step)
        report(step, config.steps)
    return config.out


def _alone(_: int) -> None:
    cv2.setNumThreads(1)  # OpenCV's threads would fight torch's for the cores


def prepare(out: Path, model: FaceModel, embedding: Embedding, recipe: train_data.Recipe, held_out: int = 300,
            report: Callable[[int, int], None] = lambda done, total: None, **settings: Any) -> Config:
    """A Config whose faces are made first, and kept beside `out` for the next run of the same recipe.

    The faces that are never learnt from come from the next seed. `settings` are Config's own.

    Raises:
        DataError: a recording or the kept faces cannot be read.
        OutputError: the faces cannot be kept.
    """
    held = replace(recipe, count=held_out, seed=recipe.seed + 1)
    learnt, kept = (train_data.made(one, model, embedding, out.parent, report) for one in (recipe, held))
    about = {"model": model.name, "model_sha256": model.sha256, "count": recipe.count, "seed": recipe.seed,
             "recordings": [path.name for path in recipe.recordings], "profiles": recipe.profiles}
    return Config(out, learnt.jpegs, train_data.true_points(learnt, model, embedding),
                  kept.jpegs, train_data.true_points(kept, model, embedding), about, **settings)


def history_of(checkpoint: Path) -> list[dict[str, float]]:
    """The measurements of a training so far, for plotting."""
    return network_file.load_checkpoint(checkpoint)[0]["history"]
