"""What the trainings share: faces, settings, the learning rate's course, and what to do when memory runs out."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch

from capture.errors import MienError, ModelError
from solver import network_file, train_data
from solver.embedding import Embedding
from solver.face_model import FaceModel

Tell = Callable[[str], None]
"""Told in a sentence what a user should know of a training, such as that its batches became smaller."""


@dataclass(frozen=True)
class Faces:
    """Pictures and where the landmarks truly are in each, (N, 478, 2) px.

    Attributes:
        jpegs, points: what is learnt from.
        held_jpegs, held_points: faces to measure on, never learnt from.
        recipe: what made them, kept with the weights.
        occluded, held_occluded: (N, 478) bool, which points are behind a hand or another thing; None where nobody asks.
    """

    jpegs: tuple[bytes, ...] = field(repr=False)
    points: np.ndarray = field(repr=False)
    held_jpegs: tuple[bytes, ...] = field(repr=False)
    held_points: np.ndarray = field(repr=False)
    recipe: dict[str, Any] = field(default_factory=dict)
    occluded: np.ndarray | None = field(default=None, repr=False)
    held_occluded: np.ndarray | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Config:
    """What to train on, how long, and where to keep it.

    Attributes:
        out: the checkpoint; if it is there, training goes on from it.
        steps, batch, rate, warm_up: of AdamW, with a cosine down to a small share of the rate.
        every: steps between measurements and checkpoints.
        workers: processes that prepare pictures.
    """

    out: Path
    faces: Faces
    steps: int = 6000
    batch: int = 32
    rate: float = 2e-4
    warm_up: int = 100
    every: int = 250
    seed: int = 0
    workers: int = 1
    device: str = "cpu"


def made_faces(model: FaceModel, embedding: Embedding, recipe: train_data.Recipe, held_out: int, folder: Path,
               report: Callable[[int, int], None] = lambda done, total: None) -> Faces:
    """The recipe's faces: made, and kept in `folder` for the next run of the same recipe.

    The faces that are never learnt from come from the next seed.

    Raises:
        DataError: a recording or the kept faces cannot be read.
        OutputError: the faces cannot be kept.
    """
    held = replace(recipe, count=held_out, seed=recipe.seed + 1)
    learnt, kept = (train_data.made(one, model, embedding, folder, report) for one in (recipe, held))
    about = {"model": model.name, "model_sha256": model.sha256, "count": recipe.count, "seed": recipe.seed,
             "recordings": [path.name for path in recipe.recordings], "profiles": recipe.profiles,
             "things": recipe.things}
    true = [train_data.true_points(one, model, embedding) for one in (learnt, kept)]
    hidden = [train_data.occluded_points(one, points) for one, points in zip((learnt, kept), true, strict=True)]
    return Faces(learnt.jpegs, true[0], kept.jpegs, true[1], about, *hidden)


def shown(jpegs: tuple[bytes, ...], seed: int, number: int) -> tuple[np.ndarray, int, np.random.Generator]:
    """The example `number` of a training: a picture (H, W, 3) uint8, which one it is, and its own chance.

    Each picture is shown once before any is shown again, in another order each time; all follows from seed and number.
    """
    turn, place = divmod(number, len(jpegs))
    chosen = int(np.random.default_rng((seed, turn)).permutation(len(jpegs))[place])
    stored = cv2.imdecode(np.frombuffer(jpegs[chosen], np.uint8), cv2.IMREAD_COLOR)
    return np.ascontiguousarray(stored[:, :, ::-1]), chosen, np.random.default_rng((seed, turn, place))


Tables = dict[str, dict[str, torch.Tensor]]
"""Weights by name and layer, and an optimiser's moments, as a checkpoint has them."""


