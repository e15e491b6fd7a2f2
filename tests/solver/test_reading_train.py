"""Training the reader: it learns what there is to learn, from people whose faces belong together."""

from pathlib import Path

import cv2
import numpy as np

from solver.model_import import BUILT_IN, find_model
from solver.network import POINTS
from solver.reading_train import EACH, NAMES, People, train, with_mirrors
from solver.train_data import Recipe, gather, make
from tests.solver.test_solve import everywhere


def taught(people: int, seed: int) -> People:
    """People whose points follow their weights by a fixed rule, each person's from another place."""
    rule = np.random.default_rng(0).normal(0, 0.3, (len(NAMES), 2 * POINTS))
    random = np.random.default_rng(seed)
    weights = (random.random((people, EACH, len(NAMES))) * (random.random((people, EACH, len(NAMES))) < 0.2))
    points = random.normal(0, 0.3, (people, 1, 2 * POINTS)) + weights @ rule
    return People(points.astype(np.float32), points.astype(np.float32), weights.astype(np.float32))


def test_what_is_taught_is_read() -> None:
    import torch

    reader, unseen = train(taught(256, 1), epochs=12), taught(16, 2)
    faces = torch.from_numpy(((unseen.found - reader.mean) / reader.scale).astype(np.float32))
    with torch.inference_mode():
        read, log_sigma = reader.network(faces, reader.network.person(faces))
    error = read.numpy() - unseen.weights
    assert np.sqrt(np.square(error).mean()) < 0.6 * unseen.weights.std()
    # it says how far off it is: neither twice too sure nor twice too shy
    assert 0.5 < np.sqrt(np.square(error).mean()) / log_sigma.exp().numpy().mean() < 2.0


def test_a_mirrored_face_has_mirrored_weights() -> None:
    group = with_mirrors(taught(2, 3))
    left, right = NAMES.index("eyeBlinkLeft"), NAMES.index("eyeBlinkRight")
    assert np.array_equal(group.weights[2:, :, left], group.weights[:2, :, right])
    points = group.found.reshape(4, EACH, POINTS, 2)
    assert np.allclose(points[2:, :, 4], points[:2, :, 4] * [-1, 1])  # the tip of the nose is its own partner
    again = with_mirrors(People(group.found[2:], group.nearer[2:], group.weights[2:]))
    assert np.array_equal(again.found[2:], group.found[:2])


def test_faces_of_one_person_belong_together() -> None:
    model = find_model(BUILT_IN, Path(__file__).parents[2] / "assets" / "head.npz")
    samples = gather(list(make(Recipe(4, 5, faces_each=2), model, on_front(model))))
    assert np.array_equal(samples.identity[0], samples.identity[1])
    assert not np.array_equal(samples.identity[0], samples.identity[2])
    assert (samples.weights[[0, 2]] == 0).all()
    assert (samples.weights[[1, 3]] > 0).any(axis=1).all()
    assert all(cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR).std() > 5 for jpeg in samples.jpegs)


def on_front(model: object) -> object:
    """478 places on the model's front: where a picture's face is, is all that it is asked for."""
    front = everywhere(model)
    chosen = np.linspace(0, len(front.triangle) - 1, POINTS).astype(int)
    return type(front)(front.scheme, front.triangle[chosen], front.barycentric[chosen], front.spread_m[chosen],
                       front.contour[chosen], front.known[chosen])
