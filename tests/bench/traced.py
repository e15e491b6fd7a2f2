"""How far off the second look's networks are on pictures by another renderer, of the same made people, by hand:

    PYTHONPATH=FOLDER python -m tests.bench.traced --recording CSV [--count 100] [--seed 3101] [--parts NPZ]

FOLDER holds Blender as a module (tests/bench/tracer.py). Printed are median distances in px of each network's picture,
of our pictures and of the path-traced ones: alike, if ours teach what there is to learn.
"""

import argparse
from functools import partial
from pathlib import Path

from torch.utils.data import DataLoader

from solver import mediapipe_runtime, network_file, train_data, train_parts
from solver.embedding import embed
from solver.network_parts import PARTS
from tests.bench.tracer import Tracer
from tests.material import ict_model

SAID = "median", "fine_median", "within_1", "within_2"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--recording", type=Path, required=True)
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--seed", type=int, default=3101)
    parser.add_argument("--parts", type=Path, default=Path("assets/parts.npz"))
    options = parser.parse_args()
    model, networks = ict_model(), network_file.load_parts(options.parts)
    embedding = embed(model, mediapipe_runtime.find_face, mediapipe_runtime.SCHEME)
    make = partial(train_data.make, train_data.Recipe(options.count, options.seed, (options.recording,), 0.2), model,
                   embedding)
    for name, made in (("ours", make()), ("path-traced", make(draw=Tracer(train_data.SIDE).drawn))):
        samples = train_data.gather(list(made))
        points = train_data.true_points(samples, model, embedding)
        for part in PARTS:
            shown = train_parts.PartExamples(samples.jpegs, points, (part,), 1, 0, len(samples), 0.0)
            batches = [batch[0] for batch in DataLoader(shown, 25)]
            held = [(pictures.flatten(0, 1), true.flatten(0, 1)) for pictures, true in batches]
            found = train_parts.measure(networks[part.name], held, part)
            print(f"{name:<12} {part.name:<6} {part.size} px:", ", ".join(f"{key} {found[key]:.2f}" for key in SAID))


if __name__ == "__main__":
    main()
