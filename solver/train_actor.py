"""Teaching the last layer of the eyes' network one actor, from frames whose landmarks a solve says.

Multi-view bootstrapping after Simon et al. 2017, "Hand keypoint detection in single images using multiview
bootstrapping": all cameras' landmarks make one face, with outliers weighed down; where that face lies in each camera's
picture is what the network learns to answer. Corrected frames count more. The features below the last layer stay
as they are and are computed once, so that a lesson takes seconds. The last quarter of the frames by time is never
learnt from: where its points come no nearer any more, the lesson ends, and the best layers so far are what comes of it.
"""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from capture.errors import ModelError
from solver.actor_network import LAYERS, shared_eyes
from solver.network_file import load_checkpoint, save_checkpoint
from solver.network_parts import EYE, PartNetwork
from solver.train_common import rate_at
from solver.train_parts import part_example, point_weights

ARCHITECTURE = "actor-eye-2"
STEPS, BATCH, RATE, WARM_UP, LAST = 400, 96, 1e-3, 10, 0.01
EVERY, PATIENCE = 25, 6
"""Steps between measurements, and how many of these may pass without a better one."""
HOLD = 1e-3
"""How firmly the layers are held to the shared network's."""
BETA = 1.0
"""Distance in px up to which a point's error counts squared."""
SHOWN = 3
"""How often each eye of a picture is cut out, each time a little differently."""
FEATURES_AT_ONCE = 48


@dataclass(frozen=True)
class Lesson:
    """M examples: features (M, P, F) below the layer that learns, points (M, P, 2) px in the cut-out, counts (M)."""

    features: Tensor
    points: Tensor
    counts: Tensor

    def __add__(self, other: "Lesson") -> "Lesson":
        return Lesson(*(torch.cat([getattr(self, name), getattr(other, name)])
                        for name in ("features", "points", "counts")))


def lesson(pictures: Iterator[np.ndarray], points: np.ndarray, counts: np.ndarray, times: int, seed: int) -> Lesson:
    """Examples of F pictures.

    Args:
        pictures: F, (H, W, 3) uint8 each.
        points: (F, 478, 2) px, where the landmarks are.
        counts: (F) what each picture counts.
        times: how often each eye is cut out; 0: once, exactly, and as it is.
        seed: of what chance does to the cut-outs.
    """
    network, random = shared_eyes(), np.random.default_rng((seed, len(points)))
    crops, inside, count = [], [], []
    features: list[Tensor] = []

    def look() -> None:
        with torch.inference_mode():
            batch = torch.from_numpy(np.stack(crops)).permute(0, 3, 1, 2).float() / 255
            features.append(network.look(batch).clone())
        crops.clear()

    for picture, face, counted in zip(pictures, points, counts, strict=True):
        for mirrored in (False, True) * max(times, 1):
            crop, where = part_example(picture, face, EYE, mirrored, random, float(times > 0))
            crops.append(crop)
            inside.append(where)
            count.append(counted)
            if len(crops) == FEATURES_AT_ONCE:
                look()
    if crops:
        look()
    return Lesson(torch.cat(features), torch.from_numpy(np.stack(inside).astype(np.float32)),
                  torch.tensor(count, dtype=torch.float32))


def taught(learnt: Lesson, held: Lesson, folder: Path, report: Callable[[int, int], None]) -> PartNetwork:
    """The eyes' network after a lesson; the shared one if nothing better came of it.

    Args:
        learnt, held: what is learnt from, and what says when to stop.
        folder: for the checkpoint, from which a lesson that was cut off goes on, to the same end.
        report: `report(step, steps)`; may raise Cancelled.

    Raises:
        OutputError: the checkpoint cannot be written.
    """
    torch.set_num_threads(1)  # sums in another order would give other last bits
    network = shared_eyes()
    layers = {name: parameter for name, parameter in network.named_parameters() if name in LAYERS}
    shared = {name: parameter.detach().clone() for name, parameter in layers.items()}
    for parameter in layers.values():
        parameter.requires_grad_(True)
    optimiser = torch.optim.Adam(layers.values(), RATE)
    path = folder / f"network-{_key(learnt, held)}.checkpoint.npz"
    best, best_error, best_step, start = shared, _error(network, held), 0, 0
    if path.is_file() and (found := _resumed(path)) is not None:
        about, tables = found
        start, best_step, best_error, best = about["step"], about["best"], about["error"], tables["best"]
        for name, parameter in layers.items():
            parameter.data.copy_(tables["weights"][name])
            optimiser.state[parameter] = {"step": torch.tensor(float(start)), "exp_avg": tables["first"][name],
                                          "exp_avg_sq": tables["second"][name]}
    weights = point_weights(EYE)
    for step in range(start + 1, STEPS + 1):
        if step - 1 - best_step >= PATIENCE * EVERY:
            break
        chosen = torch.from_numpy(np.random.default_rng((7, step)).integers(0, len(learnt.counts), BATCH))
        off = network.answer(learnt.features[chosen])[0] - learnt.points[chosen]
        away = F.smooth_l1_loss(off, torch.zeros_like(off), beta=BETA, reduction="none").sum(2)  # (B, P)
        held_to = sum((parameter - shared[name]).square().sum() for name, parameter in layers.items())
        optimiser.zero_grad()
        ((away * weights).mean(1) @ learnt.counts[chosen] / learnt.counts[chosen].sum() + HOLD * held_to).backward()
        for group in optimiser.param_groups:
            group["lr"] = rate_at(step, RATE, WARM_UP, STEPS, LAST)
        optimiser.step()
        if step % EVERY == 0:
            if (error := _error(network, held)) < best_error:
                best, best_error, best_step = {name: one.detach().clone() for name, one in layers.items()}, error, step
            state = {name: optimiser.state[parameter] for name, parameter in layers.items()}
            save_checkpoint(path, {"step": step, "best": best_step, "error": best_error},
                            {"weights": {name: one.detach() for name, one in layers.items()}, "best": best,
                             "first": {name: one["exp_avg"] for name, one in state.items()},
                             "second": {name: one["exp_avg_sq"] for name, one in state.items()}}, ARCHITECTURE)
            report(step, STEPS)
    for name, parameter in layers.items():
        parameter.requires_grad_(False).copy_(best[name])
    return network


def misses(network: PartNetwork, held: Lesson) -> np.ndarray:
    """(M) px of the cut-outs: mean distance of each example's points."""
    with torch.inference_mode():
        return (network.answer(held.features)[0] - held.points).norm(dim=2).mean(1).numpy()


def _error(network: PartNetwork, held: Lesson) -> float:
    """Mean distance in px of the cut-outs, each counted as it counts."""
    return float(np.average(misses(network, held), weights=held.counts.numpy()))


def _resumed(path: Path) -> tuple[dict, dict[str, dict[str, Tensor]]] | None:
    """A checkpoint; None where it is damaged, so that the lesson begins anew."""
    try:
        return load_checkpoint(path, ARCHITECTURE)
    except ModelError:
        return None


def _key(*lessons: Lesson) -> str:
    digest = hashlib.sha256(ARCHITECTURE.encode())
    for one in lessons:
        for part in (one.features, one.points, one.counts):
            digest.update(part.numpy().tobytes())
    return digest.hexdigest()[:16]
