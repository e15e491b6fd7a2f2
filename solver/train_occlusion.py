"""Training the network that sees what is before a face: on made faces, with ever new hands and things before them.

Where something lies beside a face, nobody can tell whether it is before it or behind: only what is seen at the face's
own points counts. What is kept is a running mean of the weights, which does not shake with the last batches.
"""

import copy
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F
from torch.utils.data import DataLoader, Dataset

from solver import network_file, train_common
from solver.crop import apply, crop_from_picture, crops
from solver.network_occlusion import SIZE, OcclusionNetwork, face_square
from solver.train_common import Tell, alone, follow, in_shares, keep, rate_at, resumed, shown
from solver.train_data_augment import faulty, shaken
from solver.train_data_props import hold_before

THINGS = 0.55
"""How often something new is held before a face that is learnt from, beside what was before it when it was made."""
AMOUNT = 0.7
"""How much the squares are shaken, in shares of the landmark networks' training."""
EDGE_PX = 2.0
"""Points nearer to the picture's edge do not count."""
CLIP, LAST, KEPT = 5.0, 0.01, 0.997
"""The gradient's most; the last step's learning rate as a share of the first; how slowly the running mean follows."""


@dataclass(frozen=True)
class Config(train_common.Config):
    """See `train_common.Config`."""

    steps: int = 4000
    batch: int = 24
    rate: float = 2e-3


class OcclusionExamples(Dataset):
    """`count` examples: a crop (3, S, S) uint8, the face's points in it (478, 2) px, which of them are occluded (478),
    and which count (478)."""

    def __init__(self, faces: tuple[tuple[bytes, ...], np.ndarray, np.ndarray], seed: int, start: int, count: int,
                 things: float = THINGS) -> None:
        self.jpegs, self.points, self.occluded = faces
        self.seed, self.start, self.count, self.things = seed, start, count, things

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        picture, chosen, random = shown(self.jpegs, self.seed, self.start + index)
        points = self.points[chosen]
        square = shaken(face_square(points), random, AMOUNT)
        crop, inside = crops([picture], [square], SIZE)[0], apply(crop_from_picture(square, SIZE), points)
        if random.random() < 0.5:
            crop, inside = np.ascontiguousarray(crop[:, ::-1]), inside * [-1, 1] + [SIZE, 0]
        column, row = np.clip(inside, 0, SIZE - 1).astype(int).T
        face = cv2.fillConvexPoly(np.zeros((SIZE, SIZE), np.uint8), cv2.convexHull(np.int32(inside)), 1)
        crop, before = hold_before(crop, inside, face == 0, self.things, random)
        counts = ((inside > EDGE_PX) & (inside < SIZE - EDGE_PX)).all(axis=1)
        return (torch.from_numpy(faulty(crop, random)).permute(2, 0, 1), torch.from_numpy(inside.astype(np.float32)),
                torch.from_numpy(self.occluded[chosen] | before[row, column]), torch.from_numpy(counts))


def logits(cells: Tensor, points: Tensor) -> Tensor:
    """What cells (B, 1, S / 4, S / 4) say of points (B, P, 2) px: (B, P)."""
    return F.grid_sample(cells, (points / SIZE * 2 - 1)[:, :, None], align_corners=False,
                         padding_mode="border")[:, 0, :, 0]


def loss(network: OcclusionNetwork, pictures: Tensor, points: Tensor, occluded: Tensor, counts: Tensor) -> Tensor:
    """The mean cross entropy of the points that count."""
    with torch.autocast(pictures.device.type, dtype=torch.bfloat16):
        cells = network((pictures.float() / 255).contiguous(memory_format=torch.channels_last))
    off = F.binary_cross_entropy_with_logits(logits(cells.float(), points), occluded.float(), reduction="none")
    return (off * counts).sum() / counts.sum()


def measure(network: OcclusionNetwork, held: list[tuple[Tensor, ...]]) -> dict[str, float]:
    """On faces that were never learnt from: the chance that a hidden point is thought more hidden than a seen one
    (area under the curve), and of the points that are called hidden and those that are, how many are both."""
    network.eval()
    with torch.inference_mode():
        said = torch.cat([logits(network(pictures.float() / 255), points)[counts]
                          for pictures, points, _, counts in held]).numpy()
    network.train()
    truly = torch.cat([occluded[counts] for _, _, occluded, counts in held]).numpy()
    rank, hidden = said.argsort().argsort(), int(truly.sum())
    below = rank[truly].sum() - hidden * (hidden - 1) / 2
    both = ((said > 0) & truly).sum()
    return {"area": float(below / max(hidden * (len(truly) - hidden), 1)),
            "precision": float(both / max((said > 0).sum(), 1)), "recall": float(both / max(hidden, 1))}


def train(config: Config, report: Callable[[int, int], None] = lambda done, total: None,
          tell: Tell = lambda text: None) -> Path:
    """Train, and return the checkpoint's path; if it is there, training goes on from it. `report` may raise Cancelled,
    and `tell` hears when batches are cut up for want of memory.

    Raises:
        ModelError: the checkpoint to go on from is damaged or of another kind.
    """
    torch.manual_seed(config.seed)
    alone()
    faces = config.faces
    held = list(DataLoader(OcclusionExamples((faces.held_jpegs, faces.held_points, faces.held_occluded), 1, 0,
                                             len(faces.held_jpegs), 0.0), 25))
    network = OcclusionNetwork().to(config.device).train()
    optimiser = torch.optim.AdamW(network.parameters(), config.rate, weight_decay=0.01)
    names = dict(network.named_parameters())
    start, history, tables = resumed(config, names, optimiser, network_file.OCCLUSION)
    if start >= config.steps:  # as many and more were done before
        return config.out
    if tables:
        network.load_state_dict(tables["last"])
    mean = tables.get("weights") or copy.deepcopy(network.state_dict())
    network = network.to(memory_format=torch.channels_last)
    data = OcclusionExamples((faces.jpegs, faces.points, faces.occluded), config.seed, start * config.batch,
                             (config.steps - start) * config.batch)
    running, share, kept = 0.0, config.batch, OcclusionNetwork()
    batches = DataLoader(data, config.batch, num_workers=config.workers, worker_init_fn=alone)
    for step, batch in enumerate(batches, start + 1):
        for group in optimiser.param_groups:
            group["lr"] = rate_at(step, config.rate, config.warm_up, config.steps, LAST)
        values: list[float] = []

        def learn(chosen: slice, of_all: float, batch: list[Tensor] = batch, values: list[float] = values) -> None:
            value = loss(network, *(one[chosen].to(config.device) for one in batch)) * of_all
            value.backward()
            values.append(value.item())

        def forget(values: list[float] = values) -> None:
            network.zero_grad(set_to_none=True)
            values.clear()

        share = in_shares(learn, forget, len(batch[0]), share, tell)
        torch.nn.utils.clip_grad_norm_(network.parameters(), CLIP)
        optimiser.step()
        running += sum(values)
        follow(mean, network, KEPT, step)
        if step % config.every == 0 or step == config.steps:
            kept.load_state_dict(mean)
            since = step - (history[-1]["step"] if history else 0)
            history.append({"step": step, "occlusion": {"train": running / max(since, 1), **measure(kept, held)}})
            running = 0.0
            keep(config, history, {"weights": mean, "last": network.state_dict()}, names, optimiser,
                 network_file.OCCLUSION)
        report(step, config.steps)
    return config.out
