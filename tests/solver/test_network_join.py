"""What puts the looks together: it moves only what it may, alike on both sides; training it helps on unseen faces."""

import numpy as np
import pytest
import torch

from capture.errors import ModelError
from solver import network_file
from solver.network_join import OTHERS, Join
from solver.network_mirror import MIRRORED
from solver.network_parts import EYE, FACE, MOUTH, PartNetwork
from solver.network_second import COARSE, SecondLook
from solver.train_join import Looks, train

SIDE = 200.0
CHIN = (152, 148, 377, 176, 400)


def made(count: int, seed: int) -> Looks:
    """Faces that open their mouths by chance: the mouth's points are found well, the chin's lag behind, and both looks
    at the whole face err at random besides."""
    shape = np.random.default_rng(1).normal(0, [30, 40], (478, 2))
    shape[MIRRORED[:478 // 2]] = shape[:478 // 2] * [-1, 1]
    shape[[33, 263, 10, 152]] = (-40, -20), (40, -20), (0, -70), (0, 70)
    random = np.random.default_rng(seed)
    opening = random.uniform(0, 20, (count, 1, 1)) * [0, 1]
    true = np.tile(shape, (count, 1, 1)) + SIDE / 2
    moved = true.copy()
    low = [index for index in MOUTH.points if shape[index, 1] > 0]
    moved[:, low] += opening
    found = moved.copy()
    moved[:, CHIN] += opening
    looks = [found + random.normal(0, 1, found.shape) for _ in range(2)]
    mean = (looks[0] + looks[1]) / 2
    mean[:, MOUTH.points] = moved[:, MOUTH.points]
    return Looks(mean, mean, np.full(mean.shape[:2], 2.0), *looks, moved)


@pytest.fixture(scope="module")
def join() -> Join:
    """One that moves points, but has learnt nothing."""
    torch.manual_seed(3)
    join = Join()
    torch.nn.init.normal_(join.out.weight, std=0.2)
    return join.eval().requires_grad_(False)


def test_it_moves_what_no_closer_network_looks_at(join):
    faces = made(3, 0)
    points, sigma = join.put_together(*faces.found())
    closer = [*EYE.points, *EYE.mirrored, *MOUTH.points]
    assert sorted([*OTHERS, *set(closer)]) == list(range(478))
    assert np.array_equal(points[:, closer], faces.points[:, closer])
    assert (np.abs(points - faces.points)[:, OTHERS].max(axis=2) > 0).all()
    assert np.array_equal(sigma, faces.sigma)
    untaught, _ = Join().put_together(*faces.found())
    assert np.allclose(untaught, faces.points)


def test_a_face_in_a_mirror_is_put_together_alike(join):
    faces = made(2, 1)
    points, _ = join.put_together(*faces.found())

    def turned(xy: np.ndarray) -> np.ndarray:
        return xy[:, MIRRORED] * [-1, 1] + [SIDE, 0]

    again, _ = join.put_together(turned(faces.frames), turned(faces.points), faces.sigma[:, MIRRORED],
                                 turned(faces.first), turned(faces.face))
    assert np.allclose(again, turned(points), atol=1e-4)


def test_a_face_of_twice_the_size_is_moved_twice_as_far(join):
    faces = made(2, 2)
    points, _ = join.put_together(*faces.found())
    larger, _ = join.put_together(*(2 * one for one in faces.found()))
    assert np.allclose(larger, 2 * points, atol=1e-3)


def test_training_learns_where_a_chin_is_when_the_mouth_is_open():
    told = []
    held = made(60, 8)
    join = train(made(300, 7), held, epochs=10, tell=told.append)
    points, sigma = join.put_together(*held.found())
    before, after = (np.abs(found - held.true)[:, CHIN, 1].mean() for found in (held.points, points))
    assert after < 0.4 * before
    inside = np.abs(points - held.true)[:, OTHERS] < sigma[:, OTHERS, None]
    assert inside.mean() == pytest.approx(0.683, abs=0.01)
    assert "held-out faces" in told[0]


def test_it_ships_in_the_file_of_the_parts(join, tmp_path):
    path = tmp_path / "parts.npz"
    network_file.save_parts({"face": PartNetwork(FACE)}, {"seed": 5}, path)
    assert network_file.load_second(path)[1] is None
    network_file.save_parts({**network_file.load_parts(path), "join": join}, network_file.about_parts(path), path)
    assert set(network_file.load_parts(path)) == {"face"}
    assert network_file.about_parts(path) == {"seed": 5}
    faces = made(2, 3)
    back, _ = network_file.load_second(path)[1].put_together(*faces.found())
    moved, _ = join.put_together(*faces.found())
    assert np.abs(back - moved).max() < 0.02 * np.abs(moved - faces.points).max()
    with np.load(path) as archive:
        arrays = {name: archive[name] for name in archive.files if name != "join.mean"}
    np.savez(path, **arrays)
    with pytest.raises(ModelError, match=r"join\.mean is missing or wrong"):
        network_file.load_second(path)


def test_a_look_from_afar_counts_less_where_a_closer_one_knows_the_point():
    """The first look is one px off, the eye's network none; both say that they are as sure."""
    faces = made(1, 4)
    true, picture = faces.true, np.zeros((int(SIDE), int(SIDE), 3), np.uint8)
    seen = []

    def keep(*found: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        seen.append(found)
        return found[1], found[2]

    def answers(part):
        from solver.crop import apply, crop_from_picture
        from solver.network_parts import part_square

        square = part_square(true[0], part)
        inside = apply(crop_from_picture(square, part.size), true[0, list(part.points)])
        unsure = np.full((1, len(part.points)), part.size / square.side)
        return lambda shown: [np.repeat(inside[None], len(shown), 0), np.repeat(unsure, len(shown), 0)]

    off, ones = true + np.array([1.0, 0.0]), np.ones((1, 478))
    look = SecondLook({"eye": answers(EYE)}, keep)
    points, _ = look.refine([picture], true, off, ones)
    assert seen == []  # nothing looked at the whole face again
    right = list(EYE.points)
    assert points[0, right, 0] - true[0, right, 0] == pytest.approx(1 / (1 + COARSE**2), abs=1e-3)
    SecondLook({"eye": answers(EYE), "face": answers(FACE)}, keep).refine([picture], true, off, ones)
    assert np.array_equal(seen[0][3], off)
    assert seen[0][4].shape == true.shape