def resumed(config: Config, names: dict[str, torch.nn.Parameter], optimiser: torch.optim.Optimizer, architecture: str
            ) -> tuple[int, list[dict[str, Any]], Tables]:
    """Where a training stands: its step, its history and the tables of its checkpoint, 0 and empty where there is none;
    the optimiser gets the moments of the parameters `names` back. All lies where these parameters do.

    Raises:
        ModelError: the checkpoint is damaged or of another kind.
    """
    if not config.out.exists():
        return 0, [], {}
    about, read = network_file.load_checkpoint(config.out, architecture)
    device = next(iter(names.values())).device
    tables = {table: {name: value.to(device) for name, value in values.items()} for table, values in read.items()}
    try:
        step, history = int(about["step"]), list(about["history"])
        for name, parameter in names.items():
            first, second = tables["first"][name], tables["second"][name]
            if not first.shape == second.shape == parameter.shape:
                raise ValueError(f"{name} has another shape")
            optimiser.state[parameter] = {"step": torch.tensor(float(step)), "exp_avg": first, "exp_avg_sq": second}
    except (KeyError, ValueError, TypeError) as error:
        raise ModelError(f"{config.out} is damaged ({error}); remove it, or give another --out, to begin anew"
                         ) from error
    return step, history, tables


def keep(config: Config, history: list[dict[str, Any]], tables: Tables, names: dict[str, torch.nn.Parameter],
         optimiser: torch.optim.Optimizer, architecture: str) -> None:
    """Write the checkpoint that `resumed` reads, as of the history's last step; `tables` without the moments."""
    state = {name: optimiser.state[parameter] for name, parameter in names.items()}
    network_file.save_checkpoint(
        config.out, {"step": history[-1]["step"], "history": history, "recipe": config.faces.recipe,
                     "seed": config.seed},
        {**tables, "first": {name: value["exp_avg"] for name, value in state.items()},
         "second": {name: value["exp_avg_sq"] for name, value in state.items()}}, architecture)


def follow(mean: dict[str, torch.Tensor], network: torch.nn.Module, kept: float, step: int) -> None:
    """Move a running mean of a network's weights after a step, in place: the slower the nearer `kept` is to 1."""
    share = 1 - min(kept, step / (step + 10))
    for name, value in network.state_dict().items():
        mean[name] = mean[name].lerp(value, share) if value.is_floating_point() else value.clone()


def rate_at(step: int, rate: float, warm_up: int, steps: int, last: float) -> float:
    """The learning rate at a step from 1 on: a linear warm-up, then half a cosine down to `last` times the rate."""
    return rate * min(1.0, step / warm_up) * (last + (1 - last) * (1 + np.cos(np.pi * step / steps)) / 2)


def in_shares(learn: Callable[[slice, float], None], forget: Callable[[], None], count: int, share: int,
              tell: Tell) -> int:
    """Learn from a batch of `count` in shares of at most `share`; when memory runs out, begin anew with half of it.

    Gradients add up over the shares. The step is nearly the same: BatchNorm, and a loss that counts points, go by the
    share.

    Args:
        learn: adds the gradients of a slice of the batch, whose part of the whole is given.
        forget: sets the gradients back to none.
        tell: is told that shares became smaller.

    Returns:
        The share that fitted: what to begin the next batch with.

    Raises:
        MienError: not even one example fits.
    """
    while True:
        forget()
        try:
            for start in range(0, count, share):
                part = slice(start, min(start + share, count))
                learn(part, (part.stop - part.start) / count)
            return share
        except (torch.OutOfMemoryError, MemoryError, RuntimeError) as error:
            if not out_of_memory(error):
                raise
            if share == 1:
                raise MienError("the memory is too small for a single example of this training; "
                                "close other programs, or train on the processor with --device cpu") from error
        share //= 2
        tell(f"memory ran out: going on with {share} examples at a time, to the same end")
        if torch.cuda.is_available():
            torch.cuda.empty_cache()


def out_of_memory(error: BaseException) -> bool:
    """Whether an error means that memory ran out; torch's allocator for the processor says it in words only."""
    return isinstance(error, torch.OutOfMemoryError | MemoryError) or "not enough memory" in str(error)


def alone(_: int = 0) -> None:
    """One thread for OpenCV: its threads fight torch's for the cores, and a process forked while they live hangs."""
    cv2.setNumThreads(1)
