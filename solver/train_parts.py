"""Training the second look: the networks of the eyes, the mouth and the whole face, from nothing or from weights.

Each learns where its points are and how sure it can be, by the Gaussian's negative log likelihood weighted by sigma
(Seitzer et al. 2022, "On the pitfalls of heteroscedastic uncertainty estimation", beta 1/2): so points that cannot be
seen do not outweigh those that can, and none is given up. The convolutions run in bfloat16 while learning. What is
kept is a running mean of the weights, which does not shake with the last batches.
"""

import copy
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from solver import network_file, train_common
from solver.crop import apply, crop_from_picture, crops
from solver.network import EYE_LEFT, LIPS
from solver.network_parts import EYE, PARTS, Part, PartNetwork, part_square
from solver.train_common import Tell, alone, follow, in_shares, keep, rate_at, resumed, shown
from solver.train_data_augment import creased, faulty, shaken

FIRST_SHARE = 0.3
"""What the first answers count beside those that looked about each point."""
CLIP = 5.0
LAST = 0.005
"""The last step's learning rate as a share of the first."""
FINE = 2.0
"""What a point of the lips' lines, lids and iris counts beside one of the brows and the skin about the mouth."""
KEPT = 0.998
"""How slowly the running mean of the weights follows."""
ONE_SIGMA = 0.683
"""Share of a Gaussian within one standard deviation."""
_UPPER_LIP = (78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308)
_LOWER_LIP = (78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308)
CREASES = (
    ((33, 246, 161, 160, 159, 158, 157, 173, 133), 0.6, 0.9), ((33, 7, 163, 144, 145, 153, 154, 155, 133), 0.35, 0.7),
    (_UPPER_LIP, 0.4, 0.7), (_LOWER_LIP, 0.3, 0.6))
"""The upper and the lower lid's margin, the upper and the lower lip's inner line: how often dark, and how dark."""
CLEFT = 0.5, 0.95
"""How often the middle between lips that nearly meet is dark, and how dark: little light gets out of there."""
NEARLY = 0.03
"""Lips nearly meet that are no farther apart, in shares of the picture's side."""
AMOUNT = 0.5
"""How much the squares of the held-out faces are shaken, in shares of training's."""


@dataclass(frozen=True)
class Config(train_common.Config):
    """See `train_common.Config`; a step's batch of pictures shows two eyes, one mouth and one face each.

    Attributes:
        parts: names of the networks to train.
        begin: weights to begin with instead of nothing; layers that the file has not, or of another size, begin anew.
    """

    steps: int = 10000
    batch: int = 16
    rate: float = 1e-3
    warm_up: int = 200
    parts: tuple[str, ...] = tuple(part.name for part in PARTS)
    begin: Path | None = None

    def learnt(self) -> tuple[Part, ...]:
        return tuple(part for part in PARTS if part.name in self.parts)


class PartExamples(Dataset):
    """`count` examples: for each part, its crops (n, 3, S, S) uint8 and its points (n, P, 2) px in them."""

    def __init__(self, jpegs: tuple[bytes, ...], points: np.ndarray, parts: tuple[Part, ...], seed: int, start: int,
                 count: int, amount: float = 1.0) -> None:
        self.jpegs, self.points, self.parts = jpegs, points, parts
        self.seed, self.start, self.count, self.amount = seed, start, count, amount

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int) -> list[tuple[Tensor, Tensor]]:
        picture, chosen, random = shown(self.jpegs, self.seed, self.start + index)
        points = self.points[chosen]
        out = []
        for part in self.parts:
            both = (False, True) if part is EYE else (bool(random.integers(2)) and self.amount == 1,)
            made = [part_example(picture, points, part, mirrored, random, self.amount) for mirrored in both]
            out.append((torch.from_numpy(np.stack([crop for crop, _ in made])).permute(0, 3, 1, 2),
                        torch.from_numpy(np.stack([inside for _, inside in made]).astype(np.float32))))
        return out


