"""Training what puts the looks together (`network_join`), on one page: minutes, once the networks of all are done.

It learns from what they find in made faces, plain and mirrored, half of them through a camera's faults.
    python -m solver.train_join --parts parts.npz --recording CSV --out DIR HEAD
"""

import argparse
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from torch.nn import functional as F

from solver import mediapipe_runtime, network_file
from solver.crop import apply, crop_from_picture, crops, picture_from_crop
from solver.embedding import embed
from solver.model_import import find_model
from solver.network import SIZE
from solver.network_join import OTHERS, UNIT, Join, Local, in_squares, inputs, mirrored
from solver.network_mirror import MIRRORED, unmirror
from solver.network_parts import FACE, part_square
from solver.network_run import as_input, ready
from solver.network_second import SecondLook
from solver.train_common import Tell, rate_at
from solver.train_data import Recipe, made, true_points
from solver.train_data_augment import faulty, jittered

SHAKEN = 0.4
"""How much the first look's squares are shaken, in shares of its training's."""
DROPPED = 0.2
"""Share of the inputs, and of the first layer's answers, that are left out at random while learning."""
LAST = 0.01
LEAST = 5e-4
"""Added to the spread of the inputs that they are divided by: less is noise."""
ONE_SIGMA = 0.683


@dataclass(frozen=True)
class Looks:
    """What was found in N faces, as `Join.put_together` wants it, and true (N, 478, 2) px."""

    frames: np.ndarray
    points: np.ndarray
    sigma: np.ndarray
    first: np.ndarray
    face: np.ndarray
    true: np.ndarray

    def found(self) -> tuple[np.ndarray, ...]:
        return self.frames, self.points, self.sigma, self.first, self.face


def looks(jpegs: tuple[bytes, ...], true: np.ndarray, parts: Path, seed: int = 0) -> Looks:
    """Look at pictures with the shipped first look and the parts of a file, as the detector does.

    Raises:
        ModelError: the file is missing or damaged, or has no network of the whole face.
    """
    seen: list[tuple[np.ndarray, ...]] = []

    def keep(*found: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        seen.append(found)
        return found[1], found[2]

    first = ready(network_file.load_trained(network_file.shipped_path()), "cpu", ("points", "sigma"))
    second = SecondLook({name: ready(part) for name, part in network_file.load_parts(parts).items()}, keep)
    for number, (jpeg, points) in enumerate(zip(jpegs, true, strict=True)):
        random = np.random.default_rng((seed, number))
        picture = np.ascontiguousarray(cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)[:, :, ::-1])
        picture = faulty(picture, random) if number % 2 else picture
        square = jittered(points, random, SHAKEN)
        shown = as_input(crops([picture], [square], SIZE))
        sides = [first(shown), unmirror(*first(np.ascontiguousarray(shown[..., ::-1])))]
        found, unsure = (np.mean(one, axis=0) for one in zip(*sides, strict=True))
        found = apply(picture_from_crop(square, SIZE), found[0].astype(np.float64))[None]
        second.refine([picture], found, found, unsure.astype(np.float64) * (square.side / SIZE))
    return Looks(*(np.concatenate(column) for column in zip(*seen, strict=True)), true)


def train(learnt: Looks, held: Looks, epochs: int = 14, batch: int = 32, rate: float = 1e-3, seed: int = 0,
          tell: Tell = lambda text: None) -> Join:
    """The Join that these faces teach, its stretch measured on faces that it does not learn from."""
    torch.manual_seed(seed)
    local, target = _both_sides(learnt)
    columns = inputs(*local)
    found, goal = torch.from_numpy(columns), torch.from_numpy(target[:, OTHERS].astype(np.float32))
    weight = torch.from_numpy((UNIT / local[1][:, OTHERS, None]).astype(np.float32))
    join = Join()
    join.mean.copy_(torch.from_numpy(columns.mean(axis=0)))
    join.scale.copy_(torch.from_numpy(columns.std(axis=0) + LEAST))
    optimiser = torch.optim.AdamW(join.parameters(), rate, weight_decay=0.05)
    steps = epochs * (len(found) // batch)
    for step in range(steps):
        if step % (len(found) // batch) == 0:
            order = torch.randperm(len(found))
        at = step % (len(found) // batch) * batch
        chosen = order[at:at + batch]
        for group in optimiser.param_groups:
            group["lr"] = rate_at(step + 1, rate, 50, steps, LAST)
        x = F.dropout((found[chosen] - join.mean) / join.scale, DROPPED)
        x = F.dropout(F.relu(join.first(x)), DROPPED)
        moves = join.out(F.relu(join.second(x))).reshape(goal[chosen].shape)
        value = F.smooth_l1_loss(moves * weight[chosen], goal[chosen] * weight[chosen])
        optimiser.zero_grad()
        value.backward()
        optimiser.step()
    join = join.eval().requires_grad_(False)
    points, sigma = join.put_together(*held.found())
    off = (points - held.true)[:, OTHERS]
    join.stretch.fill_(float(np.quantile(np.abs(off) / sigma[:, OTHERS, None], ONE_SIGMA)))
    before = np.linalg.norm((held.points - held.true)[:, OTHERS], axis=2)
    tell(f"held-out faces, points outside eyes and mouth: median {np.median(before):.2f} px before, "
         f"{np.median(np.linalg.norm(off, axis=2)):.2f} px after; sigmas times {float(join.stretch):.2f}")
    return join


def _both_sides(faces: Looks) -> tuple[Local, np.ndarray]:
    """What was found, plain and mirrored, and how far each point is from the truth, (2 N, 478, 2) UNITs."""
    local, _ = in_squares(*faces.found())
    into = np.stack([crop_from_picture(part_square(frame, FACE), 1) for frame in faces.frames])
    off = (apply(into, faces.true) - 0.5 - local[0]) / UNIT
    both = tuple(np.concatenate(pair) for pair in zip(local, mirrored(local), strict=True))
    return both, np.concatenate([off, off[:, MIRRORED] * [-1, 1]])


def main() -> None:
    """Make faces, or take those made before; look at them; train; write DIR/parts.npz, the join in it."""
    parser = argparse.ArgumentParser(prog="python -m solver.train_join")
    parser.add_argument("head", type=Path, help="a packed face model with ARKit's shapes")
    parser.add_argument("--parts", type=Path, required=True, help="the second look's trained networks, face included")
    parser.add_argument("--recording", type=Path, action="append", default=[], help="Live Link Face CSV files")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--faces", type=int, default=3000)
    parser.add_argument("--held-out", type=int, default=200)
    parser.add_argument("--seed", type=int, default=61)
    options = parser.parse_args()
    model = find_model(options.head.stem, options.head)
    embedding = embed(model, mediapipe_runtime.find_face, mediapipe_runtime.SCHEME)
    groups = []
    for count, seed in ((options.faces, options.seed), (options.held_out, options.seed + 1)):
        recipe = Recipe(count, seed, tuple(options.recording), 0.25)
        samples = made(recipe, model, embedding, options.out, lambda done, total: print(done, total, end="\r"))
        groups.append(looks(samples.jpegs, true_points(samples, model, embedding), options.parts))
    join = train(*groups, tell=print)
    network_file.save_parts({**network_file.load_parts(options.parts), "join": join},
                            network_file.about_parts(options.parts), options.out / "parts.npz")


if __name__ == "__main__":
    main()