def part_example(picture: np.ndarray, points: np.ndarray, part: Part, mirrored: bool, random: np.random.Generator,
                 amount: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """A part as the second look sees it: (H, W, 3), (478, 2) px -> (S, S, 3) uint8 and (P, 2) px in it."""
    square = shaken(part_square(points, part, mirrored), random, amount)
    crop = crops([picture], [square], part.size)[0]
    inside = apply(crop_from_picture(square, part.size), points[list(part.mirrored if mirrored else part.points)])
    if mirrored:
        crop, inside = np.ascontiguousarray(crop[:, ::-1]), inside * [-1, 1] + [part.size, 0]
    if amount:
        at = dict(zip(part.points, inside, strict=True))
        lines = [(np.array([at[point] for point in line]), often, darkest)
                 for line, often, darkest in CREASES if set(line) <= set(at)]
        if set(_UPPER_LIP) <= set(at):
            upper, lower = (np.array([at[point] for point in line]) for line in (_UPPER_LIP, _LOWER_LIP))
            if np.linalg.norm(upper - lower, axis=1).mean() <= NEARLY * part.size:
                lines.append(((upper + lower) / 2, *CLEFT))
        crop = creased(crop, tuple(lines), random)
        crop = faulty(crop, random)
    return crop, inside


def point_weights(part: Part) -> Tensor:
    """(P,) what each point counts; their mean is 1."""
    fine = {*LIPS.frame[:40], *EYE_LEFT.frame[:16], 468, 469, 470, 471, 472}
    weights = torch.tensor([FINE if point in fine else 1.0 for point in part.points])
    return weights / weights.mean()


def loss(network: PartNetwork, pictures: Tensor, true: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
    """The loss to minimise, and each point's distance: (B, 3, S, S) uint8, (B, P, 2) px -> (), (B, P) px."""
    with torch.autocast(pictures.device.type, dtype=torch.bfloat16):
        looked = network.look((pictures.float() / 255).contiguous(memory_format=torch.channels_last))
        answers = network.first_answer(looked), network.answer(looked)
    value = torch.zeros((), device=true.device)
    for (points, sigma), share in zip(answers, (FIRST_SHARE, 1.0), strict=True):
        off = (points - true).square().sum(2)  # (B, P)
        likelihood = 2 * sigma.log() + off / (2 * sigma.square())
        value = value + share * (sigma.detach() * likelihood * weights).mean()
    return value, off.detach().sqrt()


def measure(network: PartNetwork, held: list[tuple[Tensor, Tensor]], part: Part) -> dict[str, float]:
    """Errors on faces that were never learnt from, in px of the part's picture; and which share of the errors on each
    axis lies within one and two sigmas (68 and 95 % of a Gaussian's)."""
    network.eval()
    with torch.inference_mode():
        answers = [network(pictures.float() / 255) for pictures, _ in held]
    network.train()
    off = torch.cat([points - true for (points, _), (_, true) in zip(answers, held, strict=True)])  # (N, P, 2)
    sigma = torch.cat([spread for _, spread in answers])
    away, fine = off.norm(dim=2), point_weights(part) > 1
    return {"mean": float(away.mean()), "median": float(away.median()),
            "fine_median": float(away[:, fine].median()) if fine.any() else float(away.median()),
            "within_1": float((off.abs() < sigma[..., None]).float().mean()),
            "within_2": float((off.abs() < 2 * sigma[..., None]).float().mean())}


def train(config: Config, report: Callable[[int, int], None] = lambda done, total: None,
          tell: Tell = lambda text: None) -> Path:
    """Train, and return the checkpoint's path; if it is there, training goes on from it. `report` may raise Cancelled,
    and `tell` hears when batches are cut up for want of memory.

    Raises:
        ModelError: the checkpoint to go on from is damaged or of another kind.
    """
    torch.manual_seed(config.seed)
    alone()
    parts = config.learnt()
    networks = torch.nn.ModuleDict({part.name: PartNetwork(part) for part in parts}).to(config.device).train()
    held_data = PartExamples(config.faces.held_jpegs, config.faces.held_points, parts, 1, 0,
                             len(config.faces.held_jpegs), AMOUNT)
    held = _columns(list(DataLoader(held_data, 25)), len(parts))
    for part, column in zip(parts, held, strict=True):
        own = torch.cat([true for _, true in column])
        networks[part.name].mean.copy_(own.mean(0) / part.size - 0.5)
    if config.begin is not None:
        stored, known = network_file.stored_parts(config.begin), networks.state_dict()
        networks.load_state_dict(known | {name: value for name, value in stored.items()
                                          if name in known and value.shape == known[name].shape})
    names = dict(networks.named_parameters())
    optimiser = torch.optim.AdamW(names.values(), config.rate, weight_decay=0.01)
    start, history, tables = resumed(config, names, optimiser, network_file.PARTS)
    if start >= config.steps:  # as many and more were done before
        return config.out
    if tables:
        networks.load_state_dict(tables["last"])
    mean = tables.get("weights") or copy.deepcopy(networks.state_dict())
    networks = networks.to(memory_format=torch.channels_last)
    kept = torch.nn.ModuleDict({part.name: PartNetwork(part) for part in parts})
    data = PartExamples(config.faces.jpegs, config.faces.points, parts, config.seed, start * config.batch,
                        (config.steps - start) * config.batch)
    weights = {part.name: point_weights(part).to(config.device) for part in parts}
    running, shares = dict.fromkeys(weights, 0.0), dict.fromkeys(weights, 2 * config.batch)
    batches = DataLoader(data, config.batch, num_workers=config.workers, worker_init_fn=alone)
    for step, batch in enumerate(batches, start + 1):
        for group in optimiser.param_groups:
            group["lr"] = rate_at(step, config.rate, config.warm_up, config.steps, LAST)
        for part, (pictures, true) in zip(parts, batch, strict=True):
            pictures, true, network = pictures.flatten(0, 1), true.flatten(0, 1), networks[part.name]
            away: list[Tensor] = []

            def learn(chosen: slice, of_all: float, network: PartNetwork = network, pictures: Tensor = pictures,
                      true: Tensor = true, name: str = part.name, away: list[Tensor] = away) -> None:
                value, off = loss(network, pictures[chosen].to(config.device), true[chosen].to(config.device),
                                  weights[name])
                (value * of_all).backward()
                away.append(off.cpu())

            def forget(network: PartNetwork = network, away: list[Tensor] = away) -> None:
                network.zero_grad(set_to_none=True)
                away.clear()

            shares[part.name] = in_shares(learn, forget, len(pictures), shares[part.name], tell)
            torch.nn.utils.clip_grad_norm_(network.parameters(), CLIP)
            running[part.name] += float(torch.cat(away).mean())
        optimiser.step()
        follow(mean, networks, KEPT, step)
        if step % config.every == 0 or step == config.steps:
            kept.load_state_dict(mean)
            since = step - (history[-1]["step"] if history else 0)
            history.append({"step": step} | {
                part.name: {"train": running[part.name] / max(since, 1), **measure(kept[part.name], column, part)}
                for part, column in zip(parts, held, strict=True)})
            running = dict.fromkeys(weights, 0.0)
            keep(config, history, {"weights": mean, "last": networks.state_dict()}, names, optimiser,
                 network_file.PARTS)
        report(step, config.steps)
    return config.out


def _columns(batches: list, count: int) -> list[list[tuple[Tensor, Tensor]]]:
    """Batches of parts -> for each part its batches, the crops of one picture beside one another's."""
    return [[(pictures.flatten(0, 1), true.flatten(0, 1)) for pictures, true in (batch[part] for batch in batches)]
            for part in range(count)]


def calibrated(network: PartNetwork, held: list[tuple[Tensor, Tensor]], part: Part) -> PartNetwork:
    """The network, its sigmas stretched so that on faces that it never learnt from 68.3 % of the errors on an axis lie
    within one: what it learnt from it knows better than it will know others."""
    network = copy.deepcopy(network).eval()
    with torch.inference_mode():
        answers = [network(pictures.float() / 255) for pictures, _ in held]
    off = torch.cat([(points - true).abs() / sigma[..., None]
                     for (points, sigma), (_, true) in zip(answers, held, strict=True)])
    with torch.no_grad():
        network.out.bias.view(len(part.points), 3)[:, 2] += float(np.log(np.quantile(off.numpy(), ONE_SIGMA)))
    return network


def finished(config: Config) -> dict[str, PartNetwork]:
    """The networks of a training's checkpoint, calibrated on its held-out faces: what ships.

    Raises:
        ModelError: the checkpoint is missing or damaged.
    """
    networks, out = network_file.load_parts(config.out), {}
    for part in config.learnt():
        data = PartExamples(config.faces.held_jpegs, config.faces.held_points, (part,), 2, 0,
                            len(config.faces.held_jpegs))
        out[part.name] = calibrated(networks[part.name], _columns(list(DataLoader(data, 25)), 1)[0], part)
    return out
